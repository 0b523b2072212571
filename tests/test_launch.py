"""The entry point: what it starts, how it finds a running window, and one real run."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import launch
from scripts.open_page import proof_of
from scripts.running_window import running_window
from tests.conftest import python_outside

ROOT = Path(__file__).resolve().parent.parent


def reached_from(file: Path) -> list[Path]:
    """`file` and what it imports of scripts/, and of the texts, recursively."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    names = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    ours = [
        ROOT / f"{name.replace('.', '/')}.py"
        for name in names
        if name.startswith("scripts.") or name == "kakaobot.language"
    ]
    return [file, *(deeper for path in ours for deeper in reached_from(path))]


BEFORE_INSTALLATION = sorted({*reached_from(ROOT / "launch.py"), ROOT / "scripts" / "__init__.py"})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".kakaobot").mkdir()
    return tmp_path


class Window(BaseHTTPRequestHandler):
    token = "tok"
    requests: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path, _, challenge = self.path.partition("?challenge=")
        proof = proof_of(self.token, challenge) if path == "/health" else ""
        self.respond({"app": "kakaobot", "proof": proof})

    def do_POST(self) -> None:
        self.requests.append(self.headers["authorization"])
        self.respond({"code": "한-code" if self.path == "/open/new" else None})

    def respond(self, value: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Window)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def write_address(home: Path, port: int, host: str = "127.0.0.1") -> None:
    record = {"pid": 77, "port": port, "host": host, "token": "tok"}
    text = json.dumps(record)
    (home / ".kakaobot" / "instance.json").write_text(text, encoding="utf-8")


class Started:
    """Replaces `exec_or_run`."""

    def __init__(self) -> None:
        self.command: list[str] = []
        self.environ: dict[str, str] = {}
        self.folder: Path | None = None

    def __call__(self, command: list[str], environ: dict[str, str], folder: Path | None) -> int:
        self.command, self.environ, self.folder = command, environ, folder
        return 42


def start(argv: list[str], root: Path, **environ: str) -> tuple[int, Started, list[Path]]:
    prepared: list[Path] = []

    def prepare(_: Path, requirements: Path) -> Path:
        prepared.append(requirements)
        return Path("/other/bin/python")

    run = Started()
    return launch.start(argv, root, environ, prepare=prepare, run=run), run, prepared


# --- before anything is installed


def test_twelve_files_run_before_the_installation() -> None:
    assert len(BEFORE_INSTALLATION) == 12


@pytest.mark.parametrize("file", BEFORE_INSTALLATION, ids=lambda file: file.name)
def test_python_3_8_can_parse_it(file: Path) -> None:
    ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("file", BEFORE_INSTALLATION, ids=lambda file: file.name)
def test_it_imports_the_standard_library_only(file: Path) -> None:
    allowed = {*sys.stdlib_module_names, "scripts", "ui", "kakaobot.language"}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        assert {name if name in allowed else name.split(".")[0] for name in names} <= allowed


