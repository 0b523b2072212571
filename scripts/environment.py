"""Creates, completes and repairs the virtual environment next to `launch.py`.

A stamp file records what was installed for which interpreter, so that the next start checks nothing
else.
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

from kakaobot.language import tr
from scripts.file_lock import try_lock
from scripts.pip_progress import failure_report, run_pip, say
from scripts.requirement import files_of, missing, read_requirements, version_tuple
from scripts.torch_index import Gpu, nvidia_gpu, torch_index

MIN_PYTHON, UNSUPPORTED_PYTHON = (3, 10), (3, 14)
NO_ENSUREPIP = tr(
    "가상 환경을 만드는 부품이 이 Python에 없습니다. Debian/Ubuntu라면 "
    "'sudo apt install python3-venv'를 실행한 뒤 다시 시작하세요."
)
CPU_ONLY = tr("그래픽 카드를 쓰지 않는 PyTorch를 설치하므로 학습이 느립니다.")
OLD_DRIVER = tr(
    "주의: NVIDIA 드라이버 {0.driver}(연산 등급 {0.compute_cap})에 맞는 PyTorch가 없습니다. "
    "그래픽 드라이버나 카드가 너무 오래되었습니다. {1}\n"
    "드라이버를 새로 설치한 뒤 .venv 폴더를 지우고 시작하면 다시 고릅니다."
)
NO_INDEX = tr(
    "주의: 그래픽 카드용 PyTorch를 받지 못했습니다. {0}\n나중에 다시 받으려면 .venv 폴더를 지우고 "
    "시작하세요."
)


class EnvironmentFailure(Exception):
    """No usable environment; the message is Korean and states the remedy."""


def environment(root: Path, requirements: Path) -> Path:
    """The interpreter of an environment that meets `requirements`, installing them if necessary.

    Raises:
        EnvironmentFailure: this Python or computer is not supported, or the installation failed.
    """
    venv = root / ".venv"
    inside = sys.prefix != sys.base_prefix
    if inside and not missing(read_requirements(requirements)):
        return Path(sys.executable)
    if inside and is_running_in(python_of(venv)):
        stamp_of(venv, requirements).unlink(missing_ok=True)
    if is_installed(venv, requirements):
        return python_of(venv)
    unsupported = unsupported_reason(
        sys.version_info[:2], sys.maxsize > 2**32, platform.system(), _machine()
    )
    if unsupported:
        raise EnvironmentFailure(unsupported)
    with exclusive(root / ".kakaobot" / "install.lock"):
        if not is_installed(venv, requirements):
            install(venv, requirements)
    return python_of(venv)


def unsupported_reason(
    version: Sequence[int], is_64bit: bool, system: str, machine: str
) -> str | None:
    """Why the app cannot run on this Python and computer; None if it can."""
    if not MIN_PYTHON <= tuple(version) < UNSUPPORTED_PYTHON:
        again = "py -3.13 launch.py" if system == "Windows" else "python3.13 launch.py"
        return tr(
            "Python 3.10~3.13이 필요합니다 (지금은 {major}.{minor}). Python 3.13을 "
            "설치한 뒤 '{again}' 명령으로 시작하세요."
        ).format(major=version[0], minor=version[1], again=again)
    if not is_64bit:
        return tr("32비트 Python에서는 PyTorch를 쓸 수 없습니다. 64비트 Python 3.13을 설치하세요.")
    if (system, machine) == ("Darwin", "x86_64"):
        return tr(
            "Intel Mac용 PyTorch는 더 나오지 않습니다. Apple 칩 Mac이나 다른 컴퓨터에서 시작하세요."
        )
    if (system, machine) == ("Windows", "ARM64"):
        return tr("ARM용 Python에는 맞는 PyTorch가 없습니다. x64(64-bit) Python 3.13을 설치하세요.")
    return None


def _machine() -> str:
    # platform.machine() describes Windows, not this Python; an x64 Python also runs on ARM.
    return "ARM64" if "(ARM64)" in sys.version else platform.machine().replace("ARM64", "AMD64")


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_running_in(python: Path) -> bool:
    """Whether this process runs in the environment of that interpreter."""
    if python == Path(sys.executable):
        return True
    home = python.parent.parent
    return home.is_dir() and Path(home).samefile(sys.prefix)


def stamp_of(venv: Path, requirements: Path) -> Path:
    return venv / f"installed-{requirements.stem}.stamp"


def fingerprint(venv: Path, requirements: Path) -> str:
    """Hash of everything an installation depends on: requirement files and interpreter.

    Raises:
        OSError: the interpreter is missing, or a dangling symlink.
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


