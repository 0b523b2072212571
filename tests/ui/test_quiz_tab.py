"""The tab "진짜는 누구?": what the page shows, and nothing that tells the sides apart."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kakaobot.app.auth import AccessPass
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona
from kakaobot.app.quiz import QuizAnswer, QuizQuestion, QuizStep
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.quiz_log import QuizTallies, QuizTally
from tests.app.test_chat import create_run
from tests.lasting_gate import lasting_gate
from ui import quiz_text
from ui.chat_services import QuizProtocol
from ui.render import quiz as render_quiz
from ui.render.honesty import chat_header
from ui.tabs.chat.quiz import QuizHandlers, QuizState

GATE = lasting_gate("귤")
ACCESS = GATE.authenticate("귤")
QUESTION = QuizQuestion(
    3,
    (ChatLine("마루", "뭐 해?\n자니?", from_user=True),),
    ((ChatLine("도담", "안 자", from_user=False),), (ChatLine("도담", "잔다", from_user=False),)),
)
ANSWER = QuizAnswer(False, 1, QuizTally(4, 2))


class OneQuestion(QuizProtocol):
    """Asks one question, whose real reply is on the second side."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, bool]] = []
        self.closed: list[str] = []
        self.steps: list[QuizStep] = [QuizStep(note="준비"), QuizStep(QUESTION)]

    def start(
        self, access: AccessPass | None, *, run: str = "", turns: int = 1, knows: bool
    ) -> str:
        if turns == 3:
            raise RunError("물을 것이 없습니다.")
        self.started.append((run, turns, knows))
        return "s"

    def next(self, access: AccessPass | None, session_id: str) -> Iterator[QuizStep]:
        yield from self.steps

    def pick(self, access: AccessPass | None, session_id: str, side: int) -> QuizAnswer:
        return ANSWER

    def tallies(self, run: str = "") -> QuizTallies:
        return QuizTallies(QuizTally(10, 3), QuizTally(10, 3))

    def close(self, session_id: str) -> None:
        self.closed.append(session_id)


@pytest.fixture
def quiz() -> OneQuestion:
    return OneQuestion()


@pytest.fixture
def handlers(home: Home, quiz: OneQuestion) -> QuizHandlers:
    for name in ("첫째", "둘째"):
        create_run(home, name, persona="도담")
    return QuizHandlers(ChatService(home, GATE), quiz, GATE)


def test_before_a_pick_both_sides_are_alike_but_for_their_words() -> None:
    page = render_quiz.question(QUESTION)
    first, second = re.findall(r'<section class="kb-card.*?</section>', page)
    swap = second.replace("잔다", "안 자").replace("<h3>나", "<h3>가")
    assert first == swap
    assert quiz_text.REAL not in page and "kb-quiz-real" not in page


def test_after_a_pick_the_real_side_is_marked() -> None:
    page = render_quiz.question(QUESTION, ANSWER)
    first, second = re.findall(r'<section class="kb-card.*?</section>', page)
    assert quiz_text.IMITATED in first and quiz_text.REAL in second
    assert "kb-quiz-real" in second and "kb-quiz-real" not in first
    result = render_quiz.result(ANSWER, OneQuestion().tallies())
    for shown in ("속았습니다. 진짜는 '나'입니다.", "50% (15~85%, 4번 가운데 2번)",
                  "30% (11~60%, 10번 가운데 3번)", "아는 사람"):  # fmt: skip
        assert shown in re.sub("&#39;", "'", result)


def test_words_of_the_room_never_become_html() -> None:
    bad = "<script>x</script>"
    line = ChatLine(bad, bad, from_user=False)
    page = render_quiz.question(QuizQuestion(1, (line,), ((line,), (line,))))
    assert bad not in page and page.count("&lt;script&gt;") == 6


def test_a_question_appears_at_once_and_a_pick_shows_the_result(
    handlers: QuizHandlers, quiz: OneQuestion
) -> None:
    waiting, shown = list(handlers.start_knowing(ACCESS, "첫째", 1))
    assert quiz.started == [("첫째", 1, True)]
    assert quiz_text.WAITING in str(waiting[3]) and "안 자" not in str(waiting)
    state, board = shown[0], str(shown[3])
    assert isinstance(state, QuizState) and state.question == QUESTION
    assert "안 자" in board and "잔다" in board
    picked = handlers.pick_first(ACCESS, state, "첫째")
    assert quiz_text.REAL in str(picked[3]) and "속았습니다" in str(picked[5])


def test_questions_are_streamed(handlers: QuizHandlers) -> None:
    """Gradio iterates over generator functions only."""
    for handler in (handlers.start_knowing, handlers.start_unknowing, handlers.next):
        assert inspect.isgeneratorfunction(handler)


def test_neither_the_choice_nor_the_page_names_a_run(handlers: QuizHandlers) -> None:
    people, who = handlers.refresh(ACCESS, "첫째")
    labels = [label for label, _ in people.choices]  # type: ignore[attr-defined]
    assert labels == ["도담 2", "도담 1"]
    assert "도담 님을 아나요?" in str(who)
    shown = str(list(handlers.start_unknowing(ACCESS, "첫째", 1)))
    assert "첫째" not in shown


def test_nothing_to_ask_is_said_on_the_page(handlers: QuizHandlers, quiz: OneQuestion) -> None:
    [updates] = handlers.start_knowing(ACCESS, "첫째", 3)
    assert "물을 것이 없습니다." in str(updates[3])
    quiz.steps = [QuizStep()]
    *_, end = handlers.start_knowing(ACCESS, "첫째", 1)
    assert quiz_text.END in str(end[3])


def test_every_handler_needs_the_pass(handlers: QuizHandlers) -> None:
    state = QuizState("s", QUESTION)
    calls = (
        lambda: list(handlers.start_knowing(None, "", 1)),
        lambda: list(handlers.start_unknowing(None, "", 1)),
        lambda: list(handlers.next(None, state)),
        lambda: handlers.pick_first(None, state, ""),
        lambda: handlers.pick_second(None, state, ""),
        lambda: handlers.leave(None, state, ""),
    )
    for call in calls:
        with pytest.raises(AccessDenied):
            call()


def test_a_locked_page_forgets_the_question(handlers: QuizHandlers, quiz: OneQuestion) -> None:
    updates = handlers.show_room(None, "첫째", QuizState("s", QUESTION))
    assert quiz.closed == ["s"]
    assert QuizState() in updates
    assert "안 자" not in str(updates) and "도담" not in str(updates)


def test_the_fool_rate_stands_beside_the_adapter() -> None:
    people = ("도담",)
    persona = Persona("main", "best", 20, "바탕", "", "도담", people, False, False, "도담")
    assert "속은 비율" not in chat_header(persona)
    header = chat_header(replace(persona, quiz=QuizTallies(QuizTally(10, 3))))
    assert "<dt>속은 비율</dt><dd>30% (11~60%, 10번 가운데 3번)</dd>" in header
