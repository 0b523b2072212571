"""Which long texts say nearly the same. Pure; knows neither people nor rooms.

Candidates come from MinHash bands (Broder 1997) counted with numpy, and every one is verified by
rapidfuzz, so that nothing is called a duplicate by chance. `rensa` would find the candidates as
well, but has no wheel for Python 3.10 on macOS; `datasketch` brings scipy along.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain, compress

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel

from kakaobot.disk_list import DiskBlocks, DiskList

MIN_LETTERS = 20
"""Letters without spaces, about eight words. Below that people say the same by themselves."""
MIN_SIMILARITY = 0.9
"""Share of letters that two texts have in common, in one order, to be near-duplicates.

Of twenty letters two may differ: a corrected typo passes, another time or place does not.
"""

_GRAM = 3
# Of pairs with every eleventh letter changed, the hardest that are still near, 48 bands of 4
# find 98 of 100; of pairs where a name, a word or the end differs, all.
_BANDS, _ROWS = 48, 4
_BANDS_AT_ONCE = 4
"""Bands whose keys are in memory together: 32 bytes a text. All of them would take 384."""
_LETTERS_IN_MEMORY = 4_000_000
"""Forms that are compared are in memory as long as all of them are no more: 16 MB or so."""
_ROWS_AT_ONCE, _FORMS_AT_ONCE = 4096, 32
"""Beyond that each look at one form reads so many."""
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


def normalize_letters(text: str) -> str:
    """Its letters: NFC, lower case, no spaces, digits, signs or emoji, a run as one letter."""
    return _RUN.sub("", _NO_LETTER.sub("", unicodedata.normalize("NFC", text).lower()))


def similar(one: str, other: str) -> bool:
    """Whether two texts are near-duplicates, however short they are."""
    return _near(normalize_letters(one), normalize_letters(other))


def duplicate_groups(
    texts: Iterable[str], *, min_chars: int = MIN_LETTERS
) -> list[tuple[int, ...]]:
    """Places of near-duplicates, two at least in a group, by the place of the first.

    Every member is verified to be near the first of its group, and a text joins the earliest it is
    near to. A text of fewer than `min_chars` letters (`normalised`) is in no group.
    """
    long = _Long(texts, min_chars)
    first: dict[int, int] = {}
    heads: dict[int, list[int]] = {}
    for form, buckets in _meeting(long.forms):
        others = sorted(set(chain.from_iterable(heads.get(bucket, ()) for bucket in buckets)))
        text = long.forms[form]
        near = next((other for other in others if _near(long.forms[other], text)), None)
        if near is not None:
            first[form] = near
            continue
        _shelve(heads, buckets, form)
    found: dict[int, list[int]] = {}
    for form, places in long.places_of({*long.repeated, *first, *first.values()}).items():
        found.setdefault(first.get(form, form), []).extend(places)
    return sorted(tuple(sorted(group)) for group in found.values())


def overlapping_indices(
    texts: Iterable[str], others: Iterable[str], *, min_chars: int = MIN_LETTERS
) -> frozenset[int]:
    """Places in `texts` of those that near-duplicate one of `others`; short texts never do."""
    theirs = 0

    def counted() -> Iterator[str]:
        nonlocal theirs
        for text in others:
            theirs += 1
            yield text

    long = _Long(chain(counted(), texts), min_chars)
    border = long.forms_before(theirs)
    shelf: dict[int, list[int]] = {}
    copied = set(range(border)) & long.repeated
    for form, buckets in _meeting(long.forms):
        if form < border:
            _shelve(shelf, buckets, form)
            continue
        text = long.forms[form]
        met = set(chain.from_iterable(shelf.get(bucket, ()) for bucket in buckets))
        if any(_near(long.forms[other], text) for other in met):
            copied.add(form)
    places = chain.from_iterable(long.places_of(copied).values())
    return frozenset(place - theirs for place in places if place >= theirs)


class _Long:
    """The normal forms of texts that are long enough, each form once, in order of the first."""

    def __init__(self, texts: Iterable[str], min_chars: int) -> None:
        least = max(min_chars, _GRAM)
        places, digests = array("Q"), array("Q")
        every = DiskList[str](_ROWS_AT_ONCE)
        letters = 0
        for place, text in enumerate(texts):
            if len(text) >= least and len(plain := normalize_letters(text)) >= least:
                every.append(plain)
                letters += len(plain)
                places.append(place)
                digests.append(_digest(plain))
        _, begins, forms, counts = np.unique(
            np.asarray(digests), return_index=True, return_inverse=True, return_counts=True
        )
        order = np.argsort(begins)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self._places = np.asarray(places)
        self._forms = rank[forms.ravel()]
        """The form of each long text."""
        self._begins = self._places[begins[order]]
        """Where each form stands first."""
        self.repeated = set(np.flatnonzero(counts[order] > 1).tolist())
        """Forms that stand at several places."""
        new = np.zeros(len(every), bool)
        new[begins] = True
        self.forms: Sequence[str]
        if letters <= _LETTERS_IN_MEMORY:
            self.forms = list(compress(every, new.tolist()))
        else:
            self.forms = spill = DiskList[str](_FORMS_AT_ONCE)
            spill.extend(compress(every, new.tolist()))

    def forms_before(self, place: int) -> int:
        """How many forms stand before that place."""
        return int(np.searchsorted(self._begins, place))

    def places_of(self, forms: Collection[int]) -> dict[int, list[int]]:
        """Form → where it stands."""
        some = np.isin(self._forms, np.fromiter(forms, self._forms.dtype, len(forms)))
        found: dict[int, list[int]] = {}
        for form, place in zip(
            self._forms[some].tolist(), self._places[some].tolist(), strict=True
        ):
            found.setdefault(form, []).append(place)
        return found


def _digest(text: str) -> int:
    """64 bits: of a million texts no two that differ are taken for one, by all odds."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little")