def install(
    venv: Path,
    requirements: Path,
    *,
    pip: Callable[[Sequence[str], IO[str]], int] = run_pip,
    system: str | None = None,
    gpu: Callable[[], Gpu | None] = nvidia_gpu,
) -> None:
    """Create, repair or complete `venv`, continuing an interrupted installation."""
    python = python_of(venv)
    if not pip_version(python):
        create(venv)
    remove_partial_packages(venv)
    say(tr("필요한 꾸러미를 설치합니다. 처음에는 몇 분에서 수십 분 걸립니다."))
    log = venv / "install.log"
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # `--progress-bar raw` exists since pip 24.1.
    raw = version_tuple(pip_version(python) or "") >= (24, 1)
    command += ["--progress-bar", "raw" if raw else "off"]
    with log.open("w", encoding="utf-8") as output:
        for extra in gpu_torch_arguments(requirements, system or platform.system(), gpu):
            if pip([*command, *extra], output):
                say(NO_INDEX.format(CPU_ONLY))
        failed = pip([*command, "-r", str(requirements)], output)
    if failed:
        raise EnvironmentFailure(tr("설치하지 못했습니다.\n{log}").format(log=failure_report(log)))
    for file in files_of(requirements):
        stamp_of(venv, file).write_text(fingerprint(venv, file), encoding="utf-8")
    say(tr("설치가 끝났습니다."))


def gpu_torch_arguments(
    requirements: Path, system: str, gpu: Callable[[], Gpu | None]
) -> list[list[str]]:
    """Arguments of a first pip run that installs PyTorch for the graphics card; often none.

    Only PyTorch comes from that index, everything else from PyPI. The main run finds 2.13.0+cu130,
    which satisfies ==2.13.0, and keeps it.
    """
    torch = [str(item) for item in read_requirements(requirements) if item.name == "torch"]
    card = gpu() if torch and system == "Windows" else None
    if not card:
        return []
    index = torch_index(system, card.driver, card.compute_cap)
    if not index:
        say(OLD_DRIVER.format(card, CPU_ONLY))
        return []
    return [["--no-deps", "--index-url", index, *torch]]


def pip_version(python: Path) -> str | None:
    """Version of pip in that environment; None if `python` is broken or not in an environment."""
    probe = (
        "import sys, pip._internal.cli.main; "
        "sys.prefix == sys.base_prefix and sys.exit(1); print(pip.__version__)"
    )
    try:
        completed = subprocess.run(
            [python, "-I", "-c", probe], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return completed.stdout.decode().strip() if completed.returncode == 0 else None


def create(venv: Path) -> None:
    """Create an empty environment, replacing a broken one.

    Raises:
        EnvironmentFailure: `ensurepip` is missing, or the folder cannot be written.
    """
    say(tr("가상 환경(.venv)을 만듭니다…"))
    # Inside another environment, sys.executable would make this one depend on it.
    base: str = getattr(sys, "_base_executable", sys.executable)
    command = [base, "-m", "venv", "--clear", str(venv)]
    completed = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if completed.returncode:
        output = (completed.stdout + completed.stderr).decode("utf-8", "replace")
        raise EnvironmentFailure(creation_failure(output, venv))


def creation_failure(output: str, venv: Path) -> str:
    """Korean explanation of what `python -m venv` printed."""
    if re.search(r"ensurepip|No module named '?venv", output):
        return NO_ENSUREPIP
    return tr(
        "가상 환경을 만들지 못했습니다.\n{output}\n\n열려 있는 창을 닫고, 쓰기 권한이 "
        "있는 폴더({parent})인지 확인하고, .venv 폴더를 지운 뒤 다시 시작하세요."
    ).format(output=output.strip()[-600:], parent=venv.parent)


def remove_partial_packages(venv: Path) -> None:
    """Remove the metadata of partially installed packages.

    pip writes RECORD last. If it is killed before, it takes the package for installed, and neither
    completes nor removes it.
    """
    for place in ("lib/python*/site-packages", "Lib/site-packages"):
        for record in venv.glob(f"{place}/*.dist-info"):
            if not (record / "RECORD").exists():
                shutil.rmtree(record, ignore_errors=True)


@contextlib.contextmanager
def exclusive(lock: Path, wait: float = 1.0) -> Iterator[None]:
    """Let one process install at a time. The system releases the lock of a killed process."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as file:
        if not try_lock(file):
            say(tr("다른 창에서 설치하고 있습니다. 끝날 때까지 기다립니다…"))
            while not try_lock(file):
                time.sleep(wait)
        yield
