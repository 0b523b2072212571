"""The environment is created once, repaired when broken, and completed after an interruption."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pytest

from scripts import environment as subject
from scripts.environment import EnvironmentFailure, is_installed, unsupported_reason
from scripts.file_lock import try_lock
from scripts.torch_index import CUDA_13, Gpu
from tests.conftest import python_outside


class Pip:
    """Records what it is asked to install, and fails on request."""

    def __init__(self, fails: Callable[[Sequence[str]], bool] = lambda _: False) -> None:
        self.calls: list[Sequence[str]] = []
        self.fails = fails

    def __call__(self, command: Sequence[str], log: IO[str]) -> int:
        self.calls.append(command[command.index("install") :])
        failed = self.fails(command)
        log.write("ERROR: No space left on device\n" if failed else "ok\n")
        return int(failed)


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n", encoding="utf-8")
    (tmp_path / "requirements-dev.txt").write_text(
        "-r requirements.txt\npytest\n", encoding="utf-8"
    )
    return tmp_path / "requirements.txt"


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with a text file as its interpreter, whose pip is assumed to work."""
    folder = tmp_path / ".venv"
    python = subject.python_of(folder)
    python.parent.mkdir(parents=True)
    python.write_text("one", encoding="utf-8")
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    monkeypatch.setattr(subject, "pip_version", lambda _: "24.2")
    return folder


def install(venv: Path, requirements: Path, pip: Pip, gpu: Gpu | None = None) -> None:
    subject.install(venv, requirements, pip=pip, system="Windows", gpu=lambda: gpu)


def test_an_installation_is_stamped(venv: Path, requirements: Path) -> None:
    assert not is_installed(venv, requirements)
    install(venv, requirements, Pip())
    assert is_installed(venv, requirements)


@pytest.mark.parametrize("changed", ["requirements", "interpreter", "version"])
def test_a_stamp_is_invalidated_by_any_change(changed: str, venv: Path, requirements: Path) -> None:
    install(venv, requirements, Pip())
    file = {
        "requirements": requirements,
        "interpreter": subject.python_of(venv),
        "version": venv / "pyvenv.cfg",
    }[changed]
    file.write_text("torch==2.13.0\n# 달라짐\n", encoding="utf-8")
    assert not is_installed(venv, requirements)


def test_developer_requirements_have_their_own_stamp(venv: Path, requirements: Path) -> None:
    developers = requirements.with_name("requirements-dev.txt")
    install(venv, requirements, Pip())
    assert not is_installed(venv, developers)
    install(venv, developers, Pip())
    requirements.write_text("torch==2.13.0\n# 달라짐\n", encoding="utf-8")
    assert not is_installed(venv, developers)


def test_an_installation_for_developers_serves_users(venv: Path, requirements: Path) -> None:
    install(venv, requirements.with_name("requirements-dev.txt"), Pip())
    assert is_installed(venv, requirements)


def test_an_interrupted_installation_is_continued(venv: Path, requirements: Path) -> None:
    def interrupt(_: Sequence[str]) -> bool:
        raise KeyboardInterrupt

    half = venv / "lib" / "python3.11" / "site-packages" / "torch-2.13.0.dist-info"
    whole = half.with_name("numpy-2.0.dist-info")
    for record in (half, whole):
        record.mkdir(parents=True)
        (record / "METADATA").touch()
    (whole / "RECORD").touch()
    with pytest.raises(KeyboardInterrupt):
        install(venv, requirements, Pip(interrupt))
    assert not is_installed(venv, requirements)

    half.mkdir(exist_ok=True)
    pip = Pip()
    install(venv, requirements, pip)
    assert (half.exists(), whole.exists()) == (False, True)
    assert len(pip.calls) == 1
    assert is_installed(venv, requirements)


def test_a_failed_installation_leaves_no_stamp_and_gives_a_reason(
    venv: Path, requirements: Path
) -> None:
    with pytest.raises(EnvironmentFailure, match="디스크"):
        install(venv, requirements, Pip(lambda _: True))
    assert not is_installed(venv, requirements)


def test_torch_for_a_card_is_installed_first_and_alone(venv: Path, requirements: Path) -> None:
    pip = Pip()
    install(venv, requirements, pip, Gpu(581, 8.9))
    first, second = pip.calls
    assert list(first[-4:]) == ["--no-deps", "--index-url", CUDA_13, "torch==2.13.0"]
    assert list(second[-2:]) == ["-r", str(requirements)]
    assert "--index-url" not in second
    assert "raw" in second


def test_an_unreachable_index_falls_back_to_pypi_with_a_warning(
    venv: Path, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip = Pip(lambda command: "--index-url" in command)
    install(venv, requirements, pip, Gpu(581, 8.9))
    assert len(pip.calls) == 2
    assert "그래픽 카드용 PyTorch를 받지 못했습니다" in capsys.readouterr().err
    assert is_installed(venv, requirements)


def test_an_old_driver_is_reported(
    venv: Path, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip = Pip()
    install(venv, requirements, pip, Gpu(472, 0.0))
    assert len(pip.calls) == 1
    assert "드라이버 472" in capsys.readouterr().err


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
def test_the_card_is_not_queried_on_other_systems(
    system: str, venv: Path, requirements: Path
) -> None:
    def detect() -> Gpu | None:
        raise AssertionError

    subject.install(venv, requirements, pip=Pip(), system=system, gpu=detect)


def test_pip_outside_an_environment_is_not_used() -> None:
    assert subject.pip_version(python_outside()) is None
    assert subject.pip_version(Path("/nowhere/python")) is None
    assert subject.pip_version(Path(sys.executable))


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("The virtual environment was not created because ensurepip is not available.", "-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("Error: [Errno 13] Permission denied", "쓰기 권한"),
    ],
)
def test_a_creation_failure_gives_advice(output: str, advice: str, tmp_path: Path) -> None:
    assert advice in subject.creation_failure(output, tmp_path / ".venv")


def test_a_creation_failure_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailure, match="만들지 못했습니다"):
        subject.create(tmp_path / "file" / ".venv")


@pytest.mark.parametrize(
    ("version", "is_64bit", "system", "machine", "sentence"),
    [
        ((3, 9), True, "Linux", "x86_64", "지금은 3.9"),
        ((3, 14), True, "Windows", "AMD64", "py -3.13"),
        ((3, 11), False, "Windows", "x86", "32비트"),
        ((3, 12), True, "Darwin", "x86_64", "Intel Mac"),
        ((3, 12), True, "Windows", "ARM64", "ARM"),
    ],
)
def test_an_unsupported_machine_gets_a_reason(
    version: tuple[int, int], is_64bit: bool, system: str, machine: str, sentence: str
) -> None:
    assert sentence in str(unsupported_reason(version, is_64bit, system, machine))


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
@pytest.mark.parametrize(
    "machine", [("Linux", "aarch64"), ("Windows", "AMD64"), ("Darwin", "arm64")]
)
def test_a_supported_machine_is_accepted(
    version: tuple[int, int], machine: tuple[str, str]
) -> None:
    assert unsupported_reason(version, True, *machine) is None


def test_one_process_installs_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / ".kakaobot" / "install.lock"
    with subject.exclusive(lock), lock.open("a", encoding="utf-8") as other:
        assert not try_lock(other)
    with subject.exclusive(lock):
        pass
    assert not capsys.readouterr().err
