"""Memory, FLOPs and steps of a run, computed from its dimensions. No torch, no files.

Memory is the peak: of the process on a CPU, of the device on a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kakaobot.base import resolve
from kakaobot.settings import LoraSettings, TrainingSettings
from kakaobot.train.plan import Plan, batch_size

_CPU_MICRO_BATCH = 512
"""Padded tokens of a micro-batch on a CPU, unless one row is longer; more are not faster there."""
_GPU_MICRO_BATCHES = (16_384, 8192, 4096, 2048, 1024)
_FILLED = 0.8
"""Share of the free GPU memory that a micro-batch may fill."""

_SUPPORTED = frozenset(
    ("qwen3", "qwen2", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "gemma3")
)
"""Values of `model_type`."""
_PROCESS_BYTES = {"cpu": 590_000_000, "cuda": 900_000_000}
"""Python with torch, transformers and peft on a CPU; the CUDA context on a GPU."""
_NF4_BYTES = 0.53
"""Bytes per weight in NF4 with double quantization."""


@dataclass(frozen=True)
class ModelDimensions:
    """The part of a base model's config.json that determines memory and FLOPs."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    query_size: int
    """Attention heads times head size."""
    key_size: int
    """Key heads times head size; the same for values."""
    tied_embeddings: bool
    softcapped: bool = False
    """Whether logits are soft-capped, which rules out the chunked loss."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ModelDimensions | None:
        """Dimensions from a parsed config.json; None for an unsupported architecture."""
        text = config.get("text_config") or config
        try:
            if text.get("model_type", config.get("model_type")) not in _SUPPORTED:
                return None
            heads = int(text["num_attention_heads"])
            head_size = int(text.get("head_dim") or text["hidden_size"] // heads)
            tied_by_default = str(text.get("model_type", "")).startswith("gemma")
            return cls(
                vocab_size=int(text["vocab_size"]),
                hidden_size=int(text["hidden_size"]),
                intermediate_size=int(text["intermediate_size"]),
                num_layers=int(text["num_hidden_layers"]),
                query_size=heads * head_size,
                key_size=int(text.get("num_key_value_heads") or heads) * head_size,
                tied_embeddings=bool(config.get("tie_word_embeddings", tied_by_default)),
                softcapped=bool(text.get("final_logit_softcapping")),
            )
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None

    @property
    def linear_layers(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of each linear layer of one block, by name."""
        return {
            "q_proj": (self.hidden_size, self.query_size),
            "k_proj": (self.hidden_size, self.key_size),
            "v_proj": (self.hidden_size, self.key_size),
            "o_proj": (self.query_size, self.hidden_size),
            "gate_proj": (self.hidden_size, self.intermediate_size),
            "up_proj": (self.hidden_size, self.intermediate_size),
            "down_proj": (self.intermediate_size, self.hidden_size),
        }

    @property
    def linear_parameters(self) -> int:
        return self.num_layers * sum(ins * outs for ins, outs in self.linear_layers.values())

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the embedding, and of the head unless they are tied."""
        return self.vocab_size * self.hidden_size * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        norms = (2 * self.num_layers + 1) * self.hidden_size
        return self.linear_parameters + self.embedding_parameters + norms

    def lora_parameters(self, lora: LoraSettings) -> int:
        sizes = [sum(self.linear_layers[name]) for name in self.target_layers(lora)]
        return self.num_layers * lora.r * sum(sizes)

    def target_layers(self, lora: LoraSettings) -> list[str]:
        """Names of the linear layers with an adapter."""
        requested = lora.target_modules
        if requested == "all-linear":
            return list(self.linear_layers)
        names = [requested] if isinstance(requested, str) else requested
        return [name for name in self.linear_layers if name in names]


QWEN3: dict[str, ModelDimensions] = {
    "Qwen/Qwen3-0.6B": ModelDimensions(151_936, 1024, 3072, 28, 2048, 1024, tied_embeddings=True),
    "Qwen/Qwen3-1.7B": ModelDimensions(151_936, 2048, 6144, 28, 2048, 1024, tied_embeddings=True),
    "Qwen/Qwen3-4B-Instruct-2507": ModelDimensions(
        151_936, 2560, 9728, 36, 4096, 1024, tied_embeddings=True
    ),
    "Qwen/Qwen3-8B": ModelDimensions(151_936, 4096, 12288, 36, 4096, 1024, tied_embeddings=False),
}
"""Dimensions of the bases `auto` chooses from, which may not be downloaded yet."""


@dataclass(frozen=True)
class Machine:
    """Device and memory options of a run, resolved."""

    device: str = "cpu"
    """`cpu` or `cuda`."""
    half: bool = False
    """Whether weights and activations are in half precision."""
    load_in_4bit: bool = False
    checkpointing: bool = False


@dataclass(frozen=True)
class DatasetSize:
    """Rows and tokens of the splits."""

    rows: int
    tokens: int
    target_tokens: int
    longest: int
    """Tokens of the longest row."""
    val_tokens: int
    val_target_tokens: int

    @property
    def target_share(self) -> float:
        return self.target_tokens / max(1, self.tokens)

    @property
    def mean_length(self) -> float:
        """Tokens per row."""
        return self.tokens / max(1, self.rows)


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by use."""

    process: int
    weights: int
    adapter: int
    """With gradients and optimizer state."""
    activations: int
    logits: int

    @property
    def total(self) -> int:
        return sum(int(getattr(self, field.name)) for field in fields(self))


