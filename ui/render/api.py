"""The section for other programs: state and keys → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kakaobot.app.api_keys import KIND_TITLES, ApiKey
from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text
from kakaobot.serve.server import ServerState
from ui import api_text
from ui.render import cards
from ui.render.templating import render


def api_state(state: ServerState) -> str:
    """Whether the server is on, and where."""
    if not state.is_on:
        return cards.note(api_text.IS_OFF)
    if state.is_locked:
        return cards.note(api_text.IS_ON, api_text.IS_LOCKED, tone="warn")
    others = api_text.OPEN_TO_OTHERS if state.is_open else ""
    return cards.note(api_text.IS_ON, state.address, others)


def api_keys(keys: Sequence[ApiKey]) -> str:
    """A table of the keys, without their secrets."""
    rows = [
        (
            key.id,
            display_name(key.name),
            tr(KIND_TITLES[key.kind]),
            _minute(key.made_at),
            _minute(key.used_at) if key.used_at else api_text.NEVER,
        )
        for key in keys
    ]
    return render("api_keys", rows=rows, texts=api_text)


def _minute(at: float) -> str:
    return minute_text(datetime.fromtimestamp(at).isoformat())
