"""Tokens of invented replies."""

from __future__ import annotations

import pytest

from kakaobot.style.tokens import ReplyTokens, classify_closing, tokenize_reply


def tokens_of(reply: str) -> ReplyTokens:
    tokens = tokenize_reply(reply)
    assert tokens is not None
    return tokens


@pytest.mark.parametrize("reply", ["", " ", "\n \n", "\t", "https://example.com/ㅋㅋ?a=b"])
def test_blank_replies_and_bare_links_are_ignored(reply: str) -> None:
    assert tokenize_reply(reply) is None


@pytest.mark.parametrize(
    ("reply", "sounds", "initials"),
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
def test_laughter_and_initials_are_counted(
    reply: str, sounds: list[tuple[str, int]], initials: int
) -> None:
    tokens = tokens_of(reply)
    assert (tokens.sounds, tokens.initials) == (sounds, initials)


@pytest.mark.parametrize(
    ("reply", "emoji", "emoticons"),
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
def test_emoji_and_emoticons_are_counted(reply: str, emoji: int, emoticons: int) -> None:
    tokens = tokens_of(reply)
    assert (tokens.emoji, tokens.emoticons) == (emoji, emoticons)


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
def test_punctuation_is_split_into_runs(reply: str, runs: list[tuple[str, int]]) -> None:
    assert tokens_of(reply).punctuation == runs


@pytest.mark.parametrize(
    ("line", "last_word", "closing"),
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
def test_the_end_of_a_bubble_is_split_off(line: str, last_word: str, closing: str) -> None:
    (bubble,) = tokens_of(line).bubbles
    assert (bubble.last_word, classify_closing(bubble.trailing)) == (last_word, closing)


def test_each_nonempty_line_is_a_bubble() -> None:
    tokens = tokens_of("뭐 지움\n\n  봄 \n")
    assert [bubble.last_word for bubble in tokens.bubbles] == ["지움", "봄"]
    assert tokens.chars == len("뭐 지움") + len("봄")


def test_words_exclude_laughter_digits_and_punctuation() -> None:
    assert tokens_of("ㅇㅇ 카톡 보냄ㅋㅋ OK!! 3시").words == ["ㅇㅇ", "카톡", "보냄", "ok", "시"]


def test_a_pii_tag_is_not_a_word() -> None:
    assert tokens_of("<전화번호> 로 해").words == ["로", "해"]


def test_english_words_are_counted() -> None:
    tokens = tokens_of("see you at 7")
    assert (tokens.latin, tokens.digits, tokens.syllables, tokens.words) == (
        8,
        1,
        0,
        ["see", "you", "at"],
    )
