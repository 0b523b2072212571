"""Lines of a conversation → messages of `gr.Chatbot`, and back. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from kakaobot.chat.lines import ChatLine
from kakaobot.display_name import display_name
from ui import chat_text, text

_WORD_JOINER = "\u2060"
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")


def bubbles(lines: Sequence[ChatLine], note: str = "") -> list[dict[str, str]]:
    """Lines of a conversation as messages of `gr.Chatbot`, one per bubble.

    The first bubble of a model turn carries its name and the AI mark, so that a copied
    conversation keeps both.

    Args:
        lines: the conversation.
        note: a last bubble by the program itself.
    """
    messages: list[dict[str, str]] = []
    previous = None
    for line in lines:
        if line.is_break:
            messages.append({"role": "assistant", "content": small_note(line.text)})
            previous = None
            continue
        if line.from_user:
            messages.append({"role": "user", "content": _inert(line.text)})
            previous = None
            continue
        name = line.name or text.UNKNOWN_NAME
        first, *rest = line.text.split("\n")
        if name != previous:
            first = f"{display_name(name)} · {text.AI_MARK}\n{first}"
        messages += [{"role": "assistant", "content": _inert(part)} for part in (first, *rest)]
        previous = name
    return [*messages, {"role": "assistant", "content": _inert(note)}] if note else messages


def line_of_bubble(lines: Sequence[ChatLine], index: object) -> int | None:
    """Which line the message with this index in `bubbles` belongs to; None if none does."""
    ends = itertools.accumulate(len(bubbles([line])) for line in lines)
    numbers = (
        number for number, end in enumerate(ends) if isinstance(index, int) and 0 <= index < end
    )
    return next(numbers, None)


def original_text(content: object) -> str:
    """The text of a message that the chatbot sends back."""
    return content.replace(_WORD_JOINER, "") if isinstance(content, str) else ""


def small_note(note: str) -> str:
    """A note of the program that is shown small and without a bubble."""
    return f"{chat_text.NOTE_MARK}{note}"


def _inert(content: str) -> str:
    """Text that gradio's chatbot does not interpret as HTML.

    It interprets tags and entities even with Markdown off, and its copy button copies the raw
    value. A word joiner after `<` and `&` keeps both intact.
    """
    return _MARKUP.sub(f"\\g<0>{_WORD_JOINER}", content)
