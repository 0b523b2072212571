"""Fakes of the services of the window, and values for them to return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from kakaobot.app.audit import Audits
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.builds import Builds
from kakaobot.app.chat import ChatService
from kakaobot.app.chat_model import ModelMemory
from kakaobot.app.comparison import Comparison
from kakaobot.app.consent import Consent
from kakaobot.app.conversations import Conversations
from kakaobot.app.copies import Copies
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import FileReport, LineReport
from kakaobot.app.feedback import Feedback
from kakaobot.app.participants import Proposal, RoomParticipant, RoomReport
from kakaobot.app.personas import Persona
from kakaobot.app.publishing import Publishing
from kakaobot.app.quick_start import QuickStart
from kakaobot.app.quiz import Quiz
from kakaobot.app.refining import Refining
from kakaobot.app.room_talk import TalkOptions
from kakaobot.app.training import Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.app.workflow import Workflow
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.config import Home
from kakaobot.dataset.build_report import BuildReport, Example, ExampleMessage
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.errors import ExportError, RunError
from kakaobot.exports.parse_result import LineCounts
from kakaobot.runs.history import RunSummary
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import Status
from kakaobot.schema import Progress, no_progress
from kakaobot.setting_fields import SettingField
from kakaobot.train.forecast import Estimate
from ui.api_services import Api
from ui.storage_services import OwnData

PRIVATE = "아무에게도 말하지 마"

RUN = RunSummary(
    "main", "stopped", 40, 80, 3.21, 40, "2026-03-01T12:30:00", "연습용", "", "보드게임", True
)
SNAPSHOT = TrainingSnapshot(
    run="main",
    status=Status(),
    stopping=False,
    points=(
        Point(1, "loss", 4.0, 0.0),
        Point(2, "loss", 3.5, 0.0),
        Point(2, "eval_loss", 3.6, 0.0),
    ),
    log="",
    base="연습용 모델",
    base_reason="설정에 적힌 모델입니다.",
    practice=False,
    runs=(RUN,),
    can_start=True,
    can_stop=False,
    resume_step=0,
    start_blocker="",
    can_chat=False,
)
FILE = FileReport(
    "대화.txt",
    "ab12",
    "W-KO",
    "보드게임",
    ("도담", "마루"),
    12,
    "2026-01-02 10:00",
    "2026-02-03 11:00",
)
ROOM = RoomReport(
    room="보드게임",
    keys=("보드게임",),
    files=2,
    messages=1500,
    repeated=700,
    participants=(
        RoomParticipant("도담", 900),
        RoomParticipant("마루", 500),
        RoomParticipant("방장봇", 80, is_bot=True),
        RoomParticipant("광고", 20, is_excluded=True),
    ),
    first="2026-01-02 10:00",
    last="2026-02-03 11:00",
    aliases=(("마루2", "마루"),),
    proposals=(
        Proposal("exporter", ("회원님",), ("도담",)),
        Proposal("spelling", ("도담", "도담🐰"), ("도담", "도담🐰")),
        Proposal("bot", ("방장봇",)),
    ),
)
LINE_REPORT = LineReport(
    file="대화.txt",
    format="W-KO",
    room="보드게임",
    lines=1234,
    counts=LineCounts(messages=1000, continuations=200, headers=2, dates=30, not_understood=2),
    not_understood_lines=((7, "아침 9:01, 도담 : 안녕"),),
)
REPORT = BuildReport(
    room="보드게임",
    persona="도담",
    participants=("도담", "마루"),
    shows_names=False,
    messages=120,
    removed=(("사진·동영상·이모티콘", 3),),
    sessions=7,
    turns=90,
    train_rows=6,
    val_rows=1,
    train_replies=40,
    val_replies=5,
    tokens=900,
    target_tokens=400,
    tokenizer="starter",
    max_seq_len=512,
    longest_row=200,
    written_at="2026-03-01T12:30:00+09:00",
    fingerprint="f",
    examples=(
        Example(
            "보드게임 · 2026-03-01 12:30",
            "train",
            (ExampleMessage("마루", PRIVATE, False), ExampleMessage("도담", "그래\n알았어", True)),
        ),
    ),
)
PERSONA = Persona(
    run="main",
    adapter="best",
    step=40,
    base="연습용 모델",
    room="보드게임",
    name="",
    participants=("도담", "마루", "은솔"),
    shows_names=True,
    practice=True,
    description="방 전체의 말투 · 바탕 연습용 모델 · main 의 가장 좋은 때 (40단계)",
)


ESTIMATE = Estimate(
    ("메모리 약 3.2GB (이 컴퓨터에 남은 것 12.0GB), 시간 약 40분",), base="연습용 <b>"
)


class FakeExports:
    def __init__(self, *files: FileReport) -> None:
        self._files = list(files)

    def files(self) -> Sequence[FileReport]:
        return self._files

    def sample_files(self) -> Sequence[Path]:
        raise NotImplementedError

    def import_files(
        self, files: Sequence[Path], progress: Progress = no_progress
    ) -> Sequence[FileReport]:
        raise NotImplementedError

    def remove(self, hash: str) -> str:
        raise NotImplementedError

    def removed(self) -> Sequence[FileReport]:
        return []

    def restore(self, hash: str) -> None:
        raise NotImplementedError

    def line_report(self, hash: str) -> LineReport:
        return LINE_REPORT


class FakeParticipants:
    """Records calls; with an `error` the exports cannot be read."""

    def __init__(self, error: str = "") -> None:
        self.error = error
        self.calls: list[tuple[object, ...]] = []

    def rooms(self, progress: Progress = no_progress) -> Sequence[RoomReport]:
        if self.error:
            raise ExportError(self.error)
        return [ROOM]

    def merge_names(self, name: str, others: Sequence[str], *, room: str = "") -> RoomReport:
        self.calls.append(("merge_names", name, list(others), room))
        return ROOM

    def unmerge_name(self, alias: str, *, room: str = "") -> RoomReport:
        self.calls.append(("unmerge_name", alias, room))
        return ROOM

    def exclude(self, names: Sequence[str]) -> Sequence[str]:
        self.calls.append(("exclude", list(names)))
        return names

    def include(self, names: Sequence[str]) -> Sequence[str]:
        self.calls.append(("include", list(names)))
        return []


class FakeDatasets:
    def __init__(self) -> None:
        self.page_estimates: list[Estimate | None] = []
        self.builds = Builds()

    def rooms(self) -> Sequence[str]:
        return ["보드게임"]

    def selected_room(self) -> str:
        return self.rooms()[0]

    def participants(
        self, room: str = "", progress: Progress = no_progress
    ) -> Sequence[ParticipantStats]:
        return [ParticipantStats("도담", 50, 40, 8.0)]

    def build(self, progress: Progress = no_progress) -> BuildReport:
        with self.builds.recorded(progress):
            return REPORT

    def report(self) -> BuildReport | None:
        return REPORT

    def outdated_reason(self, report: BuildReport) -> str:
        return ""

    def changes_since(self, report: BuildReport) -> Sequence[str]:
        return ()

    def update_report_page(
        self, estimate: Estimate | None, progress: Progress = no_progress
    ) -> Path:
        self.page_estimates.append(estimate)
        return Path("report.html")


class FakeEstimates:
    """Returns the given estimate, which counts as cached after the first `get`."""

    def __init__(self, estimate: Estimate | None = ESTIMATE) -> None:
        self._estimate = estimate
        self._cached: Estimate | None = None
        self.computed = 0

    def cached(self) -> Estimate | None:
        return self._cached

    def get(self, progress: Progress = no_progress) -> Estimate | None:
        progress(0.3, "재는 중")
        self.computed += 1
        self._cached = self._estimate
        return self._cached


class FakeTraining:
    def __init__(self, snapshot: TrainingSnapshot = SNAPSHOT) -> None:
        self.current = snapshot

    def snapshot(self, run: str = "") -> TrainingSnapshot:
        return self.current

    def version(self, run: str = "") -> tuple[object, ...]:
        return (self.current.status.step,)

    def start(self, *, new: bool = False) -> TrainingSnapshot:
        self.current = replace(
            self.current, status=Status("starting"), can_stop=True, can_start=False
        )
        return self.current

    def stop(self, run: str = "") -> TrainingSnapshot:
        self.current = replace(self.current, stopping=True)
        return self.current

    def kill(self, run: str = "") -> TrainingSnapshot:
        return self.stop(run)

    def adopt(self) -> str:
        return ""


class EchoChat:
    """Echoes the last line, one bubble per word."""

    def __init__(self, gate: PasswordGate, persona: Persona | None = PERSONA) -> None:
        self._gate, self._persona = gate, persona
        self.replies = 0
        self.generating = False

    def runs(self) -> Sequence[str]:
        return [self._persona.run] if self._persona else []

    def persona(self, run: str = "") -> Persona:
        if self._persona is None:
            raise RunError("아직 배운 것이 없습니다.")
        return self._persona

    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]:
        self._gate.verify(access)
        name = options.members[0] if options.members else "도담"
        return self._echo(lines[-1].text, name)

    def go_on(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]:
        """Two turns, a break and another turn."""
        self._gate.verify(access)
        if len(options.members) == 1:
            raise RunError("두 사람 이상일 때 됩니다.")
        return self._talk()

    def _talk(self) -> Iterator[Reply]:
        yield from self._echo("하나 둘", "도담")
        yield from self._echo("셋", "마루")
        yield Reply("", ("· 3시간 뒤 ·",), done=True)
        yield from self._echo("넷", "은솔")

    def memory(self, access: AccessPass | None, run: str = "") -> ModelMemory:
        self._gate.verify(access)
        return ModelMemory("", 0, None)

    def memory_version(self) -> tuple[object, ...]:
        return ()

    def renew(self, access: AccessPass | None) -> None:
        raise NotImplementedError

    def unload(self) -> None:
        raise NotImplementedError

    def give_back(self, access: AccessPass | None) -> bool:
        raise NotImplementedError

    def leave(self, access: AccessPass | None, lines: Sequence[ChatLine]) -> None:
        self._gate.verify(access)

    def _echo(self, text: str, name: str) -> Iterator[Reply]:
        self.replies += 1
        self.generating = True
        bubbles: tuple[str, ...] = ()
        try:
            yield Reply("", (), done=False)
            for bubble in text.split():
                bubbles = (*bubbles, bubble)
                yield Reply(name, bubbles, done=False)
            yield Reply(name, bubbles, done=True)
        finally:
            self.generating = False


class FakeSettings:
    """The two settings that the dataset tab reads and saves."""

    def __init__(self, *, room: str = "", persona: str = "") -> None:
        self._values: dict[str, object] = {"data.room": room, "data.persona": persona}

    def fields(self) -> Sequence[SettingField]:
        return []

    def groups(self) -> Sequence[tuple[str, str]]:
        return []

    def values(self) -> Mapping[str, object]:
        return self._values

    def save(self, changes: Mapping[str, object]) -> None:
        self._values |= changes


class HonestServices(TypedDict):
    comparison: Comparison
    audits: Audits
    copies: Copies
    publishing: Publishing
    conversations: Conversations
    feedback: Feedback
    refining: Refining
    quiz: Quiz
    workflow: Workflow
    quick_start: QuickStart
    consent: Consent
    own_data: OwnData
    api: Api


def honest_services(home: Home, gate: PasswordGate) -> HonestServices:
    """The real ones of a home, which has no runs."""
    chat, training = ChatService(home, gate), Training(home)
    return {
        "comparison": Comparison(home, gate, chat),
        "audits": Audits(home, gate, chat),
        "copies": Copies(gate, chat.personas),
        "publishing": Publishing(home, gate),
        "conversations": Conversations(home, gate),
        "feedback": Feedback(home, gate),
        "refining": Refining(home, gate, training),
        "quiz": Quiz(home, gate, chat),
        "workflow": Workflow(home, Datasets(home), training),
        "quick_start": QuickStart(home, Datasets(home), training),
        "consent": Consent(home),
        "own_data": OwnData.from_home(home, gate, chat.paused),
        "api": Api.from_home(home, gate, chat),
    }


def user_line(text: str) -> ChatLine:
    return ChatLine("", text, from_user=True)
