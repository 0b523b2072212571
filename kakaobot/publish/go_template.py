"""The chat format as a template of Go, which Ollama renders.

Ollama's messages have no name: `[이름] ` is part of the content. It joins consecutive messages of
one role, and nothing in its templates trims a text.
"""

from __future__ import annotations

import json

from kakaobot.chat_format import ROLES, ChatFormat


def go_template(chat_format: ChatFormat, *, whole_room: bool, prefix: bool) -> str:
    """A template that renders the text a model was trained on.

    Args:
        chat_format: of the base model.
        whole_room: everybody of the room was learned, so that people write as the assistant does.
        prefix: write what begins a conversation; not if llama.cpp does.
    """
    lines = ["{{- range $i, $_ := .Messages }}"]
    lines += ["{{- $last := eq (len (slice $.Messages $i)) 1 }}"]
    if prefix and chat_format.prefix:
        lines.insert(0, _text(chat_format.prefix))
    for word, role in zip(("if", "else if", "else if"), ROLES, strict=True):
        as_role = "assistant" if whole_room and role == "user" else role
        lines += [
            f'{{{{- {word} eq .Role "{role}" }}}}',
            _text(chat_format.before[as_role]),
            "{{- .Content }}",
        ]
        after = _text(chat_format.after[as_role])
        # A reply that is begun goes on.
        lines += ["{{- if not $last }}", after, "{{- end }}"] if role == "assistant" else [after]
    lines += ["{{- end }}"]
    lines += ['{{- if and $last (ne .Role "assistant") }}']
    lines += [_text(chat_format.generation_prompt), "{{- end }}", "{{- end }}"]
    return "\n".join(line for line in lines if line)


def _text(text: str) -> str:
    """An action that writes a text; a string of JSON is one of Go."""
    return f"{{{{- {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""
