"""Our requirement files, read without `packaging` and compared with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement as Reference

from scripts.requirement import applies, files_of, missing, numbers, read_requirements

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
VERSIONS = ["0.9", "1", "2.12.9", "2.13.0", "2.13.0+cu130", "2.13.1", "5.20.2", "5.23", "6.31", "7"]
MACHINES = [
    {"python_version": version, "sys_platform": system, "platform_machine": machine}
    for version in ("3.10", "3.11", "3.13")
    for system, machine in (
        ("linux", "x86_64"),
        ("linux", "aarch64"),
        ("win32", "AMD64"),
        ("darwin", "arm64"),
        ("darwin", "x86_64"),
    )
]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda each: "-".join(each.values()))
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_our_files_are_read_as_pip_reads_them(file: Path, machine: dict[str, str]) -> None:
    lines = [line for each in files_of(file) for line in each.read_text("utf-8").splitlines()]
    asked = [Reference(line) for line in lines if line and line[0] not in "#-"]
    wanted = [each for each in asked if not each.marker or each.marker.evaluate(machine)]
    assert wanted
    ours = {each.name: each for each in read_requirements(file, machine)}
    assert list(ours) == [each.name for each in wanted]
    for reference in wanted:
        for version in VERSIONS:
            met = ours[reference.name].is_met_by(version)
            assert met == reference.specifier.contains(version), (str(reference), version)


def test_every_machine_gets_one_transformers() -> None:
    for machine in MACHINES:
        names = [each.name for each in read_requirements(FILES[0], machine)]
        assert names.count("transformers") == 1


def test_developers_get_what_users_get() -> None:
    users, developers = (read_requirements(file) for file in FILES)
    assert set(users) < set(developers)


def test_a_local_build_of_torch_is_that_torch() -> None:
    assert numbers("2.13.0+cu130") == numbers("2.13") != numbers("2.13.1")


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("", True),
        ('python_version < "3.11"', False),
        ('python_version >= "3.9"', True),
        ('sys_platform != "darwin" or platform_machine == "arm64"', False),
        ('sys_platform == "darwin" and platform_machine == "x86_64"', True),
    ],
)
def test_markers_are_understood(marker: str, holds: bool) -> None:
    here = {"python_version": "3.11", "sys_platform": "darwin", "platform_machine": "x86_64"}
    assert applies(marker, here) is holds


@pytest.mark.parametrize("line", ["a~=1.0", "git+https://x", "a; extra == 'x'", "a[b]>=1"])
def test_a_line_it_does_not_know_is_no_silent_nothing(line: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(ValueError, match="unknown"):
        read_requirements(file)


def test_missing_are_those_absent_half_installed_or_of_another_version(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "가>=1\na>=2,<3\nb>=2,<3  # why\nc>=2\nd\n".replace("가", "z"), encoding="utf-8"
    )
    versions = {"a": "2.5", "b": "3.0", "c": "", "d": "0.1"}
    lacking = missing(read_requirements(file), versions.get)
    assert [str(each) for each in lacking] == ["z>=1", "b>=2,<3", "c>=2"]


def test_what_these_tests_run_with_is_complete() -> None:
    assert not missing(read_requirements(FILES[1]))
