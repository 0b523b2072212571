"""The Jinja2 environment of the report: autoescape on, templates in `templates/`."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """Render `templates/<template>.html.jinja`."""
    return _ENVIRONMENT.get_template(f"{template}.html.jinja").render(values)


def render_fragment(template: str, **values: object) -> Markup:
    """Like `render`, for embedding in another template without escaping."""
    return Markup(render(template, **values).strip())
