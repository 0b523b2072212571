"""The services behind the window.

A protocol lists the part of a service that the window uses, so that types check the fakes of tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kakaobot.app.audit import Audits
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.builds import Builds
from kakaobot.app.chat import ChatService
from kakaobot.app.chat_engines import ChatEngines
from kakaobot.app.comparison import Comparison
from kakaobot.app.consent import Consent, ConsentRecord
from kakaobot.app.conversations import Conversations
from kakaobot.app.copies import Copies
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.app.exports import FileReport, LineReport
from kakaobot.app.feedback import Feedback
from kakaobot.app.import_process import WindowExports
from kakaobot.app.participants import Participants, RoomReport
from kakaobot.app.password_file import PasswordFile
from kakaobot.app.personas import Persona
from kakaobot.app.publishing import Publishing
from kakaobot.app.quick_start import LearnablePerson, QuickStart
from kakaobot.app.quiz import Quiz
from kakaobot.app.refining import Refining
from kakaobot.app.report_page import follow_training
from kakaobot.app.room_talk import RoomTalk, TalkOptions
from kakaobot.app.settings import SettingsEditor
from kakaobot.app.training import Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.app.workflow import Workflow, WorkflowState
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.config import Home
from kakaobot.dataset.build_report import BuildReport
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.schema import Progress, no_progress
from kakaobot.setting_fields import SettingField
from kakaobot.train.forecast import Estimate
from ui.api_services import Api
from ui.chat_services import (
    AuditsProtocol,
    ComparisonProtocol,
    ConversationsProtocol,
    CopiesProtocol,
    ModelMemoryProtocol,
    PublishingProtocol,
    QuizProtocol,
)
from ui.feedback_services import FeedbackProtocol, RefiningProtocol
from ui.storage_services import OwnData


class ExportsProtocol(Protocol):
    def files(self) -> Sequence[FileReport]: ...

    def sample_files(self) -> Sequence[Path]: ...

    def import_files(
        self, files: Sequence[Path], progress: Progress = no_progress
    ) -> Sequence[FileReport]: ...

    def remove(self, hash: str) -> str: ...

    def removed(self) -> Sequence[FileReport]: ...

    def restore(self, hash: str) -> None: ...

    def line_report(self, hash: str) -> LineReport: ...


class ParticipantsProtocol(Protocol):
    def rooms(self, progress: Progress = no_progress) -> Sequence[RoomReport]: ...

    def merge_names(self, name: str, others: Sequence[str], *, room: str = "") -> RoomReport: ...

    def unmerge_name(self, alias: str, *, room: str = "") -> RoomReport: ...

    def exclude(self, names: Sequence[str]) -> Sequence[str]: ...

    def include(self, names: Sequence[str]) -> Sequence[str]: ...


class DatasetsProtocol(Protocol):
    @property
    def builds(self) -> Builds: ...

    def rooms(self) -> Sequence[str]: ...

    def selected_room(self) -> str: ...

    def participants(
        self, room: str = "", progress: Progress = no_progress
    ) -> Sequence[ParticipantStats]: ...

    def build(self, progress: Progress = no_progress) -> BuildReport: ...

    def report(self) -> BuildReport | None: ...

    def outdated_reason(self, report: BuildReport) -> str: ...

    def changes_since(self, report: BuildReport) -> Sequence[str]: ...

    def update_report_page(
        self, estimate: Estimate | None, progress: Progress = no_progress
    ) -> Path: ...


class QuickStartProtocol(Protocol):
    def is_open(self) -> bool: ...

    def has_files(self) -> bool: ...

    def people(
        self, *, with_lines: bool = True, progress: Progress = no_progress
    ) -> Sequence[LearnablePerson]: ...

    def prepare(self, person: str, progress: Progress = no_progress) -> None: ...

    def start(self) -> None: ...

    def can_chat(self) -> bool: ...


class ConsentProtocol(Protocol):
    def text(self) -> Sequence[str]: ...

    def given(self) -> ConsentRecord | None: ...

    def give(self) -> ConsentRecord: ...


class WorkflowProtocol(Protocol):
    def state(self) -> WorkflowState: ...

    def version(self) -> tuple[object, ...]: ...


class EstimatesProtocol(Protocol):
    def cached(self) -> Estimate | None: ...

    def get(self, progress: Progress = no_progress) -> Estimate | None: ...


class TrainingProtocol(Protocol):
    def snapshot(self, run: str = "") -> TrainingSnapshot: ...

    def version(self, run: str = "") -> tuple[object, ...]: ...

    def start(self, *, new: bool = False) -> TrainingSnapshot: ...

    def stop(self, run: str = "") -> TrainingSnapshot: ...

    def kill(self, run: str = "") -> TrainingSnapshot: ...

    def adopt(self) -> str: ...


class ChatProtocol(ModelMemoryProtocol, Protocol):
    def runs(self) -> Sequence[str]: ...

    def persona(self, run: str = "") -> Persona: ...

    def unload(self) -> None: ...


class TalkProtocol(Protocol):
    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]: ...

    def go_on(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]: ...


class SettingsProtocol(Protocol):
    def fields(self) -> Sequence[SettingField]: ...

    def groups(self) -> Sequence[tuple[str, str]]: ...

    def values(self) -> Mapping[str, object]: ...

    def save(self, changes: Mapping[str, object]) -> None: ...


class PasswordFileProtocol(Protocol):
    def is_exposed(self) -> bool: ...

    def exposure(self) -> str: ...

    def override(self) -> str: ...

    def misnaming(self) -> str: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Services:
    exports: ExportsProtocol
    participants: ParticipantsProtocol
    datasets: DatasetsProtocol
    estimates: EstimatesProtocol
    training: TrainingProtocol
    chat: ChatProtocol
    talk: TalkProtocol
    gate: PasswordGate
    settings: SettingsProtocol
    password_file: PasswordFileProtocol
    comparison: ComparisonProtocol
    audits: AuditsProtocol
    copies: CopiesProtocol
    publishing: PublishingProtocol
    conversations: ConversationsProtocol
    feedback: FeedbackProtocol
    refining: RefiningProtocol
    quiz: QuizProtocol
    workflow: WorkflowProtocol
    quick_start: QuickStartProtocol
    consent: ConsentProtocol
    own_data: OwnData
    api: Api

    @classmethod
    def from_home(cls, home: Home) -> Services:
        gate, bases = PasswordGate.from_home(home), BaseModels()
        engines = ChatEngines(home)
        chat = ChatService(home, gate, engines=engines)
        datasets, estimates = Datasets(home, bases), Estimates(home, bases)

        def training_ended() -> None:
            engines.prepare_newest()
            follow_training(datasets, estimates)

        training = Training(
            home,
            bases,
            # The chat model would occupy memory that training needs.
            free_memory=chat.unload,
            ended=training_ended,
        )
        return cls(
            exports=WindowExports(home),
            participants=Participants(home),
            datasets=datasets,
            estimates=estimates,
            training=training,
            chat=chat,
            talk=RoomTalk(chat),
            gate=gate,
            settings=SettingsEditor(home),
            password_file=PasswordFile(home),
            comparison=Comparison(home, gate, chat),
            audits=Audits(home, gate, chat),
            copies=Copies(gate, chat.personas),
            publishing=Publishing(home, gate),
            conversations=Conversations(home, gate),
            feedback=Feedback(home, gate),
            refining=Refining(home, gate, training),
            quiz=Quiz(home, gate, chat),
            workflow=Workflow(home, datasets, training),
            quick_start=QuickStart(home, datasets, training),
            consent=Consent(home),
            own_data=OwnData.from_home(home, gate, chat.paused),
            api=Api.from_home(home, gate, chat),
        )
