"""Turns errors into toasts; no other module does."""

from __future__ import annotations

import functools
import html
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from kakaobot.errors import KakaobotError
from ui import text

log = logging.getLogger("kakaobot.window")


def show_errors(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a handler to raise its errors as Korean toasts; a generator stays one."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:
                raise _toast(error, handler) from error

        return stream

    @functools.wraps(handler)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            raise _toast(error, handler) from error

    return call


def notify(message: str) -> None:
    """Show an informational toast from within a handler."""
    gr.Info(html.escape(message), title=text.NOTICE)


def _toast(error: Exception, handler: Callable[..., Any]) -> gr.Error:
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, KakaobotError):
        return gr.Error(html.escape(str(error)), title=text.NOTICE, print_exception=False)
    log.error("unexpected error in %s", handler.__qualname__, exc_info=error)
    return gr.Error(text.UNEXPECTED_ERROR, title=text.ERROR_TITLE, print_exception=False)
