"""Conversation → token ids and which of them are learnt. The only renderer; no torch, no files.

Training, counting, the command line and the chat all build their ids here: a chat model that is
asked in another shape than it was taught breaks. A `Shape` is that form as data; a `Renderer` is a
shape and a tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kakaobot.errors import BaseModelError
from kakaobot.schema import ChatMessage, Role

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
_BATCH = 8192
"""Messages that are encoded at once."""
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True)
class ChatFormat:
    """What stands around each message: `lead` once, then `before + body + after` for each."""

    kind: Literal["chatml", "template", "transcript"]
    lead: str
    """Once, in front of everything (a BOS token where the model has one)."""
    before: Mapping[Role, str]
    end: str
    """The assistant's end of turn: generation stops at it, and it is learnt with the reply."""
    after: Mapping[Role, str]
    """What follows the body; the assistant's begins with `end`."""

    @property
    def opening(self) -> str:
        """What stands in front of a reply. A space belongs to the word behind it: see `_spaced`."""
        return self.before["assistant"].rstrip(" ")

    @property
    def jinja(self) -> str:
        """A chat template by which other programs render the same text."""
        lines = [f"{{{{- {_literal(self.lead)} }}}}"] if self.lead else []
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
            f"{{{{- {_literal(self.opening)} }}}}",
            "{%- endif %}",
        ]
        return "\n".join(lines)


CHATML = ChatFormat(
    kind="chatml",
    lead="",
    before={role: f"{IM_START}{role}\n" for role in ROLES},
    end=IM_END,
    after=dict.fromkeys(ROLES, f"{IM_END}\n"),
)


class Segment(NamedTuple):
    text: str
    is_target: bool
    marks: bool
    """Whether special tokens in the text are meant as such. False for what people wrote."""


class MessageSize(NamedTuple):
    """In tokens, of one message and what stands around it."""

    tokens: int
    target_tokens: int


@dataclass(frozen=True)
class EncodedConversation:
    """One conversation as ids; both tuples have the same length."""

    ids: tuple[int, ...]
    loss_mask: tuple[bool, ...]


class Renderer:
    """The one way from messages to ids for one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, shape: ChatFormat) -> None:
        """Copies `tokenizer`: neither its padding nor its truncation is applied or changed here."""
        self.shape = shape
        self._marks = _copy(tokenizer)
        self._plain = _copy(tokenizer)
        # Without this a friend who types "<|im_end|>" would end the turn.
        self._plain.encode_special_tokens = True
        self._known_marks: dict[str, tuple[int, ...]] = {}
        self.end_id = self._only_id(shape.end)

    def segments(self, messages: Sequence[ChatMessage]) -> list[Segment]:
        """The text in order; joined it equals what `shape.jinja` renders."""
        return _spaced(self._pieces(messages))

    def encode(self, messages: Sequence[ChatMessage]) -> EncodedConversation:
        """Ids of a whole conversation, and for each id whether it is a target."""
        ids: list[int] = []
        loss_mask: list[bool] = []
        for segment in self.segments(messages):
            new = self._encode(segment)
            ids += new
            loss_mask += [segment.is_target] * len(new)
        return EncodedConversation(tuple(ids), tuple(loss_mask))

    def sizes(self, messages: Sequence[ChatMessage]) -> list[MessageSize]:
        """What each message adds to a conversation; all at once, many times as fast as one by one.

        A row's ids are the lead and what its messages add, which a test holds `encode` to.
        """
        found: list[MessageSize] = []
        for start in range(0, len(messages), _BATCH):
            some = messages[start : start + _BATCH]
            bodies = [_behind(self.shape.before[each.role], each) for each in some]
            marks = {key: self._size_around(*key) for key in {_form(each) for each in some}}
            encodings = self._plain.encode_batch_fast(bodies, add_special_tokens=False)
            for message, encoding in zip(some, encodings, strict=True):
                around, end, name = marks[_form(message)]
                target_tokens = (name + len(encoding) + end) if message.is_target else 0
                found.append(MessageSize(around + end + name + len(encoding), target_tokens))
        return found

    def _size_around(self, role: Role, name: str, is_target: bool) -> tuple[int, int, int]:
        """Tokens of the marks around a message, of the learnt end among them, and of the name."""
        message = ChatMessage(role, "", name, is_target)
        before, *_, end, after = self._around(message)
        named = _spaces_behind(before.text) + f"[{name}]" if name else ""
        return (
            len(self._mark(before.text.rstrip(" "))) + len(self._mark(after.text.rstrip(" "))),
            len(self._mark(end.text)),
            len(self._encode(Segment(named, is_target, marks=False))) if name else 0,
        )

    def prompt(self, messages: Sequence[ChatMessage], *, speaker: str = "") -> tuple[int, ...]:
        """Ids up to where the assistant begins to speak; `speaker` prefills the `[이름]` of a room.

        A prefix of what `encode` gives for the same messages followed by that reply.
        """
        pieces = [
            *self._pieces(messages),
            Segment(self.shape.before["assistant"], is_target=False, marks=True),
            Segment(f"[{speaker}]" if speaker else "", is_target=False, marks=False),
        ]
        return tuple(token for segment in _spaced(pieces) for token in self._encode(segment))

    def length(self, message: ChatMessage) -> int:
        """Tokens one message adds to a conversation."""
        return len(self.encode([message]).ids) - self.lead_length

    @property
    def lead_length(self) -> int:
        """Tokens in front of the first message."""
        return len(self.encode([]).ids)

    def _pieces(self, messages: Sequence[ChatMessage]) -> list[Segment]:
        lead = Segment(self.shape.lead, is_target=False, marks=True)
        return [lead, *(piece for message in messages for piece in self._around(message))]

    def _around(self, message: ChatMessage) -> list[Segment]:
        """One message and what stands around it."""
        after = self.shape.after[message.role]
        end = self.shape.end if message.is_target and after.startswith(self.shape.end) else ""
        return [
            Segment(self.shape.before[message.role], is_target=False, marks=True),
            *(Segment(text, message.is_target, marks=False) for text in _body(message)),
            Segment(end, is_target=True, marks=True),
            Segment(after[len(end) :], is_target=False, marks=True),
        ]

    def _encode(self, segment: Segment) -> Sequence[int]:
        if segment.marks:
            return self._mark(segment.text)
        ids: list[int] = self._plain.encode(segment.text, add_special_tokens=False).ids
        return ids

    def _mark(self, text: str) -> tuple[int, ...]:
        """What stands around messages is the same few texts all the time."""
        if text not in self._known_marks:
            ids = self._marks.encode(text, add_special_tokens=False).ids
            self._known_marks[text] = tuple(ids)
        return self._known_marks[text]

    def _only_id(self, token: str) -> int:
        ids = self._marks.encode(token, add_special_tokens=False).ids
        if len(ids) != 1:
            raise BaseModelError(
                f"이 모델은 대화의 끝을 나타내는 토큰({token})이 없어 쓸 수 없습니다. "
                "model.base_model 에 다른 모델을 적어 주세요."
            )
        return int(ids[0])


def renderer_for(tokenizer: Any) -> Renderer:
    """The renderer of a `transformers` tokenizer.

    Raises:
        BaseModelError: the tokenizer has no Rust backend or no token that ends a turn.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise BaseModelError(
            "이 모델의 토크나이저는 지원하지 않습니다. "
            "tokenizer.json 이 있는 모델을 model.base_model 에 적어 주세요."
        )
    return Renderer(backend, chat_format_of(tokenizer))


