"""The body of a chat completion → whose reply to which lines. Pure.

Fields that are not named here are ignored, as clients send many.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from kakaobot.base.generation import Drawing
from kakaobot.chat.lines import ChatLine
from kakaobot.language import tr
from kakaobot.serve.faults import ApiFault
from kakaobot.serve.talkers import Talker

_MAX_TOKENS = 4096
_MIN_TOP_P = 0.01
_SPEAKERS = ("user", "assistant")
"""Other roles are instructions, which no persona was trained on."""


class ContentPart(BaseModel):
    """A part of a message; only texts are read."""

    type: str
    text: str = ""


class MessageBody(BaseModel):
    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None


class StreamOptions(BaseModel):
    include_usage: bool | None = None


class ChatBody(BaseModel):
    model: str
    messages: list[MessageBody] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, ge=1, le=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    stop: str | list[str] | None = None


@dataclass(frozen=True)
class ChatRequest:
    """A chat completion as it was asked for."""

    model: str
    said: tuple[MessageBody, ...]
    """Turns of user and assistant, each with a text."""
    is_stream: bool
    with_usage: bool
    """Whether a stream ends with the usage."""
    drawing: Drawing
    stops: tuple[str, ...]
    """Where a reply is cut."""

    @property
    def user_name(self) -> str:
        """Whom the user writes as: the name of the last message that has one."""
        names = [message.name for message in self.said if message.role == "user" and message.name]
        return _composed(names[-1]) if names else ""


def parse_request(value: object) -> ChatRequest:
    """Read a body.

    Raises:
        ApiFault: it is not one.
    """
    try:
        body = ChatBody.model_validate(value)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        param = ".".join(str(part) for part in place[:3] if part not in ("str",)) or "body"
        raise ApiFault(
            400, tr("'{param}' 을(를) 알아볼 수 없습니다.").format(param=param), param=param
        ) from error
    said = tuple(message for message in body.messages if message.role in _SPEAKERS)
    said = tuple(message for message in said if text_of(message).strip())
    if not said:
        raise ApiFault(400, tr("'messages' 에 건넨 말이 없습니다."), param="messages")
    limit = body.max_completion_tokens or body.max_tokens
    stops = [body.stop] if isinstance(body.stop, str) else body.stop or []
    return ChatRequest(
        model=body.model,
        said=said,
        is_stream=bool(body.stream),
        with_usage=bool(body.stream_options and body.stream_options.include_usage),
        drawing=Drawing(
            max_new_tokens=min(limit, _MAX_TOKENS) if limit else None,
            temperature=body.temperature,
            top_p=None if body.top_p is None else max(body.top_p, _MIN_TOP_P),
            seed=body.seed,
        ),
        stops=tuple(filter(None, stops)),
    )


def text_of(message: MessageBody) -> str:
    """What a message says.

    Raises:
        ApiFault: it says something that is no text.
    """
    if not isinstance(message.content, list):
        return _composed(message.content or "")
    if any(part.type not in ("text", "refusal") for part in message.content):
        raise ApiFault(400, tr("글만 읽을 수 있습니다. 그림과 소리는 빼세요."), param="messages")
    return _composed("\n".join(part.text for part in message.content))


def lines_of(request: ChatRequest, talker: Talker) -> list[ChatLine]:
    """The conversation as the model knows it.

    In a room, an earlier user of another name is a member. A reply of the room has a line for each
    turn that begins with the name.
    """
    lines: list[ChatLine] = []
    for message in request.said:
        name, text = _composed(message.name or ""), text_of(message)
        if message.role == "user":
            is_other = bool(name) and name != request.user_name and not talker.persona.name
            lines.append(ChatLine(name, text, from_user=not is_other))
        elif talker.persona.name:
            lines.append(ChatLine(talker.persona.name, text, from_user=False))
        elif name:
            lines.append(ChatLine(name, text, from_user=False))
        else:
            lines += _turns(text, talker)
    return lines


def _turns(text: str, talker: Talker) -> Iterator[ChatLine]:
    """The turns of a reply of the room, as `transcript` writes them."""
    known = sorted(talker.persona.participants, key=len, reverse=True)
    names = "|".join(map(re.escape, known))
    starts = list(re.finditer(rf"^({names}): ", text, re.MULTILINE)) if names else []
    before = text[: starts[0].start()] if starts else text
    if before.strip():
        # Some clients drop the name, and a line of nobody would be a break.
        yield ChatLine(talker.member or next(iter(known), ""), before.strip(), from_user=False)
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        words = text[start.end() : end.start() if end else len(text)].strip()
        if words:
            yield ChatLine(start[1], words, from_user=False)


def cut_at_stop(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text before the first of the stops, and whether there is one."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
