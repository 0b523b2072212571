"""Draws tokens one after the other, as `generate` does, in the thread of its caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Drawn(NamedTuple):
    """The next token of each row."""

    tokens: Tensor
    """Shape (rows,)."""
    logits: Tensor
    """What they were drawn from, before temperature and cut-offs; shape (rows, vocabulary)."""


def draw_tokens(
    model: Any,
    config: Any,
    prompt: Tensor,
    logits: Tensor,
    read: Callable[[Tensor], Tensor],
) -> Iterator[Drawn]:
    """Yield tokens until `max_new_tokens`; whoever reads them knows which one is an end.

    Args:
        model: makes the logits processors of `config`.
        config: a `GenerationConfig`.
        prompt: ids, shape (rows, length).
        logits: those after the prompt, shape (rows, vocabulary).
        read: lets the model read one more token of each row, shape (rows, 1).
    """
    processors = _processors(model, config, prompt)
    ids = prompt
    for left in range(config.max_new_tokens, 0, -1):
        logits = logits.float()
        # Processors may change the scores in place.
        scores = processors(ids, logits.clone())
        tokens = scores.softmax(-1).multinomial(1)[:, 0] if config.do_sample else scores.argmax(-1)
        yield Drawn(tokens, logits)
        if left > 1:
            ids = torch.cat([ids, tokens[:, None]], dim=1)
            logits = read(tokens[:, None])


def _processors(model: Any, config: Any, prompt: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Those with which `generate` would sample; made by it, so that no option is overlooked."""

    def processors(model: Any, input_ids: Tensor, logits_processor: Any, **_: Any) -> Any:
        return logits_processor

    made: Callable[[Tensor, Tensor], Tensor] = model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        generation_config=config,
        custom_generate=processors,
    )
    return made
