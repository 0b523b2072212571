"""`Feedback` and `Refining` up to the start of the worker: what is kept, refused and deleted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.feedback import Feedback
from kakaobot.app.personas import Personas
from kakaobot.app.refine_rows import RefineFolders
from kakaobot.app.refining import Refining
from kakaobot.app.training import Training
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, save
from kakaobot.dataset.corrections import read_corrections
from kakaobot.dataset.feedback import SaidLine
from kakaobot.errors import AccessDenied, DatasetError, RunError
from kakaobot.runs.refinement import (
    RefineVerdict,
    is_offered,
    refinement_of,
    write_verdict,
)
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.starter import FOLDER
from tests.chat_models import save_random_model
from tests.conftest import SAMPLE
from tests.patience import wait_for

LINES = [ChatLine("마루", "자니?", True), ChatLine("도담", "쿨쿨", False)]
LASTING = [sys.executable, "-c", "import time; time.sleep(600)"]
ENDING = [sys.executable, "-c", ""]


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate("바다")


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate("바다")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished run on 도담 of the sample room."""
    home = Home(tmp_path_factory.mktemp("trained"))
    home.settings()
    save(home.settings_file, {"data.persona": "도담", "model.base_model": "starter"})
    Exports(home).import_files([SAMPLE])
    report = Datasets(home).build()
    run = Runs(home.folder("checkpoints_lora")).get("main")
    people = list(report.participants)
    data = {"room": report.room, "persona": "도담", "people": people, "named": True}
    run.create(
        {
            "base": {"name": str(FOLDER), "label": "연습", "reason": "", "practice": True},
            "data": {**data, "folder": "../../data/sft", "fingerprint": "x"},
            "settings": home.settings().model_dump(mode="json"),
        }
    )
    model = tmp_path_factory.mktemp("model")
    save_random_model(model, hidden=64, layers=1)
    run.checkpoints.replace_adapter("best", lambda folder: copy_files(model / "adapter", folder))
    run.write_status(Status(state="finished", step=70, best_step=60))
    return home.root


