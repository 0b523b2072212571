"""What a reply copies from the training replies: a note below the conversation, its source on ask.

Nothing of the source is in the page before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.chat.copy_meter import Overlap
from kakaobot.chat.lines import ChatLine
from kakaobot.errors import KakaobotError
from ui import chat_text
from ui.chat_services import CopiesProtocol
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.render import honesty


@dataclass(frozen=True)
class CopyComponents:
    note: gr.HTML
    show: gr.Button
    source: gr.HTML


def layout() -> CopyComponents:
    """Lay out the note, its button and the source; all are empty."""
    with gr.Row(elem_id="chat-copies"):
        note = gr.HTML(elem_id="chat-copy-note")
        show = gr.Button(
            chat_text.COPY_SHOW,
            size="sm",
            scale=0,
            min_width=120,
            visible=False,
            elem_id="chat-copy-show",
        )
    return CopyComponents(note, show, gr.HTML(elem_id="chat-copy-source"))


def build(
    handlers: CopyHandlers,
    parts: CopyComponents,
    conversation: tuple[gr.State, gr.Dropdown],
    page: PageAccess,
) -> None:
    """Wire the note.

    Args:
        handlers: of the note.
        parts: its components.
        conversation: its lines and its run.
        page: its pass.
    """
    said = [page.access, *conversation]
    outputs = [parts.note, parts.show, parts.source]
    # While a reply streams, only its newest state is measured.
    on(conversation[0].change, handlers.measure, said, outputs, trigger_mode="always_last")
    on(page.changed, handlers.lock_or_measure, [*said, parts.note], outputs)
    on(parts.show.click, handlers.show_source, said, parts.source)


class CopyHandlers:
    """Handlers of the note. They return values in the order of the outputs in `build`."""

    def __init__(self, copies: CopiesProtocol, gate: PasswordGate) -> None:
        self._copies = copies
        self._gate = gate

    def measure(
        self, access: AccessPass | None, lines: Sequence[ChatLine], run: str | None
    ) -> Updates:
        """Show how much of the last reply is copied; remove all of it from a locked page."""
        note, overlap = "", Overlap()
        if self._gate.is_open(access):
            try:
                overlap = self._overlap(access, lines, run)
                note = honesty.copy_note(overlap)
            except KakaobotError as error:
                note = honesty.no_copy_note(str(error))
        return note, gr.Button(visible=overlap.is_high), ""

    def lock_or_measure(
        self,
        access: AccessPass | None,
        lines: Sequence[ChatLine],
        run: str | None,
        shown: str | None,
    ) -> Updates:
        """As `measure`, but leaves what the page already shows, which may include a source."""
        if shown and self._gate.is_open(access):
            return skip(3)
        return self.measure(access, lines, run)

    def show_source(
        self, access: AccessPass | None, lines: Sequence[ChatLine], run: str | None
    ) -> str:
        """The training reply that the last reply copies, in its conversation."""
        self._gate.verify(access)
        source = self._overlap(access, lines, run).source
        return honesty.copy_source(self._copies.source(access, source, run or "") if source else ())

    def _overlap(
        self, access: AccessPass | None, lines: Sequence[ChatLine], run: str | None
    ) -> Overlap:
        """That of what was replied to the user's last message.

        Raises:
            RunError, DatasetError: the data that was learned is gone.
        """
        replies: list[str] = []
        for line in reversed(lines):
            if line.from_user:
                break
            replies.append(line.text)
        return self._copies.overlap(access, replies, run or "") if replies else Overlap()
