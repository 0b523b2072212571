"""Evenly spaced sampling of a stream of unknown length."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


class EvenSampler(Generic[Item]):
    """Deterministic sample of at most `size` items, evenly spaced over the stream."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._seen, self._stride = 0, 1
        self._sample: list[Item] = []

    def add(self, item: Item) -> None:
        """Offer the next item; it may be dropped now or later."""
        if self._seen % self._stride == 0:
            self._sample.append(item)
            if len(self._sample) == 2 * self._size:
                self._sample = self._sample[::2]
                self._stride *= 2
        self._seen += 1

    def items(self) -> list[Item]:
        """The sample in order: at least half of `size` if the stream had that many items."""
        step = max(1, -(-len(self._sample) // self._size))
        return self._sample[::step]
