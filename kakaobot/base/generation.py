"""Sampling options of replies, in chat and at evaluations. Imports transformers lazily."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kakaobot.settings import GenerationSettings

if TYPE_CHECKING:
    from kakaobot.base.loading import LoadedBase
    from kakaobot.chat_template import Renderer


@dataclass(frozen=True)
class Sampling:
    max_new_tokens: int
    temperature: float
    """0 for greedy decoding."""
    top_p: float
    top_k: int
    """0 for no limit."""
    repetition_penalty: float
    min_p: float = 0.0
    """Least probability of a token, as a share of the likeliest one's; 0 for no limit."""


@dataclass(frozen=True)
class Drawing:
    """How one reply is to be drawn; None for what the settings say."""

    max_new_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    """Draws the same again where the model, the conversation and the settings are the same."""


AS_SET = Drawing()


def chat_sampling(settings: GenerationSettings, drawing: Drawing = AS_SET) -> Sampling:
    """How replies are drawn in a chat."""

    def chosen(value: float | None, default: float) -> float:
        return default if value is None else value

    return Sampling(
        drawing.max_new_tokens or settings.max_new_tokens,
        temperature=chosen(drawing.temperature, settings.temperature),
        top_p=chosen(drawing.top_p, settings.top_p),
        top_k=settings.top_k,
        repetition_penalty=settings.repetition_penalty,
        min_p=settings.min_p,
    )


def seed_draws(seed: int) -> None:
    """Make what this process draws next depend on `seed` alone."""
    import torch

    torch.manual_seed(seed)


def generation_config(base: LoadedBase, sampling: Sampling, *, context_left: int) -> Any:
    """The `GenerationConfig` of one reply.

    Args:
        base: its special tokens end a reply.
        sampling: temperature, cut-offs and length.
        context_left: tokens the context has left, at least 1; bounds the reply.
    """
    from transformers import GenerationConfig

    drawing = (
        {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p or None,
        }
        if sampling.temperature > 0
        else {"do_sample": False}
    )
    return GenerationConfig(
        max_new_tokens=min(sampling.max_new_tokens, context_left),
        # Never an empty reply.
        min_new_tokens=1,
        repetition_penalty=sampling.repetition_penalty,
        eos_token_id=_stop_tokens(base),
        pad_token_id=base.renderer.end_id,
        **drawing,
    )


def _stop_tokens(base: LoadedBase) -> list[int]:
    eos = base.model.generation_config.eos_token_id
    return stop_tokens(base.tokenizer, base.renderer, eos)


def stop_tokens(tokenizer: Any, renderer: Renderer, eos: int | list[int] | None) -> list[int]:
    """Every special token: one that opens another turn or text also ends the reply.

    Args:
        tokenizer: of the base.
        renderer: has the token that ends a turn.
        eos: those of the base's generation config.
    """
    ends = eos if isinstance(eos, list) else [eos]
    added = tokenizer.added_tokens_decoder
    special = [token_id for token_id, token in added.items() if token.special]
    found = {renderer.end_id, *special, *(token for token in ends if token is not None)}
    return sorted(found)
