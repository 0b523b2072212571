from __future__ import annotations

import math

from kakaobot.chat.protocol import Candidate
from kakaobot.chat.ranking import Judge, best_candidate
from kakaobot.style import style_profile

LIKELY, UNLIKELY = -6.0, -12.0


def candidate(text: str, log_prob: float, tokens: int = 5) -> Candidate:
    return Candidate(text, True, tokens, log_prob)


def test_relevance_prefers_what_depends_on_the_message() -> None:
    """`아무거나` suits every message, `칼국수 먹자` only this one."""
    candidates = [candidate("아무거나", LIKELY), candidate("칼국수 먹자", UNLIKELY)]
    unasked = [-6.0, -40.0]
    assert best_candidate(candidates, unasked, Judge(), 0.0).text == "아무거나"
    assert best_candidate(candidates, unasked, Judge(), 1.0).text == "칼국수 먹자"


def test_length_alone_decides_nothing() -> None:
    short, long = candidate("응", -2.0, 1), candidate("응 나도 그럴 생각이야", -8.0, 7)
    assert Judge().score(short, 0.0, 0.0) == Judge().score(long, 0.0, 0.0)


def test_style_prefers_how_the_person_writes() -> None:
    judge = Judge(style_profile(["밥 먹었어용~", "나도 좋아용~", "그래용~ 이따 봐용~"] * 30))
    candidates = [candidate("알겠습니다.", LIKELY), candidate("알겠어용~", LIKELY)]
    assert best_candidate(candidates, [0.0, 0.0], judge, 0.5).text == "알겠어용~"
    assert judge.score(candidate("", LIKELY), 0.0, 0.0) == -math.inf


def test_copies_lose_against_equals() -> None:
    judge = Judge(copied=lambda reply: float(reply == "그때 그 사진 봤어?"))
    candidates = [candidate("그때 그 사진 봤어?", LIKELY), candidate("그 사진 이따 볼게", LIKELY)]
    assert best_candidate(candidates, [0.0, 0.0], judge, 0.5).text == "그 사진 이따 볼게"
    assert best_candidate(candidates, [0.0, 0.0], Judge(), 0.5).text == "그때 그 사진 봤어?"
