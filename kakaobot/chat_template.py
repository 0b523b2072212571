"""Conversation → token ids and loss mask. The only renderer; imports no torch and reads no files.

Training, counting and chat all build their ids here: a chat model breaks if prompted in another
format than it was trained in. A `ChatFormat` is that format as data; a `Renderer` applies one with
a tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kakaobot.errors import BaseModelError
from kakaobot.foreign_template import EndlessTemplateError, render_foreign
from kakaobot.language import tr
from kakaobot.schema import ChatMessage, Role

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
_BATCH = 8192
"""Messages encoded together."""
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True)
class ChatFormat:
    """The text around each message: `prefix`, then `before + body + after` per message."""

    kind: Literal["chatml", "template", "transcript"]
    prefix: str
    """Opens the conversation; a BOS token if the model has one."""
    before: Mapping[Role, str]
    end: str
    """The assistant's end of turn: a target of every reply, and where generation stops."""
    after: Mapping[Role, str]
    """Follows the body; the assistant's begins with `end`."""

    @property
    def generation_prompt(self) -> str:
        """Precedes a reply. A trailing space belongs to the next word: see `_move_spaces`."""
        return self.before["assistant"].rstrip(" ")

    @property
    def jinja(self) -> str:
        """A chat template with which other programs render the same text."""
        lines = [f"{{{{- {_literal(self.prefix)} }}}}"] if self.prefix else []
        lines += ["{%- for message in messages %}"]
        for word, role in zip(("if", "elif", "elif"), ROLES, strict=True):
            lines += [
                f"{{%- {word} message['role'] == '{role}' %}}",
                f"{{{{- {_literal(self.before[role])} }}}}",
                "{%- if message.get('name') %}{{- '[' + message['name'] + '] ' }}{%- endif %}",
                "{{- message['content'] | trim }}",
                f"{{{{- {_literal(self.after[role])} }}}}",
            ]
        lines += ["{%- endif %}", "{%- endfor %}"]
        lines += [
            "{%- if add_generation_prompt %}",
            f"{{{{- {_literal(self.generation_prompt)} }}}}",
            "{%- endif %}",
        ]
        return "\n".join(lines)


CHATML = ChatFormat(
    kind="chatml",
    prefix="",
    before={role: f"{IM_START}{role}\n" for role in ROLES},
    end=IM_END,
    after=dict.fromkeys(ROLES, f"{IM_END}\n"),
)


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


def chat_format_of(tokenizer: Any) -> ChatFormat:
    """ChatML if its two tokens exist, else derived from the chat template, else a transcript."""
    vocabulary = tokenizer.get_vocab()
    if IM_START in vocabulary and IM_END in vocabulary:
        return CHATML
    if getattr(tokenizer, "chat_template", None):
        return _from_template(tokenizer)
    return _transcript(tokenizer.eos_token or "", tokenizer.bos_token or "")


def _from_template(tokenizer: Any) -> ChatFormat:
    """Read the text around each role off a rendered chat of two rounds.

    The second round is used, as some templates put a notice in front of the first.
    """
    contents = ["가가가", "나나나", "다다다", "라라라"]
    chat = [
        {"role": role, "content": content}
        for role, content in zip(("user", "assistant") * 2, contents, strict=True)
    ]
    tokens = {key: token for key, token in tokenizer.special_tokens_map.items() if token}
    try:
        text = render_foreign(tokenizer.get_chat_template(), chat, tokens)
    except EndlessTemplateError as error:
        raise BaseModelError(
            tr(
                "이 모델의 대화 틀(chat_template)이 끝나지 않아 멈췄습니다. "
                "model.base_model 에 다른 모델을 적어 주세요."
            )
        ) from error
    pieces = re.split("|".join(contents), text)
    bos, eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
    # Around user, assistant, user, assistant.
    _, _, before_user, between, after_assistant = pieces if len(pieces) == 5 else [""] * 5
    if not between or "<think>" in between or not before_user.startswith(after_assistant):
        return _transcript(eos, bos)
    before_user = before_user[len(after_assistant) :]
    after_user = _common_prefix(between, after_assistant)
    before_assistant = between[len(after_user) :]
    end = after_assistant.strip()
    if not end:
        end, after_assistant = eos, eos
    return ChatFormat(
        kind="template",
        prefix=bos if text.startswith(bos) else "",
        before={"system": before_user, "user": before_user, "assistant": before_assistant},
        end=end,
        after={"system": after_user, "user": after_user, "assistant": after_assistant.lstrip()},
    )


def _transcript(eos: str, bos: str) -> ChatFormat:
    if not eos:
        raise BaseModelError(
            tr(
                "이 모델은 대화의 끝을 나타내는 토큰이 없어 쓸 수 없습니다. "
                "model.base_model 에 다른 모델을 적어 주세요."
            )
        )
    return ChatFormat(
        kind="transcript",
        prefix=bos,
        before={"system": "설명: ", "user": "상대: ", "assistant": "나: "},
        end=eos,
        after={"system": "\n", "user": "\n", "assistant": f"{eos}\n"},
    )


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


def _common_prefix(one: str, two: str) -> str:
    size = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
    return one[: min(len(one), len(two)) if size is None else size]


def _literal(text: str) -> str:
    """A jinja string literal; jinja reads Python's escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
