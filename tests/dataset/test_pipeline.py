from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.base.selection import STARTER, located
from kakaobot.base.tokenizer import TokenizerInfo, read_tokenizer_info
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.filter_report import AFTER, BEFORE
from kakaobot.dataset.filters import CAPPED, LINKS
from kakaobot.dataset.pipeline import Pipeline
from kakaobot.dataset.split import Split
from kakaobot.exports.merge import RoomHistory
from kakaobot.schema import Conversation, Message
from kakaobot.settings import Settings

PARTS: tuple[Split, Split] = ("train", "val")
SENTENCE = "오늘 저녁에는 다 같이 모여서 새로 산 게임을 해 보면 어떨까 싶은데 시간 되는 사람"
WORDS = SENTENCE.split()


@pytest.fixture(scope="module")
def base() -> TokenizerInfo:
    return read_tokenizer_info(located(STARTER))


def history(room: str, said: list[tuple[str, str, int]]) -> RoomHistory:
    """Sender, text and minutes since the message before."""
    at, messages = datetime(2026, 3, 1, 9), list[Message]()
    for number, (who, text, minutes) in enumerate(said):
        at += timedelta(minutes=minutes)
        messages.append(Message(at, who, text, "text", room, f"{room}.txt", number))
    return RoomHistory(room, tuple(messages))


def built(
    base: TokenizerInfo, histories: list[RoomHistory], **data: object
) -> tuple[BuildReport, dict[Split, list[Conversation]]]:
    changed = Settings().data.model_copy(update={"merge_gap_minutes": 0, **data})
    build = Pipeline(Settings(data=changed), base, tokenizer="starter")
    for each in histories:
        build.add_history(each)
    build.split_targets()
    rows = {part: list(build.rows(part)) for part in PARTS}
    return build.report(), rows


SAID = st.lists(
    st.tuples(
        st.sampled_from("가나다"),
        st.one_of(
            st.sampled_from(["ㅋㅋㅋ", "응", "https://example.com/a", "", "헐"]),
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join),
        ),
        st.sampled_from([1, 2, 30, 200]),
    ),
    min_size=2,
    max_size=60,
)


@given(st.lists(SAID, min_size=1, max_size=2), st.sampled_from(["", "가"]), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_every_turn_of_every_room_is_a_target_once_or_has_a_reason(
    base: TokenizerInfo, rooms: list[list[tuple[str, str, int]]], persona: str, context: int
) -> None:
    histories = [history(f"방{number}", said) for number, said in enumerate(rooms)]
    report, rows = built(base, histories, persona=persona, context_turns=context)
    targets = Counter(
        (row.room, turn)
        for part in PARTS
        for row in rows[part]
        for turn, said in zip(row.turns, row.messages, strict=True)
        if said.is_target
    )
    assert set(targets.values()) <= {1}
    # A minute lies between any two messages, so that each is a turn.
    assert targets.total() + sum(count for _, count in report.removed) == report.messages
    assert targets.total() == report.train_replies + report.val_replies
    assert all(any(said.is_target for said in row.messages) for part in PARTS for row in rows[part])
    spoken = {part: {turn for row in rows[part] for turn in row.turns} for part in PARTS}
    assert {key for key in spoken["train"] & spoken["val"] if len(rooms) == 1} == set()


def test_a_lonely_reply_at_the_start_of_a_session_is_learnt(base: TokenizerInfo) -> None:
    said = [("가", f"{word} 하나", 500) for word in WORDS]
    said += [("나", "오늘은 정말이지 아무것도 하지 않고 집에만 있을 생각이야", 500)] * 2
    report, rows = built(base, [history("방", said)], val_ratio=0.06)
    assert [row.messages[0].is_target for row in rows["train"]] == [True] * len(WORDS)
    assert report.train_replies == len(WORDS)


def test_the_report_counts_what_the_rows_hold(base: TokenizerInfo) -> None:
    said = [
        ("가나"[n % 2], " ".join(WORDS[: 1 + n % 9]), 1 + 100 * (n % 7 == 0)) for n in range(90)
    ]
    report, rows = built(base, [history("방", said)])
    encoded = [base.renderer.encode(row.messages) for row in rows["train"]]
    assert report.tokens == sum(len(each.ids) for each in encoded)
    assert report.target_tokens == sum(sum(each.loss_mask) for each in encoded)
    assert report.longest_row == max(len(each.ids) for each in encoded)
    assert sum(count for _, count in report.row_lengths) == report.train_rows == len(rows["train"])
    assert report.val_tokens == sum(
        len(base.renderer.encode(row.messages).ids) for row in rows["val"]
    )
    assert [each.split for each in report.examples] == ["train"] * 6 + ["val"] * 2


def test_each_filter_tells_what_it_takes_and_how_the_voice_moves(base: TokenizerInfo) -> None:
    said = [("가나"[n % 2], f"{WORDS[n % 9]} {WORDS[n % 7]} 했다", 1) for n in range(100)]
    said += [("가나"[n % 2], "ㅋㅋㅋㅋ", 1) for n in range(100)]
    said += [("가", f"https://example.com/{n}", 1) for n in range(20)]
    report, _ = built(base, [history("방", said)], low_signal_share=0.2, mask_urls=False)
    found = {each.title: each for each in report.filter_effects}
    assert list(found) == [BEFORE, LINKS, CAPPED, AFTER]
    assert found[LINKS].removed == dict(report.removed)[LINKS] == 20
    assert found[CAPPED].removed == dict(report.removed)[CAPPED] == 75
    assert found[AFTER].removed == 95
    assert found[BEFORE].distance == 0
    # A link has no voice: laughter is in 100 of 200, and with the cap in 25 of 125.
    assert [each.laughter for each in report.filter_effects] == [0.5, 0.5, 0.2, 0.2]
    assert found[CAPPED].distance > 0.02 > found[LINKS].distance


def test_a_persons_effects_are_of_that_persons_replies(base: TokenizerInfo) -> None:
    said = [("가나"[n % 2], "ㅋㅋㅋㅋ" if n % 2 else f"{WORDS[n % 9]} 했다", 1) for n in range(200)]
    report, _ = built(base, [history("방", said)], persona="가")
    assert [each.laughter for each in report.filter_effects] == [0, 0]
    assert report.filter_effects[0].removed == 0
