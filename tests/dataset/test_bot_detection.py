from __future__ import annotations

import random

from kakaobot.dataset.bot_detection import BotDetector
from kakaobot.schema import Turn
from tests.dataset.turns import WORDS, turn


def is_bot(turns: list[Turn], answer_share: float) -> bool:
    detector = BotDetector()
    for observed in turns:
        detector.add(observed)
    return detector.is_bot(answer_share)


def hourly(text: str, count: int = 80) -> list[Turn]:
    return [turn(n, "알리미", text.format(n), minute=60 * n) for n in range(count)]


def random_turns(count: int = 200) -> list[Turn]:
    rng = random.Random(7)
    return [
        turn(
            n,
            "가",
            " ".join(rng.choices(WORDS, k=rng.randint(3, 7))),
            minute=rng.randrange(90) + 97 * n,
        )
        for n in range(count)
    ]


def test_a_bot_is_detected_by_its_times_and_template() -> None:
    assert is_bot(hourly("지금은 {}시입니다 물 한 잔 마실 시간이에요"), answer_share=0.0)


def test_a_bot_that_only_answers_is_detected_by_its_template() -> None:
    greeting = "{} 어서 오세요 들어오시면 공지를 꼭 읽어 주세요"
    turns = [
        turn(n, "문지기", greeting.format("가나다라"[n % 4]), minute=n * 37) for n in range(60)
    ]
    assert is_bot(turns, answer_share=1.0)


def test_one_indicator_alone_does_not_make_a_bot() -> None:
    turns = random_turns()
    assert not is_bot(turns, answer_share=0.5)
    # A diary that nobody answers, and one written at nine every evening.
    assert not is_bot(turns, answer_share=0.0)
    daily = [turn(n, "가", original.text, minute=n * 1440) for n, original in enumerate(turns)]
    assert not is_bot(daily, answer_share=0.5)
    assert is_bot(daily, answer_share=0.0)


def test_repeated_short_turns_do_not_make_a_bot() -> None:
    assert not is_bot([turn(n, "가", "ㅋㅋㅋ", minute=n) for n in range(500)], answer_share=0.0)


def test_few_turns_do_not_make_a_bot() -> None:
    assert not is_bot(hourly("지금은 {}시입니다 물 마실 시간이에요", 29), answer_share=0.0)
