"""Invented replies and what is read off them."""

from __future__ import annotations

import pytest

from kakaobot.style.tokens import ReplyTokens, classify_closing, tokenize_reply


def marks(reply: str) -> ReplyTokens:
    found = tokenize_reply(reply)
    assert found is not None
    return found


@pytest.mark.parametrize("reply", ["", " ", "\n \n", "\t", "https://example.com/ㅋㅋ?a=b"])
def test_what_shows_nothing_of_a_person_is_no_reply(reply: str) -> None:
    assert tokenize_reply(reply) is None


@pytest.mark.parametrize(
    ("reply", "laughs", "initials"),
    [
        ("ㅋㅋㅋㅋ", [("ㅋ", 4)], 0),
        ("좋아요ㅎㅎ", [("ㅎ", 2)], 0),
        ("안돼ㅠㅜㅠ", [("ㅠ", 3)], 0),
        ("ㅋㅋㅋㅠㅠ", [("ㅋ", 3), ("ㅠ", 2)], 0),
        ("ㅎㅋ", [("ㅎ", 1), ("ㅋ", 1)], 0),
        ("ㅋㅋㅌㅋㅋㅋ", [("ㅋ", 6)], 0),
        ("ㅇㅋ", [], 1),
        ("ㅎㅇ", [], 1),
        ("ㅇㅋㅋㅋ", [("ㅋ", 2)], 1),
        ("ㄱㅅㅋㅋ ㄱㄱ", [("ㅋ", 2)], 2),
        ("ㅋㅋㅋㅇㅈ", [("ㅋ", 3)], 1),
        ("ㅋㅋㅋㅋㅌ", [("ㅋ", 4)], 0),
        ("ㅏㅏ ㅗ", [], 0),
        ("먹었엌ㅋㅋ", [("ㅋ", 2)], 0),
    ],
)
def test_laughter_and_initials(reply: str, laughs: list[tuple[str, int]], initials: int) -> None:
    found = marks(reply)
    assert (found.laughs, found.initials) == (laughs, initials)


@pytest.mark.parametrize(
    ("reply", "emoji", "faces"),
    [
        ("🙂", 1, 0),
        ("👨‍👩‍👧 갔다 옴", 1, 0),
        ("👍🏻👍🏻", 2, 0),
        ("🇰🇷", 1, 0),
        ("사랑해♥", 1, 0),
        ("좋아요^^", 0, 1),
        ("ㅡㅡ", 0, 1),
        ("ㅇㅅㅇ", 0, 1),
        ("-_-; 왜", 0, 1),
        ("(하트)", 0, 1),
        ("(내일 봐)", 0, 0),
        ("3:2로 이김", 0, 0),
        ("A:D", 0, 0),
        ("12-3-4", 0, 0),
    ],
)
def test_faces(reply: str, emoji: int, faces: int) -> None:
    found = marks(reply)
    assert (found.emoji, found.faces) == (emoji, faces)


@pytest.mark.parametrize(
    ("reply", "runs"),
    [
        ("와!!!", [("!", 3)]),
        ("뭐?!", [("?", 1), ("!", 1)]),
        ("네.. 그래요...", [("…", 2), ("…", 3)]),
        ("네~~ 감사합니다.", [("~", 2), (".", 1)]),
        ("3.5점", []),
        ("정말～？", [("~", 1), ("?", 1)]),
        ("아…", [("…", 1)]),
    ],
)
def test_punctuation(reply: str, runs: list[tuple[str, int]]) -> None:
    assert marks(reply).runs == runs


@pytest.mark.parametrize(
    ("line", "last", "closing"),
    [
        ("어서 오세요~ㅎㅎ", "오세요", "~"),
        ("진짜?? ㅋㅋㅋ", "진짜", "?"),
        ("뭐!?", "뭐", "?!"),
        ("음...", "음", "…"),
        ("아 네;;", "네", ";"),
        ("토욜 ㄱㄱ", "토욜", "없음"),
        ("ㅋㅋㅋ", "", "없음"),
        ("갔다 올게 🙂", "올게", "없음"),
        ("좋아요 ^^", "좋아요", "없음"),
        ("7시 30분", "30분", "없음"),
        ("(아마)", "(아마", "그 밖"),
    ],
)
def test_the_end_of_a_bubble(line: str, last: str, closing: str) -> None:
    (bubble,) = marks(line).bubbles
    assert (bubble.last, classify_closing(bubble.behind)) == (last, closing)


def test_a_bubble_is_a_line_and_an_empty_line_is_none() -> None:
    found = marks("뭐 지움\n\n  봄 \n")
    assert [bubble.last for bubble in found.bubbles] == ["지움", "봄"]
    assert found.chars == len("뭐 지움") + len("봄")


def test_words_are_what_expressions_and_diversity_are_made_of() -> None:
    assert marks("ㅇㅇ 카톡 보냄ㅋㅋ OK!! 3시").words == ["ㅇㅇ", "카톡", "보냄", "ok", "시"]


def test_a_mask_of_privacy_is_nobody_s_word() -> None:
    assert marks("<전화번호> 로 해").words == ["로", "해"]


def test_english_only() -> None:
    found = marks("see you at 7")
    assert (found.latin, found.digits, found.syllables, found.words) == (
        8,
        1,
        0,
        ["see", "you", "at"],
    )
