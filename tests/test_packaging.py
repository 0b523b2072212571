"""Which files git tracks, and which packages the app requires."""

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
PRIVATE = (
    *("data/raw/", "data/sft/", "data/archive/", "data/chats/", "data/feedback/"),
    *("data/converted/", "data/published/"),
    "checkpoints_lora/",
)
PLACEHOLDERS = ("data/raw/.gitkeep", "data/sft/.gitkeep", "checkpoints_lora/.gitkeep")
MAX_BYTES = 30 * 2**20


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment for git with an empty repository, so that this works in a downloaded archive."""
    folder = tmp_path_factory.mktemp("git") / "repository"
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    paths = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(ROOT)}
    return {**os.environ, **paths, "GIT_CONFIG_GLOBAL": os.devnull}


def git(environ: dict[str, str], *argv: str) -> list[str]:
    completed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "-c", "core.bare=false", *argv],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return [name for name in completed.stdout.split("\0") if name]


def is_ignored(path: str, environ: dict[str, str]) -> bool:
    command = ["git", "-c", "core.bare=false", "check-ignore", "--quiet", "--no-index", path]
    code = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
    assert code in (0, 1)
    return code == 0


@pytest.fixture(scope="module")
def files(repository: dict[str, str]) -> list[str]:
    """Tracked files, and those `git add .` would track."""
    names = git(repository, "ls-files", "-z", "--others", "--exclude-standard")
    if (ROOT / ".git").exists():
        names += git(dict(os.environ), "ls-files", "-z")
    return sorted(set(names))


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
        "data/converted/0123-q8_0.gguf",
        "data/published/main-ollama/adapter.gguf",
        "data/consent.json",
        "data/chats/chats.sqlite3",
        "data/chats/chats.sqlite3-journal",
        "checkpoints_lora/run/adapter_best/adapter_model.safetensors",
        "checkpoints_lora/run/.gitkeep",
        ".kakaobot/instance.json",
        ".tmp/upload",
        ".venv/pyvenv.cfg",
        "kakaobot/__pycache__/x.pyc",
        "kakaobot.egg-info/PKG-INFO",
    ],
)
def test_private_and_generated_files_are_ignored(path: str, repository: dict[str, str]) -> None:
    assert is_ignored(path, repository)


@pytest.mark.parametrize(
    "path", [".env.example", "data/sample/방.txt", "configs/sft.yaml", *PLACEHOLDERS]
)
def test_project_files_are_not_ignored(path: str, repository: dict[str, str]) -> None:
    assert not is_ignored(path, repository)


def test_no_private_file_is_tracked(files: list[str]) -> None:
    assert set(files) >= {"launch.py", "configs/sft.yaml", *PLACEHOLDERS}
    private = {name for name in files if name.startswith(PRIVATE) or Path(name).name == ".env"}
    assert private == set(PLACEHOLDERS)


def test_no_tracked_file_is_too_large(files: list[str]) -> None:
    paths = [ROOT / name for name in files if (ROOT / name).is_file()]
    assert [path for path in paths if path.stat().st_size > MAX_BYTES] == []


def test_the_example_password_is_empty() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["CHATBOT_PASSWORD="]


def test_git_does_not_convert_sample_files(repository: dict[str, str]) -> None:
    for name in ("data/sample/방.txt", "data/sample/a/방.csv"):
        attributes = git(repository, "check-attr", "-z", "text", name)
        assert attributes == [name, "text", "unset"]


def packages_imported() -> set[str]:
    """Top-level packages that kakaobot/ and ui/ import, without the standard library."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8"))
        for folder in ("kakaobot", "ui")
        for file in (ROOT / folder).rglob("*.py")
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    direct = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    from_imports = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in direct + from_imports} - set(sys.stdlib_module_names)


def test_every_imported_package_is_required() -> None:
    required = {_normalize(item.name) for item in read_requirements(ROOT / "requirements.txt")}
    distributions = metadata.packages_distributions()
    imported = packages_imported() - {"kakaobot", "ui", "scripts"}
    assert imported
    # Part of pydantic, which pins its version.
    imported.discard("pydantic_core")
    missing = {
        name
        for name in imported
        if not required & set(map(_normalize, distributions.get(name, [])))
    }
    assert missing == set()


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_shell_scripts_are_executable() -> None:
    for name in ("scripts/run.sh", ".ci/run"):
        file = ROOT / name
        assert os.name == "nt" or file.stat().st_mode & stat.S_IXUSR
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", file], check=True)


def test_the_powershell_script_has_a_bom() -> None:
    assert (ROOT / "scripts" / "run.ps1").read_bytes().startswith(b"\xef\xbb\xbf")
