"""The virtual environment beside `launch.py`: is it complete, and what to do when it is not.

A stamp in it says what was installed for which interpreter, so that a second start asks nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from scripts.pip_progress import run_pip, say, why_it_failed
from scripts.requirement import files_of, missing, numbers, read_requirements
from scripts.torch_index import Gpu, nvidia_gpu, torch_index

OLDEST, TOO_NEW = (3, 10), (3, 14)
NO_ENSUREPIP = (
    "가상 환경을 만드는 부품이 이 Python에 없습니다. Debian/Ubuntu라면 "
    "'sudo apt install python3-venv'를 실행한 뒤 다시 시작하세요."
)
CPU_ONLY = "그래픽 카드를 쓰지 않는 PyTorch를 설치하므로 학습이 느립니다."
OLD_DRIVER = (
    "주의: NVIDIA 드라이버 {0.driver}(연산 등급 {0.compute_cap})에 맞는 PyTorch가 없습니다. "
    "그래픽 드라이버나 카드가 너무 오래되었습니다. {1}\n"
    "드라이버를 새로 설치한 뒤 .venv 폴더를 지우고 시작하면 다시 고릅니다."
)
NO_INDEX = (
    "주의: 그래픽 카드용 PyTorch를 받지 못했습니다. {0}\n나중에 다시 받으려면 .venv 폴더를 지우고 "
    "시작하세요."
)


class EnvironmentFailure(Exception):
    """There is no environment to run in; the text is Korean and says what to do."""


def environment(root: Path, requirements: Path) -> Path:
    """The interpreter that has what `requirements` names; its environment is made or mended first.

    Raises:
        EnvironmentFailure: this Python or this computer will not do, or an installation failed.
    """
    venv = root / ".venv"
    inside = sys.prefix != sys.base_prefix
    if inside and not missing(read_requirements(requirements)):
        return Path(sys.executable)
    if inside and is_running_in(python_of(venv)):
        stamp_of(venv, requirements).unlink(missing_ok=True)
    if is_installed(venv, requirements):
        return python_of(venv)
    unfit = refusal(sys.version_info[:2], sys.maxsize > 2**32, platform.system(), _machine())
    if unfit:
        raise EnvironmentFailure(unfit)
    with alone(root / ".kakaobot" / "install.lock"):
        if not is_installed(venv, requirements):
            prepare(venv, requirements)
    return python_of(venv)


def refusal(version: Sequence[int], is_64bit: bool, system: str, machine: str) -> str | None:
    """Why this Python on this computer cannot run the app."""
    if not OLDEST <= tuple(version) < TOO_NEW:
        again = "py -3.13 launch.py" if system == "Windows" else "python3.13 launch.py"
        return (
            f"Python 3.10~3.13이 필요합니다 (지금은 {version[0]}.{version[1]}). "
            f"Python 3.13을 설치한 뒤 '{again}' 명령으로 시작하세요."
        )
    if not is_64bit:
        return "32비트 Python에서는 PyTorch를 쓸 수 없습니다. 64비트 Python 3.13을 설치하세요."
    if (system, machine) == ("Darwin", "x86_64"):
        return (
            "Intel Mac용 PyTorch는 더 나오지 않습니다. Apple 칩 Mac이나 다른 컴퓨터에서 시작하세요."
        )
    if (system, machine) == ("Windows", "ARM64"):
        return "ARM용 Python에는 맞는 PyTorch가 없습니다. x64(64-bit) Python 3.13을 설치하세요."
    return None


def _machine() -> str:
    # platform.machine() says what Windows runs on; an x64 Python runs well on an ARM one.
    return "ARM64" if "(ARM64)" in sys.version else platform.machine().replace("ARM64", "AMD64")


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_running_in(python: Path) -> bool:
    """Whether this process runs in the environment of `python`."""
    if python == Path(sys.executable):
        return True
    home = python.parent.parent
    return home.is_dir() and Path(home).samefile(sys.prefix)


def stamp_of(venv: Path, requirements: Path) -> Path:
    return venv / f"installed-{requirements.stem}.stamp"


def fingerprint(venv: Path, requirements: Path) -> str:
    """All that makes an installation stale: what was asked for, and the interpreter it was for.

    Raises:
        OSError: there is no interpreter, or its symlink points nowhere.
    """
    interpreter = python_of(venv).resolve()
    stat = interpreter.stat()
    parts = [file.read_bytes() for file in files_of(requirements)]
    parts.append((venv / "pyvenv.cfg").read_bytes())
    parts.append(f"{interpreter} {stat.st_size} {stat.st_mtime_ns}".encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_installed(venv: Path, requirements: Path) -> bool:
    try:
        stamp = stamp_of(venv, requirements).read_text(encoding="utf-8")
        return stamp == fingerprint(venv, requirements)
    except OSError:
        return False


def prepare(
    venv: Path,
    requirements: Path,
    *,
    pip: Callable[[Sequence[str], IO[str]], int] = run_pip,
    system: str | None = None,
    gpu: Callable[[], Gpu | None] = nvidia_gpu,
) -> None:
    """Make, mend or complete `venv`. What an interrupted installation left is used."""
    python = python_of(venv)
    if not pip_version(python):
        create(venv)
    sweep(venv)
    say("필요한 꾸러미를 설치합니다. 처음에는 몇 분에서 수십 분 걸립니다.")
    log = venv / "install.log"
    install = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # Only since 24.1 can pip tell its bytes to a program.
    can_count = numbers(pip_version(python) or "") >= (24, 1)
    install += ["--progress-bar", "raw" if can_count else "off"]
    with log.open("w", encoding="utf-8") as file:
        for extra in torch_first(requirements, system or platform.system(), gpu):
            if pip([*install, *extra], file):
                say(NO_INDEX.format(CPU_ONLY))
        failed = pip([*install, "-r", str(requirements)], file)
    if failed:
        raise EnvironmentFailure(f"설치하지 못했습니다.\n{why_it_failed(log)}")
    for file_done in files_of(requirements):
        done = fingerprint(venv, file_done)
        stamp_of(venv, file_done).write_text(done, encoding="utf-8")
    say("설치가 끝났습니다.")


def torch_first(requirements: Path, system: str, gpu: Callable[[], Gpu | None]) -> list[list[str]]:
    """Arguments of the pip run that must come first for the graphics card; often none.

    PyTorch comes alone from there, so that all else is PyPI's. The run that follows finds
    2.13.0+cu130, which satisfies ==2.13.0, and leaves it.
    """
    wanted = [str(each) for each in read_requirements(requirements) if each.name == "torch"]
    card = gpu() if wanted and system == "Windows" else None
    if not card:
        return []
    index = torch_index(system, card.driver, card.compute_cap)
    if not index:
        say(OLD_DRIVER.format(card, CPU_ONLY))
        return []
    return [["--no-deps", "--index-url", index, *wanted]]


def pip_version(python: Path) -> str | None:
    """Of the pip that loads there; None unless `python` starts, in an environment of its own."""
    probe = (
        "import sys, pip._internal.cli.main; "
        "sys.prefix == sys.base_prefix and sys.exit(1); print(pip.__version__)"
    )
    try:
        done = subprocess.run(
            [python, "-I", "-c", probe], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode().strip() if done.returncode == 0 else None


def create(venv: Path) -> None:
    """Make an empty environment where there may be a broken one.

    Raises:
        EnvironmentFailure: Python came without the parts, or the folder cannot be written.
    """
    say("가상 환경(.venv)을 만듭니다…")
    # Inside another environment sys.executable would make this one depend on that one.
    base: str = getattr(sys, "_base_executable", sys.executable)
    command = [base, "-m", "venv", "--clear", str(venv)]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise EnvironmentFailure(why_not_created(said, venv))


def why_not_created(said: str, venv: Path) -> str:
    if re.search(r"ensurepip|No module named '?venv", said):
        return NO_ENSUREPIP
    return (
        f"가상 환경을 만들지 못했습니다.\n{said.strip()[-600:]}\n\n열려 있는 창을 닫고, "
        f"쓰기 권한이 있는 폴더({venv.parent})인지 확인하고, .venv 폴더를 지운 뒤 다시 시작하세요."
    )


def sweep(venv: Path) -> None:
    """Remove the records of half-copied packages.

    pip writes RECORD last. One killed before that leaves a package that pip believes to be
    installed, and will neither complete nor remove.
    """
    for place in ("lib/python*/site-packages", "Lib/site-packages"):
        for record in venv.glob(f"{place}/*.dist-info"):
            if not (record / "RECORD").exists():
                shutil.rmtree(record, ignore_errors=True)


@contextlib.contextmanager
def alone(lock: Path, wait: float = 1.0) -> Iterator[None]:
    """Let one start install at a time. The system frees the lock of a start that was killed."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as file:
        if not _take(file):
            say("다른 창에서 설치하고 있습니다. 끝날 때까지 기다립니다…")
            while not _take(file):
                time.sleep(wait)
        yield


def _take(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
