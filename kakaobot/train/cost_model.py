"""How much memory and time a training will take, from numbers alone. No torch, no files.

The memory is that of the fullest moment: of the whole process on a CPU, of the card on a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kakaobot.base import resolve
from kakaobot.settings import LoraSettings, TrainingSettings
from kakaobot.train.plan import Plan, batch_size

AT_ONCE = 512
"""Padded tokens a CPU computes at once, where no row is longer; more are not faster there."""
_ON_A_CARD = (16_384, 8192, 4096, 2048, 1024)
_FILLED = 0.8
"""Share of a card's free memory that is filled on purpose."""

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_KNOWN_KINDS = frozenset(
    ("qwen3", "qwen2", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "gemma3")
)
_PROCESS = {"cpu": 590_000_000, "cuda": 900_000_000}
"""Python, torch, transformers and peft on a CPU; what CUDA itself takes of a card."""
_NF4 = 0.53
"""Bytes a weight takes in NF4 with its scales, these being quantised too."""


@dataclass(frozen=True)
class ModelDimensions:
    """What of a base model's config.json decides about memory and time."""

    vocabulary: int
    width: int
    inner: int
    """Width inside the feed-forward part."""
    layers: int
    queries: int
    """Heads times their width."""
    keys: int
    """Key heads times their width; the values have as much."""
    tied: bool
    """Whether the embedding is the head as well."""
    bent: bool = False
    """Whether something is done to the logits behind the head."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ModelDimensions | None:
        """From the JSON of a config.json; None for an architecture that is not known here."""
        inner = config.get("text_config") or config
        try:
            if inner.get("model_type", config.get("model_type")) not in _KNOWN_KINDS:
                return None
            heads = int(inner["num_attention_heads"])
            each = int(inner.get("head_dim") or inner["hidden_size"] // heads)
            gemma = str(inner.get("model_type", "")).startswith("gemma")
            return cls(
                vocabulary=int(inner["vocab_size"]),
                width=int(inner["hidden_size"]),
                inner=int(inner["intermediate_size"]),
                layers=int(inner["num_hidden_layers"]),
                queries=heads * each,
                keys=int(inner.get("num_key_value_heads") or heads) * each,
                tied=bool(config.get("tie_word_embeddings", gemma)),
                bent=bool(inner.get("final_logit_softcapping")),
            )
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """Name of each linear layer of one block → its inputs and outputs."""
        return {
            "q_proj": (self.width, self.queries),
            "k_proj": (self.width, self.keys),
            "v_proj": (self.width, self.keys),
            "o_proj": (self.queries, self.width),
            "gate_proj": (self.width, self.inner),
            "up_proj": (self.width, self.inner),
            "down_proj": (self.inner, self.width),
        }

    @property
    def body(self) -> int:
        """Weights of all linear layers."""
        return self.layers * sum(ins * outs for ins, outs in self.linear.values())

    @property
    def words(self) -> int:
        """Weights of the embedding, and of the head where it has its own."""
        return self.vocabulary * self.width * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        return self.body + self.words + (2 * self.layers + 1) * self.width

    def adapter(self, lora: LoraSettings) -> int:
        """Weights of a LoRA."""
        return self.layers * sum(lora.r * sum(self.linear[name]) for name in self.chosen(lora))

    def chosen(self, lora: LoraSettings) -> list[str]:
        """Linear layers that get an adapter."""
        wanted = lora.target_modules
        if wanted == "all-linear":
            return list(self.linear)
        names = [wanted] if isinstance(wanted, str) else wanted
        return [name for name in self.linear if name in names]


QWEN3: dict[str, ModelDimensions] = {
    "Qwen/Qwen3-0.6B": ModelDimensions(151_936, 1024, 3072, 28, 2048, 1024, tied=True),
    "Qwen/Qwen3-1.7B": ModelDimensions(151_936, 2048, 6144, 28, 2048, 1024, tied=True),
    "Qwen/Qwen3-4B-Instruct-2507": ModelDimensions(151_936, 2560, 9728, 36, 4096, 1024, tied=True),
    "Qwen/Qwen3-8B": ModelDimensions(151_936, 4096, 12288, 36, 4096, 1024, tied=False),
}
"""Shapes of the bases that `auto` chooses from, which need not be on this disk yet."""


@dataclass(frozen=True)
class Machine:
    device: str = "cpu"
    """`cpu` or `cuda`."""
    half: bool = False
    """Whether it computes in half precision."""
    four_bits: bool = False
    checkpointing: bool = False


@dataclass(frozen=True)
class DatasetSize:
    """What there is to learn."""

    rows: int
    tokens: int
    target_tokens: int
    """Tokens."""
    longest: int
    """Tokens of the longest row."""
    val_tokens: int
    val_target_tokens: int


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes, by what they are for."""

    process: int
    weights: int
    adapter: int
    """With its gradients and what the optimizer remembers."""
    activations: int
    logits: int

    @property
    def total(self) -> int:
        return sum(int(getattr(self, field.name)) for field in fields(self))