@pytest.mark.parametrize("file", BEFORE_INSTALLATION, ids=lambda file: file.name)
def test_the_app_is_imported_inside_functions_only(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    top = [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not [name for name in top if name.startswith("ui")]


# --- what is started


def test_open_runs_itself_again_inside_the_environment(tmp_path: Path) -> None:
    code, run, prepared = start(["--port", "9000"], tmp_path)
    assert (code, prepared) == (42, [tmp_path / "requirements.txt"])
    assert run.command == ["/other/bin/python", str(tmp_path / "launch.py"), "--port", "9000"]
    assert run.environ["PYTHONUTF8"] == "1"


def test_test_passes_its_arguments_to_pytest_in_the_project_folder(tmp_path: Path) -> None:
    code, run, prepared = start(["test", "-k", "한글", "--port"], tmp_path)
    assert (code, prepared) == (42, [tmp_path / "requirements-dev.txt"])
    assert run.command == ["/other/bin/python", "-m", "pytest", "-k", "한글", "--port"]
    assert run.folder == tmp_path


def test_cli_runs_in_the_current_folder(tmp_path: Path) -> None:
    code, run, _ = start(["cli", "train", "--help"], tmp_path, PYTHONPATH="/mine")
    assert (code, run.folder) == (42, None)
    assert run.command == ["/other/bin/python", "-m", "kakaobot", "train", "--help"]
    assert run.environ["PYTHONPATH"] == os.pathsep.join((str(tmp_path), "/mine"))


def test_hints_of_the_command_line_start_it_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run, _ = start(["cli"], tmp_path)
    assert run.environ["KAKAOBOT_PROGRAM"] == f'python "{tmp_path / "launch.py"}" cli'
    monkeypatch.chdir(tmp_path)
    _, run, _ = start(["cli"], tmp_path)
    assert run.environ["KAKAOBOT_PROGRAM"] == "python launch.py cli"
    _, run, _ = start(["cli"], tmp_path, KAKAOBOT_PROGRAM="scripts/run.sh")
    assert run.environ["KAKAOBOT_PROGRAM"] == "scripts/run.sh"
    command = [sys.executable, "-m", "kakaobot", "--help"]
    environ = {**os.environ, **run.environ, "PYTHONPATH": str(ROOT)}
    help_text = subprocess.run(command, capture_output=True, env=environ, check=True).stdout
    assert help_text.decode().startswith("사용법: scripts/run.sh")


def test_pythonhome_is_removed(tmp_path: Path) -> None:
    _, run, _ = start([], tmp_path, PYTHONHOME="/usr")
    assert "PYTHONHOME" not in run.environ


def test_help_is_korean_and_installs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, prepared = start(["--help"], tmp_path)
    assert (code, prepared) == (0, [])
    assert "사용법" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--prot", "1"], ["--port", "0"], ["--port", "삼"], ["열기"]])
def test_an_invalid_option_is_reported_in_korean(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch.main(argv) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("옵션을 알아볼 수 없습니다")
    assert len(printed) < 1000


def test_a_public_address_is_warned_about(capsys: pytest.CaptureFixture[str]) -> None:
    launch.warn_if_public("0.0.0.0")
    assert "주의" in capsys.readouterr().err
    launch.warn_if_public("127.0.0.1")
    assert not capsys.readouterr().err


# --- a window that already runs


def test_a_running_window_is_found_by_its_address(home: Path, port: int) -> None:
    write_address(home, port)
    assert running_window(home) == f"http://127.0.0.1:{port}/open#한-code"


def test_a_window_on_all_interfaces_is_reached_by_loopback(home: Path, port: int) -> None:
    write_address(home, port, host="0.0.0.0")
    assert running_window(home) == f"http://127.0.0.1:{port}/open#한-code"


def test_proxies_are_ignored(home: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    write_address(home, port)
    assert running_window(home)


def test_a_program_that_cannot_prove_the_token_is_not_the_window(
    home: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Window, "token", "guessed")
    monkeypatch.setattr(Window, "requests", [])
    write_address(home, port)
    assert running_window(home) is None
    assert Window.requests == []


@pytest.mark.parametrize("answer", [None, "kakaobot", [], {}, {"app": "kakaobot"}], ids=str)
def test_another_program_on_the_port_is_not_the_window(
    answer: object, home: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = Window.respond
    monkeypatch.setattr(Window, "respond", lambda self, _: respond(self, answer))
    write_address(home, port)
    assert running_window(home) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"host": "127.0.0.1"}', "null"])
def test_a_damaged_address_file_is_ignored(text: str, home: Path) -> None:
    (home / ".kakaobot" / "instance.json").write_text(text, encoding="utf-8")
    assert running_window(home) is None


def test_a_dead_window_is_ignored(home: Path, port: int) -> None:
    write_address(home, 1)
    assert running_window(home) is None


def test_a_second_start_shows_the_first_window_and_prepares_nothing(
    home: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_address(home, port)
    shown: list[str] = []

    def show(address: str) -> bool:
        shown.append(address)
        return True

    def prepare(_: Path, __: Path) -> Path:
        raise AssertionError("nothing must be installed")

    environ = {"KAKAOBOT_HOME": str(home)}
    assert launch.start([], ROOT, environ, prepare=prepare, show=show) == 0
    address = f"http://127.0.0.1:{port}/open#한-code"
    assert shown == [address]
    assert launch.start(["--no-browser"], ROOT, environ, prepare=prepare, show=show) == 0
    assert shown == [address]
    printed = capsys.readouterr()
    assert printed.out == f"{address}\n{address}\n"
    assert "이미 열려" in printed.err


# --- end to end, with a real environment

APP = """
import json, os, sys
def run(*, host, port, open_browser, app_window):
    utf8 = os.environ.get("PYTHONUTF8")
    print(json.dumps([sys.prefix, host, port, open_browser, app_window, utf8]))
    return 7
"""
MODULE = "import os, sys\nprint(sys.argv[1:], os.getcwd())\nraise SystemExit(9)\n"


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "scripts").mkdir()
    (folder / "kakaobot").mkdir()
    for file in (*BEFORE_INSTALLATION, ROOT / "kakaobot/__init__.py"):
        shutil.copy(file, folder / file.relative_to(ROOT))
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text("# 없음\n", encoding="utf-8")
    for name, text in {"ui/app.py": APP, "kakaobot/__main__.py": MODULE}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run_launcher(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "KAKAOBOT_HOME"}
    return subprocess.run(
        [str(python_outside()), str(folder / "launch.py"), *argv],
        capture_output=True,
        encoding="utf-8",
        env={**environ, "PYTHONIOENCODING": "utf-8"},
        cwd=folder.parent,
        check=False,
    )


@pytest.mark.slow
def test_the_first_start_installs_and_the_second_does_not(
    tmp_path: Path,
) -> None:
    folder = project(tmp_path / "내 프로젝트")
    first = run_launcher(folder, "--port", "8123", "--no-browser")
    assert first.returncode == 7, first.stderr
    assert json.loads(first.stdout) == [str(folder / ".venv"), "127.0.0.1", 8123, False, True, "1"]
    assert "설치가 끝났습니다" in first.stderr
    assert (folder / ".venv" / "install.log").exists()

    second = run_launcher(folder, "--browser")
    assert (second.returncode, second.stderr) == (7, "")
    assert json.loads(second.stdout)[2:5] == [None, True, False]

    tool = run_launcher(folder, "cli", "train", "--x")
    assert (tool.returncode, tool.stdout) == (9, f"['train', '--x'] {tmp_path}\n")

    (folder / ".venv" / "pyvenv.cfg").unlink()
    repaired = run_launcher(folder)
    assert repaired.returncode == 7, repaired.stderr
    assert "가상 환경" in repaired.stderr
