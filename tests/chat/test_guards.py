from __future__ import annotations

import pytest

from kakaobot.chat.guards import (
    Fault,
    GuardCounts,
    cut_at_pause,
    find_fault,
    find_loop,
    may_become_fault,
    mend,
    tail_loop,
)
from kakaobot.schema import ChatMessage

QUESTION = ChatMessage("user", "이번 주말에 같이 등산 갈래?")
PHRASE = "내일 다시 보자 "


def fault_of(text: str, *messages: ChatMessage, ended: bool = True) -> Fault | None:
    return find_fault(text, ended=ended, messages=messages or [QUESTION])


@pytest.mark.parametrize(
    "text",
    [
        "응 그래 가자",
        "ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ",
        "네네네네",
        "아니 아니 아니 그게 아니고",
        "등산 좋지\n등산 좋아",
        "아아아아악!!!!!!!!",
        "10000000000원",
        "가자 가자\n가자 가자",
    ],
)
def test_what_people_write_is_no_fault(text: str) -> None:
    assert fault_of(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("그래 " + PHRASE * 9, f"그래 {PHRASE.strip()}"),
        ("좋아\n" + "나도 그렇게 생각해\n" * 3, "좋아\n나도 그렇게 생각해"),
        ("나도 그렇게 생각해\n나도 그렇게 생각해\n나도 그렇게 생각해", "나도 그렇게 생각해"),
        ("응 " + "ㅋ" * 300, "응 " + "ㅋ" * 40),
        ("헐 " + "ㅠㅜ" * 90, "헐 " + "ㅠㅜ" * 20),
        (PHRASE * 5 + "이제 진짜 끝", PHRASE.strip()),
    ],
)
def test_a_loop_is_cut_to_one_turn_of_it(text: str, kept: str) -> None:
    assert fault_of(text) == "loop"
    assert mend(text, "loop") == kept


def test_a_loop_is_found_while_it_grows() -> None:
    text = "그래 " + PHRASE * 9
    found = [end for end in range(len(text)) if tail_loop(text[:end]) is not None]
    assert len("그래 " + PHRASE * 2) < found[0] <= len("그래 " + PHRASE * 3)
    assert find_loop(text) == tail_loop(text[: found[0]])


def test_an_endless_reply_is_cut_at_its_last_pause() -> None:
    assert fault_of("좋아\n그럼 내일 아", ended=False) == "endless"
    assert mend("좋아\n그럼 내일 아", "endless") == "좋아"
    assert cut_at_pause("좋아. 그럼 내일 아") == "좋아. 그럼 내일"
    assert cut_at_pause("좋아아아아") == "좋아아아아"


def test_an_echo_is_a_fault_but_not_a_short_reaction() -> None:
    assert fault_of("이번 주말에 같이 등산 갈래?") == "echo"
    assert fault_of("이번주말에 같이 등산갈래ㅋㅋ") == "echo"
    assert fault_of("이번 주말에 같이 등산 갈래? 음 나는 주말에 약속이 있어서 안 돼") is None
    assert fault_of("ㅋㅋㅋㅋ", ChatMessage("user", "ㅋㅋㅋㅋ")) is None
    assert fault_of("안녕", ChatMessage("user", "안녕~")) is None


def test_the_last_replies_are_not_said_again() -> None:
    before = [ChatMessage("assistant", text) for text in ("옛날에 한 말이야", *"가나다")]
    said = [ChatMessage("assistant", "나는 등산 별로야"), QUESTION]
    assert fault_of("나는 등산 별로야~", *said) == "repeated"
    assert fault_of("나는 등산 좋아", *said) is None
    assert fault_of("옛날에 한 말이야", *before, QUESTION) is None


def test_in_a_room_only_the_same_participant_repeats() -> None:
    said = [ChatMessage("assistant", "나는 등산 별로야", "보리"), QUESTION]
    asked = {"ended": True, "messages": said}
    assert find_fault("나는 등산 별로야", **asked, reply_as="보리") == "repeated"  # type: ignore[arg-type]
    assert find_fault("나는 등산 별로야", **asked, reply_as="한결") is None  # type: ignore[arg-type]


def test_an_empty_reply_is_a_fault() -> None:
    assert fault_of(" \n") == "empty"


def test_a_beginning_is_held_back_only_while_it_can_become_an_echo() -> None:
    assert may_become_fault("이번 주", [QUESTION])
    assert not may_become_fault("이번엔", [QUESTION])
    assert not may_become_fault("아", [ChatMessage("user", "아하")])
    said = [ChatMessage("assistant", "나는 등산 별로야"), QUESTION]
    assert may_become_fault("나는 등", said)


def test_counts_are_told_in_korean() -> None:
    counts = GuardCounts()
    counts.replies += 12
    assert counts.text == "대답 12개 · 걸러 낸 말 없음"
    counts["loop"] += 2
    assert counts.text == "대답 12개 · 같은 말이 맴도는 대답 2번"
