"""What is said of a training before its start."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimate, Estimates, estimate
from kakaobot.app.exports import Exports
from kakaobot.base.selection import BaseModelChoice, Hardware
from kakaobot.cli import main
from kakaobot.config import Home, save
from kakaobot.runs.run import Runs, Status
from kakaobot.settings import Settings
from kakaobot.train.cost_model import DatasetSize, ModelDimensions
from kakaobot.train.probe import Speed, Task, measured, tokens_per_second
from tests.conftest import SAMPLE
from tests.patience import patience

GB = 2**30
SPEED = Speed(half=True, per_second=2e11, single_per_second=6e10)


@pytest.fixture
def prepared(home: Home, bases: BaseModels) -> Home:
    Exports(home).import_files([SAMPLE])
    Datasets(home, bases).build()
    return home


def told(home: Home, *, base: str = "starter", free: float = 12, card: str = "") -> Estimate:
    return estimate(
        home,
        BaseModels(lambda wanted: BaseModelChoice(base, base, "")),
        hardware=lambda: Hardware(card, int(free * GB)),
        free=lambda: int(free * GB),
        speed=lambda task: SPEED,
    )


def test_memory_and_time_are_one_sentence(prepared: Home) -> None:
    now = told(prepared)
    [sentence] = now.sentences
    assert sentence.startswith("메모리 약 0.")
    assert "이 컴퓨터에 남은 것 12.0GB" in sentence
    assert "시간 약" in sentence
    assert now.enough
    assert now.memory is not None
    assert now.memory.total < GB


def test_a_larger_base_takes_more_of_both(prepared: Home) -> None:
    small, large = (told(prepared, base=f"Qwen/Qwen3-{size}B") for size in (0.6, 1.7))
    assert small.memory is not None
    assert large.memory is not None
    assert large.memory.total > 1.5 * small.memory.total
    assert (large.seconds or 0) > 2 * (small.seconds or 0) > 0


def test_what_is_too_little_is_told_with_the_setting_to_lower(prepared: Home) -> None:
    now = told(prepared, base="Qwen/Qwen3-0.6B", free=1.5)
    assert not now.enough
    assert "training.max_seq_len" in now.sentences[1] or "model." in now.sentences[1]
    now = told(prepared, base="Qwen/Qwen3-8B", free=4)
    assert "model.base_model 을 더 작은" in now.sentences[1]


def test_on_a_card_its_memory_counts(prepared: Home) -> None:
    now = told(prepared, base="Qwen/Qwen3-1.7B", free=8, card="GeForce")
    assert now.sentences[0].startswith("그래픽 메모리 약")
    assert now.enough


def test_two_cards_take_half_the_time_where_each_has_a_row(prepared: Home) -> None:
    def seconds(processes: int, batch: int, card: str = "GeForce") -> float:
        changes = {"training.num_processes": processes, "training.batch": batch}
        save(prepared.settings_file, changes)
        return told(prepared, base="Qwen/Qwen3-1.7B", card=card).seconds or 0

    for batch, times in ((8, 2), (1, 1)):
        assert seconds(2, batch) == pytest.approx(seconds(1, batch) / times)
    # Processes on a CPU share its cores.
    assert seconds(2, 8, card="") == pytest.approx(seconds(1, 8, card=""))


def test_a_model_that_is_shared_is_not_estimated(prepared: Home) -> None:
    file = prepared.root / "fsdp.yaml"
    file.write_text("distributed_type: FSDP\nnum_processes: 2\n", encoding="utf-8")
    save(prepared.settings_file, {"training.accelerate_config": file.name})
    now = told(prepared)
    assert "어림하지 않습니다" in now.sentences[0]
    assert now.memory is None
    assert now.enough


def test_an_earlier_run_of_the_same_base_says_how_fast_it_goes(prepared: Home) -> None:
    guessed = told(prepared).seconds
    run = Runs(prepared.folder("checkpoints_lora")).get("main")
    run.create({"base": {"name": "starter"}})
    run.write_status(Status("stopped", step=9, tokens_per_second=10.0))
    slow = told(prepared).seconds
    run.write_status(Status("stopped", step=9, tokens_per_second=20.0))
    assert slow == pytest.approx(2 * (told(prepared).seconds or 0))
    run.create({"base": {"name": "another"}})
    assert told(prepared).seconds == guessed


def test_where_nothing_is_known_nothing_is_invented(prepared: Home, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}', encoding="utf-8")
    for base in (str(tmp_path), "nobody/no-such-model"):
        now = told(prepared, base=base)
        assert (now.memory, now.seconds, now.enough) == (None, None, True)
        assert "어림할 수 없습니다" in now.sentences[0]


def test_without_data_it_says_what_comes_first(home: Home) -> None:
    assert "데이터를 준비하면" in told(home).sentences[0]


@pytest.mark.slow
def test_the_command_line_tells_it_and_starts_nothing(
    prepared: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    save(prepared.settings_file, {"model.base_model": "starter"})
    assert main(["train", "--dry-run"]) == 0
    assert "메모리 약" in capsys.readouterr().out
    assert Runs(prepared.folder("checkpoints_lora")).all() == []


@pytest.mark.slow
def test_the_speed_is_measured_in_a_process_of_its_own() -> None:
    speed = measured()
    assert speed is not None
    assert speed.per_second >= speed.single_per_second > 1e8 or not speed.half
    assert measured() is speed


@pytest.mark.slow
def test_how_fast_a_base_is_learnt_is_tried_on_a_few_of_its_layers() -> None:
    shape = ModelDimensions(
        vocabulary=2000, width=128, inner=384, layers=6, queries=128, keys=64, tied=True
    )
    settings = Settings()
    amount = DatasetSize(100, 20_000, 8_000, 512, 2_000, 800)
    task = Task.of(shape, settings.lora, settings.model, amount, 512)
    assert (task.length, task.target_tokens) == (192, 0.4)
    tried = measured(task)
    assert tried is not None
    assert (tried.tokens_per_second or 0) > 100
    # Eight times the layers are not tried, but counted.
    deep = tokens_per_second(replace(task, shape=replace(shape, layers=48)))
    assert 2 < tokens_per_second(task) / deep < 16


def test_what_was_tried_says_how_long_it_takes_unless_an_earlier_run_does(prepared: Home) -> None:
    asked: list[Task | None] = []

    def seconds(tokens: float) -> float:
        def speed(task: Task | None) -> Speed:
            asked.append(task)
            return replace(SPEED, tokens_per_second=tokens)

        bases = BaseModels(lambda wanted: BaseModelChoice("starter", "starter", ""))
        return estimate(prepared, bases, hardware=Hardware, speed=speed).seconds or 0

    assert seconds(100) == pytest.approx(10 * seconds(1000))
    assert all(task and task.shape.layers == 6 for task in asked)
    run = Runs(prepared.folder("checkpoints_lora")).get("main")
    run.create({"base": {"name": "starter"}})
    run.write_status(Status("finished", 80, 80, tokens_per_second=10.0))
    assert seconds(100) == seconds(1000)
    assert asked[-1] is None


class Work:
    """Stands for `estimate`; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, home: Home, bases: BaseModels) -> Estimate:
        self.asked += 1
        return Estimate((f"{self.asked}번째",))


