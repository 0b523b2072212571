"""`ChatFormat`: what stands around each message of a conversation, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kakaobot.errors import BaseModelError
from kakaobot.foreign_template import EndlessTemplateError, render_foreign
from kakaobot.language import tr
from kakaobot.schema import Role

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
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


def _common_prefix(one: str, two: str) -> str:
    size = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
    return one[: min(len(one), len(two)) if size is None else size]


def _literal(text: str) -> str:
    """A jinja string literal; jinja reads Python's escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
