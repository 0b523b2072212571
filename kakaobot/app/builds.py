"""Long work of one program, such as a build, which any of its pages may follow and cancel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kakaobot.errors import KakaobotError
from kakaobot.language import tr
from kakaobot.os_errors import os_error_message
from kakaobot.schema import Progress, no_progress

_CANCELLED = tr("만들기를 그만두었습니다. 앞서 만든 것은 그대로 있습니다.")


class BuildCancelled(KakaobotError):
    """A build was cancelled; what was built before stays."""


@dataclass(frozen=True)
class BuildState:
    """What a page shows of builds."""

    is_running: bool = False
    is_cancelled: bool = False
    """Whether the running build was asked to end, or the last one has ended so."""
    share: float = 0.0
    message: str = ""
    """Korean: what the running build does."""
    ended: int = 0
    """Builds that have ended so far."""
    has_failed: bool = False
    """Whether the last one was cancelled or has failed."""
    problem: str = ""
    """Korean: why; empty for a mistake of the program."""


class Builds:
    """Keeps the state of one build at a time; a second one only waits for the first."""

    def __init__(self, cancelled: str = _CANCELLED) -> None:
        """`cancelled`: Korean: what is said of one that has ended so."""
        self._cancelled = cancelled
        self._changed = threading.Condition()
        self._running = 0
        self._state = BuildState()

    @property
    def state(self) -> BuildState:
        return self._state

    def cancel(self) -> None:
        """Let what runs end at its next report."""
        if self._state.is_running:
            self._set(is_cancelled=True)

    def wait(self, timeout: float) -> None:
        """Wait until no build runs, at most so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._state.is_running, timeout)

    @contextmanager
    def recorded(self, progress: Progress = no_progress) -> Iterator[Progress]:
        """Keep what a build reports; raises `BuildCancelled` there once it is to end."""

        def report(share: float, message: str) -> None:
            if self._state.is_cancelled:
                raise BuildCancelled(self._cancelled)
            self._set(share=share, message=message)
            progress(share, message)

        self._begin()
        problem, has_failed = "", True
        try:
            yield report
            has_failed = False
        except KakaobotError as error:
            problem = str(error)
            raise
        except OSError as error:
            problem = os_error_message(error)
            raise
        finally:
            self._end(problem, has_failed=has_failed)

    def _begin(self) -> None:
        with self._changed:
            self._running += 1
            if self._running == 1:
                self._state = BuildState(is_running=True, ended=self._state.ended)

    def _end(self, problem: str, *, has_failed: bool) -> None:
        with self._changed:
            self._running -= 1
            self._state = BuildState(
                is_running=self._running > 0,
                is_cancelled=self._state.is_cancelled,
                ended=self._state.ended + 1,
                has_failed=has_failed,
                problem=problem,
            )
            self._changed.notify_all()

    def _set(self, **changes: object) -> None:
        with self._changed:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]
