"""영원히 지우기: what goes, what stays, and when it is refused."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatService
from kakaobot.app.consent import Consent
from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.app.datasets import Datasets
from kakaobot.app.erasing import Erasing
from kakaobot.app.exports import Exports
from kakaobot.app.feedback import Feedback
from kakaobot.app.storage import Storage
from kakaobot.app.training import Training
from kakaobot.chat.lines import ChatLine
from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.config import ROOT, Home
from kakaobot.errors import AccessDenied, ConfigError, DatasetError, KakaobotError, RunError
from kakaobot.runs.quiz_log import QuizLog, QuizPick
from kakaobot.runs.run import Run, Runs
from kakaobot.train.launch_command import LaunchCommand
from kakaobot.train.launcher import TrainingThread, kill
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import SAMPLE, write_password
from tests.patience import patience, wait_for
from tests.permissions import obeyed_permissions

PASSWORD = "귤"
LINES = (ChatLine("마루", "바다 보러 갈래", True), ChatLine("도담", "그래 좋아", False))
LASTING = LaunchCommand((sys.executable, "-c", "import time; time.sleep(600)"))
WRITES = """
import sys
from pathlib import Path
from kakaobot.app.reply_marks import ReplyMarks
from kakaobot.config import Home
with ReplyMarks(Home(Path(sys.argv[1]))).writing():
    print("writing", flush=True)
    sys.stdin.read()
"""
BUILD_LOCK = ".kakaobot/building.lock"
"""Left like the other files of the program itself."""
PERSONAL = {"exports", "dataset", "run", "quiz", "chats", "feedback", "archive", "consent"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_random_model(folder, hidden=64, layers=1)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the sample room, its data, and a file in the archive."""
    home = Home(tmp_path_factory.mktemp("built") / "home")
    home.settings()
    exports = Exports(home)
    exports.import_files([SAMPLE, SAMPLE.with_name("sample_mac.csv")])
    exports.remove(exports.files()[1].hash)
    Datasets(home, BaseModels()).build()
    return home


@pytest.fixture
def home(built: Home, model: Path, tmp_path: Path) -> Home:
    """With a run, a quiz, a conversation, a correction and the consent as well."""
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root, symlinks=True)
    run = create_chat_run(home, model)
    pick = QuizPick("a", True, False, 1, 2, "도담", (("마루", "자니?"),), ("쿨쿨",), ("음",), 1.0)
    QuizLog(run.path).append(pick)
    gate = PasswordGate(PASSWORD)
    keep(home, gate)
    Feedback(home, gate).add(gate.authenticate(PASSWORD), "good", LINES, run="main")
    Consent(home).give()
    return home


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate(PASSWORD)


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate(PASSWORD)


def keep(home: Home, gate: PasswordGate) -> None:
    """Keep a conversation."""
    conversations = Conversations(home, gate)
    conversations.keep(
        gate.authenticate(PASSWORD), OpenConversation(), LINES, ChatSetup(run="main")
    )


def erasing_of(home: Home, gate: PasswordGate) -> Erasing:
    return Erasing(home, gate)


def kinds(home: Home) -> set[str]:
    return {thing.kind for thing in Storage(home).things()}


