"""Finds near-duplicates among long texts.

Candidates come from MinHash bands (Broder 1997) computed with numpy; rapidfuzz verifies each, so
there are no false positives. `rensa` would find the candidates too, but has no wheel for Python
3.10 on macOS; `datasketch` depends on scipy.
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
"""Letters without spaces, about eight words. Shorter texts coincide by chance."""
MIN_SIMILARITY = 0.9
"""Indel similarity of near-duplicates: two of twenty letters may differ.

A corrected typo passes; another time or place does not.
"""

_GRAM = 3
# Recall is 98% for pairs with every eleventh letter changed, the hardest near-duplicates, and 100%
# for pairs that differ in a name, a word or the end.
_BANDS, _ROWS = 48, 4
_BANDS_PER_PASS = 4
"""Bands whose keys are in memory at once: 32 bytes per text, against 384 for all bands."""
_MAX_LETTERS_IN_MEMORY = 4_000_000
"""About 16 MB of normalized texts; beyond that they are spilled to disk."""
_TEXTS_PER_BLOCK, _LOOKUPS_PER_BLOCK = 4096, 32
"""Block sizes on disk, for reading in order and by index."""
_LETTERS_PER_BATCH = 1 << 15
"""Keeps the arrays of one batch in the CPU cache."""
_MAX_BUCKET = 64
"""Texts per bucket that are compared; bounds the time for one template with many fillings."""
_RANDOM = np.random.RandomState(20261101)
_FACTORS = _RANDOM.randint(0, 2**31, _BANDS * _ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
_OFFSETS = _RANDOM.randint(0, 2**32, _BANDS * _ROWS, dtype=np.uint32)

_NON_LETTERS = re.compile(r"[\W\d_]+")
# Removing all letters of a run but the last is faster than replacing the run by its first.
_REPEATED = re.compile(r"(.)(?=\1)", re.DOTALL)

_Hashes = npt.NDArray[np.uint32]
_Keys = npt.NDArray[np.uint64]


def normalize_letters(text: str) -> str:
    """Reduce to letters: NFC, lower case, runs collapsed, no spaces, digits, signs or emoji."""
    return _REPEATED.sub("", _NON_LETTERS.sub("", unicodedata.normalize("NFC", text).lower()))


def is_near_duplicate(one: str, other: str) -> bool:
    """Compare two texts from `normalize_letters`, however short."""
    return Indel.normalized_similarity(one, other, score_cutoff=MIN_SIMILARITY) >= MIN_SIMILARITY


def duplicate_groups(
    texts: Iterable[str], *, min_chars: int = MIN_LETTERS
) -> list[tuple[int, ...]]:
    """Group the indices of near-duplicates; groups have two members or more and are sorted.

    Every member is near the first of its group, and a text joins the earliest group it is near.
    Texts of fewer than `min_chars` letters after normalization are ignored.
    """
    distinct = _DistinctTexts(texts, min_chars)
    heads: dict[int, int] = {}
    buckets: dict[int, list[int]] = {}
    for number, keys in _candidates(distinct.texts):
        others = sorted(set(chain.from_iterable(buckets.get(key, ()) for key in keys)))
        text = distinct.texts[number]
        head = next(
            (other for other in others if is_near_duplicate(distinct.texts[other], text)), None
        )
        if head is None:
            _add_to_buckets(buckets, keys, number)
        else:
            heads[number] = head
    groups: dict[int, list[int]] = {}
    for number, indices in distinct.indices_of({*distinct.repeated, *heads, *heads.values()}):
        groups.setdefault(heads.get(number, number), []).extend(indices)
    return sorted(tuple(sorted(group)) for group in groups.values())


def overlapping_indices(
    texts: Iterable[str], others: Iterable[str], *, min_chars: int = MIN_LETTERS
) -> frozenset[int]:
    """Return the indices of `texts` that near-duplicate one of `others`; short texts never do."""
    others_count = 0

    def counted_others() -> Iterator[str]:
        nonlocal others_count
        for text in others:
            others_count += 1
            yield text

    distinct = _DistinctTexts(chain(counted_others(), texts), min_chars)
    border = distinct.count_before(others_count)
    buckets: dict[int, list[int]] = {}
    overlapping = set(range(border)) & distinct.repeated
    for number, keys in _candidates(distinct.texts):
        if number < border:
            _add_to_buckets(buckets, keys, number)
            continue
        text = distinct.texts[number]
        candidates = set(chain.from_iterable(buckets.get(key, ()) for key in keys))
        if any(is_near_duplicate(distinct.texts[other], text) for other in candidates):
            overlapping.add(number)
    indices = chain.from_iterable(indices for _, indices in distinct.indices_of(overlapping))
    return frozenset(index - others_count for index in indices if index >= others_count)


class _DistinctTexts:
    """Distinct normalized texts of sufficient length, numbered by first occurrence."""

    def __init__(self, texts: Iterable[str], min_chars: int) -> None:
        min_letters = max(min_chars, _GRAM)
        indices, digests = array("Q"), array("Q")
        normalized = DiskList[str](_TEXTS_PER_BLOCK)
        letters = 0
        for index, text in enumerate(texts):
            if len(text) >= min_letters and len(form := normalize_letters(text)) >= min_letters:
                normalized.append(form)
                letters += len(form)
                indices.append(index)
                digests.append(_digest(form))
        _, firsts, inverse, counts = np.unique(
            np.asarray(digests), return_index=True, return_inverse=True, return_counts=True
        )
        order = np.argsort(firsts)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self._indices = np.asarray(indices)
        self._numbers = rank[inverse.ravel()]
        """Number of the distinct text at each of `_indices`."""
        self._first_indices = self._indices[firsts[order]]
        self.repeated = set(np.flatnonzero(counts[order] > 1).tolist())
        """Numbers of texts that occur more than once."""
        is_first = np.zeros(len(normalized), bool)
        is_first[firsts] = True
        self.texts: Sequence[str]
        if letters <= _MAX_LETTERS_IN_MEMORY:
            self.texts = list(compress(normalized, is_first.tolist()))
        else:
            self.texts = spilled = DiskList[str](_LOOKUPS_PER_BLOCK)
            spilled.extend(compress(normalized, is_first.tolist()))

    def count_before(self, index: int) -> int:
        """Count the distinct texts that first occur before `index`."""
        return int(np.searchsorted(self._first_indices, index))

    def indices_of(self, numbers: Collection[int]) -> Iterable[tuple[int, list[int]]]:
        """Number → all indices at which that text occurs."""
        chosen = np.isin(self._numbers, np.fromiter(numbers, self._numbers.dtype, len(numbers)))
        occurrences: dict[int, list[int]] = {}
        for number, index in zip(
            self._numbers[chosen].tolist(), self._indices[chosen].tolist(), strict=True
        ):
            occurrences.setdefault(number, []).append(index)
        return occurrences.items()


def _digest(text: str) -> int:
    """64-bit hash; collisions among millions of texts are negligible."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little")


