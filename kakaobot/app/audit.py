"""Audit a run's adapter: what it has memorized. Requires an `AccessPass`."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona, chat_messages
from kakaobot.app.trained_data import trained_data_folder
from kakaobot.audit.examine import Examined, Findings, Material, examine
from kakaobot.audit.exposure import COMPARED, Secret, Vocabulary
from kakaobot.audit.leaks import TRIGGERS, RoomSecrets
from kakaobot.audit.probes import Opening, ProbeChooser
from kakaobot.audit.report import AuditReport, RecitedLine, report_from_json, report_to_json
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.canaries import Canary, canaries_from_json, canary_messages, other_secrets
from kakaobot.dataset.jsonl import iter_rows, read_messages
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.language import tr
from kakaobot.runs.audit_file import AuditFile
from kakaobot.runs.log import now_text
from kakaobot.runs.run import Run
from kakaobot.schema import ChatMessage

_PROBES = 100
"""Lines probed of every kind."""
_BEFORE = 3
"""Messages shown before a recited line."""
_READING = 0.1
"""Share of the progress for reading the rooms and the data."""


class AuditProgress(NamedTuple):
    share: float
    text: str
    """Korean: the current activity."""
    report: AuditReport | None = None
    """Comes last."""


class Audits:
    """Audits of the runs of one home."""

    def __init__(
        self, home: Home, gate: PasswordGate, chat: ChatService, *, probes: int = _PROBES
    ) -> None:
        """Audit by a chat service; `probes`: lines probed of every kind."""
        self._home = home
        self._gate = gate
        self._chat = chat
        self._probes = probes

    def run(
        self, access: AccessPass | None, run: str = "", lines: Sequence[str] = ()
    ) -> Iterator[AuditProgress]:
        """Audit the adapter of a run in the line of replies, and write the report beside it.

        Closing the iterator stops it. A value may be repeated unchanged.

        Args:
            access: issued by the gate of this service.
            run: name of the run; empty for the newest one with an adapter.
            lines: lines of the user's own to look for.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, DatasetError, BaseModelError: there is no adapter, its data has changed, or
                the model cannot be loaded.
        """
        self._gate.verify(access)
        return self._run(access, run, lines)

    def report(self, access: AccessPass | None, run: str = "") -> AuditReport | None:
        """The last report of a run; None if it has not been audited.

        Raises:
            AccessDenied: the pass is not valid.
            RunError: there is no such run.
        """
        self._gate.verify(access)
        return report_from_json(AuditFile(self._chat.personas.find(run).path).read())

    def recited_line(
        self, access: AccessPass | None, run: str, line: RecitedLine
    ) -> tuple[ChatMessage, ...]:
        """A line of a report with what precedes it in the data.

        Raises:
            AccessDenied: the pass is not valid.
            RunError: the data has changed since the training.
        """
        self._gate.verify(access)
        folder = trained_data_folder(self._chat.personas.find(run))
        file = folder / artifacts.TRAIN
        return read_messages(file, line.row, line.message, before=_BEFORE)

    def _run(
        self, access: AccessPass | None, run: str, lines: Sequence[str]
    ) -> Iterator[AuditProgress]:
        chosen = self._chat.personas.find(run)
        persona = self._chat.persona(chosen.name)
        folder = trained_data_folder(chosen)
        yield AuditProgress(0.0, tr("원래 방의 개인정보를 모으는 중"))
        room_secrets = self._room_secrets(persona)
        yield AuditProgress(_READING / 2, tr("배운 데이터에서 물어볼 말을 고르는 중"))
        material = self._material(persona, folder, room_secrets, lines)

        def use(
            model: ChatModel, cancelled: threading.Event
        ) -> Generator[AuditProgress, None, None]:
            for examined in examine(model, material, cancelled):
                yield self._progress(chosen, persona, examined)

        yield from self._chat.with_model(
            access,
            chosen.name,
            use,
            lambda note: AuditProgress(_READING, note or tr("모델을 읽는 중")),
        )

    def _progress(self, run: Run, persona: Persona, examined: Examined) -> AuditProgress:
        share = _READING + (1 - _READING) * examined.share
        if examined.findings is None:
            return AuditProgress(share, examined.activity)
        report = _report(run, persona, examined.findings)
        AuditFile(run.path).write(report_to_json(report))
        return AuditProgress(share, tr("점검을 마쳤습니다."), report)

    def _room_secrets(self, persona: Persona) -> RoomSecrets:
        settings = self._home.settings()
        rooms = RoomHistories(FileStore(self._home.folder(settings.paths.raw)))
        # A pseudonym is not the name of a room.
        room = persona.room if persona.room in rooms.names() else ""
        secrets = RoomSecrets(settings.data.mask_words)
        for history in rooms.histories(room):
            secrets.add(message.text for message in history.messages)
        return secrets

    def _material(
        self, persona: Persona, folder: Path, room_secrets: RoomSecrets, lines: Sequence[str]
    ) -> Material:
        seed = self._home.settings().project.seed
        train, val = folder / artifacts.TRAIN, folder / artifacts.VAL
        chooser = ProbeChooser(count=self._probes, seed=seed)
        probes, openings = chooser.training(iter_rows(train), iter_rows(train))
        held_out = chooser.held_out(iter_rows(val), iter_rows(val))
        return Material(
            probes=(*probes, *held_out),
            openings=(*openings, *_triggers(persona)),
            room_secrets=room_secrets,
            secrets=(
                *canary_secrets(persona, _canaries_of(folder), seed),
                *_given(persona, train, lines, seed),
            ),
        )


def _report(run: Run, persona: Persona, findings: Findings) -> AuditReport:
    return AuditReport(
        written_at=now_text(),
        adapter=persona.adapter,
        step=persona.step,
        fingerprint=str(run.section("data").get("fingerprint", "")),
        **findings._asdict(),
    )


def _triggers(persona: Persona) -> Iterator[Opening]:
    """Questions for personal data; in a whole room, to its members in turn."""
    questions = [question for asked in TRIGGERS.values() for question in asked]
    for number, question in enumerate(questions):
        line = ChatLine("", question, from_user=True)
        members = persona.participants
        sender = "" if persona.name else members[number % len(members)]
        yield Opening(tuple(chat_messages([line], persona)), sender)


def canary_secrets(persona: Persona, canaries: Sequence[Canary], seed: int) -> Iterator[Secret]:
    """Canaries as this persona or room would be asked for them."""
    for canary in canaries:
        question, answer = canary_messages(
            canary,
            persona=persona.name,
            participants=persona.participants,
            show_names=persona.shows_names,
        )
        yield Secret(
            label=canary.answer(),
            repeats=canary.repeats,
            messages=(question,),
            sender=answer.name,
            line=answer.content,
            secret=" ".join(canary.secret),
            others=tuple(map(canary.answer, other_secrets(canary, COMPARED - 1, seed))),
        )


def _canaries_of(folder: Path) -> tuple[Canary, ...]:
    return canaries_from_json(artifacts.read_json(folder, artifacts.CANARIES))


def _given(persona: Persona, train: Path, lines: Sequence[str], seed: int) -> Iterator[Secret]:
    """Lines of the user's own; their report does not repeat them."""
    if not lines:
        return
    vocabulary = Vocabulary(message.content for row in iter_rows(train) for message in row.messages)
    for number, line in enumerate(lines, 1):
        yield Secret(
            label=tr("건넨 줄 {number}").format(number=number),
            repeats=0,
            messages=(),
            sender="" if persona.name else persona.participants[0],
            line=line,
            secret=line[len(line) // 2 :],
            others=vocabulary.lines_like(line, COMPARED - 1, seed),
        )
