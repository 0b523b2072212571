"""Conversations like those of the room: with pauses, with several people, and with silence."""

from __future__ import annotations

import contextlib
import math
import random
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from kakaobot.app.auth import AccessPass
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona, candidates_for
from kakaobot.base.generation import AS_SET, Drawing
from kakaobot.chat.lines import ChatLine, Reply, current_session
from kakaobot.chat.pacing import DEFAULT_CLOCK, LONGEST_PAUSE, Clock, own_pauses, paced
from kakaobot.chat.protocol import ADAPTER, BASE, STRONGEST, ChatModel
from kakaobot.dataset.turn_taking import TurnTaking
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.schema import ChatMessage

QUIET = tr("(조용합니다)")
_LATER = tr("· {time} 뒤 ·")
_MAX_TURNS = 8
"""Turns of the room after one message, if nobody falls silent before."""
_BREATH = 1.0
"""Seconds after each turn of a room that talks by itself at once."""
_NEEDS_ROOM = tr("'방 돌려보기'는 방 전체를 배운 학습에서, 두 사람 이상을 골랐을 때 됩니다.")
_NOBODY_ELSE = tr("고른 사람이 이 방에 없습니다. '누구와'에서 다시 고르세요.")


@dataclass(frozen=True)
class TalkOptions:
    """With whom, as whom and how fast."""

    run: str = ""
    """As in `Personas.get`."""
    members: tuple[str, ...] = ()
    """Who takes part, if the whole room was trained; empty for everybody."""
    user_name: str = ""
    """The participant the user writes as."""
    at_once: bool = False
    """Show replies as they are generated, without pauses."""
    strength: float = ADAPTER
    """As in `ChatModel`."""
    drawing: Drawing = AS_SET
    """As in `ChatService.reply`."""


class RoomTalk:
    """Answers the user, or lets the room talk on by itself.

    All methods yield one `Reply` after the other, each until it is done. A done one without a name
    is a note without bubbles, or a break between two sessions, whose bubble says how much later
    it is. A reply may be repeated unchanged. Closing the iterator stops generation.
    """

    def __init__(
        self,
        chat: ChatService,
        draw: random.Random | None = None,
        *,
        clock: Clock = DEFAULT_CLOCK,
    ) -> None:
        """Talk by a chat service.

        Args:
            chat: generates the replies.
            draw: source of randomness.
            clock: for the pauses.
        """
        self._chat = chat
        self._draw = draw or random.Random()
        self._clock = clock

    def persona(self, run: str = "") -> Persona:
        """See `Personas.get`."""
        return self._chat.personas.get(run)

    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]:
        """What follows the user's message: one reply of a person, or some turns of a room.

        In a room, the model draws who goes on, and the silence learned from the room decides
        whether anybody does, once somebody has. It ends with a note if nobody does, and without one
        if the user is to.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: as in `ChatService.reply`.
        """
        self._chat.gate.verify(access)
        scene = self._scene(access, options)
        if scene.alone:
            return scene.reply(lines, scene.alone)
        return scene.turns(lines)

    def go_on(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]:
        """Let a room talk by itself until the iterator is closed.

        Silence ends a session; a break follows, and somebody opens the next one.

        Raises:
            AccessDenied: at the call itself, before iteration.
            RunError, BaseModelError: as in `ChatService.reply`; or fewer than two people take part.
        """
        self._chat.gate.verify(access)
        scene = self._scene(access, options)
        if scene.alone or len(scene.members) < 2:
            raise RunError(_NEEDS_ROOM)
        return scene.endless(lines)

    def _scene(self, access: AccessPass | None, options: TalkOptions) -> _Scene:
        personas = self._chat.personas
        persona = personas.get(options.run)
        taking = TurnTaking.from_json(personas.find(persona.run).turn_taking())
        return _Scene(self._chat, access, persona, options, taking, self._draw, self._clock)