def tokens_at_once(
    shape: ModelDimensions | None,
    machine: Machine,
    lora: LoraSettings,
    training: TrainingSettings,
    amount: DatasetSize,
    free: int,
) -> int:
    """Padded tokens to compute at once: as many as fit on a card, few on a CPU.

    Args:
        shape: None where it is not known.
        machine: where it is computed.
        lora: shape of the adapter.
        training: its batches and lengths.
        amount: what there is to learn.
        free: bytes that are free when the base is loaded.
    """
    if machine.device == "cuda" and shape is not None:
        for tokens in _ON_A_CARD:
            needed = estimate_memory(shape, machine, lora, training, amount, at_once=tokens)
            if needed.adapter + needed.activations + needed.logits <= free * _FILLED:
                return tokens
    return AT_ONCE


def estimate_memory(
    shape: ModelDimensions,
    machine: Machine,
    lora: LoraSettings,
    training: TrainingSettings,
    amount: DatasetSize,
    *,
    at_once: int = AT_ONCE,
) -> MemoryEstimate:
    """Of the fullest moment of a training that computes `at_once` padded tokens at once."""
    size = 2 if machine.half else 4
    body = shape.body * (_NF4 if machine.four_bits else size)
    weights = int(body + shape.words * size)
    longest = min(amount.longest, training.max_seq_len)
    per_batch = amount.tokens / max(1, amount.rows) * batch_size(training, amount.rows)
    tokens = max(longest, min(at_once, int(per_batch * 1.1)))
    learnt = tokens * amount.target_tokens / max(1, amount.tokens)
    pieces = learnt * shape.vocabulary
    chunk = resolve.logits_chunk(shape.vocabulary)
    chunked = shape.vocabulary * min(chunk, max(learnt, resolve.CHUNK_MULTIPLE))
    held = pieces * (size + 12) if shape.bent else chunked
    return MemoryEstimate(
        process=_PROCESS[machine.device],
        weights=weights,
        adapter=16 * shape.adapter(lora),
        activations=int(tokens * (_per_token(shape, machine, lora) + 16 * shape.inner)),
        logits=int(held if shape.bent else held * (size % 4 + 8)),
    )


def _per_token(shape: ModelDimensions, machine: Machine, lora: LoraSettings) -> float:
    """Bytes kept of one token for the way back, by what a block of Qwen3's make keeps.

    Two norms and the residual at the width of the model, the norms of queries and keys, what
    attention and the feed-forward part multiply, and the input of each adapter.
    """
    size = 2 if machine.half else 4
    norms = 20 if machine.half else 24
    inputs = sum(shape.linear[name][0] for name in shape.chosen(lora)) * (size + 0.4)
    block = (
        norms * shape.width
        + (4 * size + 10) * shape.queries
        + 10 * shape.keys
        + 3 * size * shape.inner
        + inputs
    )
    if machine.checkpointing:
        return size * shape.width * shape.layers + block
    return block * shape.layers


def plan_and_flops(
    shape: ModelDimensions, lora: LoraSettings, training: TrainingSettings, amount: DatasetSize
) -> tuple[Plan, float]:
    """The steps of a run and its floating-point operations, evaluations included."""
    plan = Plan.of(training, amount.rows)
    share = plan.max_steps * training.accumulation / plan.per_epoch
    there = _forward(shape, lora, amount.tokens, amount.target_tokens, amount)
    # The base is frozen: back through it costs as much as forth.
    evaluations = 1 + -(-plan.max_steps // plan.eval_steps)
    checked = _forward(shape, lora, amount.val_tokens, amount.val_target_tokens, amount)
    return plan, 2 * share * there + evaluations * checked


def flops_per_token(shape: ModelDimensions, lora: LoraSettings, amount: DatasetSize) -> float:
    """Floating-point operations that training on one token takes, on the average."""
    return (
        2
        * _forward(shape, lora, amount.tokens, amount.target_tokens, amount)
        / max(1, amount.tokens)
    )


def equivalent_tokens(
    shape: ModelDimensions, lora: LoraSettings, training: TrainingSettings, amount: DatasetSize
) -> float:
    """A run's work in tokens that are trained on, to be divided by tokens a second."""
    _, work = plan_and_flops(shape, lora, training, amount)
    return work / flops_per_token(shape, lora, amount)


def _forward(
    shape: ModelDimensions, lora: LoraSettings, tokens: float, learnt: float, amount: DatasetSize
) -> float:
    weights = shape.body + 1.5 * shape.adapter(lora)
    seen = shape.layers * 2 * shape.queries * amount.tokens / max(1, amount.rows) / 2
    return 2 * tokens * (weights + seen) + 2 * learnt * shape.vocabulary * shape.width