def test_an_estimate_is_kept_until_data_or_settings_change(
    prepared: Home, bases: BaseModels
) -> None:
    work, now, told = Work(), [0.0], []
    outlooks = Estimates(prepared, bases, work=work, clock=lambda: now[0])
    assert outlooks.known() is None
    first = outlooks.look(lambda share, words: told.append(words))
    assert first is outlooks.known() is outlooks.look()
    assert (work.asked, len(told)) == (1, 1)
    save(prepared.settings_file, {"lora.r": 4})
    assert outlooks.known() is None
    assert outlooks.look() == Estimate(("2번째",))
    Exports(prepared).import_files([SAMPLE])
    save(prepared.settings_file, {"data.persona": "도담"})
    Datasets(prepared, bases).build()
    assert outlooks.known() is None
    outlooks.look()
    assert work.asked == 3


def test_after_a_while_free_memory_is_looked_at_again(prepared: Home, bases: BaseModels) -> None:
    work, now = Work(), [0.0]
    outlooks = Estimates(prepared, bases, work=work, clock=lambda: now[0])
    first = outlooks.look()
    now[0] = 3600.0
    # What polls is answered at once all the same.
    assert outlooks.known() is first
    assert outlooks.look() != first


def test_without_data_nothing_is_worked_out(home: Home, bases: BaseModels) -> None:
    work = Work()
    outlooks = Estimates(home, bases, work=work)
    assert outlooks.look() is outlooks.known() is None
    assert work.asked == 0


def test_two_windows_at_once_have_it_worked_out_once(prepared: Home, bases: BaseModels) -> None:
    asked, entered, go = [], threading.Event(), threading.Event()

    def work(home: Home, bases: BaseModels) -> Estimate:
        asked.append(home)
        entered.set()
        go.wait(patience())
        return Estimate(("한 번",))

    outlooks, found = Estimates(prepared, bases, work=work), []
    threads = [threading.Thread(target=lambda: found.append(outlooks.look())) for _ in range(2)]
    threads[0].start()
    entered.wait(patience())
    threads[1].start()
    # Neither may what polls wait for it.
    assert outlooks.known() is None
    go.set()
    for thread in threads:
        thread.join(patience())
    assert found == [Estimate(("한 번",))] * 2
    assert len(asked) == 1
