"""Jinja2 environments, and that of the report with its templates in `templates/`."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def create_environment(folder: Path) -> Environment:
    """An environment with autoescaping for the templates in a folder."""
    return Environment(
        loader=FileSystemLoader(folder),
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


_ENVIRONMENT = create_environment(Path(__file__).parent / "templates")
