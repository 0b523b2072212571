from __future__ import annotations

import random
from datetime import datetime, timedelta

from kakaobot.dataset.bot_detection import BotDetector
from kakaobot.schema import Turn

START = datetime(2026, 3, 1, 12, 0)
WORDS = [
    "나는",
    "오늘",
    "내일",
    "버스",
    "집에",
    "밥을",
    "먹고",
    "갔다가",
    "왔어",
    "비가",
    "와서",
    "우산",
    "없이",
    "그냥",
    "뛰었지",
    "진짜로",
]


def turn(number: int, sender: str, text: str, minute: float) -> Turn:
    at = START + timedelta(minutes=minute)
    return Turn(f"a.txt:{number}", sender, (text,), at, at)


def is_bot(turns: list[Turn], answer_share: float) -> bool:
    detector = BotDetector()
    for turn in turns:
        detector.add(turn)
    return detector.is_bot(answer_share)


def hourly(text: str, count: int = 80) -> list[Turn]:
    return [turn(n, "알리미", text.format(n), 60 * n) for n in range(count)]


def random_turns(count: int = 200) -> list[Turn]:
    rng = random.Random(7)
    return [
        turn(n, "가", " ".join(rng.choices(WORDS, k=rng.randint(3, 7))), rng.randrange(90) + 97 * n)
        for n in range(count)
    ]


def test_a_bot_is_detected_by_its_times_and_template() -> None:
    assert is_bot(hourly("지금은 {}시입니다 물 한 잔 마실 시간이에요"), answer_share=0.0)


def test_a_bot_that_only_answers_is_detected_by_its_template() -> None:
    greeting = "{} 어서 오세요 들어오시면 공지를 꼭 읽어 주세요"
    turns = [turn(n, "문지기", greeting.format("가나다라"[n % 4]), n * 37) for n in range(60)]
    assert is_bot(turns, answer_share=1.0)


def test_one_indicator_alone_does_not_make_a_bot() -> None:
    turns = random_turns()
    assert not is_bot(turns, answer_share=0.5)
    # A diary that nobody answers, and one written at nine every evening.
    assert not is_bot(turns, answer_share=0.0)
    daily = [turn(n, "가", original.text, n * 1440) for n, original in enumerate(turns)]
    assert not is_bot(daily, answer_share=0.5)
    assert is_bot(daily, answer_share=0.0)


def test_repeated_short_turns_do_not_make_a_bot() -> None:
    assert not is_bot([turn(n, "가", "ㅋㅋㅋ", n) for n in range(500)], answer_share=0.0)


def test_few_turns_do_not_make_a_bot() -> None:
    assert not is_bot(hourly("지금은 {}시입니다 물 마실 시간이에요", 29), answer_share=0.0)
