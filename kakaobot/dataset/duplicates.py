"""Which long texts say nearly the same. Pure; knows neither people nor rooms.

Candidates come from MinHash bands (Broder 1997) counted with numpy, and every one is verified by
rapidfuzz, so that nothing is called a duplicate by chance. `rensa` would find the candidates as
well, but has no wheel for Python 3.10 on macOS; `datasketch` brings scipy along.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel

LONG = 20
"""Letters without spaces, about eight words. Below that people say the same by themselves."""
NEAR = 0.9
"""Share of letters that two texts have in common, in one order, to be near-duplicates.

Of twenty letters two may differ: a corrected typo passes, another time or place does not.
"""

_GRAM = 3
# Of pairs with every eleventh letter changed, the hardest that are still near, 48 bands of 4
# find 98 of 100; of pairs where a name, a word or the end differs, all.
_BANDS, _ROWS = 48, 4
_BLOCKS = [range(start, start + 16) for start in range(0, _BANDS, 16)]
"""Bands that are counted together: all at once would take 384 bytes a text."""
_GRAMS_AT_ONCE = 1 << 15
"""So that the numbers of one step stay in the processor's cache."""
_TRIES = 64
"""Texts of one bucket that are compared: one template filled in many ways must not take hours."""
_RANDOM = np.random.RandomState(20261101)
_FACTORS = _RANDOM.randint(0, 2**31, _BANDS * _ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
_OFFSETS = _RANDOM.randint(0, 2**32, _BANDS * _ROWS, dtype=np.uint32)

_NO_LETTER = re.compile(r"[\W\d_]+")
# Removing all but the last is faster than replacing by the first.
_RUN = re.compile(r"(.)(?=\1)", re.DOTALL)

_Numbers = npt.NDArray[np.uint32]
_Keys = npt.NDArray[np.uint64]


def normalised(text: str) -> str:
    """Its letters: NFC, lower case, no spaces, digits, signs or emoji, a run as one letter."""
    return _RUN.sub("", _NO_LETTER.sub("", unicodedata.normalize("NFC", text).lower()))


def similar(one: str, other: str) -> bool:
    """Whether two texts are near-duplicates, however short they are."""
    return _near(normalised(one), normalised(other))


def groups(texts: Sequence[str], *, min_chars: int = LONG) -> list[tuple[int, ...]]:
    """Places of near-duplicates, two at least in a group, by the place of the first.

    Every member is verified to be near the first of its group, and a text joins the earliest it is
    near to. A text of fewer than `min_chars` letters (`normalised`) is in no group.
    """
    same = _places(texts, min_chars)
    plain = list(same)
    first = list(range(len(plain)))
    heads: dict[int, list[int]] = {}
    for place, buckets in _meeting(plain):
        others = sorted(set(chain.from_iterable(heads.get(bucket, ()) for bucket in buckets)))
        near = next((other for other in others if _near(plain[other], plain[place])), None)
        if near is not None:
            first[place] = near
            continue
        _shelve(heads, buckets, place)
    found: dict[int, list[int]] = {}
    for place, text in enumerate(plain):
        found.setdefault(first[place], []).extend(same[text])
    return sorted(tuple(sorted(group)) for group in found.values() if len(group) > 1)


def overlapping(
    texts: Sequence[str], others: Sequence[str], *, min_chars: int = LONG
) -> frozenset[int]:
    """Places in `texts` of those that near-duplicate one of `others`; short texts never do."""
    same, theirs = _places(texts, min_chars), _places(others, min_chars)
    plain = [*theirs, *(text for text in same if text not in theirs)]
    shelf: dict[int, list[int]] = {}
    found = {place for text in same if text in theirs for place in same[text]}
    for place, buckets in _meeting(plain):
        if place < len(theirs):
            _shelve(shelf, buckets, place)
            continue
        met = set(chain.from_iterable(shelf.get(bucket, ()) for bucket in buckets))
        if any(_near(plain[other], plain[place]) for other in met):
            found.update(same[plain[place]])
    return frozenset(found)


def _places(texts: Sequence[str], min_chars: int) -> dict[str, list[int]]:
    """Normalised text → where it stands, of the long ones, by the first place."""
    least = max(min_chars, _GRAM)
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        if len(text) >= least and len(plain := normalised(text)) >= least:
            places.setdefault(plain, []).append(place)
    return places


def _near(one: str, other: str) -> bool:
    return Indel.normalized_similarity(one, other, score_cutoff=NEAR) >= NEAR


def _shelve(shelf: dict[int, list[int]], buckets: Sequence[int], place: int) -> None:
    for bucket in buckets:
        places = shelf.setdefault(bucket, [])
        if len(places) < _TRIES:
            places.append(place)


def _meeting(texts: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Places of texts that share a bucket with another, in order, with the buckets' numbers."""
    if len(texts) < 2:
        return
    buckets: dict[int, list[int]] = {}
    number = 0
    for keys in chain.from_iterable(_keys(texts, bands).T for bands in _BLOCKS):
        order = np.argsort(keys, kind="stable")
        _, starts, sizes = np.unique(keys[order], return_index=True, return_counts=True)
        shared = sizes > 1
        for start, size in zip(starts[shared].tolist(), sizes[shared].tolist(), strict=True):
            for place in order[start : start + size].tolist():
                buckets.setdefault(place, []).append(number)
            number += 1
    for place in sorted(buckets):
        yield place, buckets[place]


def _keys(texts: Sequence[str], bands: range) -> _Keys:
    """One key for each text and each of the bands, shape (texts, bands)."""
    keys = np.empty((len(texts), len(bands)), np.uint64)
    begin = 0
    while begin < len(texts):
        end, grams = begin, 0
        while end < len(texts) and (end == begin or grams < _GRAMS_AT_ONCE):
            grams += len(texts[end])
            end += 1
        keys[begin:end] = _keys_of(texts[begin:end], bands)
        begin = end
    return keys


def _keys_of(texts: Sequence[str], bands: range) -> _Keys:
    hashes, starts = _grams(texts)
    keys = np.zeros((len(texts), len(bands)), np.uint64)
    rows = slice(bands.start * _ROWS, bands.stop * _ROWS)
    for number, (factor, offset) in enumerate(zip(_FACTORS[rows], _OFFSETS[rows], strict=True)):
        least = np.minimum.reduceat(hashes * factor + offset, starts)
        band = keys[:, number // _ROWS]
        band *= np.uint64(0x9E3779B97F4A7C15)
        band += least
        band ^= band >> np.uint64(29)
    return keys


def _grams(texts: Sequence[str]) -> tuple[_Numbers, npt.NDArray[np.intp]]:
    """Hashes of all 3-grams of letters, one text after the other, and where each text begins."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    ends = np.cumsum([len(text) for text in texts])
    whole = np.ones(len(letters), bool)
    for back in range(1, _GRAM):
        whole[ends - back] = False
    hashes = np.zeros(len(letters), np.uint32)
    for step in range(_GRAM):
        hashes[: len(letters) - step] += letters[step:]
        # The steps of murmur3's last mixing, so that near letters have far hashes.
        hashes ^= hashes >> np.uint32(16)
        hashes *= np.uint32(0x85EBCA6B)
        hashes ^= hashes >> np.uint32(13)
    sizes = np.diff(ends, prepend=0) - (_GRAM - 1)
    return hashes[whole], np.cumsum(sizes) - sizes
