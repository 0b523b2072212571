"""The Modelfile from which Ollama makes a model."""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.chat_format import IM_START, ChatFormat
from kakaobot.settings import GenerationSettings

MODELFILE = "Modelfile"
_MAX_CONTEXT = 4096
"""Tokens for which Ollama reserves memory; rows are shorter."""


@dataclass(frozen=True)
class ModelfileParts:
    base: str
    """Name of the GGUF file beside it."""
    adapter: str
    """Of the adapter; empty for a merged model."""
    template: str
    context: int
    """Tokens the base can read."""
    licence: str


def modelfile(
    parts: ModelfileParts, chat_format: ChatFormat, generation: GenerationSettings
) -> str:
    """Base, adapter, template, and decoding as in the chat of this program."""
    parameters: list[tuple[str, object]] = [
        ("num_ctx", min(parts.context, _MAX_CONTEXT)),
        ("num_predict", generation.max_new_tokens),
        ("temperature", generation.temperature),
        ("top_p", generation.top_p),
        ("top_k", generation.top_k),
        ("min_p", generation.min_p),
        ("repeat_penalty", generation.repetition_penalty),
        # As here: of all that was said, not of the last 64 tokens.
        ("repeat_last_n", -1),
        *(("stop", f'"{text}"') for text in stops(chat_format)),
    ]
    lines = [f"FROM ./{parts.base}"]
    lines += [f"ADAPTER ./{parts.adapter}"] if parts.adapter else []
    lines += [f'TEMPLATE """{parts.template}"""']
    lines += [f"PARAMETER {name} {value}" for name, value in parameters]
    lines += [f'LICENSE """{parts.licence}"""'] if parts.licence else []
    return "\n".join([*lines, ""])


def stops(chat_format: ChatFormat) -> list[str]:
    """Texts at which a reply ends: its end, and the beginning of another message."""
    if chat_format.kind == "transcript":
        return [chat_format.end]
    opening = IM_START if chat_format.kind == "chatml" else chat_format.before["user"].strip()
    return list(dict.fromkeys(text for text in (chat_format.end, opening) if text))
