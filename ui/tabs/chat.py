"""The tab "4 대화": behind the password, talk with what was learnt.

The `Pass` and the conversation stay on the server in `gr.State`; the browser only shows them. Every
handler hands the pass on, so that calling one by its number is of no use without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatLine, ChatService, Persona, Reply
from kakaobot.errors import KakaobotError, RunError
from ui import text
from ui.errors import notify
from ui.events import on
from ui.presenters import bubbles
from ui.render import cards

Lines = tuple[ChatLine, ...]
Values = tuple[object, ...]


@dataclass(frozen=True)
class ChatComponents:
    """The components of the tab."""

    given: gr.State
    lines: gr.State
    closed: gr.Column
    password: gr.Textbox
    enter: gr.Button
    opened: gr.Row
    chatbot: gr.Chatbot
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    retry: gr.Button
    undo: gr.Button
    clear: gr.Button
    voice: gr.HTML
    run: gr.Dropdown
    speaker: gr.Dropdown
    me: gr.Dropdown
    lock: gr.Button


def build(chatting: ChatService, gate: PasswordGate, tab: gr.Tab) -> None:
    """Lay out the tab and wire it."""
    parts, desk = _layout(gate), ChatHandlers(chatting, gate)
    given, lines, run = parts.given, parts.lines, parts.run
    talk = [parts.chatbot, lines, parts.message]
    busy = [parts.send, parts.stop]
    who = [parts.voice, run, parts.speaker, parts.me]
    doors = [parts.closed, parts.opened]
    one_model: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}

    for event in (parts.enter.click, parts.password.submit):
        on(event, desk.enter, parts.password, [given, parts.password, *doors, *who])
    on(tab.select, desk.arrive, [given, run], who)
    on(run.input, desk.choose, [given, run], who)
    asked = [given, parts.message, lines, run, parts.speaker, parts.me]
    again = [given, lines, run, parts.speaker, parts.me]
    answers = [
        on(event, desk.send, asked, [*talk, *busy], **one_model)
        for event in (parts.send.click, parts.message.submit)
    ]
    answers.append(on(parts.retry.click, desk.retry, again, [*talk, *busy], **one_model))
    for answer in answers:
        # Also after an error, which must not leave the button for stopping behind.
        on(answer.then, desk.rest, given, busy)
    on(parts.stop.click, desk.rest, given, busy, cancels=answers)
    on(parts.undo.click, desk.undo, [given, lines], talk, cancels=answers)
    for event in (parts.clear.click, parts.chatbot.clear):
        on(event, desk.clear, given, talk, cancels=answers)
    on(parts.lock.click, desk.lock, None, [given, *talk, *doors, *who, *busy], cancels=answers)


class ChatHandlers:
    """The handlers. Returns values in the order in which `build` wires them."""

    def __init__(self, chatting: ChatService, gate: PasswordGate) -> None:
        self._chatting = chatting
        self._gate = gate

    def enter(self, password: str) -> Values:
        given = self._gate.authenticate(password)
        return given, "", gr.Column(visible=False), gr.Row(visible=True), *self._who("")

    def arrive(self, given: AccessPass | None, run: str) -> Values:
        """A tab that is still locked has nothing to bring up to date."""
        if given is None:
            return (gr.skip(),) * 4
        return self.choose(given, run)

    def choose(self, given: AccessPass | None, run: str) -> Values:
        self._gate.verify(given)
        return self._who(run)

    def send(
        self, given: AccessPass | None, message: str, lines: Lines, run: str, speaker: str, me: str
    ) -> Iterator[Values]:
        self._gate.verify(given)
        if not message.strip():
            notify(text.NOTHING_TO_SEND)
            yield (gr.skip(),) * 5
            return
        asked = (*lines, ChatLine(me or "", message.strip(), from_user=True))
        yield from self._answer(given, asked, run, speaker, me)

    def retry(
        self, given: AccessPass | None, lines: Lines, run: str, speaker: str, me: str
    ) -> Iterator[Values]:
        self._gate.verify(given)
        asked = _without_answer(lines)
        if not asked:
            notify(text.NOTHING_TO_RETRY)
            yield (gr.skip(),) * 5
            return
        yield from self._answer(given, asked, run, speaker, me)

    def rest(self, given: AccessPass | None) -> Values:
        """The buttons of a model that is not speaking."""
        self._gate.verify(given)
        return gr.Button(visible=True), gr.Button(visible=False)

    def undo(self, given: AccessPass | None, lines: Lines) -> Values:
        """Take the last question back into the text box, and what was answered away."""
        self._gate.verify(given)
        asked = _without_answer(lines)
        if not asked:
            return bubbles(lines), lines, gr.skip()
        kept = asked[:-1]
        return bubbles(kept), kept, asked[-1].text

    def clear(self, given: AccessPass | None) -> Values:
        self._gate.verify(given)
        return [], (), gr.skip()

    def lock(self) -> Values:
        """Forget the pass and what was said, in the browser too."""
        doors = gr.Column(visible=True), gr.Row(visible=False)
        nobody = "", gr.Dropdown([]), gr.Dropdown([], visible=False), gr.Dropdown([])
        buttons = gr.Button(visible=True), gr.Button(visible=False)
        return None, [], (), "", *doors, *nobody, *buttons

    def _answer(
        self, given: AccessPass | None, asked: Lines, run: str, speaker: str, me: str
    ) -> Iterator[Values]:
        """Stream what the model says after `asked`."""
        buttons = gr.Button(visible=False), gr.Button(visible=True)
        waiting = {"role": "assistant", "content": text.THINKING}
        replies = self._chatting.reply(
            given, asked, run=run or "", reply_as=speaker or "", user_name=me or ""
        )
        yield [*bubbles(asked), waiting], asked, "", *buttons
        said: Lines = ()
        # Closing is what stops the model when the user stops the answer or closes the page.
        with contextlib.closing(cast("Generator[Reply, None, None]", replies)):
            try:
                for reply in replies:
                    if reply.bubbles:
                        said = (ChatLine(reply.name, "\n".join(reply.bubbles), from_user=False),)
                        yield bubbles((*asked, *said)), (*asked, *said), *(gr.skip(),) * 3
            except KakaobotError as error:
                # Not raised: gradio would cover the conversation, and leave "멈춤" behind.
                notify(str(error))
                kept = (*asked, *said)
                yield bubbles(kept), kept, "", gr.Button(visible=True), gr.Button(visible=False)
                return
        if not said:
            notify(text.EMPTY_REPLY)
            yield bubbles(asked), asked, gr.skip(), gr.skip(), gr.skip()

    def _who(self, run: str) -> Values:
        """Who speaks, and the choices that follow from it."""
        runs = self._chatting.runs()
        try:
            voice = self._chatting.persona(run if run in runs else "")
        except RunError as error:
            nothing = gr.Dropdown([], value=None)
            return cards.note(text.NOTICE, str(error)), nothing, _speakers(None), nothing
        return cards.persona_card(voice), gr.Dropdown(runs, value=voice.run), *_names(voice)


def _names(voice: Persona) -> tuple[gr.Dropdown, gr.Dropdown]:
    mine = [name for name in voice.participants if name != voice.name]
    return _speakers(voice), gr.Dropdown([(text.NO_NAME, ""), *((n, n) for n in mine)], value="")


def _speakers(voice: Persona | None) -> gr.Dropdown:
    """Who can answer; there is a choice only where the whole room was learnt."""
    names = voice.participants if voice and not voice.name else ()
    choices = [(text.ANYBODY, ""), *((name, name) for name in names)]
    return gr.Dropdown(choices, value="", visible=bool(names))


def _without_answer(lines: Lines) -> Lines:
    """Up to the last thing the user said."""
    last = max((number for number, line in enumerate(lines) if line.from_user), default=-1)
    return lines[: last + 1]


def _layout(gate: PasswordGate) -> ChatComponents:
    # Components make themselves where they are first named, so the order here is the layout.
    parts: dict[str, Any] = {"given": gr.State(None), "lines": gr.State(())}
    with gr.Column(elem_id="chat-gate", elem_classes="kb-card") as parts["closed"]:
        gr.HTML(cards.gate_card(gate.is_set))
        parts["password"] = gr.Textbox(
            label=text.PASSWORD, type="password", visible=gate.is_set, elem_id="chat-password"
        )
        parts["enter"] = gr.Button(
            text.ENTER, variant="primary", visible=gate.is_set, elem_id="chat-enter"
        )
    with gr.Row(visible=False, elem_id="chat-room") as parts["opened"]:
        with gr.Column(scale=3, min_width=420):
            parts |= _conversation()
        with gr.Column(scale=1, min_width=250, elem_id="chat-side"):
            parts |= _side()
    return ChatComponents(**parts)


def _conversation() -> dict[str, Any]:
    chatbot = gr.Chatbot(
        label=text.CHAT_BOX,
        show_label=False,
        height="calc(100vh - 320px)",
        min_height=360,
        layout="bubble",
        placeholder=text.CHAT_EMPTY,
        group_consecutive_messages=False,
        render_markdown=False,
        latex_delimiters=[],
        buttons=["copy"],
        allow_tags=False,
        feedback_options=None,
        elem_id="chat-box",
    )
    with gr.Row(elem_id="chat-line"):
        message = gr.Textbox(
            label=text.MESSAGE,
            show_label=False,
            container=False,
            lines=1,
            max_lines=6,
            placeholder=text.MESSAGE_HINT,
            scale=1,
            elem_id="chat-message",
        )
        send = gr.Button(text.SEND, variant="primary", scale=0, min_width=96, elem_id="chat-send")
        stop = gr.Button(
            text.STOP_REPLY,
            variant="stop",
            visible=False,
            scale=0,
            min_width=96,
            elem_id="chat-stop",
        )
    with gr.Row(elem_id="chat-tools"):
        small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 110}
        retry = gr.Button(text.RETRY, elem_id="chat-retry", **small)
        undo = gr.Button(text.UNDO, elem_id="chat-undo", **small)
        clear = gr.Button(text.CLEAR, elem_id="chat-clear", **small)
    return {
        "chatbot": chatbot,
        "message": message,
        "send": send,
        "stop": stop,
        "retry": retry,
        "undo": undo,
        "clear": clear,
    }


def _side() -> dict[str, Any]:
    voice = gr.HTML(elem_id="chat-voice")
    return {
        "voice": voice,
        "run": gr.Dropdown(label=text.CHAT_RUN, elem_id="chat-run"),
        "speaker": gr.Dropdown(label=text.CHAT_PERSONA, visible=False, elem_id="chat-speaker"),
        "me": gr.Dropdown(
            label=text.CHAT_ME, info=text.CHAT_ME_INFO, allow_custom_value=True, elem_id="chat-me"
        ),
        "lock": gr.Button(text.LOCK, size="sm", elem_id="chat-lock"),
    }
