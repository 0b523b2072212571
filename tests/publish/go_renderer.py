"""Renders the part of Go's text/template that our templates use, over Ollama's messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_ACTION = re.compile(r"(\s*)\{\{(-?)\s(.*?)\s\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()]+')
_FUNCTIONS: dict[str, Any] = {
    "eq": lambda one, two: one == two,
    "ne": lambda one, two: one != two,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "len": len,
    "slice": lambda values, start: values[start:],
}


def render(template: str, messages: list[dict[str, str]]) -> str:
    """The text that Ollama sends to a model.

    Raises:
        ValueError: the template has something that this does not know.
    """
    tree, rest = _parse(list(_pieces(template)))
    if rest:
        raise ValueError(rest)
    top = {"Messages": _collated(messages)}
    return "".join(_run(tree, top, {"$": top}))


def _collated(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Consecutive messages of one role become one."""
    found: list[dict[str, str]] = []
    for message in messages:
        if found and found[-1]["Role"] == message["role"]:
            found[-1]["Content"] += "\n\n" + message["content"]
        else:
            found.append({"Role": message["role"], "Content": message["content"]})
    return found


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    end = 0
    for match in _ACTION.finditer(template):
        text = template[end : match.start()] + ("" if match[2] else match[1])
        if text:
            yield "text", text
        yield "action", match[3]
        end = match.end()
    if template[end:]:
        yield "text", template[end:]


def _parse(pieces: list[tuple[str, str]]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Nodes up to an `else` or `end` of another block, and what follows."""
    nodes: list[Any] = []
    while pieces:
        kind, text = pieces[0]
        word = text.split(" ")[0]
        if kind == "action" and word in ("else", "end"):
            break
        pieces = pieces[1:]
        if kind == "action" and word in ("if", "range"):
            node, pieces = _block(word, text.partition(" ")[2], pieces)
            nodes.append(node)
        else:
            nodes.append((kind, text))
    return nodes, pieces


def _block(word: str, head: str, pieces: list[tuple[str, str]]) -> tuple[Any, Any]:
    body, pieces = _parse(pieces)
    other: list[Any] = []
    text = pieces[0][1]
    if text == "end":
        return (word, head, body, other), pieces[1:]
    if not text.startswith("else if "):
        raise ValueError(text)
    node, pieces = _block("if", text.removeprefix("else if "), pieces[1:])
    return (word, head, body, [node]), pieces


def _run(nodes: list[Any], dot: Any, names: dict[str, Any]) -> Iterator[str]:
    for node in nodes:
        if node[0] == "text":
            yield node[1]
        elif node[0] == "if":
            yield from _run(node[2] if _value(node[1], dot, names) else node[3], dot, names)
        elif node[0] == "range":
            index, item, values = re.fullmatch(r"(\$\w+), (\$\w+) := (.+)", node[1]).groups()  # type: ignore[union-attr]
            for number, value in enumerate(_value(values, dot, names)):
                yield from _run(node[2], value, {**names, index: number, item: value})
        elif match := re.fullmatch(r"(\$\w+) := (.+)", node[1]):
            names = {**names, match[1]: _value(match[2], dot, names)}
        else:
            value = _value(node[1], dot, names)
            if not isinstance(value, str):
                raise ValueError(node)
            yield value


def _value(text: str, dot: Any, names: dict[str, Any]) -> Any:
    words = _WORD.findall(text)
    value, rest = _call(words, dot, names)
    if rest:
        raise ValueError(text)
    return value


def _call(words: list[str], dot: Any, names: dict[str, Any]) -> tuple[Any, list[str]]:
    """The value of a call, or of one operand, up to a closing parenthesis."""
    function = _FUNCTIONS.get(words[0])
    values, words = [], words[1:] if function else words
    while words and words[0] != ")":
        value, words = _operand(words, dot, names)
        values.append(value)
    return (function(*values) if function else values[0]), words


def _operand(words: list[str], dot: Any, names: dict[str, Any]) -> tuple[Any, list[str]]:
    word, rest = words[0], words[1:]
    if word == "(":
        value, rest = _call(rest, dot, names)
        return value, rest[1:]
    if word.startswith('"'):
        return json.loads(word), rest
    if word.isdigit():
        return int(word), rest
    name, _, field = word.partition(".")
    value = names[name] if name else dot
    return (value[field] if field else value), rest
