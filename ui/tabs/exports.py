"""The tab "1 가져오기": import and list export files; `ui.tabs.rooms` is its lower half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.exports import FileReport
from kakaobot.display_name import display_name
from kakaobot.errors import KakaobotError
from kakaobot.schema import Progress
from ui import text
from ui.errors import notify
from ui.event_data import sent_text
from ui.events import Trigger, Updates, on, open_tab, to_progress
from ui.password_bar import PageAccess
from ui.render import cards
from ui.render.line_report import line_report_card
from ui.services import ExportsProtocol
from ui.tabs import rooms

# The buttons of a row carry the hash of its file. An HTML component has two events: `click` removes
# the file, `select` opens its line report.
_TABLE_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-hash]");
  if (!button) return;
  const name = button.dataset.do === "remove" ? "click" : "select";
  trigger(name, { hash: button.dataset.hash });
});"""
_REMOVED_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-hash]");
  if (button) trigger("click", { hash: button.dataset.hash });
});"""
_MAX_REMOVED = 3
"""Removed files that are offered to be brought back."""
_CLOSE_SCRIPT = """element.addEventListener("click", (event) => {
  if (event.target.closest("[data-do=close]")) trigger("click");
});
watch("value", () => {
  if (props.value) element.scrollIntoView({ behavior: "smooth", block: "nearest" });
});"""


@dataclass(frozen=True)
class ExportsComponents:
    upload: gr.File
    sample: gr.Button
    table: gr.HTML
    removed: gr.HTML
    line_report: gr.HTML


def build(
    handlers: ExportsHandlers,
    room_handlers: rooms.RoomsHandlers,
    tabs: gr.Tabs,
    page: PageAccess,
    load_events: Sequence[Trigger],
) -> None:
    """Lay out the tab and wire it; `load_events` refresh it."""
    opened_hash = gr.State("")
    parts = _layout()
    refresh_rooms = rooms.build(room_handlers)
    to_dataset = _footer()

    outputs = [parts.table, to_dataset, parts.line_report, parts.removed]
    changes = [
        on(
            parts.upload.upload,
            handlers.import_files,
            parts.upload,
            [parts.upload, *outputs],
            progress="full",
            show_progress_on=parts.table,
        ),
        on(
            parts.sample.click,
            handlers.import_sample,
            None,
            outputs,
            progress="full",
            show_progress_on=parts.table,
        ),
        on(parts.table.click, handlers.remove, None, outputs),
        on(parts.removed.click, handlers.restore, None, outputs),
        *(on(event, handlers.list_files, None, outputs) for event in load_events),
    ]
    for change in changes:
        refresh_rooms(change.then)
    line_report = [parts.line_report, opened_hash]
    on(parts.table.select, handlers.open_line_report, page.access, line_report)
    on(parts.line_report.click, handlers.close_line_report, None, line_report)
    on(page.changed, handlers.show_line_report, [page.access, opened_hash], parts.line_report)
    open_tab(to_dataset.click, tabs, "dataset")


def upload_field(elem_id: str, **options: Any) -> gr.File:
    """A field for export files."""
    return gr.File(
        label=text.UPLOAD,
        file_count="multiple",
        file_types=[".txt", ".csv", ".zip", ".eml"],
        elem_id=elem_id,
        elem_classes="kb-upload",
        **options,
    )


def import_uploads(
    exports: ExportsProtocol, files: Sequence[str] | None, progress: Progress
) -> Sequence[FileReport]:
    """Import uploads and delete them from the upload folder.

    Raises:
        KakaobotError: there are none.
    """
    if not files:
        raise KakaobotError(text.NOTHING_UPLOADED)
    paths = [Path(file) for file in files]
    try:
        return exports.import_files(paths, progress)
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


class ExportsHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(self, exports: ExportsProtocol, gate: PasswordGate) -> None:
        self._exports = exports
        self._gate = gate

    def list_files(self) -> Updates:
        return self._table()

    def import_files(
        self,
        files: list[str] | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        reports = import_uploads(self._exports, files, to_progress(progress))
        return None, *self._imported(reports)

    def import_sample(self) -> Updates:
        return self._imported(self._exports.import_files(self._exports.sample_files()[:1]))

    def remove(self, event: gr.EventData) -> Updates:
        self._exports.remove(sent_text(event, "hash"))
        return self._table()

    def restore(self, event: gr.EventData) -> Updates:
        """Take back a removal."""
        self._exports.restore(sent_text(event, "hash"))
        notify(text.RESTORED)
        return self._table()

    def open_line_report(self, access: AccessPass | None, event: gr.EventData) -> Updates:
        hash = sent_text(event, "hash")
        return self.show_line_report(access, hash), hash

    def show_line_report(self, access: AccessPass | None, hash: str) -> str:
        """The line report of a file; a locked page gets its counts only. Empty without a hash."""
        if not hash:
            return ""
        shows_lines = self._gate.shows_words(access)
        return line_report_card(self._exports.line_report(hash), shows_lines=shows_lines)

    def close_line_report(self) -> Updates:
        return "", ""

    def _imported(self, reports: Sequence[FileReport]) -> Updates:
        for report in reports:
            if report.note:
                notify(f"{display_name(report.file)}: {report.note}")
        imported = [report for report in reports if not report.error and not report.note]
        if imported:
            notify(text.IMPORTED.format(count=len(imported)))
        return self._table([report for report in reports if report.error])

    def _table(self, rejected: Sequence[FileReport] = ()) -> Updates:
        """The table, rejected files first. Closes the line report, as its file may be gone."""
        files = self._exports.files()
        removed = cards.removed_files(self._exports.removed()[:_MAX_REMOVED])
        table = cards.files_table([*rejected, *files])
        return table, gr.Button(visible=bool(files)), "", removed


def _layout() -> ExportsComponents:
    gr.HTML(cards.lead(text.EXPORTS_LEAD, text.PRIVACY, text.CONSENT))
    with gr.Row(equal_height=True, elem_id="export-bring"):
        upload = upload_field("export-upload", height=140, scale=3)
        with gr.Column(scale=2, min_width=260, elem_classes="kb-card kb-try"):
            gr.HTML(f"<p>{text.SAMPLE_ROOM_NOTE}</p>")
            sample = gr.Button(text.SAMPLE_ROOM, elem_id="export-sample")
    table = gr.HTML(js_on_load=_TABLE_SCRIPT, elem_id="export-files")
    removed = gr.HTML(js_on_load=_REMOVED_SCRIPT, elem_id="export-removed")
    line_report = gr.HTML(js_on_load=_CLOSE_SCRIPT, elem_id="export-diagnosis")
    return ExportsComponents(upload, sample, table, removed, line_report)


def _footer() -> gr.Button:
    to_dataset = gr.Button(
        text.TO_DATASET,
        variant="primary",
        visible=False,
        elem_id="export-next",
        elem_classes="kb-next",
    )
    with gr.Accordion(text.HELP_TITLE, open=False, elem_id="export-help"):
        gr.HTML(cards.export_help())
    return to_dataset
