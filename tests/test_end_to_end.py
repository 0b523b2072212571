"""From the sample export to chat, with real training of the starter, a kill and a stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.judges import Judges
from kakaobot.app.quiz import Quiz
from kakaobot.app.training import Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.base.generation import Sampling, chat_sampling
from kakaobot.base.selection import choose
from kakaobot.chat.engine import Engine
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.dataset.jsonl import read_rows
from kakaobot.errors import RunError
from kakaobot.runs.history import likeness_of
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings
from kakaobot.starter import FOLDER
from kakaobot.style import style_profile
from kakaobot.style.likeness import MIN_SAMPLE
from kakaobot.train.eval_prompts import select_eval_prompts
from tests.conftest import QUICK, SAMPLE
from tests.patience import wait_for

pytestmark = pytest.mark.slow

STEPS = 60
GREEDY = Sampling(24, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.1)


class Pipeline:
    """One home that all tests below share; they run in order."""

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
                "training.sample_replies": 16,
                "data.persona": "도담",
            },
        )
        self.bases = BaseModels(lambda requested: choose(requested, reachable=lambda: False))
        self.exports = Exports(self.home)
        self.datasets = Datasets(self.home, self.bases)
        self.training = Training(self.home, self.bases)

    @property
    def run(self) -> Run:
        return Runs(self.home.folder("checkpoints_lora")).find("main")

    def wait_until(self, condition: Callable[[TrainingSnapshot], bool]) -> TrainingSnapshot:
        snapshots: list[TrainingSnapshot] = []

        def check() -> bool:
            snapshots[:] = [self.training.snapshot()]
            status = snapshots[0].status
            assert status.state != "failed", f"{status.message}\n{snapshots[0].log}"
            return condition(snapshots[0])

        wait_for(check, self.training.version)
        return snapshots[0]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        pipeline = Pipeline(tmp_path_factory.mktemp("pipeline"))
        yield pipeline
        live = Runs(pipeline.home.folder("checkpoints_lora")).live()
        if live:
            pipeline.training.kill(live.name)


def test_1_import_and_build_of_the_sample_export(pipeline: Pipeline) -> None:
    [report] = pipeline.exports.import_files([SAMPLE])
    assert (report.error, report.format) == ("", "W-KO")
    assert len(report.participants) == 4
    shares: list[float] = []
    data = pipeline.datasets.build(lambda share, words: shares.append(share))
    assert shares == sorted(shares)
    assert data.train_replies > 100
    assert data.val_replies > 10
    assert data.longest_row <= 128
    assert dict(data.removed)
    assert pipeline.datasets.report() == data
    assert any(part.is_target for example in data.examples for part in example.messages)


def test_2_start_after_a_kill_resumes_from_the_last_checkpoint(
    pipeline: Pipeline,
) -> None:
    pipeline.training.start()
    with pytest.raises(RunError, match="이미 진행 중"):
        pipeline.training.start()
    pipeline.wait_until(lambda now: now.status.step >= 12)
    process = pipeline.run.worker.process()
    assert process is not None
    process.kill()
    wait_for(lambda: pipeline.training.snapshot().status.state == "failed")
    dead = pipeline.training.snapshot()
    assert dead.can_start
    assert dead.resume_step >= 10
    assert pipeline.training.start().status.state in LIVE
    resumed = pipeline.wait_until(lambda now: now.status.state == "running" and now.status.step > 0)
    assert resumed.status.resumed_from == dead.resume_step


def test_3_stop_saves_at_once_and_start_resumes_from_that_step(pipeline: Pipeline) -> None:
    pipeline.wait_until(lambda now: now.status.step >= 25)
    pipeline.training.stop()
    stopped = pipeline.wait_until(lambda now: now.status.state == "stopped")
    step = stopped.status.step
    assert 25 <= step < STEPS
    assert stopped.resume_step == step
    assert f"{step}단계" in stopped.status.message
    assert (pipeline.run.path / "adapter_latest" / "adapter_model.safetensors").exists()
    assert pipeline.training.start().status.state in LIVE
    resumed = pipeline.wait_until(lambda now: now.status.state == "running")
    assert resumed.status.resumed_from == step


def test_4_training_finishes_with_a_lower_eval_loss(pipeline: Pipeline) -> None:
    done = pipeline.wait_until(lambda now: now.status.state == "finished")
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
        assert (pipeline.run.path / name).exists()
    assert (pipeline.run.path / "adapter_best" / "chat_template.jinja").exists()


def test_5_adapter_replies_differ_from_those_of_the_base(pipeline: Pipeline) -> None:
    questions = ["오늘 뭐 해?", "주말에 보드게임 하자", "저녁 뭐 먹을까?"]
    trained_adapter = pipeline.run.checkpoints.adapter()
    assert trained_adapter is not None
    replies = []
    for adapter in (None, trained_adapter[1]):
        engine = Engine.load(
            str(FOLDER),
            adapter,
            load_in_4bit=False,
            dtype="float32",
            attn_implementation="auto",
            max_turns=4,
        )
        replies.append(
            [list(engine.stream_reply([ChatMessage("user", q)], GREEDY))[-1] for q in questions]
        )
    base, trained = replies
    assert all(base)
    assert all(trained)
    assert base != trained


def test_6_chat_replies_with_the_best_adapter(pipeline: Pipeline) -> None:
    gate = PasswordGate("바다")
    chat = ChatService(pipeline.home, gate)
    persona = chat.persona()
    assert persona.adapter == "best"
    assert persona.practice
    replies = list(
        chat.reply(gate.authenticate("바다"), [ChatLine("나", "밥 먹자", from_user=True)])
    )
    assert replies[-1].done
    assert replies[-1].bubbles
    prompts = [prompt for prompt, _ in chat.smoke(gate.authenticate("바다"))]
    assert prompts == list(pipeline.home.settings().smoke.prompts)
    chat.unload()


def test_7_nearly_all_replies_end_by_themselves(pipeline: Pipeline) -> None:
    adapter = pipeline.run.checkpoints.adapter()
    assert adapter is not None
    engine = Engine.load(
        str(FOLDER),
        adapter[1],
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=12,
    )
    held_out = read_rows(pipeline.home.folder("data/sft") / artifacts.VAL)
    prompts = select_eval_prompts(held_out, 25)
    sampling = chat_sampling(Settings().generation)
    torch.manual_seed(0)
    drawn = [
        candidate
        for prompt in prompts
        for candidate in engine.draw_replies(
            prompt.context, sampling, count=math.ceil(100 / len(prompts))
        )
    ]
    assert sum(candidate.ended for candidate in drawn[:100]) >= 98


def test_8_the_best_of_several_candidates_is_shown_whole(pipeline: Pipeline) -> None:
    judge = Judges().judge(pipeline.run, "도담")
    rows = read_rows(pipeline.home.folder("data/sft") / artifacts.TRAIN)
    learned = [message.content for row in rows for message in row.messages if message.is_target]
    assert judge.profile == style_profile(learned)
    longest = max(learned, key=len)
    assert judge.copied(longest) == 1
    assert judge.copied("처음 듣는 이야기인데 그게 뭐야") == 0
    save(pipeline.home.settings_file, {"generation.candidates": 4})
    gate = PasswordGate("바다")
    chat = ChatService(pipeline.home, gate)
    line = ChatLine("나", "주말에 뭐 할 거야?", from_user=True)
    replies = list(chat.reply(gate.authenticate("바다"), [line]))
    assert len({reply.bubbles for reply in replies if reply.bubbles}) == 1
    assert replies[-1].done
    assert chat.guards.replies == 1
    chat.unload()
    save(pipeline.home.settings_file, {"generation.candidates": 1})


def test_9_the_likeness_of_the_run_is_measured_and_rises_above_the_base(pipeline: Pipeline) -> None:
    snapshot = pipeline.training.snapshot()
    figures = {sample.step: sample.likeness for sample in snapshot.eval_samples.samples}
    base, best = figures[0], snapshot.likeness
    assert best is not None
    assert best == likeness_of(pipeline.run)
    assert best.name == "도담"
    assert best.nearest
    assert best.replies >= MIN_SAMPLE
    assert base is not None
    assert base.percent is not None
    assert best.percent is not None
    assert best.percent > max(0.0, base.percent)
    assert best.low is not None
    assert best.high is not None
    assert best.low < best.percent < best.high


def test_10_the_quiz_asks_a_held_out_reply_beside_one_of_the_adapter(pipeline: Pipeline) -> None:
    gate = PasswordGate("바다")
    access, chat = gate.authenticate("바다"), ChatService(pipeline.home, gate)
    quiz = Quiz(pipeline.home, gate, chat)
    session = quiz.start(access, knows=True)
    *_, step = quiz.next(access, session)
    assert step.question is not None
    answer = quiz.pick(access, session, 0)
    [real] = step.question.sides[answer.real_side]
    [imitated] = step.question.sides[1 - answer.real_side]
    rows = read_rows(pipeline.home.folder("data/sft") / artifacts.VAL)
    held_out = {message.content.strip() for row in rows for message in row.messages}
    assert real.text in held_out
    assert imitated.text != real.text
    assert imitated.name == real.name == "도담"
    quiz.close(session)
    assert quiz.tallies().everybody.picks == 1
    chat.unload()


def test_11_another_dataset_needs_a_new_run(pipeline: Pipeline) -> None:
    save(pipeline.home.settings_file, {"data.persona": "마루"})
    pipeline.datasets.build()
    with pytest.raises(RunError, match="끝났습니다.*--new"):
        pipeline.training.start()
    save(pipeline.home.settings_file, {"training.max_steps": 2, "training.eval_steps": 2})
    run = pipeline.training.start(new=True).run
    assert run == "main-2"
    wait_for(lambda: pipeline.training.wait(run, 0.1), pipeline.training.version)
    assert pipeline.training.snapshot(run).status.state == "finished"
    assert {summary.name for summary in pipeline.training.snapshot().runs} == {"main", "main-2"}


def test_12_concurrent_starts_launch_one_worker(pipeline: Pipeline) -> None:
    save(pipeline.home.settings_file, {"training.max_steps": 500})
    outcomes: list[str] = []

    def start() -> None:
        try:
            outcomes.append(Training(pipeline.home, pipeline.bases).start(new=True).run)
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(name.startswith("main-") for name in outcomes) == 1, outcomes
    assert sum("진행 중" in words for words in outcomes) == 2
    # A program that did not start the worker can stop it.
    other = Training(pipeline.home, pipeline.bases)
    name = other.adopt()
    other.stop()
    wait_for(lambda: other.wait(name, 0.1), other.version)
    assert other.snapshot(name).status.state == "stopped"
    with pytest.raises(RunError, match="진행 중인 학습이 없습니다"):
        other.stop()
