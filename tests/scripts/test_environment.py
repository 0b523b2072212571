"""The environment is made once, mended when it is broken, and continued when it was interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pytest

from scripts import environment as subject
from scripts.environment import EnvironmentFailure, is_installed, prepare, refusal
from scripts.torch_index import CUDA_13, Gpu
from tests.conftest import python_outside


class Pip:
    """Remembers what it was asked to install, and fails where it is told to."""

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
    """An environment whose interpreter is a file of ours; that it answers is taken for granted."""
    folder = tmp_path / ".venv"
    python = subject.python_of(folder)
    python.parent.mkdir(parents=True)
    python.write_text("one", encoding="utf-8")
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    monkeypatch.setattr(subject, "pip_version", lambda _: "24.2")
    return folder


def install(venv: Path, requirements: Path, pip: Pip, gpu: Gpu | None = None) -> None:
    prepare(venv, requirements, pip=pip, system="Windows", gpu=lambda: gpu)


def test_an_installation_is_stamped(venv: Path, requirements: Path) -> None:
    assert not is_installed(venv, requirements)
    install(venv, requirements, Pip())
    assert is_installed(venv, requirements)


@pytest.mark.parametrize("changed", ["requirements", "interpreter", "version"])
def test_a_stamp_is_worth_nothing_once_something_changed(
    changed: str, venv: Path, requirements: Path
) -> None:
    install(venv, requirements, Pip())
    file = {
        "requirements": requirements,
        "interpreter": subject.python_of(venv),
        "version": venv / "pyvenv.cfg",
    }[changed]
    file.write_text("torch==2.13.0\n# 달라짐\n", encoding="utf-8")
    assert not is_installed(venv, requirements)


def test_what_developers_need_has_a_stamp_of_its_own(venv: Path, requirements: Path) -> None:
    developers = requirements.with_name("requirements-dev.txt")
    install(venv, requirements, Pip())
    assert not is_installed(venv, developers)
    install(venv, developers, Pip())
    requirements.write_text("torch==2.13.0\n# 달라짐\n", encoding="utf-8")
    assert not is_installed(venv, developers)


def test_an_installation_for_developers_is_one_for_users(venv: Path, requirements: Path) -> None:
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


def test_a_failed_installation_leaves_no_stamp_and_says_why(venv: Path, requirements: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="디스크"):
        install(venv, requirements, Pip(lambda _: True))
    assert not is_installed(venv, requirements)


def test_torch_for_a_card_comes_first_and_alone(venv: Path, requirements: Path) -> None:
    pip = Pip()
    install(venv, requirements, pip, Gpu(581, 8.9))
    first, second = pip.calls
    assert list(first[-4:]) == ["--no-deps", "--index-url", CUDA_13, "torch==2.13.0"]
    assert list(second[-2:]) == ["-r", str(requirements)]
    assert "--index-url" not in second
    assert "raw" in second


def test_when_the_index_is_out_of_reach_the_other_torch_comes_with_a_warning(
    venv: Path, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip = Pip(lambda command: "--index-url" in command)
    install(venv, requirements, pip, Gpu(581, 8.9))
    assert len(pip.calls) == 2
    assert "그래픽 카드용 PyTorch를 받지 못했습니다" in capsys.readouterr().err
    assert is_installed(venv, requirements)


def test_an_old_driver_is_told_of(
    venv: Path, requirements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip = Pip()
    install(venv, requirements, pip, Gpu(472, 0.0))
    assert len(pip.calls) == 1
    assert "드라이버 472" in capsys.readouterr().err


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
def test_elsewhere_the_card_is_not_asked(system: str, venv: Path, requirements: Path) -> None:
    def ask() -> Gpu | None:
        raise AssertionError

    prepare(venv, requirements, pip=Pip(), system=system, gpu=ask)


def test_a_python_without_an_environment_of_its_own_is_not_installed_into() -> None:
    assert subject.pip_version(python_outside()) is None
    assert subject.pip_version(Path("/nowhere/python")) is None
    assert subject.pip_version(Path(sys.executable))


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("The virtual environment was not created because ensurepip is not available.", "-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("Error: [Errno 13] Permission denied", "쓰기 권한"),
    ],
)
def test_an_environment_that_cannot_be_made_says_what_to_do(
    said: str, advice: str, tmp_path: Path
) -> None:
    assert advice in subject.why_not_created(said, tmp_path / ".venv")


def test_an_environment_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailure, match="만들지 못했습니다"):
        subject.create(tmp_path / "file" / ".venv")


@pytest.mark.parametrize(
    ("version", "is_64bit", "system", "machine", "said"),
    [
        ((3, 9), True, "Linux", "x86_64", "지금은 3.9"),
        ((3, 14), True, "Windows", "AMD64", "py -3.13"),
        ((3, 11), False, "Windows", "x86", "32비트"),
        ((3, 12), True, "Darwin", "x86_64", "Intel Mac"),
        ((3, 12), True, "Windows", "ARM64", "ARM"),
    ],
)
def test_a_machine_that_will_not_do_is_told_why(
    version: tuple[int, int], is_64bit: bool, system: str, machine: str, said: str
) -> None:
    assert said in str(refusal(version, is_64bit, system, machine))


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
@pytest.mark.parametrize(
    "machine", [("Linux", "aarch64"), ("Windows", "AMD64"), ("Darwin", "arm64")]
)
def test_a_machine_that_will_do_is_not_refused(
    version: tuple[int, int], machine: tuple[str, str]
) -> None:
    assert refusal(version, True, *machine) is None


def test_one_start_installs_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / ".kakaobot" / "install.lock"
    with subject.alone(lock), lock.open("a", encoding="utf-8") as other:
        assert not subject._take(other)
    with subject.alone(lock):
        pass
    assert not capsys.readouterr().err
