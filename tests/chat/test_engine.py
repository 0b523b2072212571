"""`Engine` with the bundled starter: streaming, cancellation, truncation, name scoring."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.chat.engine import Engine
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


def test_a_closed_reply_leaves_no_thread_and_frees_the_engine(engine: Engine) -> None:
    before = threading.active_count()
    long = Sampling(400, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    reply: Iterator[str] = engine.stream_reply(HELLO, long)
    next(reply)
    reply.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert list(engine.stream_reply(HELLO, GREEDY))


def test_history_longer_than_the_context_is_truncated(engine: Engine) -> None:
    long = [ChatMessage("user" if i % 2 == 0 else "assistant", "긴 말 " * 30) for i in range(41)]
    assert list(engine.stream_reply(long, GREEDY))
    assert list(engine.stream_reply([ChatMessage("user", "아주 긴 말 " * 2000)], GREEDY))


def test_draw_participant_prefers_recent_participants(engine: Engine) -> None:
    history = [
        ChatMessage("assistant", "밥 먹자", "도담"),
        ChatMessage("assistant", "그래", "은솔"),
    ] * 3
    drawn = [engine.draw_participant(history, ["도담", "은솔", "뷁꿹쒧"]) for _ in range(30)]
    assert set(drawn) <= {"도담", "은솔", "뷁꿹쒧"}
    # A name the model has never seen is far less likely than those in the history.
    assert drawn.count("뷁꿹쒧") <= 3


def log_prob_of(engine: Engine, prompt: Sequence[int], tail: Sequence[int]) -> float:
    """Of `tail` behind `prompt`, in one pass without a cache."""
    with torch.inference_mode():
        whole = torch.tensor([[*prompt, *tail]])
        logits = engine._model(input_ids=whole).logits[0, len(prompt) - 1 : -1]
    return float(logits.log_softmax(-1).gather(1, torch.tensor(tail)[:, None]).sum())


def test_name_scores_equal_those_of_the_whole_prompt(engine: Engine) -> None:
    history = [ChatMessage("assistant", "밥 먹자", "도담")]
    renderer = engine._base.renderer
    prompt = renderer.prompt(history)
    names = ["은솔", "도담", "아주 긴 이름의 사람"]
    tails = [renderer.prompt(history, participant=name)[len(prompt) :] for name in names]
    expected = [log_prob_of(engine, prompt, tail) for tail in tails]
    for _ in range(2):
        assert engine.score_participants(history, names) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("history", [HELLO, []])
@pytest.mark.parametrize("reply_as", ["", "도담"])
def test_reply_scores_equal_those_of_the_whole_conversation(
    engine: Engine, history: list[ChatMessage], reply_as: str
) -> None:
    renderer = engine._base.renderer
    prompt = renderer.prompt(history, participant=reply_as)
    replies = ["응", "오늘은 집에 있을 거야\n너는?", ""]
    expected = []
    for reply in replies:
        message = ChatMessage("assistant", reply, reply_as)
        ids = renderer.encode([*history, message]).ids
        end = len(ids) - ids[::-1].index(renderer.end_id)
        expected.append(log_prob_of(engine, prompt, ids[len(prompt) : end]))
    scores = engine.score_replies(history, replies, reply_as=reply_as)
    assert scores == pytest.approx(expected, abs=1e-3)


def test_replies_drawn_side_by_side_have_their_own_likelihood(engine: Engine) -> None:
    warm = Sampling(60, temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.0)
    candidates = engine.draw_replies(HELLO, warm, count=6)
    assert len({candidate.text for candidate in candidates}) > 1
    ended = [candidate for candidate in candidates if candidate.ended]
    assert ended
    renderer = engine._base.renderer
    for candidate in ended:
        ids = [*renderer.encode([ChatMessage("user", candidate.text)]).ids]
        assert candidate.tokens <= len(ids)
    scores = engine.score_replies(HELLO, [candidate.text for candidate in ended])
    drawn = [candidate.log_prob for candidate in ended]
    # A reply may be read with other tokens than it was written with.
    close = [abs(a - b) < 1e-2 for a, b in zip(scores, drawn, strict=True)]
    assert sum(close) >= len(close) / 2


def test_greedy_replies_side_by_side_equal_the_streamed_one(engine: Engine) -> None:
    text = list(engine.stream_reply(HELLO, GREEDY))[-1]
    assert {candidate.text for candidate in engine.draw_replies(HELLO, GREEDY, count=3)} == {text}


def test_sampling_equals_that_of_generate(engine: Engine) -> None:
    sampling = Sampling(30, temperature=0.9, top_p=0.9, top_k=40, repetition_penalty=1.2)
    prompt = torch.tensor([engine._base.renderer.prompt(HELLO)])
    torch.manual_seed(3)
    generated = engine._model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        generation_config=generation_config(engine._base, sampling, context_left=400),
    )[0, prompt.shape[1] :]
    torch.manual_seed(3)
    *_, text = engine.stream_reply(HELLO, sampling)
    assert text == engine._base.tokenizer.decode(generated, skip_special_tokens=True).strip()


def test_every_special_token_ends_a_reply(engine: Engine) -> None:
    tokenizer = engine._base.tokenizer
    special = {tokenizer.convert_tokens_to_ids(t) for t in ("<|im_start|>", "<|endoftext|>")}
    stops = generation_config(engine._base, GREEDY, context_left=8).eos_token_id
    assert special | {engine._base.renderer.end_id} <= set(stops)
