from __future__ import annotations

import pytest
import torch

from kakaobot.base.generation import Sampling, chat_sampling
from kakaobot.chat.engine import Engine
from kakaobot.schema import ChatMessage
from kakaobot.settings import GenerationSettings
from kakaobot.starter import FOLDER
from kakaobot.train.eval_generation import eval_sampling

HELLO = [ChatMessage("user", "주말에 뭐 했어?")]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(
        str(FOLDER),
        None,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=12,
    )


def test_min_p_leaves_only_what_is_likely(engine: Engine) -> None:
    """With 1, only the likeliest token is left, as in greedy decoding."""
    hot = Sampling(12, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
    strict = Sampling(12, 1.5, 1.0, 0, 1.0, min_p=1.0)
    greedy = Sampling(12, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    torch.manual_seed(0)
    assert len({one.text for one in engine.draw_replies(HELLO, hot, count=6)}) > 1
    [likeliest] = engine.draw_replies(HELLO, greedy, count=1)
    assert {one.text for one in engine.draw_replies(HELLO, strict, count=6)} == {likeliest.text}


def test_a_chat_draws_as_the_settings_say() -> None:
    settings = GenerationSettings(temperature=0.3, top_p=0.8, top_k=5, min_p=0.2)
    sampling = chat_sampling(settings)
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p) == (
        0.3,
        0.8,
        5,
        0.2,
    )


def test_evaluations_draw_the_same_whatever_a_chat_uses() -> None:
    chat = GenerationSettings(temperature=1.9, top_p=0.2, top_k=3, min_p=0.5, repetition_penalty=2)
    assert eval_sampling(chat) == eval_sampling(GenerationSettings())


def test_a_chat_is_stricter_than_an_evaluation() -> None:
    chat, evaluation = chat_sampling(GenerationSettings()), eval_sampling(GenerationSettings())
    assert chat.temperature <= evaluation.temperature
    assert chat.top_p <= evaluation.top_p
    assert chat.min_p > evaluation.min_p
