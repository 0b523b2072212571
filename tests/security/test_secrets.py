"""What is told to the chat, and every password typed, is in no log and in no file but their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.config import ROOT, Home, save
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import QUICK, write_password
from tests.patience import patience
from tests.security.window import PASSWORD, running_window

pytestmark = pytest.mark.slow

SECRETS = {
    kind: f"비밀 {kind} 칠삼이일"
    for kind in ("replied", "failed", "forged", "wrong", "mistyped", "new", "command", "name")
}
KEPT = ("data/chats", "data/feedback")
"""Where conversations and feedback are kept, behind the password."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.settings()
    save(home.settings_file, QUICK)
    save_random_model(tmp_path / "model", hidden=64, layers=1)
    create_chat_run(home, tmp_path / "model")
    save(home.settings_file, {"generation.max_new_tokens": 8})
    write_password(home, f"'{PASSWORD}'")
    return home


def test_no_secret_of_a_chat_or_a_password_is_logged_or_left(home: Home) -> None:
    adapter = home.root / "checkpoints_lora/main/adapter_best/adapter_model.safetensors"
    whole = adapter.read_bytes()
    with running_window(home.root) as window:
        page = window.open_page()
        assert "틀렸습니다" in str(page.unlock(SECRETS["wrong"]))
        page.call("chat-send", values={"chat-message": SECRETS["failed"]})
        page.unlock()
        adapter.write_bytes(whole[:100])
        failed = page.call("chat-send", values={"chat-message": SECRETS["failed"]})
        assert "adapter_model" in str(failed)
        adapter.write_bytes(whole)
        said = {"chat-message": SECRETS["replied"], "chat-me": SECRETS["name"]}
        assert SECRETS["replied"] in str(page.call("chat-send", values=said))
        page.join(
            "chat-send", values={"chat-message": [SECRETS["forged"], {"x": SECRETS["forged"]}]}
        )
        list(page.messages())
        for old, new, again in (
            (SECRETS["wrong"], SECRETS["new"], SECRETS["new"]),
            (PASSWORD, SECRETS["new"], SECRETS["mistyped"]),
            (PASSWORD, SECRETS["new"], SECRETS["new"]),
        ):
            typed = {"password-old": old, "password-new": new, "password-again": again}
            page.call("password-save", values=typed)
        window.process.terminate()
        printed = "".join(window.process.communicate(timeout=patience()))
    printed += command(home, SECRETS["command"])
    adapter.write_bytes(whole[:100])
    printed += command(home, SECRETS["command"])
    for secret in SECRETS.values():
        assert secret not in printed
    assert holders(home, SECRETS["new"]) == [".env"]
    for kind in SECRETS.keys() - {"new"}:
        assert holders(home, SECRETS[kind]) == []


def command(home: Home, message: str) -> str:
    """What `reply` prints, beside the reply of a model that answers nonsense."""
    environ = {**os.environ, "KAKAOBOT_HOME": str(home.root), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "kakaobot", "reply", message],
        cwd=ROOT,
        env=environ | {"CHATBOT_ACCESS_PASSWORD": SECRETS["new"]},
        capture_output=True,
        encoding="utf-8",
        timeout=patience(),
        check=False,
    )
    assert "비밀번호" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def holders(home: Home, secret: str) -> list[str]:
    """Files of a home that hold a secret, beside those of the conversations."""
    return [
        name
        for file in home.root.rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
        for name in [file.relative_to(home.root).as_posix()]
        if not name.startswith(KEPT)
    ]
