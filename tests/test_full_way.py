"""From the sample room to a talking adapter, with real training of the starter and a real kill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatLine, ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training, TrainingSnapshot
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import choose
from kakaobot.chat.engine import Engine
from kakaobot.config import Home, save
from kakaobot.errors import RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from tests.conftest import QUICK, SAMPLE
from tests.patience import wait_for

pytestmark = pytest.mark.slow

STEPS = 60
GREEDY = Sampling(24, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.1)


class Way:
    """One home on which the whole way is gone once for all tests below."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.home.settings()
        save(
            self.home.settings_file,
            {
                **QUICK,
                "model.base_model": "auto",
                "training.max_steps": STEPS,
                "training.learning_rate": 2e-3,
                "training.eval_steps": 10,
                "training.save_steps": 5,
                "data.persona": "도담",
            },
        )
        self.bases = BaseModels(lambda wanted: choose(wanted, reachable=lambda: False))
        self.exports = Exports(self.home)
        self.datasets = Datasets(self.home, self.bases)
        self.training = Training(self.home, self.bases)

    @property
    def run(self) -> Run:
        return Runs(self.home.folder("checkpoints_lora")).find("main")

    def until(self, true: Callable[[TrainingSnapshot], bool]) -> TrainingSnapshot:
        seen: list[TrainingSnapshot] = []

        def look() -> bool:
            seen[:] = [self.training.snapshot()]
            status = seen[0].status
            assert status.state != "failed", f"{status.message}\n{seen[0].log}"
            return true(seen[0])

        wait_for(look, self.training.version)
        return seen[0]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        way = Way(tmp_path_factory.mktemp("way"))
        yield way
        live = Runs(way.home.folder("checkpoints_lora")).live()
        if live:
            way.training.kill(live.name)


def test_1_the_export_is_brought_in_and_becomes_data(way: Way) -> None:
    [report] = way.exports.import_files([SAMPLE])
    assert (report.error, report.format) == ("", "W-KO")
    assert len(report.people) == 4
    told: list[float] = []
    data = way.datasets.build(lambda share, words: told.append(share))
    assert told == sorted(told)
    assert data.train_replies > 100
    assert data.val_replies > 10
    assert data.longest_row <= 128
    assert dict(data.removed)
    assert way.datasets.report() == data
    assert any(part.is_target for example in data.examples for part in example.messages)


def test_2_a_killed_worker_has_failed_and_the_next_start_goes_on_from_its_checkpoint(
    way: Way,
) -> None:
    way.training.start()
    with pytest.raises(RunError, match="이미 진행 중"):
        way.training.start()
    way.until(lambda now: now.status.step >= 12)
    process = way.run.worker.process()
    assert process is not None
    process.kill()
    wait_for(lambda: way.training.snapshot().status.state == "failed")
    dead = way.training.snapshot()
    assert dead.can_start
    assert dead.resume_step >= 10
    assert way.training.start().status.state in LIVE
    resumed = way.until(lambda now: now.status.state == "running" and now.status.step > 0)
    assert resumed.status.resumed_from == dead.resume_step


def test_3_a_stop_saves_at_once_and_the_next_start_goes_on_from_that_step(way: Way) -> None:
    way.until(lambda now: now.status.step >= 25)
    way.training.stop()
    stopped = way.until(lambda now: now.status.state == "stopped")
    step = stopped.status.step
    assert 25 <= step < STEPS
    assert stopped.resume_step == step
    assert f"{step}단계" in stopped.status.message
    assert (way.run.path / "adapter_latest" / "adapter_model.safetensors").exists()
    assert way.training.start().status.state in LIVE
    resumed = way.until(lambda now: now.status.state == "running")
    assert resumed.status.resumed_from == step


def test_4_it_finishes_and_the_eval_loss_has_fallen(way: Way) -> None:
    done = way.until(lambda now: now.status.state == "finished")
    evals = {point.step: point.value for point in done.points if point.kind == "eval_loss"}
    losses = [point.step for point in done.points if point.kind == "loss"]
    assert losses == list(range(1, STEPS + 1))
    assert min(evals) == 0
    assert max(evals) == STEPS
    assert done.status.best_step in evals
    assert min(evals.values()) < evals[0] - 0.2
    assert evals[done.status.best_step or 0] == min(v for step, v in evals.items() if step)
    assert not done.can_start
    assert "끝났습니다" in done.start_blocker
    for name in ("status.json", "metrics.jsonl", "worker.log", "adapter_best", "adapter_latest"):
        assert (way.run.path / name).exists()
    assert (way.run.path / "adapter_best" / "chat_template.jinja").exists()


def test_5_the_adapter_answers_otherwise_than_the_base(way: Way) -> None:
    questions = ["오늘 뭐 해?", "주말에 보드게임 하자", "저녁 뭐 먹을까?"]
    found = way.run.checkpoints.adapter()
    assert found is not None
    said = []
    for adapter in (None, found[1]):
        engine = Engine.load(
            str(FOLDER),
            adapter,
            load_in_4bit=False,
            dtype="float32",
            attn_implementation="auto",
            max_turns=4,
        )
        said.append(
            [list(engine.stream_reply([ChatMessage("user", q)], GREEDY))[-1] for q in questions]
        )
    base, trained = said
    assert all(base)
    assert all(trained)
    assert base != trained


def test_6_the_chat_speaks_through_the_gate_with_the_best_adapter(way: Way) -> None:
    gate = PasswordGate("바다")
    chat = ChatService(way.home, gate)
    voice = chat.persona()
    assert voice.adapter == "best"
    assert voice.practice
    replies = list(
        chat.reply(gate.authenticate("바다"), [ChatLine("나", "밥 먹자", from_user=True)])
    )
    assert replies[-1].done
    assert replies[-1].bubbles
    prompts = [prompt for prompt, _ in chat.smoke(gate.authenticate("바다"))]
    assert prompts == list(way.home.settings().smoke.prompts)
    chat.unload()


def test_7_other_data_is_another_run(way: Way) -> None:
    save(way.home.settings_file, {"data.persona": "마루"})
    way.datasets.build()
    with pytest.raises(RunError, match="끝났습니다.*--new"):
        way.training.start()
    save(way.home.settings_file, {"training.max_steps": 2, "training.eval_steps": 2})
    run = way.training.start(new=True).run
    assert run == "main-2"
    wait_for(lambda: way.training.wait(run, 0.1), way.training.version)
    assert way.training.snapshot(run).status.state == "finished"
    assert {each.name for each in way.training.snapshot().runs} == {"main", "main-2"}


def test_8_two_starts_at_once_give_one_worker(way: Way) -> None:
    save(way.home.settings_file, {"training.max_steps": 500})
    outcomes: list[str] = []

    def start() -> None:
        try:
            outcomes.append(Training(way.home, way.bases).start(new=True).run)
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(name.startswith("main-") for name in outcomes) == 1, outcomes
    assert sum("진행 중" in words for words in outcomes) == 2
    # Another program than the one that started it stops it.
    other = Training(way.home, way.bases)
    name = other.adopt()
    other.stop()
    wait_for(lambda: other.wait(name, 0.1), other.version)
    assert other.snapshot(name).status.state == "stopped"
    with pytest.raises(RunError, match="진행 중인 학습이 없습니다"):
        other.stop()
