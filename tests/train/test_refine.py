"""A refine by the real worker: followed, judged, resumed after a kill, used only if promoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.feedback import Feedback
from kakaobot.app.personas import Personas
from kakaobot.app.refining import Refining
from kakaobot.chat.lines import ChatLine
from kakaobot.runs.history import likeness_of
from kakaobot.runs.refinement import refinement_of
from kakaobot.runs.run import Run
from kakaobot.runs.status import LIVE
from kakaobot.train.refine_plan import RefineRecipe
from tests.patience import wait_for
from tests.train.rooms import SampleRoom, recorded_metrics

pytestmark = pytest.mark.slow

WANTED = {
    "수족관 갈래?": "가오리 보러 가자!",
    "이름이 뭐야?": "나는 북극여우야",
    "좋아하는 색은?": "당연히 청록색",
    "악기 다뤄?": "하모니카 조금",
    "어느 별에서 왔어?": "명왕성에서 왔지",
}
FORBIDDEN = "그건 비밀이야"


class RefineRoom(SampleRoom):
    """도담, trained a little, with corrections."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, {"training.max_steps": 60, "training.eval_steps": 20})
        self.gate = PasswordGate("바다")
        self.access: AccessPass = self.gate.authenticate("바다")
        self.refining = Refining(self.home, self.gate, self.training)
        self.finish(self.begin("main", {}))
        feedback = Feedback(self.home, self.gate)
        for said, wanted in WANTED.items():
            lines = [ChatLine("마루", said, True), ChatLine("도담", "음", False)]
            feedback.add(self.access, "edit", lines, wanted=wanted, user_name="마루")
        lines = [ChatLine("마루", "뭐 숨겨?", True), ChatLine("도담", FORBIDDEN, False)]
        feedback.add(self.access, "never", lines, user_name="마루")

    def refine(self, recipe: RefineRecipe | None = None) -> Run:
        return self.runs.find(self.refining.start(self.access, "main", recipe=recipe).run)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> RefineRoom:
    return RefineRoom(tmp_path_factory.mktemp("refine"))


@pytest.fixture(scope="module")
def whole(room: RefineRoom) -> Run:
    """A refine without an interruption."""
    run = room.refine()
    room.finish(run)
    return run


def test_corrections_are_followed_and_the_chat_uses_the_new_adapter(
    room: RefineRoom, whole: Run
) -> None:
    refinement = refinement_of(whole)
    assert refinement is not None and refinement.verdict is not None
    verdict = refinement.verdict
    assert (refinement.source, refinement.learned, refinement.held_out) == ("main", 6, 0)
    assert (verdict.followed, verdict.learned) == (6, 6)
    assert verdict.promoted, verdict
    assert verdict.reason in whole.status().message
    assert Personas(room.home).get().run == whole.name
    # Its likeness is measured as that of the run it comes from.
    scales = whole.likeness_scales()
    assert scales["scales"]
    assert scales == room.runs.find("main").likeness_scales()
    likeness = likeness_of(whole)
    assert likeness is not None and likeness.unknown == "few samples"
    # Its words are no longer needed.
    assert not list((room.home.root / "data" / "feedback" / "rows").iterdir())


def test_the_first_evaluation_is_of_the_adapter_it_begins_with(
    room: RefineRoom, whole: Run
) -> None:
    losses = {
        step: value
        for (kind, step), value in recorded_metrics(whole).items()
        if kind == "eval_loss"
    }
    refinement = refinement_of(whole)
    assert refinement is not None and refinement.verdict is not None
    assert losses[0] == pytest.approx(refinement.verdict.loss_before, rel=1e-3)
    best = room.runs.find("main").recorded_status().best_eval_loss
    # Also of the whole validation split, as the room is small.
    assert losses[0] == pytest.approx(best, rel=1e-3)


def test_a_killed_refine_is_continued_and_ends_with_the_same_weights(
    room: RefineRoom, whole: Run
) -> None:
    run = room.refine()
    assert run.name != whole.name
    wait_for(lambda: run.recorded_status().step >= 20 or run.status().state not in LIVE, run)
    process = run.worker.process()
    assert process is not None
    process.kill()
    room.wait_for_exit(run)
    assert run.status().state == "failed"
    # Unfinished, so not used, although it has an adapter.
    assert run.checkpoints.adapter() is not None
    assert Personas(room.home).get().run == whole.name
    assert room.refining.offer(room.access, "main").resumes
    assert room.refine().name == run.name
    room.finish(run)
    assert run.recorded_status().resumed_from > 0
    assert recorded_metrics(run) == recorded_metrics(whole)
    weights = "adapter_best/adapter_model.safetensors"
    assert (run.path / weights).read_bytes() == (whole.path / weights).read_bytes()
    assert refinement_of(run) is not None
    assert run.status().message == whole.status().message


def test_a_refine_that_harms_the_rest_is_turned_down(room: RefineRoom, whole: Run) -> None:
    run = room.refine(RefineRecipe(replay=0.0, at_least=0, rate=4.0))
    room.finish(run)
    refinement = refinement_of(run)
    assert refinement is not None and refinement.verdict is not None
    assert refinement.verdict.loss_after > refinement.verdict.loss_before
    assert not refinement.verdict.promoted
    assert "지금까지 배운 것으로" in run.status().message
    names = Personas(room.home).names()
    assert run.name not in names and whole.name in names