class _Scene:
    """One conversation, as long as one call lasts."""

    def __init__(
        self,
        chat: ChatService,
        access: AccessPass | None,
        persona: Persona,
        options: TalkOptions,
        taking: TurnTaking,
        draw: random.Random,
        clock: Clock,
    ) -> None:
        self._chat, self._access, self._persona = chat, access, persona
        self._taking, self._draw, self._clock = taking, draw, clock
        self._user, self._at_once = options.user_name, options.at_once
        self._strength = min(max(options.strength, BASE), STRONGEST)
        self._drawing = options.drawing
        known = [name for name in options.members if name in persona.participants]
        if options.members and not known and not persona.name:
            raise RunError(_NOBODY_ELSE)
        self.members = tuple(candidates_for(known or persona.participants, self._user))
        self.alone = persona.name or (known[0] if len(known) == 1 else "")
        """Who replies if it is always the same person."""

    def reply(self, lines: Sequence[ChatLine], name: str) -> Iterator[Reply]:
        """The turn of a person."""
        replies = self._chat.reply(
            self._access,
            lines,
            run=self._persona.run,
            reply_as="" if self._persona.name else name,
            user_name=self._user,
            strength=self._strength,
            drawing=self._drawing,
        )
        return self._paced(replies)

    def turns(self, lines: Sequence[ChatLine]) -> Iterator[Reply]:
        """Turns of the room until nobody goes on, or the user is to.

        Somebody answers who begins a conversation; that nobody does is learned for later.
        """
        said = tuple(lines)
        for _ in range(_MAX_TURNS):
            is_answered = any(not line.from_user for line in said)
            if is_answered and self._falls_silent(said):
                yield from self._rest()
                yield Reply("", (), done=True, note=QUIET)
                return
            reply = yield from _pass_on(self._paced(self._next_turn(said, with_user=True)))
            if not reply.bubbles:
                return
            said = (*said, _line(reply))

    def endless(self, lines: Sequence[ChatLine]) -> Iterator[Reply]:
        """Turns and sessions of the room without an end."""
        said = tuple(lines)
        while True:
            session = current_session(said)
            if session and self._falls_silent(said):
                reply = Reply("", (_later(self._taking.absence(self._draw.random())),), done=True)
                yield reply
                yield from self._rest()
            else:
                reply = yield from _pass_on(self._paced(self._turn_or_opening(said)))
            if reply.bubbles:
                said = (*said, _line(reply))
            yield from self._breath()

    def _turn_or_opening(self, said: Sequence[ChatLine]) -> Iterator[Reply]:
        if current_session(said):
            return self._next_turn(said, with_user=False)
        opener = self._taking.draw_opener(self.members, self._draw)
        return self._chat.reply(
            self._access,
            said,
            run=self._persona.run,
            reply_as=opener,
            strength=self._strength,
            drawing=self._drawing,
        )

    def _next_turn(self, said: Sequence[ChatLine], *, with_user: bool) -> Iterator[Reply]:
        """The turn of whom the model draws; without a name if that is the user.

        Nobody answers their own turn: what one person writes in a row is one turn in the data.
        """
        user_is_next = with_user and not said[-1].from_user

        def speaker(
            model: ChatModel, messages: Sequence[ChatMessage], cancelled: threading.Event
        ) -> str:
            names = [name for name in self.members if name != said[-1].name]
            is_member = self._user in self._persona.participants
            if user_is_next and is_member:
                names.append(self._user)
            scores = model.score_participants(messages, names, cancelled=cancelled)
            weights = [math.exp(score - max(scores)) for score in scores]
            if user_is_next and not is_member:
                # Unknown to the model, and so as likely as the members on average.
                names.append(self._user)
                weights.append(sum(weights) / len(weights))
            name = self._draw.choices(names, weights)[0]
            return "" if name == self._user else name

        return self._chat.reply(
            self._access,
            said,
            run=self._persona.run,
            user_name=self._user,
            speaker=speaker,
            strength=self._strength,
            drawing=self._drawing,
        )

    def _falls_silent(self, said: Sequence[ChatLine]) -> bool:
        """Draw whether nobody answers the last turn."""
        session = current_session(said)
        name = session[-1].name or self._user
        silence = self._taking.silence(name, session[-1].text, len(session))
        return self._draw.random() < silence

    def _paced(self, replies: Iterator[Reply]) -> Iterator[Reply]:
        if self._at_once:
            return replies
        pauses = own_pauses(self._taking, self._draw)
        return paced(replies, pauses, self._clock)

    def _breath(self) -> Iterator[Reply]:
        """A moment in which what was said at once can be read, and a page can stop it."""
        if self._at_once:
            yield from self._clock.wait(Reply("", (), done=False), _BREATH)

    def _rest(self) -> Iterator[Reply]:
        """Nobody types for a moment."""
        if not self._at_once:
            yield from self._clock.wait(Reply("", (), done=False), LONGEST_PAUSE / 2)


def _pass_on(replies: Iterator[Reply]) -> Generator[Reply, None, Reply]:
    """Yield the replies; returns the last one."""
    reply = Reply("", (), done=False)
    with contextlib.closing(cast("Generator[Reply, None, None]", replies)):
        for reply in replies:
            yield reply
    return reply


def _line(reply: Reply) -> ChatLine:
    return ChatLine(reply.name, "\n".join(reply.bubbles), from_user=False)


def _later(seconds: float) -> str:
    """A break: `· 3시간 뒤 ·`."""
    hours = seconds / 3600
    if hours < 1:
        time = tr("{minutes}분").format(minutes=max(1, round(seconds / 60)))
    else:
        time = (
            tr("{hours}시간").format(hours=round(hours))
            if hours < 24
            else tr("{days}일").format(days=round(hours / 24))
        )
    return _LATER.format(time=time)
