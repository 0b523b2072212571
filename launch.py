"""Entry point: prepares `.venv`, runs itself again inside it and opens the window.

Standard library only, with syntax of Python 3.8, so that an old Python prints a sentence instead of
a traceback. Installing is the task of `scripts/environment.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from kakaobot.language import tr
from scripts.environment import EnvironmentFailure, environment, is_running_in
from scripts.open_page import open_in_browser
from scripts.pip_progress import say
from scripts.run_command import exec_or_run
from scripts.running_window import running_window, show_window

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")

HELP = tr("""사용법:
  python launch.py [옵션 …]               창을 엽니다 (처음에는 설치도 합니다)
  python launch.py test [pytest 옵션 …]   검사를 실행합니다
  python launch.py cli [명령 …]           명령줄 도구 (python -m kakaobot)

  --port 번호    사용할 포트 (기본: 7860부터 비어 있는 번호)
  --host 주소    접속을 받을 주소 (기본: 127.0.0.1, 이 컴퓨터에서만 접속)
  --browser      앱 창 대신 보통 쓰는 브라우저에 열기 (앱 창은 Chrome·Edge·Chromium 이 있을 때)
  --no-browser   브라우저를 열지 않고 주소만 출력""")


class OptionError(Exception):
    """Invalid command line; the message is Korean."""


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    for stream in (sys.stdout, sys.stderr):
        # A cp949 console cannot encode emoji; question marks are better than a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        environ = dict(os.environ)
        for name in _passwords(environ):
            # Neither pip nor a browser gets them.
            del os.environ[name]
        return start(list(sys.argv[1:] if argv is None else argv), root, environ)
    except (OptionError, EnvironmentFailure) as error:
        say(str(error))
        return 1
    except OSError as error:
        say(
            tr(
                "{filename} 을(를) 읽거나 쓰지 못했습니다 ({strerror}). 폴더의 권한과 "
                "디스크의 남은 자리를 확인하고 다시 시작하세요."
            ).format(filename=error.filename or tr("파일"), strerror=error.strerror)
        )
        return 1
    except KeyboardInterrupt:
        say(tr("멈췄습니다. 다시 시작하면 하던 곳부터 이어서 합니다."))
        return 130


def start(
    argv: list[str],
    root: Path,
    environ: Mapping[str, str],
    *,
    prepare: Callable[[Path, Path], Path] = environment,
    run: Callable[..., int] | None = None,
    show: Callable[[str], bool] | None = None,
) -> int:
    """Run a verb. Returns the exit code, unless `run` replaces this process."""
    verb = argv[0] if argv[:1] in (["test"], ["cli"]) else "open"
    environ = {**environ, "PYTHONUTF8": "1"}
    # It would make the interpreter of .venv use the base installation, in an endless loop.
    environ.pop("PYTHONHOME", None)
    run = run or exec_or_run
    if verb == "test":
        python = prepare(root, root / "requirements-dev.txt")
        return run([str(python), "-m", "pytest", *argv[1:]], environ, root)
    if verb == "cli":
        python = prepare(root, root / "requirements.txt")
        folders = filter(None, (str(root), environ.get("PYTHONPATH")))
        environ["PYTHONPATH"] = os.pathsep.join(folders)
        environ.setdefault("KAKAOBOT_PROGRAM", _cli_command(root))
        return run([str(python), "-m", "kakaobot", *argv[1:]], environ, None)
    options = read_options(argv)
    if options.help:
        sys.stdout.write(HELP + "\n")
        return 0
    home = Path(environ.get("KAKAOBOT_HOME") or root)
    address = running_window(home)
    if address:
        in_app = not options.browser
        browse = show or (lambda address: open_in_browser(address, home, app_window=in_app))
        return show_window(address, None if options.no_browser else browse)
    python = prepare(root, root / "requirements.txt")
    if is_running_in(python):
        return _open_window(options, environ)
    return run([str(python), str(root / "launch.py"), *argv], environ, None)


def _cli_command(root: Path) -> str:
    """How the user starts the command line, which shows it in its hints."""
    launcher = "launch.py" if Path.cwd() == root else f'"{root / "launch.py"}"'
    return f"python {launcher} cli"


def read_options(argv: Sequence[str]) -> argparse.Namespace:
    class LaunchParser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise OptionError(
                tr("옵션을 알아볼 수 없습니다: {argv} ({message})\n\n{help}").format(
                    argv=" ".join(argv), message=message, help=HELP
                )
            )

    parser = LaunchParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", type=_port)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(tr("포트는 1부터 65535까지의 숫자입니다"))
    return int(text)


def _passwords(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith("CHATBOT_")}


def _open_window(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    warn_if_public(options.host)
    os.environ["PYTHONUTF8"] = "1"  # for the child processes of the app
    # The app takes them out again.
    os.environ.update(_passwords(environ))
    from ui.app import run  # importable only inside the environment

    return run(
        host=options.host,
        port=options.port,
        open_browser=not options.no_browser,
        app_window=not options.browser,
    )


def warn_if_public(host: str) -> None:
    if host not in LOOPBACK:
        say(
            tr(
                "주의: {host}(으)로 열면 다른 컴퓨터도 접속할 수 있습니다. 믿는 망에서만 쓰세요."
            ).format(host=host)
        )


if __name__ == "__main__":
    raise SystemExit(main())