def files(home: Home) -> set[str]:
    return {
        path.relative_to(home.root).as_posix()
        for path in home.root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def test_one_thing_goes_and_the_others_stay(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    before, erasing = files(home), erasing_of(home, gate)
    plan = erasing.plan(access, ["학습/main"])
    assert files(home) - {"checkpoints_lora/.start.lock"} == before
    assert "'학습 main' 을(를) 영원히 지웁니다" in plan.question
    erasure = erasing.erase(access, ["학습/main"])
    assert (erasure.files, erasure.size, erasure.left) == (plan.files, plan.size, ())
    assert plan.size > 5000
    assert erasure.sentence.startswith(
        f"'학습 main' 을(를) 영원히 지웠습니다 (파일 {plan.files}개, "
    )
    gone = before - files(home)
    assert gone == {name for name in before if name.startswith("checkpoints_lora/main/")}
    assert not home.folder("checkpoints_lora").exists()
    # The picks were in its folder.
    assert kinds(home) & PERSONAL == PERSONAL - {"run", "quiz"}


def test_all_leaves_settings_and_password_only(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    write_password(home, PASSWORD)
    inbox = next(home.folder("data/raw/inbox").iterdir())
    assert not inbox.stat().st_mode & 0o222
    assert kinds(home) >= PERSONAL
    erasing = erasing_of(home, gate)
    plan = erasing.plan(access)
    assert {thing.kind for thing in plan.things} == PERSONAL
    erasing.erase(access)
    assert files(home) == {"configs/sft.yaml", ".env", BUILD_LOCK}
    folders = {path.name for path in home.root.rglob("*") if path.is_dir()}
    assert folders <= {"configs", "data", ".kakaobot"}
    with pytest.raises(KakaobotError, match="지울 것이 없습니다"):
        erasing.plan(access)


def test_the_same_program_goes_on_after_all_was_erased(
    home: Home, gate: PasswordGate, access: AccessPass, model: Path
) -> None:
    """The services are those that were used before, as those of a window are."""
    conversations, feedback = Conversations(home, gate), Feedback(home, gate)
    exports, datasets, training = Exports(home), Datasets(home, BaseModels()), Training(home)
    assert len(conversations.search(access)) == len(feedback.entries(access)) == 1
    assert training.snapshot().run == "main"
    kept, _ = conversations.keep(access, OpenConversation(), LINES, ChatSetup(run="main"))
    erasing_of(home, gate).erase(access)
    assert not [*conversations.search(access), *feedback.entries(access), *exports.files()]
    assert (datasets.report(), training.snapshot().run) == (None, "")
    # A page that still shows the conversation keeps it as a new one or is told, and never fails.
    conversations.keep(access, kept, (*LINES, LINES[0]), ChatSetup(run="main"))
    conversations.keep(access, OpenConversation(), LINES, ChatSetup(run="main"))
    assert len(conversations.search(access)) == 1
    exports.import_files([SAMPLE])
    assert datasets.build().train_replies > 100
    create_chat_run(home, model)
    feedback.add(access, "good", LINES, run="main")
    assert len(feedback.entries(access)) == 1


def test_a_password_is_needed_where_one_is_set(home: Home, gate: PasswordGate) -> None:
    before = files(home)
    forged = PasswordGate(PASSWORD).authenticate(PASSWORD)
    for access in (None, forged):
        with pytest.raises(AccessDenied):
            erasing_of(home, gate).erase(access)
        with pytest.raises(AccessDenied):
            erasing_of(home, gate).plan(access, ["저장한대화"])
    assert files(home) == before
    erasing_of(home, PasswordGate("")).erase(None, ["저장한대화"])
    assert "chats" not in kinds(home)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "없는것",
            "'없는것' 은\\(는\\) 지금 없습니다. 지울 수 있는 것: 가져온대화, 배울대화, 학습/main",
        ),
        ("학습/../main", "지금 없습니다"),
        ("설정", "지우지 않습니다"),
        ("바탕모델/starter", "지금 없습니다"),
    ],
)
def test_what_cannot_be_erased_is_named(
    home: Home, gate: PasswordGate, access: AccessPass, name: str, sentence: str
) -> None:
    before = files(home)
    with pytest.raises(ConfigError, match=sentence):
        erasing_of(home, gate).erase(access, ["저장한대화", name])
    assert files(home) == before


