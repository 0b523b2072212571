"""The dropdown of all tabs."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

import gradio as gr


def _preprocess(self: Any, payload: object) -> object:
    """The value as sent; the handlers judge one that is no longer among the choices.

    Gradio would answer it with all choices, which are names, in a toast and in the log.

    Raises:
        TypeError: no page sends a value of this type.
    """
    values = payload if self.multiselect and isinstance(payload, list) else [payload]
    if not all(isinstance(value, str | None) for value in values):
        raise TypeError("not a choice")
    return payload


# Gradio's own metaclass would write a stub file next to this module.
Choice: Any = ABCMeta.__new__(
    type(gr.Dropdown),
    "Choice",
    (gr.Dropdown,),
    {
        "__module__": __name__,
        "__doc__": "A dropdown that passes on values which are no longer among its choices.",
        # The frontend treats a template as its base class.
        "is_template": True,
        "preprocess": _preprocess,
        # Gradio would log a value that a handler sets before its choices.
        "_warn_if_invalid_choice": lambda self, value: None,
    },
)
