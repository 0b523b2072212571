"""The strength of the adapter: 0 is the base, 1 the adapter, in replies and in likelihoods."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from kakaobot.base.generation import Sampling
from kakaobot.chat.engine import Engine
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

GREEDY = Sampling(12, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
HELLO = [ChatMessage("user", "안녕? 오늘 저녁에 시간 되면 같이 밥 먹자. 뭐 먹을지는 네가 골라 줘.")]
STRENGTHS = (0.0, 0.5, 1.0, 1.5)


def load(adapter: Path | None) -> Engine:
    return Engine.load(
        str(FOLDER),
        adapter,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that changes every layer."""
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(str(FOLDER), dtype=torch.float32)
    lora = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    folder = tmp_path_factory.mktemp("run") / "adapter_best"
    get_peft_model(model, lora).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def engine(adapter: Path) -> Engine:
    return load(adapter)


def scores(engine: Engine, strength: float) -> list[float]:
    return engine.score_replies(HELLO, ["그래", "몰라 나 바빠"], strength=strength)


def test_strength_0_is_exactly_the_base_and_1_exactly_the_adapter(
    engine: Engine, adapter: Path
) -> None:
    base, fresh = load(None), load(adapter)
    expected = {0.0: scores(base, 1.0), 1.0: scores(fresh, 1.0)}
    assert expected[0.0] != pytest.approx(expected[1.0], abs=0.1)
    # In both orders, so that none leaves its strength to the next.
    for strength in (1.0, 0.0, 1.5, 1.0, 0.5, 0.0, 1.0):
        if strength in expected:
            assert scores(engine, strength) == pytest.approx(expected[strength], abs=1e-4)
            reference = base if strength == 0 else fresh
            assert list(engine.stream_reply(HELLO, GREEDY, strength=strength)) == list(
                reference.stream_reply(HELLO, GREEDY)
            )
        else:
            assert scores(engine, strength) not in expected.values()


def test_a_closed_reply_and_a_failed_call_restore_the_strength(engine: Engine) -> None:
    before = scores(engine, 1.0)
    for strength in (0.0, 0.5):
        replies = engine.stream_reply(HELLO, GREEDY, strength=strength)
        next(replies)
        replies.close()
        with pytest.raises(RuntimeError):
            engine.draw_replies(HELLO, GREEDY, count=-1, strength=strength)
        assert scores(engine, 1.0) == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_every_call_uses_the_strength(engine: Engine, strength: float) -> None:
    text = list(engine.stream_reply(HELLO, GREEDY, strength=strength))[-1]
    (drawn,) = engine.draw_replies(HELLO, GREEDY, count=1, strength=strength)
    assert drawn.text == text
    names = engine.score_participants(HELLO, ["도담", "은솔"], strength=strength)
    others = [
        engine.score_participants(HELLO, ["도담", "은솔"], strength=other)
        for other in STRENGTHS
        if other != strength
    ]
    assert all(names != pytest.approx(other, abs=1e-3) for other in others)