def test_what_the_program_did_not_make_stays(
    home: Home, gate: PasswordGate, access: AccessPass, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("남의 것", encoding="utf-8")
    mine = ["data/raw/내 메모.txt", "data/archive/사진/바다.jpg", "checkpoints_lora/책/1장.txt"]
    for name in (*mine, "data/sft/.gitkeep"):
        file = home.folder(name)
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (home.folder("checkpoints_lora/main") / "linked").symlink_to(outside)
    (home.folder("data/chats") / "damaged-20260101-000000.sqlite3").touch()
    erasing_of(home, gate).erase(access)
    assert files(home) - {"checkpoints_lora/.start.lock", BUILD_LOCK} == {
        *(*mine, "data/sft/.gitkeep", "configs/sft.yaml")
    }
    assert (outside / "mine.txt").exists()


def test_a_file_that_cannot_be_deleted_is_named(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    folder = home.folder("checkpoints_lora/main/adapter_best")
    folder.chmod(0o500)
    try:
        with obeyed_permissions():
            erasure = erasing_of(home, gate).erase(access, ["학습/main"])
    finally:
        folder.chmod(0o700)
    left = list(folder.iterdir())
    assert len(erasure.left) == len(left) > 0
    assert "다만 'checkpoints_lora/main/adapter_best/" in erasure.sentence
    # What is left is still listed, and goes the next time.
    assert erasing_of(home, gate).erase(access, ["학습/main"]).left == ()
    assert not folder.exists()


@pytest.fixture
def trained_now(home: Home) -> Iterator[Run]:
    """A run whose worker lives."""
    run = Runs(home.folder("checkpoints_lora")).find("main")
    thread = TrainingThread.launch(run, LASTING)
    yield run
    kill(run)
    wait_for(lambda: not thread.is_alive())


def test_nothing_goes_that_a_training_uses(
    home: Home, gate: PasswordGate, access: AccessPass, trained_now: Run, model: Path
) -> None:
    create_chat_run(home, model, "other")
    before, erasing = files(home), erasing_of(home, gate)
    for names in ([], ["학습/main"], ["배울대화"], ["저장한대화", "배울대화"]):
        for act in (erasing.plan, erasing.erase):
            with pytest.raises(RunError, match="^학습 'main' 이 진행 중이라 .* 지울 수 없습니다"):
                act(access, names)
    assert files(home) - before <= {"checkpoints_lora/.start.lock"}
    erasing.erase(access, ["학습/other", "저장한대화", "보관함"])
    assert not home.folder("checkpoints_lora/other").exists()


def test_nothing_goes_that_a_build_uses(home: Home, gate: PasswordGate, access: AccessPass) -> None:
    Exports(home).import_files([SAMPLE])
    reading, erased = threading.Event(), threading.Event()
    datasets = Datasets(home, BaseModels())

    def wait(share: float, _: str) -> None:
        if share:
            reading.set()
            erased.wait(patience())

    build = threading.Thread(target=datasets.build, args=(wait,))
    build.start()
    assert reading.wait(patience())
    erasing = erasing_of(home, gate)
    for names in ([], ["가져온대화"]):
        for act in (erasing.plan, erasing.erase):
            with pytest.raises(DatasetError, match="배울 대화를 만들고 있어 '가져온 대화'"):
                act(access, names)
    assert Exports(home).files()
    erased.set()
    build.join()
    assert datasets.report()
    erasing.erase(access, ["가져온대화", "배울대화"])
    assert Exports(home).files() == []


def test_nothing_goes_while_a_reply_is_written(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    chat = ChatService(home, gate)
    erasing = Erasing(home, gate, chat.paused)
    reply = chat.reply(access, LINES[:1])
    while not next(reply).bubbles:
        pass
    for names in ([], ["학습/main"], ["저장한대화"]):
        for act in (erasing.plan, erasing.erase):
            with pytest.raises(RunError, match="지금 대답을 쓰고 있어 지울 수 없습니다"):
                act(access, names)
    erasing.erase(access, ["보관함"])
    reply.close()  # type: ignore[attr-defined]
    wait_for(lambda: not chat._line.tickets)
    erasing.plan(access)
    assert chat.memory(access).run == "main"
    erasing.erase(access, ["학습/main"])
    # The adapter is not in memory any more, either.
    assert chat.memory(access).run == ""
    with pytest.raises(RunError, match="아직 배운 것이 없습니다"):
        list(chat.reply(access, LINES[:1]))


def test_nothing_goes_while_another_process_writes_a_reply(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(home.root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout and writer.stdout.readline()
    try:
        with pytest.raises(RunError, match="다른 창이나 명령이 대답을 쓰고 있어"):
            erasing_of(home, gate).erase(access)
    finally:
        # Killed, it leaves its mark behind.
        writer.kill()
        writer.communicate()
    assert list(home.state_folder.glob("replying-*"))
    erasing_of(home, gate).erase(access)
    assert not list(home.state_folder.glob("replying-*"))


def test_a_downloaded_base_goes_on_its_own(
    home: Home,
    gate: PasswordGate,
    access: AccessPass,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    for name in ("models--Qwen--Qwen3-0.6B", ".locks/models--Qwen--Qwen3-0.6B", "models--a--b"):
        (cache / name / "blobs").mkdir(parents=True)
        (cache / name / "blobs" / "x").write_bytes(bytes(3000))
    snapshot = cache / "models--Qwen--Qwen3-0.6B" / "snapshots" / "c"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to("../../blobs/x")
    [base] = [thing for thing in Storage(home).things() if thing.kind == "base"]
    assert (base.name, base.place) == ("바탕모델/Qwen/Qwen3-0.6B", str(snapshot.parent.parent))
    assert 6000 <= base.size < 6100
    erasing_of(home, gate).erase(access)
    assert snapshot.exists()
    erasing_of(home, gate).erase(access, [base.name])
    assert [path.name for path in cache.rglob("x")] == ["x"]
    assert (cache / "models--a--b").exists()
    assert not snapshot.parent.parent.exists()


# --- the command


def command(home: Home, *argv: str, typed: str = "", is_terminal: bool = True) -> tuple[int, str]:
    err, source = io.StringIO(), io.StringIO(typed)
    source.isatty = lambda: is_terminal  # type: ignore[method-assign]
    code = main(argv, home=home, ask=lambda _: PASSWORD, console=Console(err, err, source))
    return code, err.getvalue()


def test_the_command_asks_once_what_is_typed(home: Home) -> None:
    write_password(home, PASSWORD)
    before = files(home)
    for typed in ("", "예\n", "y\n"):
        code, said = command(home, "erase", "--all", typed=typed)
        assert (code, said.count("되돌릴 수 없습니다"), "지우지 않았습니다." in said) == (
            0,
            1,
            True,
        )
        assert "checkpoints_lora/main" in said
    assert files(home) - before <= {"checkpoints_lora/.start.lock"}
    code, said = command(home, "erase", "저장한대화", typed="지우기\n")
    assert code == 0
    assert "'저장한 대화' 을(를) 영원히 지웠습니다" in said
    assert "chats" not in kinds(home)


def test_the_command_for_scripts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_password(home, PASSWORD)
    code, said = command(home, "erase", "--all", is_terminal=False)
    assert (code, "--yes" in said) == (1, True)
    monkeypatch.setenv("CHATBOT_ACCESS_PASSWORD", "틀림")
    assert command(home, "erase", "--all", "--yes", is_terminal=False)[0] == 1
    assert kinds(home) >= PERSONAL
    monkeypatch.setenv("CHATBOT_ACCESS_PASSWORD", PASSWORD)
    code, said = command(home, "erase", "--all", "--yes", is_terminal=False)
    assert (code, "외 4가지" in said) == (0, True)
    assert kinds(home) & PERSONAL == set()


@pytest.mark.parametrize("argv", [[], ["저장한대화", "--all"]])
def test_the_command_needs_one_choice(home: Home, argv: list[str]) -> None:
    code, said = command(home, "erase", *argv)
    assert (code, "가운데 하나" in said) == (2, True)
