"""Planted canaries: only on request, only in training rows, and as their file says."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.dataset.canaries import (
    MAX_CANARIES,
    canaries_from_json,
    canary_messages,
    invent_canaries,
    other_secrets,
)
from kakaobot.dataset.jsonl import read_rows
from kakaobot.settings import DataSettings
from tests.conftest import SAMPLE


@pytest.mark.parametrize("persona", ["", "도담"])
def test_canaries_are_in_the_training_rows_as_often_as_they_say(
    home: Home, bases: BaseModels, persona: str
) -> None:
    Exports(home).import_files([SAMPLE])
    datasets, folder = Datasets(home, bases), home.folder("data/sft")
    save(home.settings_file, {"data.persona": persona})
    plain = datasets.build()
    before = read_rows(folder / artifacts.TRAIN), read_rows(folder / artifacts.VAL)
    assert artifacts.read_json(folder, artifacts.CANARIES) == []

    save(home.settings_file, {"data.canaries": 4})
    report = datasets.build()
    canaries = canaries_from_json(artifacts.read_json(folder, artifacts.CANARIES))
    assert [canary.repeats for canary in canaries] == [1, 4, 16, 1]
    after, val = read_rows(folder / artifacts.TRAIN), read_rows(folder / artifacts.VAL)
    assert (after[: len(before[0])], val) == before
    planted = Counter(row.messages for row in after[len(before[0]) :])
    assert planted == {
        canary_messages(
            canary,
            persona=persona,
            participants=report.participants,
            show_names=report.shows_names,
        ): canary.repeats
        for canary in canaries
    }
    assert len({row.id for row in after}) == len(after)
    assert report.train_rows == plain.train_rows + 22 == len(after)
    assert report.fingerprint != plain.fingerprint


def test_canaries_differ_and_have_other_secrets_to_compare() -> None:
    canaries = invent_canaries(MAX_CANARIES, 1)
    assert len({canary.place for canary in canaries}) == MAX_CANARIES
    assert canaries == invent_canaries(MAX_CANARIES, 1) != invent_canaries(MAX_CANARIES, 2)
    others = other_secrets(canaries[0], 255, seed=3)
    assert len(set(others)) == 255
    assert canaries[0].secret not in others
    fields = DataSettings.model_fields["canaries"].metadata
    assert MAX_CANARIES in {getattr(limit, "le", None) for limit in fields}


@pytest.mark.parametrize("text", ["null", "[3]", '[{"place": "a"}]', "{}"])
def test_a_damaged_file_holds_no_canaries(text: str) -> None:
    assert canaries_from_json(json.loads(text)) == ()
