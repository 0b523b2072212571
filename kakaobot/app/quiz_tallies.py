"""How often the imitation was taken for real, in Korean."""

from __future__ import annotations

from kakaobot.language import tr
from kakaobot.runs.quiz_log import QuizTallies, QuizTally
from kakaobot.style.stats import wilson_interval

FOOL_RATE_TITLE = tr("속은 비율")
_SPLIT = (tr("아는 사람"), tr("모르는 사람"))


def fool_rate_text(tally: QuizTally) -> str:
    """`30% (11~60%, 10번 가운데 3번)`, with the 95% interval."""
    if not tally.picks:
        return tr("아직 푼 사람이 없음")
    low, high = wilson_interval(tally.fooled, tally.picks)
    rate = tally.fooled / tally.picks
    counts = tr("{picks:,}번 가운데 {fooled:,}번").format(picks=tally.picks, fooled=tally.fooled)
    return f"{rate:.0%} ({100 * low:.0f}~{100 * high:.0f}%, {counts})"


def fool_rate_rows(tallies: QuizTallies) -> list[tuple[str, str]]:
    """Title and text for everybody, and for those who know the person or not; empty without picks.

    At 50 % the imitation cannot be told from the person.
    """
    if not tallies.everybody.picks:
        return []
    groups = zip(_SPLIT, (tallies.knowing, tallies.strangers), strict=True)
    return [
        (FOOL_RATE_TITLE, fool_rate_text(tallies.everybody)),
        *(
            (f"{FOOL_RATE_TITLE}: {label}", fool_rate_text(tally))
            for label, tally in groups
            if tally.picks
        ),
    ]
