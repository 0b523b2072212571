"""How a model draws its next token, and where a reply ends. Imports transformers where asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kakaobot.base.loading import LoadedBase


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn."""

    max_new_tokens: int
    temperature: float
    """0 takes the likeliest token every time."""
    top_p: float
    top_k: int
    """0 for no limit."""
    repetition_penalty: float


def generation_config(base: LoadedBase, sampling: Sampling, *, room: int) -> Any:
    """What `generate` is given; chat and training draw alike.

    Args:
        room: tokens that may follow, at least 1; no reply is longer.
    """
    from transformers import GenerationConfig

    draws = (
        {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
        }
        if sampling.temperature > 0
        else {"do_sample": False}
    )
    return GenerationConfig(
        max_new_tokens=min(sampling.max_new_tokens, room),
        # Silence is no reply.
        min_new_tokens=1,
        repetition_penalty=sampling.repetition_penalty,
        eos_token_id=_stops(base),
        pad_token_id=base.renderer.end_id,
        **draws,
    )


def _stops(base: LoadedBase) -> list[int]:
    """Every special token: a reply that begins another turn, or another text, is over."""
    own = base.model.generation_config.eos_token_id
    others = own if isinstance(own, list) else [own]
    added = base.tokenizer.added_tokens_decoder
    special = [number for number, token in added.items() if token.special]
    return sorted({base.renderer.end_id, *special, *others} - {None})