def _add_to_buckets(buckets: dict[int, list[int]], keys: Sequence[int], number: int) -> None:
    for key in keys:
        bucket = buckets.setdefault(key, [])
        if len(bucket) < _MAX_BUCKET:
            bucket.append(number)


def _candidates(texts: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Yield the index of each text that shares a bucket with another, and its buckets' numbers."""
    if len(texts) < 2:
        return
    blocks = DiskBlocks()
    for batch in _batches(texts):
        blocks.add(_band_keys(batch).T.copy())
    buckets: dict[int, list[int]] = {}
    number = 0
    for begin in range(0, _BANDS, _BANDS_PER_PASS):
        bands = slice(begin, begin + _BANDS_PER_PASS)
        parts = [blocks.read(block)[bands].copy() for block in range(len(blocks))]
        for keys in np.concatenate(parts, axis=1):
            order = np.argsort(keys, kind="stable")
            _, starts, sizes = np.unique(keys[order], return_index=True, return_counts=True)
            shared = sizes > 1
            for start, size in zip(starts[shared].tolist(), sizes[shared].tolist(), strict=True):
                for index in order[start : start + size].tolist():
                    buckets.setdefault(index, []).append(number)
                number += 1
    for index in sorted(buckets):
        yield index, buckets[index]


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Split into batches of about `_LETTERS_PER_BATCH` letters."""
    batch: list[str] = []
    letters = 0
    for text in texts:
        if batch and letters + len(text) > _LETTERS_PER_BATCH:
            yield batch
            batch, letters = [], 0
        batch.append(text)
        letters += len(text)
    yield batch


def _band_keys(texts: Sequence[str]) -> _Keys:
    """MinHash band keys, shape (texts, bands)."""
    hashes, starts = _gram_hashes(texts)
    keys = np.zeros((len(texts), _BANDS), np.uint64)
    for number, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
        minima = np.minimum.reduceat(hashes * factor + offset, starts)
        band = keys[:, number // _ROWS]
        band *= np.uint64(0x9E3779B97F4A7C15)
        band += minima
        band ^= band >> np.uint64(29)
    return keys


def _gram_hashes(texts: Sequence[str]) -> tuple[_Hashes, npt.NDArray[np.intp]]:
    """Hashes of the letter 3-grams of all texts in a row, and where each text starts."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    ends = np.cumsum([len(text) for text in texts])
    within_text = np.ones(len(letters), bool)
    for back in range(1, _GRAM):
        within_text[ends - back] = False
    hashes = np.zeros(len(letters), np.uint32)
    for step in range(_GRAM):
        hashes[: len(letters) - step] += letters[step:]
        # Steps of murmur3's finalizer: similar letters get unrelated hashes.
        hashes ^= hashes >> np.uint32(16)
        hashes *= np.uint32(0x85EBCA6B)
        hashes ^= hashes >> np.uint32(13)
    sizes = np.diff(ends, prepend=0) - (_GRAM - 1)
    return hashes[within_text], np.cumsum(sizes) - sizes
