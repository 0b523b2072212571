"""A sample that is spread evenly over what goes by, however much that is. Knows no content."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


class EvenSampler(Generic[Item]):
    """Some of however many items, evenly over all; which ones follows from their number alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen, self._every = 0, 1
        self._kept: list[Item] = []

    def add(self, item: Item) -> None:
        """One more; it may be forgotten later."""
        if self._seen % self._every == 0:
            self._kept.append(item)
            if len(self._kept) == 2 * self._most:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    def items(self) -> list[Item]:
        """At most as many as asked for, and half of that at least where there are, in order."""
        step = max(1, -(-len(self._kept) // self._most))
        return self._kept[::step]
