"""Memoized map over a whole column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def map_cached(cache: dict[str, _T], keys: Sequence[str], compute: Callable[[str], _T]) -> list[_T]:
    """Map `compute` over the keys, calling it once per key that is not cached.

    Reading a cached column costs no Python call per key.
    """
    try:
        return list(map(cache.__getitem__, keys))
    except KeyError:
        for key in set(keys) - cache.keys():
            cache[key] = compute(key)
        return list(map(cache.__getitem__, keys))
