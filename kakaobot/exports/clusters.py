"""Joins items into clusters: strongest link first, never against a constraint, never by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Cluster = tuple[int, ...]
"""Items in ascending order."""


@dataclass(frozen=True)
class Link:
    """Evidence that two items belong together."""

    strength: Any
    """Comparable with that of other links; the greatest is joined first."""
    one: int
    other: int


def join_clusters(
    clusters: Iterable[Cluster],
    links: Iterable[Link],
    can_join: Callable[[Cluster, Cluster, Link], bool],
) -> list[Cluster]:
    """Join the clusters of linked items. The result does not depend on the order of the items.

    A cluster with two equally strong links to clusters that exclude each other gets neither.
    """
    home = {item: cluster for cluster in clusters for item in cluster}
    ordered = sorted(links, key=lambda link: link.strength, reverse=True)
    for _, group in groupby(ordered, key=lambda link: link.strength):
        for link in _unambiguous(list(group), home, can_join):
            one, other = home[link.one], home[link.other]
            if one != other and can_join(one, other, link):
                joined = tuple(sorted(one + other))
                home.update(dict.fromkeys(joined, joined))
    return sorted(set(home.values()))


def _unambiguous(
    links: Sequence[Link],
    home: dict[int, Cluster],
    can_join: Callable[[Cluster, Cluster, Link], bool],
) -> list[Link]:
    """The links of one strength without those that exclude each other."""
    feasible: list[Link] = []
    neighbors: dict[Cluster, set[Cluster]] = {}
    for link in links:
        one, other = home[link.one], home[link.other]
        if one != other and can_join(one, other, link):
            feasible.append(link)
            neighbors.setdefault(one, set()).add(other)
            neighbors.setdefault(other, set()).add(one)

    def has_rival(link: Link, one: Cluster, other: Cluster) -> bool:
        rivals = neighbors[one] - {other}
        return any(not can_join(rival, other, link) for rival in rivals)

    return [
        link
        for link in feasible
        for one, other in [(home[link.one], home[link.other])]
        if not (has_rival(link, one, other) or has_rival(link, other, one))
    ]
