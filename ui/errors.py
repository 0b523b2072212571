"""Turns errors into toasts and log lines; no other module does.

The log names the error and where it was raised, but not its message, which may quote a chat.
"""

from __future__ import annotations

import contextlib
import functools
import html
import inspect
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import gradio as gr

from kakaobot.errors import KakaobotError
from kakaobot.os_errors import os_error_message
from ui import request_text, text
from ui.late_blocks import LateBlocks
from ui.words import told

log = logging.getLogger("kakaobot.window")


class Toast(gr.Error):
    """An error as the user reads it."""

    def __init__(self, message: str, title: str = text.NOTICE) -> None:
        super().__init__(html.escape(told(message)), title=title, print_exception=False)


class GuardedBlocks(LateBlocks):
    """Blocks whose own errors become toasts.

    Gradio answers a value that a page should not send in English, and logs it with the values.
    """

    quiet: gr.HTML
    """Bears the progress of events that show none."""

    def __enter__(self) -> GuardedBlocks:
        super().__enter__()  # type: ignore[no-untyped-call]
        self.quiet = gr.HTML(visible="hidden", elem_id="quiet")
        return self

    async def process_api(
        self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """As in `gr.Blocks`.

        Raises:
            Toast: the request failed.
        """
        place = f"the request of {getattr(block_fn, 'name', block_fn)}"
        with _toasts(place, request_text.STALE_PAGE):
            # JSON can hold half a surrogate pair, which no answer can.
            json.dumps(inputs, ensure_ascii=False, default=str).encode()
            return await super().process_api(block_fn, inputs, *args, **kwargs)


def show_errors(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a handler to raise its errors as Korean toasts; a generator stays one."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with _toasts(handler.__qualname__):
                yield from handler(*args, **kwargs)

        return stream

    @functools.wraps(handler)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _toasts(handler.__qualname__):
            return handler(*args, **kwargs)

    return call


def notify(message: str) -> None:
    """Show an informational toast from within a handler."""
    gr.Info(html.escape(told(message)), title=text.NOTICE)


async def failure_of(call: Awaitable[None]) -> Exception | None:
    """Await a call; returns its error, if any."""
    try:
        await call
    except Exception as error:  # noqa: BLE001 -- the caller answers with it
        return error
    return None


@contextlib.contextmanager
def _toasts(place: str, unexpected: str = "") -> Iterator[None]:
    """Raise errors as toasts; those not meant for the user are logged and read `unexpected`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Toast):
            raise
        if isinstance(error, KakaobotError):
            raise Toast(str(error)) from error
        _log_unexpected(error, place)
        if unexpected:
            raise Toast(unexpected) from None
        if isinstance(error, OSError) and error.errno is not None:
            raise Toast(os_error_message(error)) from error
        raise Toast(request_text.UNEXPECTED_ERROR, text.ERROR_TITLE) from error


def _log_unexpected(error: Exception, place: str) -> None:
    """Log the name and the traceback of an error."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected error in %s: %s\n%s", place, type(error).__name__, frames)
