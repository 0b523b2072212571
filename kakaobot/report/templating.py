"""Jinja2 environments, and that of the report with its templates in `templates/`."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from kakaobot.display_name import display_name, display_sentence, inert_text
from kakaobot.language import LANGUAGE, tr


def create_environment(folder: Path) -> Environment:
    """An environment for the templates in a folder.

    It escapes every text and shows it inert. The filter `name` also shortens, with the whole name
    as tooltip, `short` without it; `sentence` shortens names within, and `exact` changes nothing.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )
    environment.globals.update(tr=tr, language=LANGUAGE)
    environment.filters.update(
        name=_name, short=display_name, sentence=display_sentence, exact=escape
    )
    return environment


def render(template: str, **values: object) -> str:
    """Render `templates/<template>.html.jinja`."""
    return _ENVIRONMENT.get_template(f"{template}.html.jinja").render(values)


def render_fragment(template: str, **values: object) -> Markup:
    """Like `render`, for embedding in another template without escaping."""
    return Markup(render(template, **values).strip())


def _show(value: object) -> object:
    return value if not isinstance(value, str) or isinstance(value, Markup) else inert_text(value)


def _name(name: str) -> str:
    shown = display_name(name)
    if len(shown) >= len(name):
        return shown
    return Markup('<span title="{}">{}</span>').format(inert_text(name), shown)


_ENVIRONMENT = create_environment(Path(__file__).parent / "templates")
