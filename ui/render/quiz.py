"""The blind test → HTML. Pure. Before a pick, nothing in it tells the two sides apart."""

from __future__ import annotations

from kakaobot.app.quiz import QuizAnswer, QuizQuestion
from kakaobot.app.quiz_tallies import fool_rate_rows, fool_rate_text
from kakaobot.runs.quiz_log import QuizTallies
from ui import quiz_text
from ui.render.templating import render


def question(asked: QuizQuestion, answer: QuizAnswer | None = None) -> str:
    """The context and both sides; which is the real one only with an answer."""
    verdicts = [""] * len(asked.sides)
    if answer:
        verdicts = [quiz_text.IMITATED] * len(asked.sides)
        verdicts[answer.real_side] = quiz_text.REAL
    return render(
        "quiz",
        title=quiz_text.QUESTION.format(number=asked.number),
        context_label=quiz_text.CONTEXT,
        context=asked.context,
        sides=[
            {
                "label": label,
                "lines": lines,
                "verdict": verdict,
                "is_real": verdict == quiz_text.REAL,
            }
            for label, lines, verdict in zip(quiz_text.SIDES, asked.sides, verdicts, strict=True)
        ],
    )


def result(answer: QuizAnswer | None, tallies: QuizTallies) -> str:
    """What came of the pick, and of all picks so far."""
    rows = fool_rate_rows(tallies)
    verdict = ""
    if answer:
        sentence = quiz_text.RIGHT if answer.is_right else quiz_text.WRONG
        verdict = sentence.format(side=quiz_text.SIDES[answer.real_side])
        rows.insert(0, (quiz_text.THIS_JUDGE, fool_rate_text(answer.session)))
    return render("quiz_result", verdict=verdict, rows=rows, note=quiz_text.RESULT_NOTE)
