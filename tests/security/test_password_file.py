"""The password: no other account reads its file unnoticed, and no child process inherits it."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import launch
from kakaobot.app.auth import PasswordGate
from kakaobot.app.password_file import PasswordFile
from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.config import ROOT, Home
from kakaobot.env_file import ACCESS_VARIABLE, PASSWORD_VARIABLE, SECRET_VARIABLES
from kakaobot.errors import AccessDenied
from kakaobot.runs.run import Run
from kakaobot.settings import TrainingSettings
from kakaobot.train.launch_command import LaunchCommand, launch_command
from kakaobot.train.launcher import TrainingThread, kill
from tests.conftest import write_password
from tests.patience import patience, wait_for
from tests.security.window import running_window
from ui import password_text
from ui.password_card import PasswordFileHandlers

SECRETS = dict.fromkeys(SECRET_VARIABLES, "바다 거북")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(home: Home, *argv: str, typed: str | None = None) -> tuple[int, str]:
    """Exit code and notices; on a terminal if something is typed."""
    kind = io.StringIO if typed is None else Terminal
    err = kind()
    code = main(argv, home=home, console=Console(kind(), err, kind(typed or "")))
    return code, err.getvalue()


def mode_of(home: Home) -> int:
    return stat.S_IMODE(home.env_file.stat().st_mode)


@pytest.fixture
def exposed(home: Home) -> Home:
    write_password(home)
    home.env_file.chmod(0o644)
    return home


# --- who reads the file


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666, 0o602, 0o777])
def test_a_command_tells_that_others_read_the_password(home: Home, mode: int) -> None:
    write_password(home)
    home.env_file.chmod(mode)
    code, err = run(home, "status")
    assert code == 0
    assert err.startswith("주의: 이 컴퓨터의 다른 사용자도 비밀번호 파일을 읽을 수 있습니다.")
    assert f"chmod 600 '{home.env_file}'" in err
    assert mode_of(home) == mode


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_private_file_is_not_mentioned(home: Home, mode: int) -> None:
    write_password(home)
    home.env_file.chmod(mode)
    assert run(home, "status") == (0, "")
    assert run(home, "status", typed="") == (0, "")


@pytest.mark.parametrize("answer", ["y", "네", "ㅛ"])
def test_a_command_on_a_terminal_closes_the_file_if_asked_to(exposed: Home, answer: str) -> None:
    code, err = run(exposed, "status", typed=f"{answer}\n")
    assert code == 0
    assert "[y/N]" in err and "이제 나만 읽을 수 있습니다." in err
    assert mode_of(exposed) == 0o600


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_file_stays_as_it_is_without_a_yes(exposed: Home, answer: str) -> None:
    assert run(exposed, "status", typed=answer)[0] == 0
    assert mode_of(exposed) == 0o644


def test_the_printed_command_closes_the_file(exposed: Home) -> None:
    command = PasswordFile(exposed).exposure().partition("하려면: ")[2]
    subprocess.run(command, shell=True, check=True)
    assert PasswordFile(exposed).exposure() == ""


def test_the_card_of_the_window_closes_the_file(
    exposed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("ui.password_card.notify", told.append)
    handlers = PasswordFileHandlers(PasswordFile(exposed))
    card, button = handlers.show()
    assert password_text.ENV_EXPOSED in card.value  # type: ignore[attr-defined]
    # Beside its button, the command for it would only confuse.
    assert "chmod" not in card.value  # type: ignore[attr-defined]
    assert card.visible and button.visible  # type: ignore[attr-defined]
    card, button = handlers.close()
    assert not card.visible and not button.visible  # type: ignore[attr-defined]
    assert mode_of(exposed) == 0o600
    assert told


@pytest.mark.parametrize("name", [".env.txt", "env.txt", ".env.env"])
def test_a_misnamed_file_is_named_where_the_password_is_missing(home: Home, name: str) -> None:
    (home.root / name).write_text("CHATBOT_PASSWORD=귤", encoding="utf-8")
    code, err = run(home, "reply", "안녕")
    assert code == 1
    assert f"'{name}'" in err and "'.env' 으로 바꾸고" in err
    with pytest.raises(AccessDenied, match="이름을 '.env'"):
        PasswordGate.from_home(home).authenticate("귤")
    card, button = PasswordFileHandlers(PasswordFile(home)).show()
    assert name in card.value and card.visible and not button.visible  # type: ignore[attr-defined]
    write_password(home)
    assert PasswordFile(home).misnaming() == ""


def test_a_window_tells_it_at_the_start(exposed: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "from ui.app import run; run(open_browser=False)"],
        cwd=ROOT,
        env={**os.environ, "KAKAOBOT_HOME": str(exposed.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as window:
        assert window.stderr is not None
        first_line = window.stderr.readline()
        window.terminate()
        window.communicate(timeout=patience())
    assert first_line.startswith("주의: 이 컴퓨터의 다른 사용자도")


@pytest.mark.slow
def test_the_button_of_the_real_window_closes_the_file(exposed: Home) -> None:
    with running_window(exposed.root) as window:
        page = window.open_page("비밀")
        card = page.values("shown-settings", "select")["set-password-file"]
        assert password_text.ENV_EXPOSED in str(card)
        assert page.call("set-password-file-close")["success"]
        assert mode_of(exposed) == 0o600
        assert "주의: 이 컴퓨터의 다른 사용자도" in window.stop()


# --- who inherits the password


@pytest.fixture
def secret_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    yield


def start(folder: Path, command: LaunchCommand) -> Run:
    run = Run(folder / "main")
    run.create({})
    TrainingThread.launch(run, command)
    return run


def environment_of(process: psutil.Process) -> dict[str, str]:
    """The environment a process was started with, as its owner can read it."""
    environ: dict[str, str] = process.environ()
    assert environ["PYTHONUTF8"] == "1"
    return environ


@pytest.mark.usefixtures("secret_environment")
def test_a_worker_has_no_password(tmp_path: Path, home: Home) -> None:
    run = start(tmp_path, launch_command(TrainingSettings(), home.root))
    process = run.worker.process()
    assert process
    assert not environment_of(process).keys() & SECRETS.keys()
    kill(run)


@pytest.mark.slow
@pytest.mark.usefixtures("secret_environment")
def test_no_process_of_accelerate_has_a_password(tmp_path: Path, home: Home) -> None:
    run = start(tmp_path, launch_command(TrainingSettings(num_processes=2), home.root))
    process = run.worker.process()
    assert process
    wait_for(lambda: len(process.children(recursive=True)) >= 2, run)
    for member in [process, *process.children(recursive=True)]:
        assert not environment_of(member).keys() & SECRETS.keys()
    kill(run)


@pytest.mark.usefixtures("secret_environment")
def test_the_program_keeps_passwords_out_of_its_environment() -> None:
    home = Home.find()
    assert not os.environ.keys() & SECRETS.keys()
    assert home.password() == SECRETS[PASSWORD_VARIABLE]
    assert home.secret(ACCESS_VARIABLE) == SECRETS[ACCESS_VARIABLE]
    assert "거북" not in repr(home)


@pytest.mark.usefixtures("secret_environment")
def test_launch_installs_without_passwords_and_passes_them_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[dict[str, str]] = []

    def fake_start(_: list[str], __: Path, environ: dict[str, str]) -> int:
        seen.extend((dict(os.environ), environ))
        return 0

    monkeypatch.setattr(launch, "start", fake_start)
    assert launch.main([], tmp_path) == 0
    assert not seen[0].keys() & SECRETS.keys()
    assert seen[1].items() >= SECRETS.items()
