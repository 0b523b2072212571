from __future__ import annotations

import random
import sys
from itertools import islice

import pytest
from tokenizers import Tokenizer

from kakaobot.chat_template import CHATML, Renderer
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.starter import FOLDER
from kakaobot.train.collate import (
    IGNORED,
    BatchSchedule,
    PackedRows,
    Row,
    collate,
    encode,
    length_buckets,
    micro_batches,
    truncate_left,
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Tokenizer.from_file(str(FOLDER / "tokenizer.json")), CHATML)


def conversation(*messages: ChatMessage) -> Conversation:
    return Conversation("id", "방", "", messages, ("t",) * len(messages), ("", ""))


def test_only_replies_and_their_ends_have_labels(renderer: Renderer) -> None:
    row = conversation(ChatMessage("user", "밥?"), ChatMessage("assistant", "ㅇㅇ", is_target=True))
    [encoded] = encode([row], renderer, 100).rows
    learnt = [label for label in encoded.labels if label != IGNORED]
    assert len(encoded.ids) == len(encoded.labels)
    assert learnt[-1] == renderer.end_id
    assert encoded.ids[: -len(learnt) - 1].count(renderer.end_id) == 1


def test_a_row_that_is_too_long_loses_its_beginning_and_never_its_last_reply(
    renderer: Renderer,
) -> None:
    messages = [ChatMessage("assistant", f"{i}번째 말", "도담", is_target=True) for i in range(20)]
    kept = truncate_left(messages, renderer, 64)
    assert list(kept) == messages[-len(kept) :]
    encoded = encode([conversation(*messages)], renderer, 64)
    assert len(encoded.rows[0].ids) <= 64
    assert encoded.lost == 20 - len(kept) > 0


def test_a_reply_longer_than_a_row_is_counted_as_lost(renderer: Renderer) -> None:
    encoded = encode(
        [conversation(ChatMessage("assistant", "말" * 300, is_target=True))], renderer, 64
    )
    assert (len(encoded.rows), encoded.lost) == (0, 1)


def test_packed_rows_are_as_they_were_and_take_little_more_than_four_bytes_a_token() -> None:
    dice = random.Random(3)
    # Id 0 is as good as any, learnt or not, and so is the largest there can be.
    given: list[tuple[list[int], list[bool]]] = [([0, 0], [False, True]), ([], [])]
    for _ in range(500):
        size = dice.randint(1, 400)
        ids = [dice.choice((dice.randrange(200_000), 2**31 - 1)) for _ in range(size)]
        given.append((ids, [dice.random() < 0.4 for _ in ids]))
    packed = PackedRows()
    for ids, learn in given:
        packed.add(ids, learn)
    rows = [
        Row(tuple(ids), tuple(i if yes else IGNORED for i, yes in zip(ids, learn, strict=True)))
        for ids, learn in given
    ]
    assert list(packed) == rows
    assert len(packed) == len(rows)
    assert (packed[-1], packed[1:3]) == (rows[-1], tuple(rows[1:3]))
    with pytest.raises(IndexError):
        packed[len(rows)]
    tokens = sum(len(row.ids) for row in rows)
    taken = sum(sys.getsizeof(each) for each in vars(packed).values())
    assert taken < 4.6 * tokens


def test_shorter_rows_are_filled_up_on_the_right() -> None:
    batch = collate([Row((1, 2, 3), (IGNORED, 2, 3)), Row((4,), (4,))], 0)
    assert batch.input_ids == [[1, 2, 3], [4, 0, 0]]
    assert batch.labels == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]
    assert batch.attention_mask == [[1, 1, 1], [1, 0, 0]]


def lengths_of_a_room(rows: int = 400) -> list[int]:
    """Most sessions are short, some fill a row."""
    dice = random.Random(4)
    return [min(1024, max(8, int(dice.lognormvariate(4.6, 1.0)))) for _ in range(rows)]


def test_batches_of_like_rows_have_hardly_any_padding_and_about_one_size() -> None:
    lengths = lengths_of_a_room()
    batches = length_buckets(lengths, 100, random.Random(1))
    assert len(batches) == 100
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    padded = [len(batch) * max(lengths[row] for row in batch) for batch in batches]
    assert 1 - sum(lengths) / sum(padded) < 0.05
    # Four of the longest rows at once would be 4,096.
    assert max(padded) == max(lengths)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_few_rows_are_cut_into_as_many_batches_as_there_can_be(rows: int) -> None:
    for count in range(1, 9):
        batches = length_buckets([5] * rows, count, random.Random(0))
        assert len(batches) == min(rows, count)
        assert sorted(row for batch in batches for row in batch) == list(range(rows))


def epoch_of(lengths: list[int], number: int) -> list[list[int]]:
    schedule = BatchSchedule(lengths, per_epoch=100, total=200, seed=7)
    return list(islice(schedule, number * 100, number * 100 + 100))


def test_a_schedule_is_the_same_again_and_other_in_every_epoch() -> None:
    lengths = lengths_of_a_room(40)
    schedule = BatchSchedule(lengths, per_epoch=10, total=25, seed=7)
    run = list(schedule)
    assert run == list(schedule)
    assert run != list(BatchSchedule(lengths, per_epoch=10, total=25, seed=8))
    assert len(run) == len(schedule) == 25
    first, second = run[:10], run[10:20]
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(40))
    assert first != second
    met = [{frozenset(batch) for batch in epoch_of(lengths_of_a_room(), e)} for e in range(2)]
    assert len(met[0] & met[1]) < 60
    # A shorter run of the same seed is its beginning: a resume may ask for more steps.
    assert run[:12] == list(islice(BatchSchedule(lengths, 10, 12, 7), 12))


def test_a_batch_is_cut_into_pieces_that_fit() -> None:
    assert micro_batches([10, 20, 30, 100, 700], 128) == [(0, 3), (3, 4), (4, 5)]
    # Two rows of such different lengths together would be a third padding.
    assert micro_batches([100, 200, 201, 202], 1000) == [(0, 1), (1, 4)]
    assert micro_batches([10, 20], 1000) == [(0, 2)]
