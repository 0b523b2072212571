"""What users say about replies: kept, listed, changed and deleted. Every call requires a pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.personas import Persona, Personas
from kakaobot.app.refine_rows import RefineFolders
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.rejected import RejectedReplies
from kakaobot.config import Home
from kakaobot.dataset.feedback import (
    FEEDBACK_FOLDER,
    FeedbackEntry,
    FeedbackKind,
    FeedbackStore,
    SaidLine,
)
from kakaobot.errors import DatasetError
from kakaobot.language import tr

KIND_LABELS: Mapping[FeedbackKind, str] = {
    "good": tr("👍 좋아요"),
    "bad": tr("👎 아니에요"),
    "edit": tr("이 사람이라면 이렇게"),
    "never": tr("이 말은 하지 마"),
}
_MAX_CHARS = 2000
"""Of a wanted reply."""


class Feedback:
    """The feedback of one home."""

    def __init__(self, home: Home, gate: PasswordGate) -> None:
        self._gate = gate
        self._personas = Personas(home)
        self._store = FeedbackStore(home.folder(FEEDBACK_FOLDER))
        self._rows = RefineFolders(home)

    def add(
        self,
        access: AccessPass | None,
        kind: FeedbackKind,
        lines: Sequence[ChatLine],
        *,
        run: str = "",
        wanted: str = "",
        user_name: str = "",
    ) -> int:
        """Keep what was said about a reply, instead of what was said about it before.

        Args:
            access: issued by the gate.
            kind: `edit` needs `wanted`.
            lines: the conversation up to the reply, which is its last line.
            run: who replied, as in `ChatService.persona`.
            wanted: the reply the person would have given, one bubble per line.
            user_name: the participant the user wrote as.

        Returns:
            The id of the entry.

        Raises:
            AccessDenied, RunError: the pass is not valid, or there is no such run.
            DatasetError: there is no reply, the wanted one is blank, or it cannot be kept.
        """
        self._gate.verify(access)
        if not lines or lines[-1].from_user or not lines[-1].text.strip():
            raise DatasetError(tr("고칠 대답이 없습니다. 먼저 대답을 받으세요."))
        reply = lines[-1]
        persona = self._who(run, reply.name)
        return self._store.add(
            FeedbackEntry(
                kind=kind,
                run=persona.run,
                adapter=persona.adapter,
                step=persona.step,
                room=persona.room,
                persona=persona.name,
                user_name=user_name,
                context=tuple(
                    SaidLine(line.name, line.text, line.from_user) for line in lines[:-1]
                ),
                name=reply.name,
                reply=reply.text,
                wanted=_checked(wanted) if kind == "edit" else "",
            )
        )

    def _who(self, run: str, name: str) -> Persona:
        """Who gave a reply: another one than `run` imitates, where several people talk."""
        persona = self._personas.get(run)
        if not persona.name or not name or persona.name == name:
            return persona
        others = map(self._personas.get, self._personas.names())
        return next((other for other in others if other.name == name), persona)

    def entries(self, access: AccessPass | None, run: str = "") -> list[FeedbackEntry]:
        """What was said about replies, newest first.

        Args:
            access: issued by the gate.
            run: only about whom this run imitates; empty for all.

        Raises:
            AccessDenied, RunError: as in `add`.
            DatasetError: the entries cannot be read.
        """
        self._gate.verify(access)
        entries = self._store.entries()[::-1]
        if not run:
            return entries
        persona = self._personas.get(run)
        return [entry for entry in entries if is_about(entry, persona)]

    def edit(self, access: AccessPass | None, entry_id: int, wanted: str) -> int:
        """Put an edit with this wanted reply in place of an entry; returns its id.

        Raises:
            AccessDenied, DatasetError: as in `add`, or there is no such entry.
        """
        self._gate.verify(access)
        edited = replace(self._store.find(entry_id), kind="edit", wanted=_checked(wanted))
        new_id = self._store.add(edited)
        self._rows.tidy()
        return new_id

    def delete(self, access: AccessPass | None, entry_id: int) -> None:
        """Delete an entry for good.

        Raises:
            AccessDenied, DatasetError: as in `add`, or there is no such entry.
        """
        self._gate.verify(access)
        self._store.delete(entry_id)
        self._rows.tidy()


def is_about(entry: FeedbackEntry, persona: Persona) -> bool:
    """Whether an entry is about whom a persona imitates, by whichever run."""
    return (entry.persona, entry.room) == (persona.name, persona.room)


def rejected_replies(home: Home, persona: Persona) -> RejectedReplies:
    """What this persona must never say again; the caller has verified the pass.

    A damaged file keeps nobody from chatting; the list of feedback tells of it.
    """
    try:
        entries = FeedbackStore(home.folder(FEEDBACK_FOLDER)).entries()
    except DatasetError:
        return RejectedReplies()
    return RejectedReplies(
        entry.reply for entry in entries if entry.kind == "never" and is_about(entry, persona)
    )


def _checked(wanted: str) -> str:
    """A wanted reply without blank bubbles."""
    lines = unicodedata.normalize("NFC", str(wanted)).replace("\r\n", "\n").split("\n")
    text = "\n".join(line.rstrip() for line in lines if line.strip())
    if not text:
        raise DatasetError(tr("이 사람이라면 뭐라고 했을지 적어 주세요."))
    if len(text) > _MAX_CHARS:
        raise DatasetError(
            tr("대답이 너무 깁니다. {max_chars}자까지 적을 수 있습니다.").format(
                max_chars=_MAX_CHARS
            )
        )
    return text
