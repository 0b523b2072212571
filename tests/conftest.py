"""What tests share: a home of their own, the sample room, tokenizers of every shape.

Also how they are run: several files at once where there are several cores, the long ones first.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.base.memory import use_one_heap
from kakaobot.base.selection import choose
from kakaobot.config import ROOT, Home, save
from kakaobot.openmp import set_wait_policy
from tests.patience import patience

SAMPLE = ROOT / "data" / "sample" / "sample_windows.txt"
QUICK = {
    "model.base_model": "starter",
    # The other engine would answer as soon as its files are converted; it has tests of its own.
    "model.chat_engine": "transformers",
    "training.max_seq_len": 128,
    "training.early_stopping_patience": 0,
    "training.sample_replies": 4,
    "generation.max_new_tokens": 24,
}

MAX_WORKERS = 8
HANG_SECONDS = 1800.0
"""Timeout of a test that hangs outside `wait_for`."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker per core; none if test files are named, for `-s` and `--pdb`."""
    named = any(".py" in path for path in config.option.file_or_dir)
    cores = min(psutil.cpu_count() or 1, MAX_WORKERS)
    return 0 if named or cores == 1 else cores


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Before torch or the hub's library is imported, and for all child processes.
    set_wait_policy()
    use_one_heap()
    # A worker of xdist has threads, with heaps of their own, before it reads this file.
    os.environ["MALLOC_ARENA_MAX"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # As the window sets them: gradio would tabulate all earlier events after each one.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        threads = max(1, (psutil.cpu_count() or 1) // workers)
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    if config.option.timeout is None:
        config.option.timeout = patience(HANG_SECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with long tests first, so that no worker starts one last."""
    ranks: dict[Path, int] = {}
    for item in items:
        marked = [item.get_closest_marker(name) is not None for name in ("browser", "slow")]
        ranks[item.path] = min(ranks.get(item.path, 2), [*marked, True].index(True))
    items.sort(key=lambda item: ranks[item.path])


def python_outside() -> Path:
    """The Python that created the virtual environment of the tests."""
    base = Path(getattr(sys, "_base_executable", sys.executable))
    # Before 3.11 a POSIX environment names itself there, but links to its base.
    return base.resolve() if base == Path(sys.executable) else base


@pytest.fixture(autouse=True)
def _own_garbage_collector() -> Iterator[None]:
    """Undo `spare_modules`, which a process that chats calls once."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's password and data."""
    monkeypatch.setenv("KAKAOBOT_HOME", str(tmp_path / "home"))
    for name in ("CHATBOT_PASSWORD", "CHATBOT_ACCESS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home with quick settings for the starter."""
    home = Home(tmp_path / "home")
    home.settings()
    save(home.settings_file, QUICK)
    return home


def write_password(home: Home, password: str = "비밀") -> None:
    """Set the password of a home in a file that other accounts cannot read."""
    home.env_file.touch(0o600)
    home.env_file.write_text(f"CHATBOT_PASSWORD={password}", encoding="utf-8")


@pytest.fixture
def bases() -> BaseModels:
    return BaseModels(lambda name: choose(name, reachable=lambda: False))


@pytest.fixture(scope="session")
def tokenizer_of() -> Callable[..., Any]:
    """Factory of byte-level tokenizers with given special tokens and chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    text = (ROOT / "data" / "sample" / "room.txt").read_text(encoding="utf-8").splitlines()

    def make(*special: str, template: str | None = None, **roles: str) -> Any:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train_from_iterator(
            text,
            trainers.BpeTrainer(
                vocab_size=600,
                special_tokens=list(special),
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        )
        wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
        wrapped.chat_template = template
        return wrapped

    return make
