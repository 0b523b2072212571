"""Keeps what a model computed of a prompt, so that it reads only what the next prompt adds.

A prompt is compared as token ids: a reply that is read again may have other ids than it was
generated with, and a message may have been edited.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

_MAX_PROMPTS = 4
"""Two pages, or a conversation with and without the adapter."""
_MAX_BYTES = 2**29
"""Of all prompts together; the newest one is kept however long it is."""
_MAX_BORDERS = 8
_MIN_IDS = 32
"""A shorter prompt is read again sooner than it is found, and takes no other's place."""


class CachedIds:
    """Token ids that a model has read, and its cache of them.

    Layers of attention can be cut off after any id. Others keep only a state, as those of linear
    attention, or a window; of them, copies are kept at the borders between turns.
    """

    def __init__(self, model: Any) -> None:
        self.ids: list[int] = []
        self._model = model
        self._argument = _cache_argument(model)
        self._cache: Any = _empty_cache(model)
        self._complete = True
        """Whether no pass was interrupted since."""
        self._borders: dict[int, dict[int, Any]] = {}
        """Number of ids → copies of the layers that cannot be cut off, by index."""

    @property
    def size(self) -> int:
        """Bytes of the cache and its copies."""
        layers = [*self._cache.layers]
        for border in self._borders.values():
            layers += border.values()
        return sum(tensor.nbytes for layer in layers for tensor in _tensors(layer))

    def read_prompt(self, prompt: Sequence[int]) -> Tensor:
        """Read the rest of a prompt that begins with `ids`; returns the logits after it."""
        rest = list(prompt[len(self.ids) :])
        if self._uncut() and len(rest) > 1:
            # The last id is read after the border, as only reading gives logits.
            self.read(rest[:-1])
            self._mark_border()
            rest = rest[-1:]
        return self.read(rest)

    def read(self, ids: Sequence[int]) -> Tensor:
        """Read further ids; returns the logits after the last one, shape (1, vocabulary)."""
        self._complete = False
        output = self.passing(self._cache, torch.tensor([list(ids)], device=self._model.device))
        self._complete = True
        self.ids += ids
        return output

    def passing(self, cache: Any, ids: Tensor, *, keep: int = 1) -> Tensor:
        """A forward pass of one or more rows, which extends `cache`.

        Returns:
            Logits after the last id of each row, shape (rows, vocabulary); with `keep` of 0, after
            every id, shape (rows, length, vocabulary).
        """
        arguments = {self._argument: cache, "use_cache": True, "logits_to_keep": keep}
        logits: Tensor = self._model(input_ids=ids, **arguments).logits
        return logits[:, -1] if keep else logits

    def rows(self, count: int) -> Any:
        """The cache, repeated for rows that go on separately."""
        cache = copy.copy(self._cache)
        cache.layers = [_copy_of(layer) for layer in cache.layers]
        cache.reorder_cache(torch.zeros(count, dtype=torch.long, device=self._model.device))
        return cache

    def copy(self) -> CachedIds:
        """A second one, which can be rewound and read on without changing this one."""
        other = copy.copy(self)
        other.ids = list(self.ids)
        other._cache = copy.copy(self._cache)
        other._cache.layers = [_copy_of(layer) for layer in self._cache.layers]
        other._borders = dict(self._borders)
        return other

    def rewind(self, length: int) -> None:
        """Forget all ids after the first `length`, or after a border before them."""
        uncut = self._uncut()
        if uncut and not (self._complete and length == len(self.ids)):
            length = max((border for border in self._borders if border <= length), default=0)
            if not length:
                self._cache = _empty_cache(self._model)
            for index, layer in self._borders.get(length, {}).items():
                self._cache.layers[index] = copy.deepcopy(layer)
        for index, layer in enumerate(self._cache.layers):
            if index not in uncut:
                # An interrupted pass leaves the first layers longer than the others.
                layer.crop(min(0, length - layer.get_seq_length()))
        self._borders = {at: border for at, border in self._borders.items() if at <= length}
        self._complete = True
        del self.ids[length:]

    def _uncut(self) -> set[int]:
        """Indices of the layers that cannot be cut off after any id."""
        return {i for i, layer in enumerate(self._cache.layers) if type(layer) is not DynamicLayer}

    def _mark_border(self) -> None:
        layers = self._cache.layers
        self._borders[len(self.ids)] = {i: copy.deepcopy(layers[i]) for i in self._uncut()}
        for oldest in sorted(self._borders)[:-_MAX_BORDERS]:
            del self._borders[oldest]


class _Kept(NamedTuple):
    strength: float
    cached: CachedIds


class PromptCaches:
    """The prompts read last, of a few conversations."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: list[_Kept] = []
        """The one used last comes last."""

    def clear(self) -> None:
        self._kept.clear()

    def read(self, prompt: Sequence[int], strength: float) -> tuple[CachedIds, Tensor]:
        """Read what is new of a prompt; returns it with the logits after it.

        A conversation that goes on takes the place of what it was. One that only begins like
        another, as a second page does, gets its own.
        """
        cached = CachedIds(self._model)
        if len(prompt) >= _MIN_IDS:
            cached = self._find(prompt, strength)
            self._kept.append(_Kept(strength, cached))
        logits = cached.read_prompt(prompt)
        self._evict()
        return cached, logits

    def _find(self, prompt: Sequence[int], strength: float) -> CachedIds:
        """The longest beginning of a prompt that was read already, of at least one id less."""
        same = [kept for kept in self._kept if kept.strength == strength]
        best = max(same, key=lambda kept: _common(kept.cached.ids, prompt), default=None)
        if best is None:
            return CachedIds(self._model)
        cached = best.cached
        shared = min(_common(cached.ids, prompt), len(prompt) - 1)
        if shared < len(cached.ids) / 2:
            cached = cached.copy()
        else:
            self._kept.remove(best)
        cached.rewind(shared)
        return cached

    def _evict(self) -> None:
        del self._kept[:-_MAX_PROMPTS]
        while len(self._kept) > 1 and sum(kept.cached.size for kept in self._kept) > _MAX_BYTES:
            del self._kept[0]


def _cache_argument(model: Any) -> str:
    """Transformers 5.24 renamed it."""
    parameters = inspect.signature(_bare(model).forward).parameters
    return "cache" if "cache" in parameters else "past_key_values"


def _empty_cache(model: Any) -> DynamicCache:
    return DynamicCache(config=_bare(model).config.get_text_config(decoder=True))


def _bare(model: Any) -> Any:
    """The model without peft's wrapper."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _copy_of(layer: Any) -> Any:
    """A copy of a layer; attention replaces its tensors at every pass, others change theirs."""
    return copy.copy(layer) if type(layer) is DynamicLayer else copy.deepcopy(layer)


def _tensors(layer: Any) -> list[Tensor]:
    values: list[Any] = []
    for value in vars(layer).values():
        values += value.values() if isinstance(value, dict) else [value]
    return [value for value in values if isinstance(value, Tensor)]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
