"""What is in git and what never is; what is installed with the app."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from scripts.requirement import read_requirements

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ("data/raw/", "data/sft/", "data/archive/", "data/feedback/", "checkpoints_lora/")
PLACES = ("data/raw/.gitkeep", "data/sft/.gitkeep", "checkpoints_lora/.gitkeep")
LARGEST = 30 * 2**20


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment for git: an empty repository over this folder, so that a download has one too."""
    folder = tmp_path_factory.mktemp("git") / "repository"
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    paths = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(ROOT)}
    return {**os.environ, **paths, "GIT_CONFIG_GLOBAL": os.devnull}


def git(environ: dict[str, str], *argv: str) -> list[str]:
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", "-c", "core.bare=false", *argv],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return [name for name in done.stdout.split("\0") if name]


def is_ignored(path: str, environ: dict[str, str]) -> bool:
    command = ["git", "-c", "core.bare=false", "check-ignore", "--quiet", "--no-index", path]
    code = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
    assert code in (0, 1)
    return code == 0


@pytest.fixture(scope="module")
def files(repository: dict[str, str]) -> list[str]:
    """What is tracked, and what `git add .` would track."""
    found = git(repository, "ls-files", "-z", "--others", "--exclude-standard")
    if (ROOT / ".git").exists():
        found += git(dict(os.environ), "ls-files", "-z")
    return sorted(set(found))


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "data/raw/inbox/방.txt",
        "data/raw/organized/방/2024-05/방.csv",
        "data/raw/manifest.json",
        "data/sft/train.jsonl",
        "data/archive/2024/raw.zip",
        "data/feedback/likes.jsonl",
        "checkpoints_lora/run/adapter_best/adapter_model.safetensors",
        "checkpoints_lora/run/.gitkeep",
        ".kakaobot/instance.json",
        ".tmp/upload",
        ".venv/pyvenv.cfg",
        "kakaobot/__pycache__/x.pyc",
        "kakaobot.egg-info/PKG-INFO",
    ],
)
def test_private_and_made_files_are_ignored(path: str, repository: dict[str, str]) -> None:
    assert is_ignored(path, repository)


@pytest.mark.parametrize(
    "path", [".env.example", "data/sample/방.txt", "configs/sft.yaml", *PLACES]
)
def test_what_belongs_to_the_project_is_not_ignored(path: str, repository: dict[str, str]) -> None:
    assert not is_ignored(path, repository)


def test_no_private_file_is_in_the_project(files: list[str]) -> None:
    assert set(files) >= {"launch.py", "configs/sft.yaml", *PLACES}
    private = {name for name in files if name.startswith(PRIVATE) or Path(name).name == ".env"}
    assert private == set(PLACES)


def test_no_file_is_too_large_for_git(files: list[str]) -> None:
    paths = [ROOT / name for name in files if (ROOT / name).is_file()]
    assert [path for path in paths if path.stat().st_size > LARGEST] == []


def test_the_example_of_a_password_is_empty() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["CHATBOT_PASSWORD="]


def test_samples_keep_their_bytes(repository: dict[str, str]) -> None:
    for name in ("data/sample/방.txt", "data/sample/a/방.csv"):
        said = git(repository, "check-attr", "-z", "text", name)
        assert said == [name, "text", "unset"]


def packages_imported() -> set[str]:
    """Top-level names that kakaobot/ and ui/ import from outside the standard library."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8"))
        for folder in ("kakaobot", "ui")
        for file in (ROOT / folder).rglob("*.py")
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in plain + froms} - set(sys.stdlib_module_names)


def test_what_the_app_imports_is_in_its_requirements() -> None:
    named = {_plain(each.name) for each in read_requirements(ROOT / "requirements.txt")}
    brings = metadata.packages_distributions()
    imported = packages_imported() - {"kakaobot", "ui"}
    assert imported
    # It comes with pydantic in exactly one version, and is a part of it.
    imported.discard("pydantic_core")
    lacking = {name for name in imported if not named & set(map(_plain, brings.get(name, [])))}
    assert lacking == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_scripts_for_a_shell_can_be_run() -> None:
    for name in ("scripts/run.sh", ".ci/run"):
        file = ROOT / name
        assert os.name == "nt" or file.stat().st_mode & stat.S_IXUSR
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", file], check=True)


def test_powershell_5_can_read_its_korean() -> None:
    assert (ROOT / "scripts" / "run.ps1").read_bytes().startswith(b"\xef\xbb\xbf")
