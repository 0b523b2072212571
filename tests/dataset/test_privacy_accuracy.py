"""Precision and recall on invented, labeled lines; `benchmarks/privacy.py` prints the table."""

from __future__ import annotations

import pytest

from tests.dataset.pii_lines import HELD_OUT, TUNED, Line, mistakes, read, scores

LINES = read(TUNED) + read(HELD_OUT)


def test_the_labeled_lines_are_many_and_distinct_with_enough_negatives() -> None:
    assert len(LINES) >= 500
    assert sum(not line.spans for line in LINES) >= 0.4 * len(LINES)
    assert len({line.text for line in LINES}) >= 0.98 * len(LINES)


@pytest.mark.parametrize("lines", [LINES, read(TUNED)], ids=["all", "tuned"])
def test_precision_and_recall(lines: list[Line]) -> None:
    score = scores(lines)[""]
    assert score.precision >= 0.98, mistakes(lines)
    assert score.recall >= 0.95, mistakes(lines)


def test_precision_and_recall_on_held_out_lines() -> None:
    lines = read(HELD_OUT)
    score = scores(lines)[""]
    assert score.precision >= 0.95, mistakes(lines)
    assert score.recall >= 0.9, mistakes(lines)


def test_every_entity_type_has_high_precision_and_recall() -> None:
    weak = {
        entity_type: score
        for entity_type, score in scores(LINES).items()
        if score.precision < 0.9 or score.recall < 0.9
    }
    assert weak == {}


def test_a_shifted_span_counts_as_wrong_and_missed() -> None:
    line = read(TUNED)[0]
    moved = Line(line.location, line.topic, "x" + line.text, line.spans)
    score = scores([moved])[""]
    assert (score.right, score.wrong, score.missed) == (0, 1, 1)
    assert len(mistakes([moved])) == 1
