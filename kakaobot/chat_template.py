"""Conversation → token ids and loss mask. The only renderer; imports no torch and reads no files.

Training, counting and chat all build their ids here: a chat model breaks if prompted in another
format than it was trained in. A `Renderer` applies a `ChatFormat` with a tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kakaobot.chat_format import ChatFormat, chat_format_of
from kakaobot.errors import BaseModelError
from kakaobot.language import tr
from kakaobot.schema import ChatMessage, Role

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BATCH = 8192
"""Messages encoded together."""


class Segment(NamedTuple):
    text: str
    is_target: bool
    allow_special: bool
    """Whether special tokens in the text are encoded as such; False for text people wrote."""


class MessageSize(NamedTuple):
    """Tokens of one message with the text around it."""

    tokens: int
    target_tokens: int


@dataclass(frozen=True)
class EncodedConversation:
    """One conversation as ids; both tuples have the same length."""

    ids: tuple[int, ...]
    loss_mask: tuple[bool, ...]


class Renderer:
    """Encodes messages with one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, chat_format: ChatFormat) -> None:
        """Copies `tokenizer`: its padding and truncation are neither applied nor changed."""
        self.chat_format = chat_format
        self._special = _copy(tokenizer)
        self._plain = _copy(tokenizer)
        # Otherwise a participant who types "<|im_end|>" would end the turn.
        self._plain.encode_special_tokens = True
        self._template_ids: dict[str, tuple[int, ...]] = {}
        self.end_id = self._single_id(chat_format.end)

    def segments(self, messages: Sequence[ChatMessage]) -> list[Segment]:
        """The text in order; joined it equals what `chat_format.jinja` renders."""
        return _move_spaces(self._render(messages))

    def encode(self, messages: Sequence[ChatMessage]) -> EncodedConversation:
        """Ids of a whole conversation and their loss mask."""
        ids: list[int] = []
        loss_mask: list[bool] = []
        for segment in self.segments(messages):
            segment_ids = self._encode(segment)
            ids += segment_ids
            loss_mask += [segment.is_target] * len(segment_ids)
        return EncodedConversation(tuple(ids), tuple(loss_mask))

    def sizes(self, messages: Sequence[ChatMessage]) -> list[MessageSize]:
        """Tokens each message adds to a conversation, much faster than one at a time.

        The length of `encode` is `prefix_length` plus the sizes of its messages.
        """
        sizes: list[MessageSize] = []
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            bodies = [_last_piece(self.chat_format.before[m.role], m) for m in batch]
            overheads = {key: self._overhead(*key) for key in {_overhead_key(m) for m in batch}}
            encodings = self._plain.encode_batch_fast(bodies, add_special_tokens=False)
            for message, encoding in zip(batch, encodings, strict=True):
                around, end, name = overheads[_overhead_key(message)]
                target_tokens = (name + len(encoding) + end) if message.is_target else 0
                sizes.append(MessageSize(around + end + name + len(encoding), target_tokens))
        return sizes

    def prompt(self, messages: Sequence[ChatMessage], *, participant: str = "") -> tuple[int, ...]:
        """Ids up to where the assistant's reply begins; `participant` prefills a `[이름]`.

        A prefix of what `encode` returns for the same messages followed by that reply.
        """
        pieces = [
            *self._render(messages),
            Segment(self.chat_format.before["assistant"], is_target=False, allow_special=True),
            Segment(f"[{participant}]" if participant else "", False, allow_special=False),
        ]
        return tuple(token for segment in _move_spaces(pieces) for token in self._encode(segment))

    def length(self, message: ChatMessage) -> int:
        """Tokens one message adds to a conversation."""
        return len(self.encode([message]).ids) - self.prefix_length

    @property
    def prefix_length(self) -> int:
        """Tokens in front of the first message."""
        return len(self.encode([]).ids)

    def _overhead(self, role: Role, name: str, is_target: bool) -> tuple[int, int, int]:
        """Tokens of the text around a message, of its target end, and of its name."""
        message = ChatMessage(role, "", name, is_target)
        before, *_, end, after = self._render_message(message)
        named = _trailing_spaces(before.text) + f"[{name}]" if name else ""
        return (
            len(self._encode_template(before.text.rstrip(" ")))
            + len(self._encode_template(after.text.rstrip(" "))),
            len(self._encode_template(end.text)),
            len(self._encode(Segment(named, is_target, allow_special=False))) if name else 0,
        )

    def _render(self, messages: Sequence[ChatMessage]) -> list[Segment]:
        prefix = Segment(self.chat_format.prefix, is_target=False, allow_special=True)
        return [prefix, *(part for message in messages for part in self._render_message(message))]

    def _render_message(self, message: ChatMessage) -> list[Segment]:
        """One message and the text around it."""
        chat_format = self.chat_format
        after = chat_format.after[message.role]
        end = chat_format.end if message.is_target and after.startswith(chat_format.end) else ""
        return [
            Segment(chat_format.before[message.role], is_target=False, allow_special=True),
            *(Segment(text, message.is_target, allow_special=False) for text in _body(message)),
            Segment(end, is_target=True, allow_special=True),
            Segment(after[len(end) :], is_target=False, allow_special=True),
        ]

    def _encode(self, segment: Segment) -> Sequence[int]:
        if segment.allow_special:
            return self._encode_template(segment.text)
        ids: list[int] = self._plain.encode(segment.text, add_special_tokens=False).ids
        return ids

    def _encode_template(self, text: str) -> tuple[int, ...]:
        """Cached: the texts around messages are few."""
        if text not in self._template_ids:
            ids = self._special.encode(text, add_special_tokens=False).ids
            self._template_ids[text] = tuple(ids)
        return self._template_ids[text]

    def _single_id(self, token: str) -> int:
        ids = self._special.encode(token, add_special_tokens=False).ids
        if len(ids) != 1:
            raise BaseModelError(
                tr(
                    "이 모델은 대화의 끝을 나타내는 토큰({token})이 없어 쓸 수 없습니다. "
                    "model.base_model 에 다른 모델을 적어 주세요."
                ).format(token=token)
            )
        return int(ids[0])


