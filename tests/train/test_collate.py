from __future__ import annotations

import random
import sys

import pytest
from tokenizers import Tokenizer

from kakaobot.chat_format import CHATML
from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.starter import FOLDER
from kakaobot.train.collate import (
    IGNORED,
    PackedRows,
    Row,
    collate,
    encode_rows,
    truncate_left,
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Tokenizer.from_file(str(FOLDER / "tokenizer.json")), CHATML)


def conversation(*messages: ChatMessage) -> Conversation:
    return Conversation("id", "방", "", messages, ("t",) * len(messages), ("", ""))


def test_only_targets_and_their_end_tokens_have_labels(renderer: Renderer) -> None:
    row = conversation(ChatMessage("user", "밥?"), ChatMessage("assistant", "ㅇㅇ", is_target=True))
    [encoded] = encode_rows([row], renderer, 100).rows
    targets = [label for label in encoded.labels if label != IGNORED]
    assert len(encoded.ids) == len(encoded.labels)
    assert targets[-1] == renderer.end_id
    assert encoded.ids[: -len(targets) - 1].count(renderer.end_id) == 1


def test_a_row_that_is_too_long_is_truncated_on_the_left(renderer: Renderer) -> None:
    messages = [ChatMessage("assistant", f"{i}번째 말", "도담", is_target=True) for i in range(20)]
    suffix = truncate_left(messages, renderer, 64)
    assert list(suffix) == messages[-len(suffix) :]
    encoded = encode_rows([conversation(*messages)], renderer, 64)
    assert len(encoded.rows[0].ids) <= 64
    assert encoded.dropped_replies == 20 - len(suffix) > 0


def test_a_reply_longer_than_a_row_is_counted_as_dropped(renderer: Renderer) -> None:
    encoded = encode_rows(
        [conversation(ChatMessage("assistant", "말" * 300, is_target=True))], renderer, 64
    )
    assert (len(encoded.rows), encoded.dropped_replies) == (0, 1)


def test_packed_rows_are_lossless_and_take_about_four_bytes_per_token() -> None:
    rng = random.Random(3)
    # Both ends of the id range, as targets and as context.
    encoded: list[tuple[list[int], list[bool]]] = [([0, 0], [False, True]), ([], [])]
    for _ in range(500):
        size = rng.randint(1, 400)
        ids = [rng.choice((rng.randrange(200_000), 2**31 - 1)) for _ in range(size)]
        encoded.append((ids, [rng.random() < 0.4 for _ in ids]))
    packed = PackedRows()
    for ids, mask in encoded:
        packed.add(ids, mask)
    rows = [
        Row(
            tuple(ids), tuple(i if target else IGNORED for i, target in zip(ids, mask, strict=True))
        )
        for ids, mask in encoded
    ]
    assert list(packed) == rows
    assert len(packed) == len(rows)
    assert (packed[-1], packed[1:3]) == (rows[-1], tuple(rows[1:3]))
    with pytest.raises(IndexError):
        packed[len(rows)]
    tokens = sum(len(row.ids) for row in rows)
    size = sum(sys.getsizeof(buffer) for buffer in vars(packed).values())
    assert size < 4.6 * tokens


def test_collate_pads_shorter_rows_on_the_right() -> None:
    batch = collate([Row((1, 2, 3), (IGNORED, 2, 3)), Row((4,), (4,))], 0)
    assert batch.input_ids == [[1, 2, 3], [4, 0, 0]]
    assert batch.labels == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]
    assert batch.attention_mask == [[1, 1, 1], [1, 0, 0]]
