from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.base.selection import STARTER, location_of
from kakaobot.base.tokenizer import TokenizerInfo, read_tokenizer_info
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.filter_report import AFTER, BEFORE
from kakaobot.dataset.filters import CAPPED, LINKS
from kakaobot.dataset.pipeline import Pipeline
from kakaobot.dataset.split import Split
from kakaobot.exports.merge import RoomHistory
from kakaobot.schema import Conversation, Message
from kakaobot.settings import Settings

SPLITS: tuple[Split, Split] = ("train", "val")
SENTENCE = "오늘 저녁에는 다 같이 모여서 새로 산 게임을 해 보면 어떨까 싶은데 시간 되는 사람"
WORDS = SENTENCE.split()

Text = tuple[str, str, int]
"""Sender, text and minutes since the previous message."""


@pytest.fixture(scope="module")
def base() -> TokenizerInfo:
    return read_tokenizer_info(location_of(STARTER))


def history(room: str, texts: list[Text]) -> RoomHistory:
    at, messages = datetime(2026, 3, 1, 9), list[Message]()
    for number, (sender, text, minutes) in enumerate(texts):
        at += timedelta(minutes=minutes)
        messages.append(Message(at, sender, text, "text", room, f"{room}.txt", number))
    return RoomHistory(room, tuple(messages))


def build(
    base: TokenizerInfo, histories: list[RoomHistory], **data: object
) -> tuple[BuildReport, dict[Split, list[Conversation]]]:
    changed = Settings().data.model_copy(update={"merge_gap_minutes": 0, **data})
    pipeline = Pipeline(Settings(data=changed), base, tokenizer="starter")
    for room_history in histories:
        pipeline.add_history(room_history)
    pipeline.split_targets()
    rows = {split: list(pipeline.rows(split)) for split in SPLITS}
    return pipeline.report(), rows


TEXTS = st.lists(
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


@given(st.lists(TEXTS, min_size=1, max_size=2), st.sampled_from(["", "가"]), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_each_turn_is_a_target_once_or_has_a_reason(
    base: TokenizerInfo, rooms: list[list[Text]], persona: str, context: int
) -> None:
    histories = [history(f"방{number}", texts) for number, texts in enumerate(rooms)]
    report, rows = build(base, histories, persona=persona, context_turns=context)
    targets = Counter(
        (row.room, turn_id)
        for split in SPLITS
        for row in rows[split]
        for turn_id, message in zip(row.turns, row.messages, strict=True)
        if message.is_target
    )
    assert set(targets.values()) <= {1}
    # Messages are at least a minute apart, so each is a turn.
    assert targets.total() + sum(count for _, count in report.removed) == report.messages
    assert targets.total() == report.train_replies + report.val_replies
    for split in SPLITS:
        assert all(any(message.is_target for message in row.messages) for row in rows[split])
    turn_ids = {split: {turn for row in rows[split] for turn in row.turns} for split in SPLITS}
    if len(rooms) == 1:
        assert turn_ids["train"].isdisjoint(turn_ids["val"])


def test_single_turn_sessions_are_targets(base: TokenizerInfo) -> None:
    texts = [("가", f"{word} 하나", 500) for word in WORDS]
    texts += [("나", "오늘은 정말이지 아무것도 하지 않고 집에만 있을 생각이야", 500)] * 2
    report, rows = build(base, [history("방", texts)], val_ratio=0.06)
    assert [row.messages[0].is_target for row in rows["train"]] == [True] * len(WORDS)
    assert report.train_replies == len(WORDS)


def test_report_agrees_with_the_rows(base: TokenizerInfo) -> None:
    texts = [
        ("가나"[n % 2], " ".join(WORDS[: 1 + n % 9]), 1 + 100 * (n % 7 == 0)) for n in range(90)
    ]
    report, rows = build(base, [history("방", texts)])
    encoded = [base.renderer.encode(row.messages) for row in rows["train"]]
    assert report.tokens == sum(len(row.ids) for row in encoded)
    assert report.target_tokens == sum(sum(row.loss_mask) for row in encoded)
    assert report.longest_row == max(len(row.ids) for row in encoded)
    assert sum(count for _, count in report.row_lengths) == report.train_rows == len(rows["train"])
    assert report.val_tokens == sum(
        len(base.renderer.encode(row.messages).ids) for row in rows["val"]
    )
    assert [example.split for example in report.examples] == ["train"] * 6 + ["val"] * 2


def test_filter_effects_show_removals_and_style_distance(base: TokenizerInfo) -> None:
    texts = [("가나"[n % 2], f"{WORDS[n % 9]} {WORDS[n % 7]} 했다", 1) for n in range(100)]
    texts += [("가나"[n % 2], "ㅋㅋㅋㅋ", 1) for n in range(100)]
    texts += [("가", f"https://example.com/{n}", 1) for n in range(20)]
    report, _ = build(base, [history("방", texts)], low_signal_share=0.2, mask_urls=False)
    effects = {effect.title: effect for effect in report.filter_effects}
    assert list(effects) == [BEFORE, LINKS, CAPPED, AFTER]
    assert effects[LINKS].removed == dict(report.removed)[LINKS] == 20
    assert effects[CAPPED].removed == dict(report.removed)[CAPPED] == 75
    assert effects[AFTER].removed == 95
    assert effects[BEFORE].distance == 0
    # Links do not count for the style: 100 of 200 replies laugh, with the cap 25 of 125.
    assert [effect.laughter for effect in report.filter_effects] == [0.5, 0.5, 0.2, 0.2]
    assert effects[CAPPED].distance > 0.02 > effects[LINKS].distance


def test_filter_effects_of_a_persona_cover_its_replies_only(base: TokenizerInfo) -> None:
    texts = [
        ("가나"[n % 2], "ㅋㅋㅋㅋ" if n % 2 else f"{WORDS[n % 9]} 했다", 1) for n in range(200)
    ]
    report, _ = build(base, [history("방", texts)], persona="가")
    assert [effect.laughter for effect in report.filter_effects] == [0, 0]
    assert report.filter_effects[0].removed == 0
