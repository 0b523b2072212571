"""Every seed passes the checks of the fuzzer; needs no fuzzer."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from kakaobot.exports.formats import CSV_FORMAT, FORMATS
from kakaobot.exports.reader import read_export
from tests.fuzz.fuzz_exports import HERE, MAX_INPUT_BYTES, MAX_SECONDS, SEEDS
from tests.fuzz.mutations import Mutator, escaped, read_seeds, tokens
from tests.fuzz.properties import NAMES, PropertyViolation, check_export, check_text, checks
from tests.patience import spends_less_than

FILES = read_seeds(SEEDS)
TOKENS = tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
TRAPS = 21
"""Known traps of the formats; each has at least one seed with its number."""


def test_there_is_a_seed_for_every_format_and_every_trap() -> None:
    formats = {Path(name).stem for name in FILES if name.startswith("formats/")}
    assert formats == {format.id for format in FORMATS} | {CSV_FORMAT.id}
    traps = {int(match[1]) for name in FILES if (match := re.match(r"traps/t(\d+)-", name))}
    assert traps == set(range(1, TRAPS + 1))
    assert {Path(name).suffix for name in FILES} >= {".txt", ".csv", ".zip", ".eml"}


@pytest.mark.parametrize("format", [*(format.id for format in FORMATS), CSV_FORMAT.id])
def test_the_seed_of_a_format_is_detected_as_that_format(format: str) -> None:
    (path,) = (SEEDS / "formats").glob(f"{format}.*")
    assert read_export(path).format == format


@pytest.mark.parametrize("name", FILES)
def test_every_seed_passes_every_check(name: str, tmp_path: Path) -> None:
    with spends_less_than(MAX_SECONDS):
        for check in checks(tmp_path):
            check(FILES[name])


def test_mutated_seeds_pass_every_check(tmp_path: Path) -> None:
    """A short deterministic run of the fuzzer."""
    mutator = Mutator(TOKENS, list(FILES.values()))
    rng = random.Random(1)
    all_checks = checks(tmp_path)
    for number in range(300):
        data = rng.choice(list(FILES.values()))
        for _ in range(rng.choice((1, 3))):
            data = mutator.mutate(data, rng)[:MAX_INPUT_BYTES]
        all_checks[number % len(all_checks)](data)


def test_the_mutator_is_deterministic_and_its_dictionary_valid() -> None:
    assert len(TOKENS) > 100
    assert tokens(escaped(TOKENS)) == TOKENS
    assert escaped(TOKENS).isascii()
    mutate = Mutator(TOKENS, list(FILES.values())).mutate
    seed = FILES["formats/W-KO.txt"]
    assert len({mutate(seed, random.Random(number)) for number in range(50)}) > 40
    assert mutate(seed, random.Random(7)) == mutate(seed, random.Random(7))


def test_a_violated_property_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    export = read_export(SEEDS / "formats" / "W-KO.txt")
    check_export(export)
    for invalid in (
        replace(export, lines=export.lines + 1),
        replace(export, messages=export.messages[:-1]),
        replace(export, messages=export.messages[::-1]),
        replace(export, not_understood=(0,)),
        replace(export, room="\u1103\u1169"),
        replace(export, room="\udcea"),
    ):
        with pytest.raises(PropertyViolation):
            check_export(invalid)

    def crash(_: bytes, __: str) -> str:
        raise IndexError

    monkeypatch.setattr("tests.fuzz.properties.decode", crash)
    with pytest.raises(IndexError):
        check_text(b"", name=NAMES[0])
