"""The only reader of YAML: no duplicate keys, no aliases, no deep nesting, no objects.

Every problem is one Korean sentence with its line.
"""

from __future__ import annotations

import functools
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from kakaobot.errors import ConfigError, quote
from kakaobot.language import tr
from kakaobot.text_file import read_text

_MAX_DEPTH = 16
_MAX_NODES = 10_000
"""Keys and values: more take seconds, and ten thousand names are few enough."""
_MAX_NUMBER = 64
"""Characters of anything but text: long numbers in base 60 take minutes."""
_STANDARD_TAG = "tag:yaml.org,2002:"

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, which `"\\ud800"` writes and nothing can print."""

_QUOTE_IT = tr("값을 따옴표로 감싸세요.")
_UNCLEAR = tr("들여쓰기와 따옴표를 확인하세요.")
_PROBLEMS: tuple[tuple[str, str], ...] = (
    (r"character '\\t'", tr("탭이 들어 있습니다. 탭 대신 빈칸으로 들여쓰세요.")),
    (
        r"unexpected end of stream",
        tr("따옴표나 괄호가 닫히지 않았습니다. 끝에 짝을 맞춰 닫으세요."),
    ),
    (r"expected ',' or '[\]}]'", tr("괄호가 닫히지 않았습니다. 끝에 짝을 맞춰 닫으세요.")),
    (
        r"character '(.)' that cannot start",
        tr("'{{0}}' 로 시작하는 {quote_it}").format(quote_it=_QUOTE_IT),
    ),
    (r"while (?:scanning|parsing) an? (?:alias|anchor|tag)\b", _QUOTE_IT),
    (
        r"mapping values are not allowed",
        tr("한 줄에 ':' 이 둘 있습니다. {quote_it}").format(quote_it=_QUOTE_IT),
    ),
    (r"found another document", tr("'---' 로 나눈 문서가 둘입니다. 하나만 남기세요.")),
    (r"tag '(?:tag:yaml\.org,2002:)?(?:value|merge)'", _QUOTE_IT),
    (
        r"for the tag '(?:tag:yaml\.org,2002:)?(.+?)'",
        tr("'{0}' 같은 꼬리표는 쓸 수 없습니다. 꼬리표를 지우고 값만 적으세요."),
    ),
    (r"unhashable key", tr("키 자리에 목록이나 묶음이 있습니다. '키: 값' 으로 적으세요.")),
)
"""Pattern of PyYAML's problem → Korean."""


class YamlProblem(yaml.YAMLError):
    """Something in a document that is not accepted; its message is Korean."""

    def __init__(self, place: yaml.Node | yaml.Event, message: str) -> None:
        super().__init__(message)
        self.problem_mark = place.start_mark


def read_yaml(file: Path) -> object:
    """The document in a file; None if it is empty.

    Raises:
        ConfigError: the file cannot be read, or is not plain YAML.
    """
    return parse_yaml(read_text(file), str(file))


def parse_yaml(text: str, source: str) -> object:
    """The document in `text`; None if it is empty.

    Args:
        text: YAML, as `read_text` returns it.
        source: named in errors.

    Raises:
        ConfigError: it is not plain YAML.
    """
    try:
        return deepcopy(_document(text))
    except yaml.YAMLError as error:
        line, reason = _explain(error, text)
        raise ConfigError(
            tr("{source} {line}번째 줄: {reason}").format(source=source, line=line, reason=reason)
        ) from error


@functools.lru_cache(maxsize=8)
def _document(text: str) -> object:
    """The window asks for its settings and its run many times a second."""
    return _StrictLoader(text).get_single_data()


class _StrictLoader(yaml.SafeLoader):
    """Refuses what a small file can blow up with, or silently replace."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise YamlProblem(
                event,
                tr("'*' 로 다른 값을 가리킬 수 없습니다. {quote_it}").format(quote_it=_QUOTE_IT),
            )
        if self._depth >= _MAX_DEPTH:
            raise YamlProblem(
                event, tr("괄호나 들여쓰기가 너무 깊습니다. 설정은 두 겹이면 됩니다.")
            )
        self._depth += 1
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise YamlProblem(
                event,
                tr("값이 너무 많습니다. {max_nodes:,}개보다 적게 줄이세요.").format(
                    max_nodes=_MAX_NODES
                ),
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[tuple[str, object], int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            name = (key.tag, str(key.value))
            if name in lines:
                raise YamlProblem(
                    key,
                    tr(
                        "'{value}' 이(가) {lines}번째 줄에도 있습니다. 하나로 합치거나 하나를 "
                        "지우세요."
                    ).format(value=quote(key.value), lines=lines[name]),
                )
            lines[name] = line
        # Not SafeLoader's, which merges `<<` silently.
        return yaml.constructor.BaseConstructor.construct_mapping(self, node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise YamlProblem(node, tr("글자가 아닌 것(\\ud800 ~ \\udfff)이 있습니다. 지우세요."))
        is_text = node.tag == f"{_STANDARD_TAG}str"
        if isinstance(node, yaml.ScalarNode) and not is_text and len(node.value) > _MAX_NUMBER:
            raise YamlProblem(
                node, tr("값이 너무 깁니다. 글자라면 {quote_it}").format(quote_it=_QUOTE_IT)
            )
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            # Such as the date 2026-13-45.
            raise YamlProblem(
                node, tr("알아볼 수 없는 값입니다. 글자라면 {quote_it}").format(quote_it=_QUOTE_IT)
            ) from error


def _explain(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Line of an error, from 1, and what to do about it."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return line, tr("눈에 보이지 않는 제어 문자가 있습니다. 그 줄을 새로 적으세요.")
    mark = getattr(error, "problem_mark", None)
    problem = f"{getattr(error, 'context', '')}: {getattr(error, 'problem', '')}"
    if re.search("unexpected end of stream|expected ',' or", problem):
        # Where the quote or bracket was opened.
        mark = getattr(error, "context_mark", None) or mark
    line = mark.line + 1 if mark else 1
    if isinstance(error, YamlProblem):
        return line, str(error)
    for pattern, message in _PROBLEMS:
        if match := re.search(pattern, problem):
            return line, message.format(*(quote(part) for part in match.groups()))
    return line, _UNCLEAR
