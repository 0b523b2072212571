"""Every file of a home that was used the whole way belongs to a stored thing; nothing went out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.consent import Consent
from kakaobot.app.feedback import Feedback
from kakaobot.app.refine_rows import RefineFolders
from kakaobot.app.storage import Storage, files_of
from kakaobot.chat.lines import ChatLine
from kakaobot.config import ROOT, Home, save
from kakaobot.dataset.corrections import Corrections, write_rows
from kakaobot.runs.audit_file import AuditFile
from kakaobot.runs.quiz_log import QuizLog, QuizPick
from kakaobot.runs.run import Runs
from tests.conftest import SAMPLE, write_password
from tests.patience import patience, wait_for
from tests.security.window import running_window

PASSWORD = "귤"
SETTINGS = {
    "model.base_model": "starter",
    "data.pseudonyms": True,
    "data.canaries": 1,
    "data.persona": "도담",
    "training.max_seq_len": 128,
    "training.max_steps": 2,
    "training.sample_replies": 2,
    "generation.max_new_tokens": 8,
    "generation.candidates": 1,
}
LINES = (ChatLine("마루", "자니?", True), ChatLine("도담", "쿨쿨", False))


@dataclass(frozen=True)
class UsedHome:
    home: Home
    elsewhere: Path
    """The folder of the user and the temporary folder of all commands."""

    def environ(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
        return own | {
            "KAKAOBOT_HOME": str(self.home.root),
            "CHATBOT_ACCESS_PASSWORD": PASSWORD,
            "PYTHONUTF8": "1",
            **dict.fromkeys(("HOME", "TMPDIR"), str(self.elsewhere)),
        }

    def command(self, *argv: str, typed: str = "") -> str:
        completed = subprocess.run(
            [sys.executable, "-m", "kakaobot", *argv],
            cwd=ROOT,
            env=self.environ(),
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=patience(),
            check=False,
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout


def use(used: UsedHome) -> None:
    """Go the whole way: import, build, train, chat, correct, quiz, archive, open the window."""
    home = used.home
    home.settings()
    save(home.settings_file, SETTINGS)
    write_password(home, PASSWORD)
    used.command("organize", str(SAMPLE))
    used.command("people", "--same", "마루", "은솔")
    used.command("preprocess")
    used.command("archive", "--yes")
    used.command("organize")
    used.command("preprocess")
    used.command("train")
    used.command("chat", "--run", "main", typed="안녕\n/끝\n")
    used.command("export", "ollama")
    used.command("keys", "--make", "노트북")
    run = Runs(home.folder("checkpoints_lora")).find("main")
    AuditFile(run.path).write({})
    said = (("마루", "자니?"),)
    QuizLog(run.path).append(
        QuizPick("a", True, False, 1, 2, "도담", said, ("쿨쿨",), ("음",), 1.0)
    )
    gate = PasswordGate(PASSWORD)
    Feedback(home, gate).add(gate.authenticate(PASSWORD), "good", LINES, run="main")
    rows = RefineFolders(home).of(run)
    write_rows(rows, Corrections((), ()), home.folder("data/sft"))
    Consent(home).give()


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsedHome]:
    folder = tmp_path_factory.mktemp("used")
    used = UsedHome(Home(folder / "home"), folder / "elsewhere")
    used.home.root.mkdir()
    used.elsewhere.mkdir()
    use(used)
    elsewhere = str(used.elsewhere)
    with running_window(
        used.home.root, HOME=elsewhere, TMPDIR=elsewhere, HF_HUB_OFFLINE="0"
    ) as window:
        window.open_page(PASSWORD).browser.client.close()
        wait_for(lambda: (used.home.root / ".kakaobot" / "instance.json").exists())
        yield used


@pytest.mark.slow
def test_every_file_belongs_to_a_stored_thing(used: UsedHome) -> None:
    things = Storage(used.home).things()
    owned = {file for thing in things for file in files_of(thing.roots)}
    found = {path for path in used.home.root.rglob("*") if path.is_symlink() or path.is_file()}
    assert found - owned == set()
    assert {thing.kind for thing in things} == {
        *("exports", "dataset", "run", "quiz", "chats", "feedback", "archive", "consent"),
        *("converted", "published", "keys", "state", "settings", "password"),
    }
    # A stray file would be found.
    assert used.home.root / "data" / "raw" / "pseudonyms.json" in owned


@pytest.mark.slow
def test_nothing_is_written_elsewhere_and_nothing_goes_out(used: UsedHome) -> None:
    """No command is told that it is offline: on the starter it has nothing to ask for."""
    assert [str(path) for path in used.elsewhere.rglob("*") if path.is_file()] == []
    assert not used.home.outgoing_file.exists()
    assert json.loads(used.command("where", "--json"))["outgoing"] == []


@pytest.mark.slow
def test_where_tells_place_size_and_kind(used: UsedHome) -> None:
    told = json.loads(used.command("where", "--json"))
    things = {thing["name"]: thing for thing in told["stored"]}
    run, exports = things["학습/main"], things["가져온대화"]
    assert run["place"] == "checkpoints_lora/main"
    assert Path(run["path"]) == used.home.root / "checkpoints_lora" / "main"
    files = [path for path in Path(run["path"]).rglob("*") if path.is_file()]
    assert (run["files"], run["bytes"]) == (len(files), sum(file.stat().st_size for file in files))
    assert exports["detail"] == "방 1개 · 파일 1개"
    assert told["consent"]["at"]
    assert {name for name, thing in things.items() if not thing["erasable"]} == {
        *("프로그램의기록", "설정", "비밀번호")
    }
    table = used.command("where")
    assert all(name in table and thing["place"] in table for name, thing in things.items())
    assert "밖으로 나간 요청: 0번" in table
    assert "에 확인함" in table
