"""영원히 지우기: deletes stored things for good, unless they are in use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.build_lock import no_build
from kakaobot.app.reply_marks import ReplyMarks
from kakaobot.app.start_lock import START_LOCK, start_lock
from kakaobot.app.storage import (
    Storage,
    StoredKind,
    StoredThing,
    files_of,
    size_of,
    size_text,
    total_size,
)
from kakaobot.atomic_io import retry_rename
from kakaobot.config import Home
from kakaobot.display_name import display_name
from kakaobot.errors import KakaobotError, RunError
from kakaobot.exports.paths import remove_file
from kakaobot.language import tr
from kakaobot.runs.refinement import refinement_of
from kakaobot.runs.run import Run
from kakaobot.train.run_config import base_of

_READ_BY_REPLIES: frozenset[StoredKind] = frozenset(
    ("dataset", "run", "quiz", "chats", "feedback", "base")
)
_USED_BY_BUILDS: frozenset[StoredKind] = frozenset(("exports", "dataset"))
_TRAINING = tr(
    "학습 '{run}' 이 진행 중이라 '{title}' 을(를) 지울 수 없습니다. 학습을 멈춘 뒤 다시 하세요."
)
_ERASED = tr("{titles} 을(를) 영원히 지웠습니다 (파일 {files:,}개, {size}).")
_LEFT = tr(
    "다만 {places}은(는) 지우지 못했습니다. 그 파일을 쓰는 프로그램을 닫고 권한을 확인한 뒤 다시 "
    "지우세요."
)
_NOTHING = tr("지울 것이 없습니다.")
_MAX_TITLES = 4
_PASSES = (0.0, 0.1, 0.3, 1.0)
"""Seconds before each attempt to delete everything."""


@dataclass(frozen=True)
class ErasePlan:
    """What would go."""

    things: tuple[StoredThing, ...]
    files: int
    size: int
    """Bytes."""

    @property
    def question(self) -> str:
        """Korean: asked once, before it goes."""
        titles = ", ".join(f"'{thing.title}'" for thing in self.things)
        amount = tr("파일 {files:,}개, {size}").format(files=self.files, size=size_text(self.size))
        return tr("{titles} 을(를) 영원히 지웁니다 ({amount}). 되돌릴 수 없습니다.").format(
            titles=titles, amount=amount
        )


@dataclass(frozen=True)
class Erasure:
    """What has gone."""

    things: tuple[StoredThing, ...]
    files: int
    size: int
    left: tuple[str, ...] = ()
    """Places of files that could not be deleted."""

    @property
    def sentence(self) -> str:
        titles = [f"'{thing.title}'" for thing in self.things]
        shown = ", ".join(titles[:_MAX_TITLES])
        if len(titles) > _MAX_TITLES:
            shown += tr(" 외 {count}가지").format(count=len(titles) - _MAX_TITLES)
        done = _ERASED.format(titles=shown, files=self.files, size=size_text(self.size))
        if not self.left:
            return done
        more = tr(" 외 {count}개").format(count=len(self.left) - 1) if len(self.left) > 1 else ""
        places = f"'{display_name(self.left[0])}'{more}"
        return f"{done} {_LEFT.format(places=places)}"


class Erasing:
    """Erases what is stored in one home. With a password set, every call requires a pass."""

    def __init__(
        self,
        home: Home,
        gate: PasswordGate,
        paused_replies: Callable[[bool], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        """Erase nothing yet.

        Args:
            home: whose things.
            gate: issues the passes.
            paused_replies: keeps the replies of this process from starting meanwhile, and drops
                the model if it is given True; raises a RunError during one.
        """
        self._home, self._gate = home, gate
        self._paused_replies = paused_replies
        self._marks = ReplyMarks(home)
        self._storage = Storage(home)
        self.last: Erasure | None = None
        """What was erased last by this service."""
        self.count = 0
        """How often it has erased something."""

    def question(self, access: AccessPass | None, names: Sequence[str] = ()) -> str:
        """What is asked before `erase`; raises as `plan`."""
        return self.plan(access, names).question

    def plan(self, access: AccessPass | None, names: Sequence[str] = ()) -> ErasePlan:
        """What `erase` would delete.

        Args:
            access: issued by the gate.
            names: of stored things; none for all that hold words or were made of them.

        Raises:
            AccessDenied: the pass is not valid.
            KakaobotError: there is nothing of that name.
            DatasetError, RunError: it is in use.
        """
        self._verify(access)
        with self._held(names, erases=False) as things:
            return _plan(things)

    def erase(self, access: AccessPass | None, names: Sequence[str] = ()) -> Erasure:
        """Delete for good.

        Raises:
            AccessDenied, KakaobotError, DatasetError, RunError: as `plan`; nothing is deleted.
        """
        self._verify(access)
        with self._held(names, erases=True) as things:
            plan = _plan(things)
            left = self._delete_all([root for thing in things for root in thing.roots])
            size = plan.size - size_of(left)
        for folder in self._storage.containers():
            _remove_if_empty(folder)
        places = tuple(self._storage.place(path) for path in left)
        self.last = Erasure(plan.things, plan.files - len(left), size, places)
        self.count += 1
        return self.last

    def _delete_all(self, roots: Sequence[Path]) -> list[Path]:
        """Delete files and folders; returns what could not be deleted.

        Whoever was just looking into a folder makes its lock anew, until the folder is gone.
        """
        left: list[Path] = []
        for wait in _PASSES:
            time.sleep(wait)
            left = [path for root in roots for path in _delete(root)]
            for folder in self._storage.containers():
                _remove_if_empty(folder)
            if left or not any(map(os.path.lexists, roots)):
                break
        return left

    def _verify(self, access: AccessPass | None) -> None:
        if self._gate.is_set:
            self._gate.verify(access)

    @contextmanager
    def _held(self, names: Sequence[str], *, erases: bool) -> Iterator[list[StoredThing]]:
        """The things, while nobody begins to use them.

        Raises:
            DatasetError, RunError: somebody uses one.
        """
        with ExitStack() as held:
            things = self._chosen(names)
            if built := [thing for thing in things if thing.kind in _USED_BY_BUILDS]:
                held.enter_context(no_build(self._home, built[0].title))
                things = self._chosen(names)
            if any(thing.kind in _READ_BY_REPLIES for thing in things):
                held.enter_context(self._paused_replies(erases))
                self._marks.check_no_other()
                runs = self._storage.runs()
                held.enter_context(start_lock(runs.folder))
                _check_unused(things, runs.live())
                things = self._chosen(names)
            yield things

    def _chosen(self, names: Sequence[str]) -> list[StoredThing]:
        things = self._storage.find(names) if names else self._storage.personal()
        if not things:
            raise KakaobotError(_NOTHING)
        return things


def _check_unused(things: Sequence[StoredThing], live: Run | None) -> None:
    """Check that a live worker uses none of the things.

    Raises:
        RunError: it does.
    """
    if live is None:
        return
    base, refines = base_of(live).name, refinement_of(live) is not None
    for thing in things:
        used = {
            "dataset": True,
            "quiz": live.path in [root.parent for root in thing.roots],
            "run": thing.path == live.path,
            "feedback": refines,
            "base": thing.subject == base,
        }
        if used.get(thing.kind):
            raise RunError(_TRAINING.format(run=live.name, title=thing.title))


def _plan(things: Sequence[StoredThing]) -> ErasePlan:
    files = {file for thing in things for file in files_of(thing.roots)}
    return ErasePlan(tuple(things), len(files), total_size(things))


def _delete(root: Path) -> list[Path]:
    """Delete a file, or a folder with all in it; returns what could not be deleted."""
    left: list[Path] = []
    for file in list(files_of([root])):
        try:
            _remove(file, patiently=not left)
        except OSError:
            left.append(file)
    if root.is_dir():
        folders = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
        for folder in (*folders, root):
            with suppress(OSError):
                folder.rmdir()
    if root.is_symlink():
        with suppress(OSError):
            root.unlink()
    return left


def _remove(file: Path, *, patiently: bool) -> None:
    """Remove a file; patiently, as on Windows another program may be reading it."""
    if patiently:
        retry_rename(lambda: remove_file(file))
    else:
        remove_file(file)


def _remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing, or only the lock of the runs."""
    lock = folder / START_LOCK
    with suppress(OSError):
        if [path for path in folder.iterdir() if path != lock] == []:
            lock.unlink(missing_ok=True)
            folder.rmdir()