def renderer_for(tokenizer: Any) -> Renderer:
    """The renderer of a `transformers` tokenizer.

    Raises:
        BaseModelError: the tokenizer has no Rust backend or no end-of-turn token.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise BaseModelError(
            tr(
                "이 모델의 토크나이저는 지원하지 않습니다. "
                "tokenizer.json 이 있는 모델을 model.base_model 에 적어 주세요."
            )
        )
    return Renderer(backend, chat_format_of(tokenizer))


def _body(message: ChatMessage) -> list[str]:
    """Name and text are separate pieces, so that a prefilled name has its training ids."""
    content = message.content.strip()
    return [f"[{message.name}]", f" {content}"] if message.name else [content]


def _overhead_key(message: ChatMessage) -> tuple[Role, str, bool]:
    """Everything the text around a message depends on."""
    return message.role, message.name, message.is_target


def _last_piece(before: str, message: ChatMessage) -> str:
    """A message's last piece as it is encoded, with the spaces that belong to it."""
    content = message.content.strip()
    return f" {content}" if message.name else _trailing_spaces(before) + content


def _trailing_spaces(text: str) -> str:
    return text[len(text.rstrip(" ")) :]


def _move_spaces(segments: Iterable[Segment]) -> list[Segment]:
    """Move trailing spaces to the next segment: byte-level tokens begin with their space.

    Split after the space, the text would get other ids than as a whole.
    """
    moved: list[Segment] = []
    spaces = ""
    for segment in segments:
        text = spaces + segment.text
        bare = text.rstrip(" ")
        spaces = text[len(bare) :]
        if bare:
            moved.append(Segment(bare, segment.is_target, segment.allow_special))
    return moved


def _copy(tokenizer: Tokenizer) -> Tokenizer:
    copy = type(tokenizer).from_str(tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    return copy
