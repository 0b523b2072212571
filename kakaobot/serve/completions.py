"""`POST /v1/chat/completions` and `GET /v1/models`: requests → replies of the chat."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kakaobot.app.auth import AccessPass
from kakaobot.app.chat import ChatService
from kakaobot.app.room_talk import RoomTalk, TalkOptions
from kakaobot.base.generation import AS_SET, Drawing
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.language import tr
from kakaobot.serve.chat_request import ChatRequest, lines_of
from kakaobot.serve.completion import WAITING, Completion, Transcript, event
from kakaobot.serve.faults import ApiFault, fault_of
from kakaobot.serve.reading import Reader
from kakaobot.serve.talkers import Talker, created, find_talker, talkers
from kakaobot.serve.usage import UsageCounter

_UNKNOWN_MODEL = tr("'{model}' 모델이 없습니다. /v1/models 에 있는 이름을 적으세요.")
_BEGUN = 2
"""Replies after which the request has a place in the line."""


@dataclass(frozen=True)
class Voice:
    """Asks the chat for replies, with the pass of whoever has started the server."""

    chat: ChatService
    access: AccessPass

    def replies(
        self,
        talker: Talker,
        lines: Sequence[ChatLine],
        user_name: str = "",
        drawing: Drawing = AS_SET,
    ) -> Iterator[Reply]:
        """As `RoomTalk.answer`, without pauses."""
        options = TalkOptions(
            talker.persona.run,
            members=() if talker.is_room or talker.persona.name else (talker.member,),
            user_name=user_name,
            at_once=True,
            drawing=drawing,
        )
        talk = RoomTalk(self.chat, random.Random(drawing.seed))
        return talk.answer(self.access, lines, options)


class Completions:
    """The use case behind the routes of `/v1`."""

    def __init__(self, voice: Voice, reader: Reader) -> None:
        self._voice, self._reader = voice, reader
        self._counter = UsageCounter(voice.chat)

    async def models(self) -> dict[str, object]:
        """All who can be talked to."""

        def listed() -> list[dict[str, object]]:
            chat = self._voice.chat
            chat.gate.verify(self._voice.access)
            return [
                {
                    "id": talker.id,
                    "object": "model",
                    "created": created(chat, talker),
                    "owned_by": "kakaobot",
                }
                for talker in talkers(chat)
            ]

        return {"object": "list", "data": await self._reader.call(listed)}

    async def whole(self, request: ChatRequest) -> dict[str, object]:
        """The answer to a request without a stream.

        Raises:
            ApiFault, KakaobotError: it cannot be answered.
        """
        talker = await self._talker(request)
        lines = lines_of(request, talker)
        transcript = _transcript(request, talker)
        async with contextlib.aclosing(self._replies(request, talker, lines)) as replies:
            async for reply in replies:
                transcript.add(reply)
                if transcript.is_stopped:
                    break
        usage = await self._reader.call(
            lambda: self._counter.usage(talker, lines, request.user_name, transcript.text)
        )
        completion = Completion(request.model)
        return completion.whole(transcript.text, transcript.finish_reason, usage)

    async def stream(self, request: ChatRequest) -> AsyncIterator[bytes]:
        """Server-sent events. The first one comes once the request has its place in the line.

        Raises:
            ApiFault, KakaobotError: before the first event; later ones are an event themselves.
        """
        talker = await self._talker(request)
        lines = lines_of(request, talker)
        transcript = _transcript(request, talker)
        completion = Completion(request.model, request.with_usage)
        sent, seen = "", 0
        async with contextlib.aclosing(self._replies(request, talker, lines)) as replies:
            try:
                async for reply in replies:
                    seen += 1
                    if seen == _BEGUN:
                        yield completion.first_chunk()
                    transcript.add(reply)
                    new = _beyond(transcript.certain, sent)
                    if seen >= _BEGUN:
                        sent += new
                        yield completion.text_chunk(new) if new else WAITING
                    if transcript.is_stopped:
                        break
            except Exception as error:
                if seen < _BEGUN:
                    raise
                yield event(fault_of(error).json)
                return
        if new := _beyond(transcript.text, sent):
            yield completion.text_chunk(new)
        usage = None
        if request.with_usage:
            usage = await self._reader.call(
                lambda: self._counter.usage(talker, lines, request.user_name, transcript.text)
            )
        yield completion.last_chunks(transcript.finish_reason, usage)

    async def _talker(self, request: ChatRequest) -> Talker:
        talker = await self._reader.call(lambda: find_talker(self._voice.chat, request.model))
        if talker is None:
            message = _UNKNOWN_MODEL.format(model=request.model[:100])
            raise ApiFault(404, message, "model_not_found", param="model")
        return talker

    def _replies(self, request: ChatRequest, talker: Talker, lines: Sequence[ChatLine]) -> Any:
        return self._reader.values(
            lambda: self._voice.replies(talker, lines, request.user_name, request.drawing)
        )


def _transcript(request: ChatRequest, talker: Talker) -> Transcript:
    return Transcript(is_room=talker.is_room, stops=request.stops)


def _beyond(text: str, sent: str) -> str:
    """What is new of a text; nothing if it was changed: what was sent cannot be taken back."""
    return text[len(sent) :] if text.startswith(sent) else ""
