"""The copy meter against a search of every stretch, and on what people write."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest

from kakaobot.chat.copy_meter import CopyMeter, CopySource, load_copy_meter, read_source
from kakaobot.dataset.jsonl import dump_rows
from kakaobot.errors import DatasetError
from kakaobot.schema import ChatMessage, Conversation

LINE = "다음 주 토요일에 은하수 공원 앞에서 보드게임 들고 만나자"


def row(*messages: ChatMessage) -> Conversation:
    turns = tuple(f"a:{number}" for number in range(len(messages)))
    return Conversation("0", "방", "도담", messages, turns, ("2026-01-01", "2026-01-01"))


def said(text: str) -> ChatMessage:
    return ChatMessage("assistant", text, is_target=True)


def meter(*replies: str) -> CopyMeter:
    return CopyMeter.of_rows([row(said(reply)) for reply in replies])


def longest_stretch(text: str, replies: list[str]) -> int:
    """The longest stretch with one or two replies that hold its maximal form, by brute force."""
    best = 0
    for begin in range(len(text)):
        holding: list[str] = []
        end = begin
        while end < len(text):
            longer = [reply for reply in replies if text[begin : end + 1] in reply]
            if not longer:
                break
            holding, end = longer, end + 1
        if end > begin and len(holding) <= 2:
            best = max(best, end - begin)
    return best


def test_overlap_equals_that_of_a_search_of_every_stretch() -> None:
    rng = random.Random(3)
    for letters in ("가나", "가나다라마바사"):
        for _ in range(60):
            # Every other letter differs: runs would be shortened.
            replies = ["".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(9)]
            texts = ["".join(rng.choices(letters, k=rng.randint(1, 15))) for _ in range(9)]
            plain = [text for text in texts if not has_run(text)]
            known = [reply for reply in replies if not has_run(reply)]
            found = meter(*known)
            assert [found.overlap(text).length for text in plain] == [
                longest_stretch(text, known) for text in plain
            ]


def has_run(text: str) -> bool:
    return any(letter * 3 in text for letter in text)


def test_a_copied_line_is_found_in_its_reply() -> None:
    copied = meter("ㅇㅇ", LINE, "그래").overlap(f"아니 근데 {LINE}")
    assert copied.source == CopySource(LINE, 1, 0)
    assert copied.length == len(LINE.replace(" ", ""))
    assert copied.share == pytest.approx(copied.length / (copied.length + 4))
    assert copied.is_high


def test_an_invented_reply_is_no_copy() -> None:
    found = meter("ㅇㅇ", LINE, "그래").overlap("오늘은 그냥 집에서 쉬려고 하는데 너는 어때")
    assert not found.is_high
    assert meter().overlap(LINE) == meter("ㅇㅇ").overlap("") == (0, 0.0, None)


def test_spaces_forms_of_hangul_case_and_long_laughs_do_not_matter() -> None:
    line = "Catan 확장판 사서 은하수 공원에서 하자 ㅋㅋㅋㅋㅋㅋㅋ"
    written = unicodedata.normalize("NFD", "catan확장판  사서\n은하수공원에서하자ㅋㅋㅋ")
    assert meter(line).overlap(written).share == 1


def test_an_expression_of_the_room_is_no_copy() -> None:
    expression = "안녕하세요 좋은 아침입니다 여러분"
    assert meter(expression).overlap(expression).is_high
    assert meter(expression, expression).overlap(expression).is_high
    assert meter(*[expression] * 3).overlap(expression) == (0, 0.0, None)
    assert meter(*[expression] * 200).overlap(expression) == (0, 0.0, None)


def test_a_short_or_small_stretch_is_not_worth_a_notice() -> None:
    room = meter(LINE)
    assert not room.overlap("다음 주 토요일에").is_high
    assert not room.overlap(
        "은하수 공원 앞에서 보드게임" + "저녁은 무엇을 먹을지 고민이네 정말" * 2
    ).is_high


def test_only_targets_are_sources() -> None:
    rows = [row(ChatMessage("user", LINE, "마루"), said("ㅇㅋ"))]
    assert CopyMeter.of_rows(rows).overlap(LINE).source is None


def test_a_source_is_read_with_its_context(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    asked = [ChatMessage("user", f"언제 볼까 {number}", "마루") for number in range(5)]
    file.write_text("".join(dump_rows([row(said("ㅇㅇ")), row(*asked, said(LINE))])), "utf-8")
    source = load_copy_meter(file).overlap(LINE).source
    assert source == CopySource(LINE, 1, 5)
    assert read_source(file, source) == (*asked[2:], said(LINE))
    assert load_copy_meter(file) is load_copy_meter(file)

    file.write_text("".join(dump_rows([row(said("ㅇㅇ"))])), "utf-8")
    assert read_source(file, source) == ()
    assert load_copy_meter(file).overlap(LINE).source is None
    file.unlink()
    with pytest.raises(DatasetError):
        load_copy_meter(file)
