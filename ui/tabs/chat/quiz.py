"""The inner tab "진짜는 누구?": the blind test, also for a friend at the same screen."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.app.quiz import QuizQuestion, QuizStep
from kakaobot.display_name import display_name
from kakaobot.errors import KakaobotError, RunError
from ui import quiz_text
from ui.chat_services import QuizProtocol
from ui.choice import Choice
from ui.events import Updates, end, on
from ui.password_bar import PageAccess
from ui.render import cards
from ui.render import quiz as render_quiz
from ui.services import ChatProtocol


@dataclass(frozen=True)
class QuizState:
    """What a page has open."""

    session: str = ""
    question: QuizQuestion | None = None


@dataclass(frozen=True)
class QuizComponents:
    """The outputs of the handlers, in order."""

    state: gr.State
    setup: gr.Column
    who: gr.HTML
    board: gr.HTML
    picks: gr.Row
    result: gr.HTML
    next: gr.Button
    leave: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(handlers: QuizHandlers, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the tab and wire it."""
    with gr.Column(elem_id="quiz-locked") as locked:
        gr.HTML(cards.locked(quiz_text.LOCKED))
    with gr.Column(visible=False, elem_id="quiz-room") as room:
        gr.HTML(cards.lead(quiz_text.HINT, quiz_text.HINT_DETAIL))
        parts, run, turns, answers, sides = _layout()
    access, outputs = page.access, parts.outputs
    line: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 2 * LINE_LENGTH}
    asked = [
        on(button.click, handler, [access, run, turns], outputs, **line)
        for button, handler in zip(
            answers, (handlers.start_knowing, handlers.start_unknowing), strict=True
        )
    ]
    asked.append(on(parts.next.click, handlers.next, [access, parts.state], outputs, **line))
    for button, handler in zip(sides, (handlers.pick_first, handlers.pick_second), strict=True):
        on(button.click, handler, [access, parts.state, run], outputs)
    on(parts.leave.click, handlers.leave, [access, parts.state, run], outputs, cancels=asked)
    on(tab.select, handlers.refresh, [access, run], [run, parts.who])
    on(run.input, handlers.refresh, [access, run], [run, parts.who])
    everything = [locked, room, run, *outputs]
    end(page.locked, asked)
    on(page.changed, handlers.show_room, [access, run, parts.state], everything)


def _layout() -> tuple[
    QuizComponents, gr.Dropdown, gr.Radio, tuple[gr.Button, ...], tuple[gr.Button, ...]
]:
    """The components, the choices of a quiz, the buttons of who knows, and those of the sides."""
    with gr.Column(elem_id="quiz-setup") as setup:
        with gr.Row():
            run = Choice(label=quiz_text.RUN, elem_id="quiz-run")
            turns = gr.Radio(
                list(quiz_text.TURNS_CHOICES),
                value=1,
                label=quiz_text.TURNS,
                elem_id="quiz-turns",
            )
        who = gr.HTML(elem_id="quiz-who")
        with gr.Row(elem_id="quiz-knows"):
            answers = tuple(map(gr.Button, (quiz_text.KNOWS, quiz_text.KNOWS_NOT)))
    board = gr.HTML(elem_id="quiz-board")
    with gr.Row(visible=False, elem_id="quiz-picks") as picks:
        sides = tuple(
            gr.Button(quiz_text.PICK.format(side=side), variant="primary")
            for side in quiz_text.SIDES
        )
    result = gr.HTML(elem_id="quiz-result")
    with gr.Row(elem_id="quiz-go-on"):
        following = gr.Button(quiz_text.NEXT, variant="primary", visible=False, elem_id="quiz-next")
        leave = gr.Button(quiz_text.NEW_JUDGE, visible=False, elem_id="quiz-leave")
    state = gr.State(QuizState())
    parts = QuizComponents(state, setup, who, board, picks, result, following, leave)
    return parts, run, turns, answers, sides


