"""What a training refuses before any worker is started."""

from __future__ import annotations

import pytest

from kakaobot.app.bases import Bases
from kakaobot.app.dataset import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.config import Home, save
from kakaobot.errors import RunError
from tests.conftest import SAMPLE


@pytest.fixture
def training(home: Home, bases: Bases) -> Training:
    """With the sample room prepared."""
    Exports(home).bring([SAMPLE])
    Datasets(home, bases).build()
    return Training(home, bases)


def test_data_with_a_removed_file_in_it_is_not_trained_on(home: Home, training: Training) -> None:
    assert training.snapshot().can_start
    exports = Exports(home)
    exports.remove(exports.files()[0].hash)
    assert not training.snapshot().can_start
    with pytest.raises(RunError, match="목록에서 뺀 파일"):
        training.start()


def test_data_with_words_of_somebody_left_out_later_is_not_trained_on(
    home: Home, bases: Bases, training: Training
) -> None:
    save(home.settings_file, {"data.exclude_people": ["은솔"]})
    with pytest.raises(RunError, match="빼기로 한 '은솔'"):
        training.start()
    Datasets(home, bases).build()
    assert training.snapshot().can_start
