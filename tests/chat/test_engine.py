"""The engine with the starter itself: streaming, stopping, long histories."""

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


def test_a_reply_grows_piece_by_piece_and_never_shows_half_a_syllable(engine: Engine) -> None:
    pieces = list(engine.stream_reply(HELLO, GREEDY))
    assert len(pieces) > 1
    assert all(len(a) <= len(b) for a, b in zip(pieces, pieces[1:], strict=False))
    assert not any("\ufffd" in piece or "<|" in piece for piece in pieces)


def test_the_same_question_has_the_same_likeliest_answer(engine: Engine) -> None:
    assert (
        list(engine.stream_reply(HELLO, GREEDY))[-1] == list(engine.stream_reply(HELLO, GREEDY))[-1]
    )


def test_drawing_is_not_always_the_same(engine: Engine) -> None:
    hot = Sampling(30, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    assert len({list(engine.stream_reply(HELLO, hot))[-1] for _ in range(5)}) > 1


def test_closing_the_reply_stops_the_thread_that_makes_it(engine: Engine) -> None:
    before = threading.active_count()
    long = Sampling(400, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    reply: Iterator[str] = engine.stream_reply(HELLO, long)
    next(reply)
    assert threading.active_count() == before + 1
    reply.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert list(engine.stream_reply(HELLO, GREEDY))


def test_a_history_longer_than_the_model_can_read_is_answered_all_the_same(
    engine: Engine,
) -> None:
    long = [ChatMessage("user" if i % 2 == 0 else "assistant", "긴 말 " * 30) for i in range(41)]
    assert list(engine.stream_reply(long, GREEDY))
    assert list(engine.stream_reply([ChatMessage("user", "아주 긴 말 " * 2000)], GREEDY))


def test_the_newest_turns_stay() -> None:
    turns = [ChatMessage("user", "가" * size) for size in (5, 5, 5, 9)]

    def kept(max_turns: int, max_tokens: int) -> int:
        return len(
            truncate(
                turns, max_turns=max_turns, max_tokens=max_tokens, length=lambda m: len(m.content)
            )
        )

    assert kept(3, 100) == 3
    assert kept(10, 14) == 2
    assert kept(10, 1) == 1


def test_the_next_speaker_is_drawn_from_the_people_of_the_room(engine: Engine) -> None:
    talk = [
        ChatMessage("assistant", "밥 먹자", "도담"),
        ChatMessage("assistant", "그래", "은솔"),
    ] * 3
    drawn = [engine.draw_participant(talk, ["도담", "은솔", "뷁꿹쒧"]) for _ in range(30)]
    assert set(drawn) <= {"도담", "은솔", "뷁꿹쒧"}
    # A name the model has never seen is far less likely than those that just spoke.
    assert drawn.count("뷁꿹쒧") <= 3


def test_names_are_scored_as_the_whole_text_would_be(engine: Engine) -> None:
    talk = [ChatMessage("assistant", "밥 먹자", "도담")]
    renderer = engine._base.renderer
    prompt, whole = renderer.prompt(talk), renderer.prompt(talk, speaker="은솔")
    tail = whole[len(prompt) :]
    with torch.inference_mode():
        read = engine._model(input_ids=torch.tensor([prompt]), use_cache=True, logits_to_keep=1)
        scores = [engine._score(read, tail) for _ in range(2)]
        logits = engine._model(input_ids=torch.tensor([whole])).logits[0, len(prompt) - 1 : -1]
    chosen = logits.log_softmax(-1).gather(1, torch.tensor(tail)[:, None]).sum()
    assert torch.allclose(scores[0], chosen, atol=1e-3)
    assert torch.allclose(scores[1], chosen, atol=1e-3)


def test_a_reply_is_over_at_any_special_token(engine: Engine) -> None:
    tokenizer = engine._base.tokenizer
    marks = {tokenizer.convert_tokens_to_ids(m) for m in ("<|im_start|>", "<|endoftext|>")}
    stops = generation_config(engine._base, GREEDY, room=8).eos_token_id
    assert marks | {engine._base.renderer.end_id} <= set(stops)