class QuizHandlers:
    """Handlers of the tab. They return values in the order of `QuizComponents`."""

    def __init__(self, chat: ChatProtocol, quiz: QuizProtocol, gate: PasswordGate) -> None:
        self._chat, self._quiz, self._gate = chat, quiz, gate

    def show_room(self, access: AccessPass | None, run: str | None, state: QuizState) -> Updates:
        """Show the tab on an unlocked page; end the quiz of a locked one."""
        is_open = self._gate.is_open(access)
        if not is_open:
            self._quiz.close(state.session)
        return (
            gr.Column(visible=not is_open),
            gr.Column(visible=is_open),
            self._people(run) if is_open else gr.Dropdown([], value=None),
            *(self._setup(run) if is_open else _updates()),
        )

    def refresh(self, access: AccessPass | None, run: str | None) -> Updates:
        if not self._gate.is_open(access):
            return gr.skip(), gr.skip()
        return self._people(run), self._who(run)

    def start_knowing(
        self, access: AccessPass | None, run: str | None, turns: int
    ) -> Iterator[Updates]:
        yield from self._start(access, run, turns, knows=True)

    def start_unknowing(
        self, access: AccessPass | None, run: str | None, turns: int
    ) -> Iterator[Updates]:
        yield from self._start(access, run, turns, knows=False)

    def next(self, access: AccessPass | None, state: QuizState) -> Iterator[Updates]:
        self._gate.verify(access)
        yield from self._next(access, state)

    def pick_first(self, access: AccessPass | None, state: QuizState, run: str | None) -> Updates:
        return self._pick(access, state, run, 0)

    def pick_second(self, access: AccessPass | None, state: QuizState, run: str | None) -> Updates:
        return self._pick(access, state, run, 1)

    def leave(self, access: AccessPass | None, state: QuizState, run: str | None) -> Updates:
        """End the quiz, so that another judge can start."""
        self._gate.verify(access)
        self._quiz.close(state.session)
        return self._setup(run)

    def _start(
        self, access: AccessPass | None, run: str | None, turns: int, *, knows: bool
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        try:
            session = self._quiz.start(access, run=run or "", turns=turns, knows=knows)
        except KakaobotError as error:
            note = cards.note(quiz_text.QUIZ_TAB, str(error))
            yield _updates(who=self._who(run), setup=True, board=note)
            return
        yield from self._next(access, QuizState(session))

    def _next(self, access: AccessPass | None, state: QuizState) -> Iterator[Updates]:
        """Stream the next question; both sides appear at once."""
        waiting = cards.lock_note(quiz_text.WAITING)
        yield _updates(QuizState(state.session), board=waiting, leave=True)
        steps = self._quiz.next(access, state.session)
        with contextlib.closing(cast("Generator[QuizStep, None, None]", steps)):
            try:
                for step in steps:
                    if step.question:
                        asked = QuizState(state.session, step.question)
                        board = render_quiz.question(step.question)
                        yield _updates(asked, board=board, picks=True, leave=True)
                        return
            except KakaobotError as error:
                board = cards.note(quiz_text.QUIZ_TAB, str(error))
                yield _updates(QuizState(state.session), board=board, leave=True)
                return
        yield _updates(QuizState(state.session), board=cards.lock_note(quiz_text.END), leave=True)

    def _pick(
        self, access: AccessPass | None, state: QuizState, run: str | None, side: int
    ) -> Updates:
        self._gate.verify(access)
        answer = self._quiz.pick(access, state.session, side)
        board = render_quiz.question(state.question, answer) if state.question else ""
        result = render_quiz.result(answer, self._quiz.tallies(run or ""))
        return _updates(
            replace(state, question=None), board=board, result=result, following=True, leave=True
        )

    def _setup(self, run: str | None) -> Updates:
        """Before a quiz: who is asked about, and whether the judge knows them."""
        return _updates(who=self._who(run), setup=True)

    def _people(self, chosen: str | None) -> gr.Dropdown:
        """Who can be asked about, without names of runs, which a judge has no use for."""
        runs = list(self._chat.runs())
        names = [self._name(run) for run in runs]
        labels = []
        for number, name in enumerate(names):
            again = names[number:].count(name)
            labels.append(name if names.count(name) == 1 else f"{name} {again}")
        value = chosen if chosen in runs else next(iter(runs), None)
        return gr.Dropdown(list(zip(labels, runs, strict=True)), value=value)

    def _name(self, run: str) -> str:
        try:
            name = self._chat.persona(run).name
        except RunError:
            return quiz_text.UNREADABLE
        return display_name(name) or quiz_text.WHOLE_ROOM

    def _who(self, run: str | None) -> str:
        try:
            persona = self._chat.persona(run if run and run in self._chat.runs() else "")
        except RunError as error:
            return cards.note(quiz_text.QUIZ_TAB, str(error))
        name = persona.name and quiz_text.ASK_KNOWS.format(name=display_name(persona.name))
        return cards.lead(name or quiz_text.ASK_KNOWS_ROOM)


def _updates(
    state: QuizState = QuizState(),
    *,
    who: str | None = None,
    setup: bool = False,
    board: str = "",
    picks: bool = False,
    result: str = "",
    following: bool = False,
    leave: bool = False,
) -> Updates:
    """One value for each of `QuizComponents`."""
    return (
        state,
        gr.Column(visible=setup),
        gr.skip() if who is None else who,
        board,
        gr.Row(visible=picks),
        result,
        gr.Button(visible=following),
        gr.Button(visible=leave),
    )
