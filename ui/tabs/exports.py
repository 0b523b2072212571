"""The tab "1 가져오기": files go in, and what is in them is listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from kakaobot.app.exports import Exports, FileReport
from kakaobot.app.people import Participants
from ui import text
from ui.errors import notify
from ui.events import on
from ui.render import cards
from ui.render.line_report import line_report_card
from ui.tabs import rooms

# A button in the table's row says which file is meant, and what is to be done with it: taking it
# out comes as a click, looking into it as a selection.
_TABLE_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-hash]");
  if (!button) return;
  const asked = button.dataset.do === "remove" ? "click" : "select";
  trigger(asked, { hash: button.dataset.hash });
});"""
_CLOSE_SCRIPT = """element.addEventListener("click", (event) => {
  if (event.target.closest("[data-do=close]")) trigger("click");
});
watch("value", () => {
  if (props.value) element.scrollIntoView({ behavior: "smooth", block: "nearest" });
});"""


def build(
    exports: Exports, people: Participants, tabs: gr.Tabs, arrivals: Sequence[Callable[..., Any]]
) -> None:
    """Lay out the tab and wire it. Every handler is one call to a service."""
    upload, sample = _top()
    table = gr.HTML(js_on_load=_TABLE_SCRIPT, elem_id="export-files")
    diagnosis = gr.HTML(js_on_load=_CLOSE_SCRIPT, elem_id="export-diagnosis")
    show_rooms = rooms.build(people)
    onward = gr.Button(
        text.TO_DATASET,
        variant="primary",
        visible=False,
        elem_id="export-next",
        elem_classes="kb-next",
    )
    with gr.Accordion(text.HELP_TITLE, open=False, elem_id="export-help"):
        gr.HTML(cards.export_help())

    def listed(refused: Sequence[FileReport] = ()) -> tuple[object, ...]:
        files = exports.files()
        page = cards.files_table([*refused, *files])
        # What was looked into may be gone by now.
        return page, gr.Button(visible=bool(files)), ""

    def bring(files: list[str], progress: gr.Progress = gr.Progress()) -> tuple[object, ...]:  # noqa: B008
        """Take uploads in; their copies in the upload folder are not kept."""
        places = [Path(file) for file in files]
        try:
            reports = exports.import_files(places, lambda share, words: progress(share, desc=words))
        finally:
            for place in places:
                place.unlink(missing_ok=True)
        return None, *_told(reports)

    def bring_sample() -> tuple[object, ...]:
        return _told(exports.import_files(exports.sample_files()[:1]))

    def _told(reports: Sequence[FileReport]) -> tuple[object, ...]:
        taken = [report for report in reports if not report.error and not report.note]
        for report in reports:
            if report.note:
                notify(f"{report.file}: {report.note}")
        if taken:
            notify(text.IMPORTED.format(count=len(taken)))
        return listed([report for report in reports if report.error])

    def remove(event: gr.EventData) -> tuple[object, ...]:
        notify(text.REMOVED.format(place=exports.remove(str(event.hash))))
        return listed()

    def diagnose(event: gr.EventData) -> str:
        return line_report_card(exports.line_report(str(event.hash)))

    outputs = [table, onward, diagnosis]
    changes = [
        on(
            upload.upload,
            bring,
            upload,
            [upload, *outputs],
            progress="full",
            show_progress_on=table,
        ),
        on(sample.click, bring_sample, None, outputs, progress="full", show_progress_on=table),
        on(table.click, remove, None, outputs),
        *(on(arrival, listed, None, outputs) for arrival in arrivals),
    ]
    for change in changes:
        show_rooms(change.then)
    on(table.select, diagnose, None, diagnosis)
    on(diagnosis.click, lambda: "", None, diagnosis)
    on(onward.click, lambda: gr.Tabs(selected="dataset"), None, tabs)


def _top() -> tuple[gr.File, gr.Button]:
    gr.HTML(cards.lead(text.EXPORTS_LEAD, text.PRIVACY, text.CONSENT))
    with gr.Row(equal_height=True, elem_id="export-bring"):
        upload = gr.File(
            label=text.UPLOAD,
            file_count="multiple",
            file_types=[".txt", ".csv", ".zip", ".eml"],
            height=140,
            scale=3,
            elem_id="export-upload",
        )
        with gr.Column(scale=2, min_width=260, elem_classes="kb-card kb-try"):
            gr.HTML(f"<p>{text.SAMPLE_ROOM_NOTE}</p>")
            sample = gr.Button(text.SAMPLE_ROOM, elem_id="export-sample")
    return upload, sample
