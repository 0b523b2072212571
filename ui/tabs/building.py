"""The builds of the tab "2 데이터 준비": begun on one page, followed and cancelled on any."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass
from kakaobot.app.builds import BuildState
from kakaobot.errors import KakaobotError
from ui import request_text, text
from ui.errors import notify
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.pulse import beat
from ui.render import cards
from ui.services import DatasetsProtocol, SettingsProtocol

_N_REPORT = 4
_STEP_SECONDS = 0.4
"""Between two updates of the page that has begun a build."""


@dataclass(frozen=True)
class BuildingComponents:
    build: gr.Button
    cancel: gr.Button
    progress: gr.HTML
    """Of a build, and what went wrong with the last one."""
    seen: gr.State
    """How many builds had ended when this page was last shown one."""
    built: gr.Textbox
    """Changes when this page has been shown the end of a build."""

    @property
    def shown(self) -> list[Any]:
        """The outputs of `BuildingHandlers.shown`."""
        return [self.progress, self.build, self.cancel, self.seen]


def layout_buttons() -> tuple[gr.Button, gr.Button]:
    build = gr.Button(
        text.BUILD, variant="primary", scale=1, min_width=180, elem_id="dataset-build"
    )
    cancel = gr.Button(
        text.BUILD_CANCEL, visible=False, scale=1, min_width=180, elem_id="dataset-cancel"
    )
    return build, cancel


def layout_progress(build: gr.Button, cancel: gr.Button) -> BuildingComponents:
    progress = gr.HTML(elem_id="dataset-progress")
    built = gr.Textbox(visible="hidden", elem_id="dataset-built")
    return BuildingComponents(build, cancel, progress, gr.State(None), built)


def wire(
    handlers: BuildingHandlers,
    parts: BuildingComponents,
    page: PageAccess,
    choices: Sequence[Any],
    report: Sequence[Any],
) -> None:
    outputs = [*parts.shown, *report, parts.built]
    on(parts.build.click, handlers.build, [page.access, *choices], outputs, concurrency_limit=None)
    on(beat("building"), handlers.follow, [page.access, parts.seen], outputs)
    on(parts.cancel.click, handlers.cancel, None, parts.cancel)


class BuildingHandlers:
    """Handlers of builds; `build` and `follow` return the report, too."""

    def __init__(
        self,
        datasets: DatasetsProtocol,
        settings: SettingsProtocol,
        report: Callable[[AccessPass | None], Updates],
    ) -> None:
        """`report` has the values of the report for a page."""
        self._datasets = datasets
        self._builds = datasets.builds
        self._settings = settings
        self._report = report

    def build(
        self, access: AccessPass | None, room: str | None, persona: str | None
    ) -> Iterator[Updates]:
        """Build in a thread that outlives this page, unless a build runs already."""
        before = self._builds.state
        if not before.is_running:
            try:
                # Both are None if clicked before the choices have arrived.
                self._settings.save({"data.room": room or "", "data.persona": persona or ""})
            except KakaobotError as error:
                yield _problem(str(error)), *skip(3 + _N_REPORT + 1)
                return
            threading.Thread(target=self._build, daemon=True).start()
        shown = None
        while (state := self._builds.state).ended == before.ended:
            if state != shown:
                yield *self._running(state), *self._report_meanwhile(), gr.skip()
            shown = state
            self._builds.wait(_STEP_SECONDS)
        if not state.has_failed:
            notify(text.BUILT)
        yield self._end(access, state)

    def follow(self, access: AccessPass | None, seen: int | None) -> Updates:
        """Show a build that any page has begun, and its end."""
        state = self._builds.state
        if state.is_running:
            return *self._running(state), *self._report_meanwhile(), gr.skip()
        if seen is None or seen == state.ended:
            return skip(4 + _N_REPORT + 1)
        return self._end(access, state)

    def cancel(self) -> gr.Button:
        """End the build; what was built before stays."""
        self._builds.cancel()
        return gr.Button(interactive=False)

    def shown(self, seen: int | None, *, has_rooms: bool) -> Updates:
        """The progress, the buttons and what is seen of builds when the tab is opened."""
        state = self._builds.state
        if state.is_running:
            return self._running(state)
        problem = gr.skip() if seen == state.ended else ""
        if seen is not None and seen != state.ended:
            problem = _ended(state)
        build = gr.Button(visible=True, interactive=has_rooms)
        return problem, build, gr.Button(visible=False), state.ended

    def _build(self) -> None:
        # They are kept in the state of the builds.
        with suppress(KakaobotError, OSError):
            self._datasets.build()

    def _running(self, state: BuildState) -> Updates:
        cancel = gr.Button(visible=True, interactive=not state.is_cancelled)
        return _progress(state), gr.Button(visible=False), cancel, state.ended

    def _report_meanwhile(self) -> Updates:
        """No report stands beside a build that takes its place."""
        return "", gr.Button(visible=False), "", ""

    def _end(self, access: AccessPass | None, state: BuildState) -> Updates:
        buttons = gr.Button(visible=True), gr.Button(visible=False)
        return _ended(state), *buttons, state.ended, *self._report(access), str(state.ended)


def _progress(state: BuildState) -> str:
    if not state.message:
        return cards.progress(0.0, text.BUILD)
    percent = min(99, round(100 * state.share))
    activity = text.BUILD_SHARE.format(message=state.message, percent=percent)
    return cards.progress(state.share, activity)


def _ended(state: BuildState) -> str:
    """What went wrong with the last build; empty if nothing did."""
    if not state.has_failed:
        return ""
    if state.is_cancelled:
        return cards.note(text.NOTICE, state.problem)
    return _problem(state.problem or request_text.UNEXPECTED_ERROR)


def _problem(sentence: str) -> str:
    return cards.note(text.BUILD_FAILED, sentence, text.BUILD_AGAIN, tone="warn")
