from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from kakaobot.prompt import CHATML, Renderer
from kakaobot.records import ChatMessage, Conversation
from kakaobot.starter import FOLDER
from kakaobot.train.batches import IGNORED, Row, encode, fitting, pad


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Tokenizer.from_file(str(FOLDER / "tokenizer.json")), CHATML)


def conversation(*messages: ChatMessage) -> Conversation:
    return Conversation("id", "방", "", messages, ("t",) * len(messages), ("", ""))


def test_only_replies_and_their_ends_have_labels(renderer: Renderer) -> None:
    row = conversation(ChatMessage("user", "밥?"), ChatMessage("assistant", "ㅇㅇ", learn=True))
    [encoded] = encode([row], renderer, 100).rows
    learnt = [label for label in encoded.labels if label != IGNORED]
    assert len(encoded.ids) == len(encoded.labels)
    assert learnt[-1] == renderer.end_id
    assert encoded.ids[: -len(learnt) - 1].count(renderer.end_id) == 1


def test_a_row_that_is_too_long_loses_its_beginning_and_never_its_last_reply(
    renderer: Renderer,
) -> None:
    messages = [ChatMessage("assistant", f"{i}번째 말", "도담", learn=True) for i in range(20)]
    kept = fitting(messages, renderer, 64)
    assert list(kept) == messages[-len(kept) :]
    encoded = encode([conversation(*messages)], renderer, 64)
    assert len(encoded.rows[0].ids) <= 64
    assert encoded.lost == 20 - len(kept) > 0


def test_a_reply_longer_than_a_row_is_counted_as_lost(renderer: Renderer) -> None:
    encoded = encode([conversation(ChatMessage("assistant", "말" * 300, learn=True))], renderer, 64)
    assert (encoded.rows, encoded.lost) == ((), 1)


def test_shorter_rows_are_filled_up_on_the_right() -> None:
    batch = pad([Row((1, 2, 3), (IGNORED, 2, 3)), Row((4,), (4,))], 0)
    assert batch.input_ids == [[1, 2, 3], [4, 0, 0]]
    assert batch.labels == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]
    assert batch.attention_mask == [[1, 1, 1], [1, 0, 0]]