def _near(one: str, other: str) -> bool:
    return Indel.normalized_similarity(one, other, score_cutoff=MIN_SIMILARITY) >= MIN_SIMILARITY


def _shelve(shelf: dict[int, list[int]], buckets: Sequence[int], place: int) -> None:
    for bucket in buckets:
        places = shelf.setdefault(bucket, [])
        if len(places) < _TRIES:
            places.append(place)


def _meeting(texts: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Places of texts that share a bucket with another, in order, with the buckets' numbers."""
    if len(texts) < 2:
        return
    blocks = DiskBlocks()
    for some in _together(texts):
        blocks.add(_keys_of(some).T.copy())
    buckets: dict[int, list[int]] = {}
    number = 0
    for begin in range(0, _BANDS, _BANDS_AT_ONCE):
        bands = slice(begin, begin + _BANDS_AT_ONCE)
        parts = [blocks.read(block)[bands].copy() for block in range(len(blocks))]
        for keys in np.concatenate(parts, axis=1):
            order = np.argsort(keys, kind="stable")
            _, starts, sizes = np.unique(keys[order], return_index=True, return_counts=True)
            shared = sizes > 1
            for start, size in zip(starts[shared].tolist(), sizes[shared].tolist(), strict=True):
                for place in order[start : start + size].tolist():
                    buckets.setdefault(place, []).append(number)
                number += 1
    for place in sorted(buckets):
        yield place, buckets[place]


def _together(texts: Iterable[str]) -> Iterator[list[str]]:
    """As many as are looked at in one step."""
    some: list[str] = []
    letters = 0
    for text in texts:
        if some and letters + len(text) > _GRAMS_AT_ONCE:
            yield some
            some, letters = [], 0
        some.append(text)
        letters += len(text)
    yield some


def _keys_of(texts: Sequence[str]) -> _Keys:
    """One key for each text and each band, shape (texts, bands)."""
    hashes, starts = _grams(texts)
    keys = np.zeros((len(texts), _BANDS), np.uint64)
    for number, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
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
