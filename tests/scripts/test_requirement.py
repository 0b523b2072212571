"""The parser of our requirement files, compared with `packaging`."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement as Reference

from scripts.requirement import applies, files_of, missing, read_requirements, version_tuple

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


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: "-".join(machine.values()))
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_our_files_are_parsed_as_by_packaging(file: Path, machine: dict[str, str]) -> None:
    lines = [line for path in files_of(file) for line in path.read_text("utf-8").splitlines()]
    parsed = [Reference(line) for line in lines if line and line[0] not in "#-"]
    references = [item for item in parsed if not item.marker or item.marker.evaluate(machine)]
    assert references
    ours = {item.name: item for item in read_requirements(file, machine)}
    assert list(ours) == [reference.name for reference in references]
    for reference in references:
        for version in VERSIONS:
            met = ours[reference.name].is_met_by(version)
            assert met == reference.specifier.contains(version), (str(reference), version)


def test_each_machine_gets_exactly_one_transformers() -> None:
    for machine in MACHINES:
        names = [item.name for item in read_requirements(FILES[0], machine)]
        assert names.count("transformers") == 1


def test_developer_requirements_include_those_of_users() -> None:
    users, developers = (read_requirements(file) for file in FILES)
    assert set(users) < set(developers)


def test_a_local_version_equals_its_public_version() -> None:
    assert version_tuple("2.13.0+cu130") == version_tuple("2.13") != version_tuple("2.13.1")


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
def test_markers(marker: str, holds: bool) -> None:
    values = {"python_version": "3.11", "sys_platform": "darwin", "platform_machine": "x86_64"}
    assert applies(marker, values) is holds


@pytest.mark.parametrize("line", ["a~=1.0", "git+https://x", "a; extra == 'x'", "a[b]>=1"])
def test_unsupported_syntax_is_an_error(line: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(ValueError, match="unknown"):
        read_requirements(file)


def test_missing_are_absent_partial_and_wrong_versions(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "가>=1\na>=2,<3\nb>=2,<3  # why\nc>=2\nd\n".replace("가", "z"), encoding="utf-8"
    )
    versions = {"a": "2.5", "b": "3.0", "c": "", "d": "0.1"}
    lacking = missing(read_requirements(file), versions.get)
    assert [str(item) for item in lacking] == ["z>=1", "b>=2,<3", "c>=2"]


def test_the_requirements_of_these_tests_are_installed() -> None:
    assert not missing(read_requirements(FILES[1]))
