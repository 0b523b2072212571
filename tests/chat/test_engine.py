"""`Engine` with the bundled starter: streaming, cancellation, truncation, name scoring."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.chat.engine import Engine
from kakaobot.chat.truncate import truncate
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

GREEDY = Sampling(40, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
HELLO = [ChatMessage("user", "안녕?")]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(
        str(FOLDER),
        None,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


def test_reply_streams_whole_syllables(engine: Engine) -> None:
    pieces = list(engine.stream_reply(HELLO, GREEDY))
    assert len(pieces) > 1
    assert all(len(a) <= len(b) for a, b in zip(pieces, pieces[1:], strict=False))
    assert not any("\ufffd" in piece or "<|" in piece for piece in pieces)


def test_greedy_decoding_is_deterministic(engine: Engine) -> None:
    assert (
        list(engine.stream_reply(HELLO, GREEDY))[-1] == list(engine.stream_reply(HELLO, GREEDY))[-1]
    )


def test_sampling_varies(engine: Engine) -> None:
    hot = Sampling(30, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    assert len({list(engine.stream_reply(HELLO, hot))[-1] for _ in range(5)}) > 1


def test_closing_the_reply_ends_the_generating_thread(engine: Engine) -> None:
    before = threading.active_count()
    long = Sampling(400, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    reply: Iterator[str] = engine.stream_reply(HELLO, long)
    next(reply)
    assert threading.active_count() == before + 1
    reply.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert list(engine.stream_reply(HELLO, GREEDY))


def test_history_longer_than_the_context_is_truncated(engine: Engine) -> None:
    long = [ChatMessage("user" if i % 2 == 0 else "assistant", "긴 말 " * 30) for i in range(41)]
    assert list(engine.stream_reply(long, GREEDY))
    assert list(engine.stream_reply([ChatMessage("user", "아주 긴 말 " * 2000)], GREEDY))


def test_truncate_keeps_the_newest_turns() -> None:
    messages = [ChatMessage("user", "가" * size) for size in (5, 5, 5, 9)]

    def count(max_turns: int, max_tokens: int) -> int:
        return len(
            truncate(
                messages,
                max_turns=max_turns,
                max_tokens=max_tokens,
                length=lambda message: len(message.content),
            )
        )

    assert count(3, 100) == 3
    assert count(10, 14) == 2
    assert count(10, 1) == 1


def test_draw_participant_prefers_recent_participants(engine: Engine) -> None:
    history = [
        ChatMessage("assistant", "밥 먹자", "도담"),
        ChatMessage("assistant", "그래", "은솔"),
    ] * 3
    drawn = [engine.draw_participant(history, ["도담", "은솔", "뷁꿹쒧"]) for _ in range(30)]
    assert set(drawn) <= {"도담", "은솔", "뷁꿹쒧"}
    # A name the model has never seen is far less likely than those in the history.
    assert drawn.count("뷁꿹쒧") <= 3


def test_name_score_equals_that_of_the_whole_prompt(engine: Engine) -> None:
    history = [ChatMessage("assistant", "밥 먹자", "도담")]
    renderer = engine._base.renderer
    prompt, whole = renderer.prompt(history), renderer.prompt(history, participant="은솔")
    tail = whole[len(prompt) :]
    with torch.inference_mode():
        prefill = engine._model(input_ids=torch.tensor([prompt]), use_cache=True, logits_to_keep=1)
        scores = [engine._score(prefill, tail) for _ in range(2)]
        logits = engine._model(input_ids=torch.tensor([whole])).logits[0, len(prompt) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, torch.tensor(tail)[:, None]).sum()
    assert torch.allclose(scores[0], expected, atol=1e-3)
    assert torch.allclose(scores[1], expected, atol=1e-3)


def test_every_special_token_ends_a_reply(engine: Engine) -> None:
    tokenizer = engine._base.tokenizer
    special = {tokenizer.convert_tokens_to_ids(t) for t in ("<|im_start|>", "<|endoftext|>")}
    stops = generation_config(engine._base, GREEDY, context_left=8).eos_token_id
    assert special | {engine._base.renderer.end_id} <= set(stops)
