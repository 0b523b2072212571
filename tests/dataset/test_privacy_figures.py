"""How much is found on the invented, labelled lines. `benchmarks/privacy.py` prints the table."""

from __future__ import annotations

import pytest

from tests.dataset.pii_lines import HELD_OUT, TUNED, Line, mistakes, read, scores

LINES = read(TUNED) + read(HELD_OUT)


def test_there_are_enough_lines_and_hard_ones_among_them() -> None:
    assert len(LINES) >= 500
    assert sum(not line.finds for line in LINES) >= 0.4 * len(LINES)
    assert len({line.text for line in LINES}) >= 0.98 * len(LINES)


@pytest.mark.parametrize("lines", [LINES, read(TUNED)], ids=["all", "tuned"])
def test_what_is_masked_is_private_and_what_is_private_is_masked(lines: list[Line]) -> None:
    score = scores(lines)[""]
    assert score.precision >= 0.98, mistakes(lines)
    assert score.recall >= 0.95, mistakes(lines)


def test_lines_that_the_rules_were_not_mended_for_are_read_well_too() -> None:
    lines = read(HELD_OUT)
    score = scores(lines)[""]
    assert score.precision >= 0.95, mistakes(lines)
    assert score.recall >= 0.9, mistakes(lines)


def test_no_kind_is_left_behind() -> None:
    weak = {
        kind: score
        for kind, score in scores(LINES).items()
        if score.precision < 0.9 or score.recall < 0.9
    }
    assert weak == {}


def test_a_wrong_kind_or_place_counts_twice() -> None:
    line = read(TUNED)[0]
    moved = Line(line.where, line.topic, "x" + line.text, line.finds)
    score = scores([moved])[""]
    assert (score.right, score.wrong, score.missed) == (0, 1, 1)
    assert len(mistakes([moved])) == 1