def micro_batch_tokens(
    model: ModelDimensions | None,
    machine: Machine,
    lora: LoraSettings,
    training: TrainingSettings,
    size: DatasetSize,
    free: int,
) -> int:
    """Padded tokens per micro-batch: as many as fit on a GPU, few on a CPU.

    Args:
        model: None if its architecture is unknown.
        machine: device and memory options.
        lora: rank and target layers of the adapter.
        training: batch size and maximum length.
        size: rows and tokens of the dataset.
        free: bytes free after the base is loaded.
    """
    if machine.device == "cuda" and model is not None:
        for tokens in _GPU_MICRO_BATCHES:
            needed = estimate_memory(model, machine, lora, training, size, micro_batch=tokens)
            if needed.adapter + needed.activations + needed.logits <= free * _FILLED:
                return tokens
    return _CPU_MICRO_BATCH


def estimate_memory(
    model: ModelDimensions,
    machine: Machine,
    lora: LoraSettings,
    training: TrainingSettings,
    size: DatasetSize,
    *,
    micro_batch: int = _CPU_MICRO_BATCH,
) -> MemoryEstimate:
    """Peak memory of a run with `micro_batch` padded tokens per micro-batch."""
    item = 2 if machine.half else 4
    linear = model.linear_parameters * (_NF4_BYTES if machine.load_in_4bit else item)
    longest = min(size.longest, training.max_seq_len)
    per_batch = size.mean_length * batch_size(training, size.rows)
    tokens = max(longest, min(micro_batch, int(per_batch * 1.1)))
    return MemoryEstimate(
        process=_PROCESS_BYTES[machine.device],
        weights=int(linear + model.embedding_parameters * item),
        adapter=16 * model.lora_parameters(lora),
        activations=int(
            tokens * (_activation_bytes(model, machine, lora) + 16 * model.intermediate_size)
        ),
        logits=int(_logits_bytes(model, tokens * size.target_share, item)),
    )


def _logits_bytes(model: ModelDimensions, targets: float, item: int) -> float:
    """Logits of all targets if soft-capped, else of one chunk, with their gradients."""
    if model.softcapped:
        return model.vocab_size * targets * (item + 12)
    chunk = min(resolve.logits_chunk(model.vocab_size), max(targets, resolve.CHUNK_MULTIPLE))
    return model.vocab_size * chunk * (item % 4 + 8)


def _activation_bytes(model: ModelDimensions, machine: Machine, lora: LoraSettings) -> float:
    """Bytes per token saved for the backward pass, as counted in a Qwen3 block.

    Two norms and the residual at the hidden size, the norms of queries and keys, the operands of
    attention and the feed-forward part, and the input of each adapter.
    """
    item = 2 if machine.half else 4
    norms = 20 if machine.half else 24
    adapters = sum(model.linear_layers[name][0] for name in model.target_layers(lora))
    block = (
        norms * model.hidden_size
        + (4 * item + 10) * model.query_size
        + 10 * model.key_size
        + 3 * item * model.intermediate_size
        + adapters * (item + 0.4)
    )
    if machine.checkpointing:
        return item * model.hidden_size * model.num_layers + block
    return block * model.num_layers


def plan_and_flops(
    model: ModelDimensions, lora: LoraSettings, training: TrainingSettings, size: DatasetSize
) -> tuple[Plan, float]:
    """The plan of a run and its FLOPs, evaluations included."""
    plan = Plan.of(training, size.rows)
    epochs = plan.max_steps * training.accumulation / plan.per_epoch
    forward = _forward_flops(model, lora, size.tokens, size.target_tokens, size)
    evaluations = 1 + -(-plan.max_steps // plan.eval_steps)
    evaluation = _forward_flops(model, lora, size.val_tokens, size.val_target_tokens, size)
    # The base is frozen, so the backward pass costs as much as the forward pass.
    return plan, 2 * epochs * forward + evaluations * evaluation


def flops_per_token(model: ModelDimensions, lora: LoraSettings, size: DatasetSize) -> float:
    """Mean FLOPs of a training step per token."""
    forward = _forward_flops(model, lora, size.tokens, size.target_tokens, size)
    return 2 * forward / max(1, size.tokens)


def equivalent_tokens(
    model: ModelDimensions, lora: LoraSettings, training: TrainingSettings, size: DatasetSize
) -> float:
    """Trained tokens that cost as much as the whole run, to be divided by tokens per second."""
    _, flops = plan_and_flops(model, lora, training, size)
    return flops / flops_per_token(model, lora, size)


def _forward_flops(
    model: ModelDimensions, lora: LoraSettings, tokens: float, targets: float, size: DatasetSize
) -> float:
    weights = model.linear_parameters + 1.5 * model.lora_parameters(lora)
    attention = model.num_layers * model.query_size * size.mean_length
    return 2 * tokens * (weights + attention) + 2 * targets * model.vocab_size * model.hidden_size
