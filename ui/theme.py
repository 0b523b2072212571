"""The look of the window: colors, fonts and static files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes import Base, Color, sizes

from ui import gradio_text, text, window_text
from ui.upload_limits import UploadLimits

_STATIC = Path(__file__).parent / "static"

# Installed fonts only; none is downloaded.
_FONT = [
    "Pretendard",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "system-ui",
    "sans-serif",
]
_MONO = ["D2Coding", "Consolas", "Noto Sans Mono CJK KR", "monospace"]

_YELLOW = Color(
    "#fff9db", "#fff3bf", "#ffec99", "#ffe066", "#ffd43b", "#fcc419",
    "#e0a800", "#b58500", "#8a6500", "#5f4500", "#3a2a00",
)  # fmt: skip
_SAND = Color(
    "#faf9f7", "#f3f1ed", "#e6e3dd", "#d3cfc7", "#a8a29a", "#6b655e",
    "#5c5751", "#45413c", "#2e2b28", "#211f1d", "#171614",
)  # fmt: skip

_LOOK: dict[str, Any] = {
    "body_background_fill": "*neutral_100",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "*neutral_900",
    "body_text_color_dark": "*neutral_200",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "background_fill_primary": "#ffffff",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "*neutral_800",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "*neutral_900",
    "block_border_color": "*neutral_200",
    "block_border_color_dark": "*neutral_800",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "*neutral_700",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_400",
    "block_title_text_weight": "600",
    "block_radius": "12px",
    "block_shadow": "none",
    "input_background_fill": "*neutral_50",
    "input_background_fill_dark": "*neutral_950",
    "input_border_width": "1px",
    "input_border_color": "*neutral_200",
    "input_border_color_dark": "*neutral_700",
    "input_placeholder_color": "*neutral_500",
    "input_placeholder_color_dark": "*neutral_400",
    "input_border_color_focus": "*primary_600",
    "input_border_color_focus_dark": "*primary_500",
    "button_primary_background_fill": "*primary_400",
    "button_primary_background_fill_hover": "*primary_500",
    "button_primary_background_fill_dark": "*primary_400",
    "button_primary_background_fill_hover_dark": "*primary_300",
    "button_primary_text_color": "#33261d",
    "button_primary_text_color_dark": "#33261d",
    "button_primary_border_color": "transparent",
    "button_secondary_background_fill": "#ffffff",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover_dark": "*neutral_700",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_700",
    "button_border_width": "1px",
    "button_large_radius": "10px",
    "button_medium_radius": "10px",
    "button_small_radius": "8px",
    "button_large_text_weight": "600",
    "color_accent_soft": "*primary_100",
    "color_accent_soft_dark": "*neutral_800",
    "checkbox_background_color_selected": "*primary_600",
    "checkbox_background_color_selected_dark": "*primary_500",
}


def launch_options() -> dict[str, Any]:
    """Options of gradio's `launch` for theme, CSS, script and icon."""
    # By section, which the annotation of gradio does not know.
    words: dict[str, Any] = {gradio_text.LANGUAGE: gradio_text.MISSING}
    css = f'.kb-upload [data-testid="upload-text"]::after {{ content: "{text.DROP_HINT}"; }}'
    return {
        "theme": window_theme(),
        "css": css,
        "css_paths": [_STATIC / "window.css"],
        "head": "".join(f"<script>{script}</script>" for script in _scripts()),
        "i18n": gr.I18n(**words),
        "favicon_path": _STATIC / "icon.svg",
    }


def _script(name: str) -> str:
    return (_STATIC / f"{name}.js").read_text(encoding="utf-8")


def _scripts() -> list[str]:
    own = [_script(name) for name in ("touched", "typing", "keys", "contents", "toasts", "pulse")]
    return [*own, _refusals_script(), _words_script(), _watch_script()]


def _refusals_script() -> str:
    limits = UploadLimits()
    values = {
        "files": limits.files,
        "total_bytes": limits.total_bytes,
        "too_many": limits.too_many,
        "too_large": limits.too_large,
    }
    return f"{_script('refusals').rstrip()}({json.dumps(values)});"


def _words_script() -> str:
    values = (gradio_text.WORDS, gradio_text.PATTERNS, gradio_text.TOASTS)
    return f"{_script('words').rstrip()}({', '.join(map(json.dumps, values))});"


def _watch_script() -> str:
    values = {
        "app": text.APP,
        "training": window_text.TITLE_TRAINING,
        "notify": window_text.NOTIFY,
        "denied": window_text.NOTIFY_DENIED,
        "finished": window_text.NOTIFY_FINISHED,
        "failed": window_text.NOTIFY_FAILED,
    }
    return f"{_script('watch').rstrip()}({json.dumps(values)});"


def window_theme() -> Base:
    theme = Base(
        primary_hue=_YELLOW,
        secondary_hue=_YELLOW,
        neutral_hue=_SAND,
        font=_FONT,
        font_mono=_MONO,
        radius_size=sizes.radius_md,
        text_size=sizes.text_md,
    )
    return theme.set(**_LOOK)