def chat_format_of(tokenizer: Any) -> ChatFormat:
    """ChatML where its two tokens exist, else what the chat template shows, else a transcript."""
    vocabulary = tokenizer.get_vocab()
    if IM_START in vocabulary and IM_END in vocabulary:
        return CHATML
    if getattr(tokenizer, "chat_template", None):
        return _from_template(tokenizer)
    return _transcript(tokenizer.eos_token or "", tokenizer.bos_token or "")


def _from_template(tokenizer: Any) -> ChatFormat:
    """Read the marks round each role off a rendered two-round chat.

    The second round is used because some templates put a notice in front of the first.
    """
    said = ["가가가", "나나나", "다다다", "라라라"]
    chat = [
        {"role": role, "content": content}
        for role, content in zip(("user", "assistant") * 2, said, strict=True)
    ]
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    pieces = re.split("|".join(said), text)
    bos, eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
    # user, assistant, user, assistant: what stands behind and between them.
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
        lead=bos if text.startswith(bos) else "",
        before={"system": before_user, "user": before_user, "assistant": before_assistant},
        end=end,
        after={"system": after_user, "user": after_user, "assistant": after_assistant.lstrip()},
    )


def _transcript(eos: str, bos: str) -> ChatFormat:
    if not eos:
        raise BaseModelError(
            "이 모델은 대화의 끝을 나타내는 토큰이 없어 쓸 수 없습니다. "
            "model.base_model 에 다른 모델을 적어 주세요."
        )
    return ChatFormat(
        kind="transcript",
        lead=bos,
        before={"system": "설명: ", "user": "상대: ", "assistant": "나: "},
        end=eos,
        after={"system": "\n", "user": "\n", "assistant": f"{eos}\n"},
    )


def _body(message: ChatMessage) -> list[str]:
    """Name and text are two pieces, so that a prefilled name has the ids it was learnt with."""
    content = message.content.strip()
    return [f"[{message.name}]", f" {content}"] if message.name else [content]


def _form(message: ChatMessage) -> tuple[Role, str, bool]:
    """What all that stands around a message depends on."""
    return message.role, message.name, message.is_target


def _behind(before: str, message: ChatMessage) -> str:
    """A message's last piece as it is encoded, with the spaces that belong to it."""
    content = message.content.strip()
    return f" {content}" if message.name else _spaces_behind(before) + content


def _spaces_behind(text: str) -> str:
    return text[len(text.rstrip(" ")) :]


def _spaced(segments: Iterable[Segment]) -> list[Segment]:
    """Move spaces at the end of a piece to the next: byte-level tokens begin with their space.

    Cut before the word instead, the ids would differ from those of the text as a whole.
    """
    out: list[Segment] = []
    spaces = ""
    for segment in segments:
        text = spaces + segment.text
        bare = text.rstrip(" ")
        spaces = text[len(bare) :]
        if bare:
            out.append(Segment(bare, segment.is_target, segment.marks))
    return out


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
