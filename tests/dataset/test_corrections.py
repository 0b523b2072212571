"""Feedback becomes rows that are masked and filtered as all others, rejected replies never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kakaobot.app.personas import Persona, chat_messages
from kakaobot.chat.lines import ChatLine
from kakaobot.dataset import artifacts
from kakaobot.dataset.corrections import (
    CORRECTIONS,
    FORBIDDEN,
    CorrectionRules,
    Corrections,
    Render,
    corrections_of,
    read_corrections,
    reply_form,
    single_replies,
    write_rows,
)
from kakaobot.dataset.feedback import FeedbackEntry, FeedbackKind, SaidLine
from kakaobot.dataset.filters import CAPPED, EXCLUDED, LINKS, TOO_SHORT
from kakaobot.dataset.jsonl import dump_rows, read_rows
from kakaobot.errors import DatasetError
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.settings import DataSettings

PERSONA = Persona(
    *("main", "best", 70, "연습용", "", "도담", ("도담", "마루", "새봄")),
    practice=True,
    shows_names=True,
    description="",
)
ENTRY = FeedbackEntry(
    kind="edit",
    run="main",
    adapter="best",
    step=70,
    room="",
    persona="도담",
    user_name="새봄",
    context=(
        SaidLine("새봄", "자니?", from_user=True),
        SaidLine("도담", "아니\n왜", from_user=False),
        SaidLine("새봄", "번호가 010-2345-6789 맞아?", from_user=True),
    ),
    name="도담",
    reply="몰라",
    wanted="맞아 010-2345-6789\n저장해 둬",
    id=1,
)


def shown_to(persona: Persona) -> Render:
    def render(lines: Sequence[SaidLine]) -> Sequence[ChatMessage]:
        return chat_messages([ChatLine(*line) for line in lines], persona, user_name="새봄")

    return render


def learn(
    *entries: FeedbackEntry, persona: Persona = PERSONA, data: DataSettings | None = None
) -> Corrections:
    rules = CorrectionRules(data or DataSettings())
    return corrections_of(entries, rules, lambda _: shown_to(persona))


def replies(rows: Sequence[Conversation | None]) -> list[str]:
    return [row.messages[-1].content for row in rows if row]


def test_an_edit_is_a_row_as_the_run_was_trained_with_its_words_masked() -> None:
    (item,) = learn(ENTRY).items
    assert item.wanted is not None and item.rejected is not None
    assert item.wanted.messages == (
        ChatMessage("user", "자니?", "새봄"),
        ChatMessage("assistant", "아니\n왜"),
        ChatMessage("user", "번호가 <전화번호> 맞아?", "새봄"),
        ChatMessage("assistant", "맞아 <전화번호>\n저장해 둬", is_target=True),
    )
    assert item.rejected.messages[:-1] == item.wanted.messages[:-1]
    assert item.rejected.messages[-1] == ChatMessage("assistant", "몰라", is_target=True)


def test_in_a_whole_room_everybody_is_assistant_with_a_name() -> None:
    (item,) = learn(ENTRY, persona=replace(PERSONA, name="")).items
    assert item.wanted is not None
    assert [(m.role, m.name) for m in item.wanted.messages] == [
        ("assistant", name) for name in ("새봄", "도담", "새봄", "도담")
    ]


def test_what_each_kind_teaches() -> None:
    kinds: tuple[FeedbackKind, ...] = ("good", "bad", "never")
    items = learn(
        *(replace(ENTRY, kind=kind, id=n, reply=kind, wanted="") for n, kind in enumerate(kinds))
    ).items
    assert [replies([item.wanted]) for item in items] == [["good"], [], []]
    assert [replies([item.rejected]) for item in items] == [[], ["bad"], ["never"]]


def test_a_forbidden_reply_is_never_a_target() -> None:
    never = replace(ENTRY, kind="never", reply="몰라 ㅋㅋㅋㅋ!", wanted="", id=2)
    good = replace(ENTRY, kind="good", reply="몰라ㅋㅋ", wanted="", id=3)
    edit = replace(ENTRY, wanted="몰라, ㅋㅋㅋ", reply="그냥", id=4)
    corrections = learn(never, good, edit)
    assert replies([item.wanted for item in corrections.items]) == []
    assert corrections.left_out == ((FORBIDDEN, 2),)
    # What the edit replaced is still rejected.
    assert replies([item.rejected for item in corrections.items]) == ["몰라 ㅋㅋㅋㅋ!", "그냥"]


@pytest.mark.parametrize(
    ("data", "wanted", "reason"),
    [
        (DataSettings(exclude_people=("도담",)), "응 그래", EXCLUDED),
        (DataSettings(min_target_chars=3), "응", TOO_SHORT),
        (DataSettings(drop_low_signal=True), "ㅋㅋㅋ", CAPPED),
        (DataSettings(), "https://example.com/a", LINKS),
    ],
)
def test_the_filters_of_the_data_hold(data: DataSettings, wanted: str, reason: str) -> None:
    corrections = learn(replace(ENTRY, wanted=wanted), data=data)
    assert replies([item.wanted for item in corrections.items]) == []
    assert corrections.left_out == ((reason, 1),)


def test_names_are_replaced_before_masking() -> None:
    rules = CorrectionRules(
        DataSettings(mask_words=("고래",)), lambda text: text.replace("마루", "파란 고래")
    )
    assert rules.clean("마루야\n안녕 마루") == "파란 <가린말>야\n안녕 파란 <가린말>"


def test_a_fifth_of_many_edits_is_held_out_and_stays_so() -> None:
    def held_out(count: int) -> set[int]:
        items = learn(*(replace(ENTRY, id=n, reply=str(n)) for n in range(count))).items
        return {item.entry for item in items if item.held_out}

    assert held_out(9) == set()
    assert len(held_out(10)) == 2
    assert len(held_out(50)) == 10
    assert held_out(50) == held_out(50)


def test_equal_replies_have_one_form() -> None:
    assert reply_form("몰라 ㅋㅋㅋㅋ!") == reply_form("몰라ㅋㅋ") != reply_form("몰라ㅋ")
    assert reply_form("!!") != reply_form("??")


def room(name: str, count: int) -> list[Conversation]:
    messages = [
        ChatMessage("user" if n % 2 else "assistant", f"{name} {n}", is_target=n % 2 == 0)
        for n in range(2 * count)
    ]
    turns = tuple(map(str, range(len(messages))))
    return [Conversation(name, "", "도담", tuple(messages), turns, ("2026", "2026"))]


def test_ordinary_replies_are_replayed_one_by_one_with_their_context() -> None:
    rows = single_replies(room("방", 10))
    assert [row.messages[-1].content for row in rows] == [f"방 {n}" for n in range(0, 20, 2)]
    assert [sum(m.is_target for m in row.messages) for row in rows] == [1] * 10
    assert [m.content for m in rows[4].messages] == [f"방 {n}" for n in range(2, 9)]
    assert all(len(row.turns) == len(row.messages) for row in rows)
    assert len(single_replies(room("방", 1000), limit=100)) <= 100


def test_rows_are_written_and_read_without_forbidden_replies(tmp_path: Path) -> None:
    data = tmp_path / "sft"
    with artifacts.ArtifactDraft(data) as draft:
        draft.write(artifacts.TRAIN, dump_rows(room("학습", 6)))
        draft.write(artifacts.VAL, dump_rows(room("검증", 3)))
    corrections = learn(
        replace(ENTRY, kind="never", reply="학습 4!", wanted="", id=2), replace(ENTRY, id=3)
    )
    rows = tmp_path / "feedback" / "rows" / "main-고침"
    fingerprint = write_rows(rows, corrections, data)
    assert read_corrections(rows) == list(corrections.items)
    replayed = replies(read_rows(rows / artifacts.TRAIN))
    assert replayed == [f"학습 {n}" for n in (0, 2, 6, 8, 10)]
    assert read_rows(rows / artifacts.VAL) == room("검증", 3)
    assert fingerprint == write_rows(rows, corrections, data)
    assert fingerprint != write_rows(rows, learn(ENTRY), data)


@pytest.mark.parametrize("text", ["", "{\n", '{"entry": 1}\n'])
def test_damaged_rows_are_a_sentence(tmp_path: Path, text: str) -> None:
    if text:
        (tmp_path / CORRECTIONS).write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match="다시 배울 말"):
        read_corrections(tmp_path)
