"""`POST /kakao/skill`: a KakaoTalk channel talks to one of the models.

The platform waits five seconds. A later answer goes to the callback of the request, once and
within a minute; without one, or if that fails, it is kept behind a button.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.config import Home
from kakaobot.errors import KakaobotError
from kakaobot.language import tr
from kakaobot.serve.callback import Callback
from kakaobot.serve.completions import Voice
from kakaobot.serve.faults import fault_of
from kakaobot.serve.reading import Reader
from kakaobot.serve.skill_json import (
    FETCH,
    SkillBody,
    bubbles_of,
    callback_answer,
    skill_answer,
)
from kakaobot.serve.talkers import Talker, find_talker, talkers

_THINKING = tr("대답을 쓰고 있습니다. 다 쓰면 여기로 보냅니다.")
_SLOW = tr("대답을 쓰는 데 오래 걸립니다. 잠시 뒤 아래 '{fetch}' 을 누르세요.")
_STILL = tr("앞의 말에 아직 대답하고 있습니다. 잠시 뒤 아래 '{fetch}' 을 누르세요.")
_NOTHING = tr("기다리는 답변이 없습니다. 말을 건네 보세요.")
_NOT_ALLOWED = tr(
    "이 봇은 허락한 사람에게만 대답합니다. 주인이라면 '허락한 카카오톡 사용자' 설정에 이것을 "
    "적으세요:\n{key}"
)
_EMPTY = tr("말을 건네 보세요.")
_NO_MODEL = tr("대답할 모델이 없습니다. 주인이 설정에서 다시 골라야 합니다.")
_KEPT = 1800.0
"""Seconds after which a conversation is forgotten."""
_MAX_LINES = 40


class SkillTiming(NamedTuple):
    """Seconds after a request."""

    answer: float = 4.0
    """Until it is answered, with what there is."""
    callback: float = 50.0
    """Until the callback is called."""


@dataclass
class Guest:
    """The conversation with one user, which is kept in memory only."""

    lines: list[ChatLine] = field(default_factory=list)
    task: asyncio.Task[list[str]] | None = None
    """Writes the answer, and keeps it until it is fetched."""
    seen_at: float = 0.0


class Skill:
    """Answers the users that the settings allow."""

    def __init__(
        self,
        home: Home,
        voice: Voice,
        reader: Reader,
        *,
        callback: Callback | None = None,
        timing: SkillTiming | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home, self._voice, self._reader = home, voice, reader
        self._callback = callback or Callback()
        self._timing = timing or SkillTiming()
        self._clock = clock
        self._guests: dict[str, Guest] = {}
        self._late: set[asyncio.Task[None]] = set()

    async def answer(self, body: SkillBody) -> dict[str, object]:
        """The answer to a request, at the latest when the platform stops waiting."""
        begun = self._clock()
        if body.user_key not in self._home.settings().serve.kakao_users:
            return skill_answer([_NOT_ALLOWED.format(key=body.user_key[:100])])
        guest = self._guest(body.user_key)
        if body.said == FETCH:
            return await self._fetch(guest)
        if not body.said:
            return skill_answer([_EMPTY])
        if guest.task is not None and not guest.task.done():
            return skill_answer([_STILL.format(fetch=FETCH)], has_button=True)
        # An answer that nobody has fetched is dropped with the next words.
        guest.task = task = asyncio.create_task(self._write(guest, body.said))
        if await self._is_done(task, self._timing.answer):
            return self._take(guest)
        url = body.user_request.callback_url
        if url and self._callback.is_allowed(url):
            late = asyncio.create_task(self._call_back(guest, task, url, begun))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            return callback_answer(_THINKING)
        return skill_answer([_SLOW.format(fetch=FETCH)], has_button=True)

    async def _fetch(self, guest: Guest) -> dict[str, object]:
        """The kept answer, or the button once more."""
        if guest.task is None:
            return skill_answer([_NOTHING])
        if await self._is_done(guest.task, self._timing.answer):
            return self._take(guest)
        return skill_answer([_SLOW.format(fetch=FETCH)], has_button=True)

    async def _call_back(
        self, guest: Guest, task: asyncio.Task[list[str]], url: str, begun: float
    ) -> None:
        """Call the callback once: with the answer, or with the button if it takes too long."""
        left = self._timing.callback - (self._clock() - begun)
        is_done = await self._is_done(task, left)
        if guest.task is not task:
            # Fetched meanwhile.
            return
        answer = (
            skill_answer(task.result())
            if is_done
            else skill_answer([_SLOW.format(fetch=FETCH)], has_button=True)
        )
        is_taken = await self._reader.call(lambda: self._callback.send(url, answer))
        if is_taken and is_done and guest.task is task:
            guest.task = None

    async def _write(self, guest: Guest, said: str) -> list[str]:
        """The bubbles of the reply; a sentence if there can be none."""
        try:
            talker = await self._reader.call(self._talker)
            if talker is None:
                return [_NO_MODEL]
            lines = [*guest.lines, ChatLine("", said, from_user=True)]
            turns: list[Reply] = []
            replies = self._reader.values(lambda: self._voice.replies(talker, lines))
            async with aclosing(replies) as open_replies:  # type: ignore[type-var]
                async for reply in open_replies:
                    if reply.done and reply.bubbles:
                        turns.append(reply)
        except (KakaobotError, OSError) as error:
            return [str(fault_of(error))]
        new = [ChatLine(turn.name, "\n".join(turn.bubbles), from_user=False) for turn in turns]
        guest.lines = [*lines, *new][-_MAX_LINES:]
        return bubbles_of(turns)

    def _talker(self) -> Talker | None:
        chosen = self._home.settings().serve.kakao_model
        if chosen:
            return find_talker(self._voice.chat, chosen)
        return next(talkers(self._voice.chat), None)

    def _take(self, guest: Guest) -> dict[str, object]:
        """The finished answer, which is kept no longer."""
        task, guest.task = guest.task, None
        assert task is not None
        return skill_answer(task.result())

    def _guest(self, key: str) -> Guest:
        now = self._clock()
        self._guests = {
            one: guest for one, guest in self._guests.items() if now - guest.seen_at < _KEPT
        }
        guest = self._guests.setdefault(key, Guest())
        guest.seen_at = now
        return guest

    async def _is_done(self, task: asyncio.Task[list[str]], seconds: float) -> bool:
        done, _ = await asyncio.wait({task}, timeout=max(0.0, seconds))
        return bool(done)
