"""The Jinja2 environment of the window: autoescaping, with the modules of texts by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup, escape

from kakaobot.chat.lines import split_bubbles
from kakaobot.display_name import inert_json
from kakaobot.report.templating import create_environment
from kakaobot.runs.labels import minute_text
from ui import chat_text, text, window_text
from ui.words import told

_ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td\b[^>]*>")
_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")


def render(template: str, **values: object) -> str:
    """Render `templates/<template>.html.jinja` without line breaks between tags."""
    page = _ENVIRONMENT.get_template(f"{template}.html.jinja").render(values)
    return _BETWEEN_TAGS.sub("><", page).strip()


def _json(value: object) -> Markup:
    return escape(inert_json(value))


def _with_columns(rows: Markup, head: Sequence[str]) -> Markup:
    """Rows of a table whose cells know the heads of their columns: a phone shows rows as cards."""

    def row(found: re.Match[str]) -> str:
        names = iter(head)
        return _CELL.sub(lambda cell: _named(cell[0], next(names, "")), found[0])

    return Markup(_ROW.sub(row, rows))


def _named(cell: str, column: str) -> str:
    return cell if "colspan" in cell else f'{cell[:-1]} data-column="{escape(column)}">'


_ENVIRONMENT = create_environment(Path(__file__).parent / "templates")
_ENVIRONMENT.globals.update(text=text, chat_text=chat_text, window_text=window_text)
_ENVIRONMENT.filters.update(
    bubbles=split_bubbles, columns=_with_columns, json=_json, minute=minute_text, told=told
)
