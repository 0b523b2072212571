"""The model in memory → HTML. Pure."""

from __future__ import annotations

from kakaobot.app.chat_model import ModelMemory
from ui import chat_text
from ui.render.templating import render

_MB, _GB = 2**20, 2**30


def model_memory(memory: ModelMemory, run: str) -> str:
    """What is loaded and how large it is, and what could be talked to in place of `run`."""
    return render(
        "model_memory",
        loaded=memory.run,
        size=_size_text(memory.size),
        newer=memory.newer,
        run=run,
        note=memory.note,
        empty=chat_text.MEMORY_AWAITED if memory.is_awaited else chat_text.MEMORY_EMPTY,
    )


def _size_text(size: int) -> str:
    return f"{size / _GB:.1f}GB" if size >= _GB else f"{max(1, round(size / _MB))}MB"