def copy_files(source: Path, target: Path) -> None:
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Home:
    shutil.copytree(trained, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def run(home: Home) -> Run:
    return Runs(home.folder("checkpoints_lora")).find("main")


@pytest.fixture
def feedback(home: Home, gate: PasswordGate) -> Feedback:
    return Feedback(home, gate)


def refining_with(home: Home, gate: PasswordGate, bases: BaseModels, argv: list[str]) -> Refining:
    return Refining(home, gate, Training(home, bases, argv=argv))


def test_every_method_verifies_the_pass(
    home: Home, gate: PasswordGate, bases: BaseModels, feedback: Feedback, access: AccessPass
) -> None:
    number = feedback.add(access, "good", LINES)
    refining = refining_with(home, gate, bases, ENDING)
    calls: tuple[Callable[[AccessPass | None], object], ...] = (
        lambda denied: feedback.add(denied, "bad", LINES),
        lambda denied: feedback.entries(denied),
        lambda denied: feedback.edit(denied, number, "응"),
        lambda denied: feedback.delete(denied, number),
        lambda denied: refining.offer(denied),
        lambda denied: refining.start(denied),
    )
    for denied in (None, PasswordGate("다른").authenticate("다른")):
        for call in calls:
            with pytest.raises(AccessDenied):
                call(denied)
    assert [entry.kind for entry in feedback.entries(access)] == ["good"]


def test_an_entry_holds_the_conversation_and_who_replied(
    feedback: Feedback, access: AccessPass
) -> None:
    number = feedback.add(access, "edit", LINES, wanted=" 아직 \n\n안 자", user_name="마루")
    (entry,) = feedback.entries(access, "main")
    assert (entry.id, entry.run, entry.adapter, entry.step) == (number, "main", "best", 60)
    assert (entry.room, entry.persona, entry.user_name) == ("", "도담", "마루")
    assert entry.context == (SaidLine("마루", "자니?", True),)
    assert (entry.name, entry.reply, entry.wanted) == ("도담", "쿨쿨", " 아직\n안 자")


def test_an_edit_replaces_and_a_deletion_removes(feedback: Feedback, access: AccessPass) -> None:
    feedback.add(access, "bad", LINES)
    (entry,) = feedback.entries(access)
    number = feedback.edit(access, entry.id, "아직 안 자")
    (entry,) = feedback.entries(access)
    assert (entry.id, entry.kind, entry.wanted) == (number, "edit", "아직 안 자")
    feedback.delete(access, number)
    assert feedback.entries(access) == []


@pytest.mark.parametrize(
    ("lines", "wanted", "message"),
    [
        ([], "응", "고칠 대답이 없습니다"),
        (LINES[:1], "응", "고칠 대답이 없습니다"),
        (LINES, " \n ", "뭐라고 했을지 적어"),
        (LINES, "가" * 2001, "너무 깁니다"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    feedback: Feedback, access: AccessPass, lines: list[ChatLine], wanted: str, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        feedback.add(access, "edit", lines, wanted=wanted)
    assert feedback.entries(access) == []


def test_a_refine_needs_feedback_and_the_data_of_its_persona(
    home: Home, gate: PasswordGate, bases: BaseModels, feedback: Feedback, access: AccessPass
) -> None:
    refining = refining_with(home, gate, bases, ENDING)
    assert "아직 고친 말이 없습니다" in refining.offer(access).blocker
    with pytest.raises(DatasetError, match="아직 고친 말이 없습니다"):
        refining.start(access)
    feedback.add(access, "good", LINES)
    offer = refining.offer(access)
    assert (offer.blocker, offer.source, offer.learned, offer.held_out) == ("", "main", 1, 0)
    save(home.settings_file, {"data.persona": "은솔"})
    Datasets(home, bases).build()
    assert "'도담' 의 것이 아닙니다" in refining.offer(access).blocker
    with pytest.raises(DatasetError, match="도담"):
        refining.start(access)
    assert [run.name for run in Runs(home.folder("checkpoints_lora")).all()] == ["main"]


def test_a_start_makes_a_run_of_its_own_from_a_copy_of_the_adapter(
    home: Home, gate: PasswordGate, bases: BaseModels, feedback: Feedback, access: AccessPass
) -> None:
    feedback.add(access, "edit", LINES, wanted="아직 안 자")
    refining = refining_with(home, gate, bases, ENDING)
    name = refining.start(access).run
    runs = Runs(home.folder("checkpoints_lora"))
    run, source = runs.find(name), runs.find("main")
    assert name == "main-고침"
    refinement = refinement_of(run)
    assert refinement is not None
    assert (refinement.source, refinement.step, refinement.lineage) == ("main", 60, ("main",))
    start = run.checkpoints.adapter_folder("start") / "adapter_model.safetensors"
    best = source.checkpoints.adapter_folder("best") / "adapter_model.safetensors"
    assert start.read_bytes() == best.read_bytes()
    (item,) = read_corrections(RefineFolders(home).of(run))
    assert item.wanted is not None and item.wanted.messages[-1].content == "아직 안 자"
    if os.name == "posix":
        assert RefineFolders(home).of(run).stat().st_mode & 0o777 == 0o700
    # Not before it has been judged.
    assert Personas(home).names() == ["main"]
    # An ordinary start does not take it for its own.
    assert "이어서" not in refining.offer(access).blocker


def test_an_unfinished_refine_is_continued_until_the_feedback_changes(
    home: Home, gate: PasswordGate, bases: BaseModels, feedback: Feedback, access: AccessPass
) -> None:
    number = feedback.add(access, "edit", LINES, wanted="아직 안 자")
    training = Training(home, bases, argv=ENDING)
    refining = Refining(home, gate, training)

    def start() -> str:
        name = refining.start(access).run
        wait_for(lambda: training.wait(name, 0.1))
        return name

    assert start() == "main-고침"
    assert refining.offer(access).resumes
    assert start() == "main-고침"
    feedback.edit(access, number, "이제 자려고")
    assert not refining.offer(access).resumes
    assert start() == "main-고침-2"
    # The old words are gone with the entry.
    rows = RefineFolders(home)
    assert not rows.of(Runs(home.folder("checkpoints_lora")).get("main-고침")).exists()


def test_rows_of_a_live_refine_stay_and_those_of_a_deleted_entry_go(
    home: Home, gate: PasswordGate, bases: BaseModels, feedback: Feedback, access: AccessPass
) -> None:
    number = feedback.add(access, "never", LINES)
    training = Training(home, bases, argv=LASTING)
    refining = Refining(home, gate, training)
    name = refining.start(access).run
    rows = RefineFolders(home).of(Runs(home.folder("checkpoints_lora")).find(name))
    assert "진행 중" in refining.offer(access).blocker
    with pytest.raises(RunError, match="이미 진행 중"):
        refining.start(access)
    feedback.delete(access, number)
    assert rows.exists()
    training.kill(name)
    refining.offer(access)
    assert not rows.exists()


@pytest.mark.parametrize("promoted", [True, False])
def test_the_chat_uses_a_refine_only_once_it_is_promoted(
    home: Home, run: Run, promoted: bool
) -> None:
    refine = Runs(home.folder("checkpoints_lora")).get("main-고침")
    refine.create(
        {
            **run.config(),
            "refine": {"source": "main", "step": 60, "lineage": ["main"], "learned": 3},
        }
    )

    best = run.checkpoints.adapter_folder("best")
    refine.checkpoints.replace_adapter("best", lambda folder: copy_files(best, folder))
    assert not is_offered(refine) and is_offered(run)
    write_verdict(refine, RefineVerdict(promoted, "까닭", 3, 3, None, None, 4.0, 4.0, None, None))
    names = ["main-고침", "main"] if promoted else ["main"]
    assert Personas(home).names() == names
    assert Personas(home).get().run == names[0]
    # By its name it can still be asked.
    assert Personas(home).get("main-고침").run == "main-고침"
