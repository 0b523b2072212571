"""Every kept input, held against what the fuzzer checks; needs no fuzzer."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from kakaobot.exports.formats import CSV_FORMAT, FORMATS
from kakaobot.exports.reader import read_export
from tests.fuzz.fuzz_exports import HERE, LARGEST, SEEDS, TOO_LONG
from tests.fuzz.mutations import Mutator, escaped, read_seeds, tokens
from tests.fuzz.properties import NAMES, Broken, check_export, check_text, checks
from tests.patience import processor_time

FILES = read_seeds(SEEDS)
TOKENS = tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
TRAPS = 21
"""Of the format notes; each has a seed or more that bear its number."""


def test_there_is_a_seed_for_every_layout_and_every_trap() -> None:
    layouts = {Path(name).stem for name in FILES if name.startswith("layouts/")}
    assert layouts == {layout.id for layout in FORMATS} | {CSV_FORMAT.id}
    traps = {int(found[1]) for name in FILES if (found := re.match(r"traps/t(\d+)-", name))}
    assert traps == set(range(1, TRAPS + 1))
    assert {Path(name).suffix for name in FILES} >= {".txt", ".csv", ".zip", ".eml"}


@pytest.mark.parametrize("layout", [*(layout.id for layout in FORMATS), CSV_FORMAT.id])
def test_the_seed_of_a_layout_is_read_in_that_layout(layout: str) -> None:
    (path,) = (SEEDS / "layouts").glob(f"{layout}.*")
    assert read_export(path).format == layout


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_done_with_a_seed_the_properties_hold(name: str, tmp_path: Path) -> None:
    before = time.process_time()
    for check in checks(tmp_path):
        check(FILES[name])
    assert time.process_time() - before < processor_time(TOO_LONG)


def test_what_the_mutator_makes_of_the_seeds_is_read_or_refused(tmp_path: Path) -> None:
    """A breath of the fuzzer's run, the same every time."""
    mutator = Mutator(TOKENS, list(FILES.values()))
    chance = random.Random(1)
    every = checks(tmp_path)
    for number in range(300):
        data = chance.choice(list(FILES.values()))
        for _ in range(chance.choice((1, 3))):
            data = mutator.changed(data, chance)[:LARGEST]
        every[number % len(every)](data)


def test_the_mutator_reaches_chats_and_its_dictionary_is_one_to_libfuzzer() -> None:
    assert len(TOKENS) > 100
    assert tokens(escaped(TOKENS)) == TOKENS
    assert escaped(TOKENS).isascii()
    changed = Mutator(TOKENS, list(FILES.values())).changed
    seed = FILES["layouts/W-KO.txt"]
    assert len({changed(seed, random.Random(number)) for number in range(50)}) > 40
    assert changed(seed, random.Random(7)) == changed(seed, random.Random(7))


def test_a_property_that_does_not_hold_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    export = read_export(SEEDS / "layouts" / "W-KO.txt")
    check_export(export)
    for wrong in (
        replace(export, lines=export.lines + 1),
        replace(export, messages=export.messages[:-1]),
        replace(export, messages=export.messages[::-1]),
        replace(export, not_understood=(0,)),
        replace(export, room="\u1103\u1169"),
        replace(export, room="\udcea"),
    ):
        with pytest.raises(Broken):
            check_export(wrong)

    def crash(_: bytes, __: str) -> str:
        raise IndexError

    monkeypatch.setattr("tests.fuzz.properties.decode", crash)
    with pytest.raises(IndexError):
        check_text(b"", name=NAMES[0])
