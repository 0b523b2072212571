"""The whole way in a real Chromium: import, prepare, train, stop, resume, reload, unlock, talk.

`KAKAOBOT_SCREENSHOTS=<folder>` keeps what was seen; that is how the README's pictures are made.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kakaobot.config import ROOT, Home, save
from kakaobot.exports.file_store import FileStore
from kakaobot.runs.run import Runs
from kakaobot.runs.status import LIVE
from scripts.make_sample import android, read_room
from tests.conftest import QUICK, SAMPLE
from tests.patience import patience, wait_for

pytestmark = pytest.mark.browser
expect.set_options(timeout=1000 * patience())

PASSWORD = "바다 거북"
STEPS = 600
SAMPLES = 4
"""Prompts that are answered again and again."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = os.environ.get("KAKAOBOT_SCREENSHOTS")
PICTURES = ROOT / "docs" / "screenshots"
BLUE, ORANGE, GREEN = (59, 111, 212), (217, 98, 43), (31, 146, 84)
VIOLET = (130, 80, 200)
"""`--kb-loss`, `--kb-eval`, `--kb-best` and `--kb-voice` of ui/static/window.css, light theme."""
COUNT_PIXELS = """
(canvas, [red, green, blue]) => {
  const { width, height } = canvas;
  if (!width || !height) return 0;
  const top = Math.round(height * 0.2);
  const data = canvas.getContext("2d").getImageData(0, top, width, height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green)
      + Math.abs(data[i + 2] - blue);
    if (data[i + 3] > 200 && near < 24) count += 1;
  }
  return count;
}
"""


class App:
    """`launch.py` as a user starts it, in a home of its own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """The address to open."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "launch.py"), "--no-browser", "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=(self.home.root / "window.log").open("ab"),
            encoding="utf-8",
            env={
                **os.environ,
                "KAKAOBOT_HOME": str(self.home.root),
                "CHATBOT_PASSWORD": PASSWORD,
                "HF_HUB_OFFLINE": "1",
            },
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert re.fullmatch(rf"http://127\.0\.0\.1:{self.port}/\?t=\S+", line), line
        return line

    def progress(self) -> object:
        """Changes with every word of the training."""
        runs = Runs(self.home.folder("checkpoints_lora")).all()
        return runs[0].version() if runs else None

    def interrupt(self) -> int:
        """Ctrl+C; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(patience())


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = Home(tmp_path_factory.mktemp("window"))
    home.settings()
    save(
        home.settings_file,
        {
            **QUICK,
            "training.max_steps": STEPS,
            "training.learning_rate": 6e-4,
            "training.eval_steps": 10,
            "training.sample_replies": SAMPLES,
            "generation.max_new_tokens": 48,
        },
    )
    app = App(home)
    yield app
    for process in psutil.process_iter(["cmdline"]):
        if str(home.root) in " ".join(process.info["cmdline"] or []):
            process.kill()
    if app.process is not None:
        app.process.kill()
        app.process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    program = program or shutil.which("google-chrome") or shutil.which("chrome")
    if program is None:
        message = "Chromium 이 없습니다. Debian 에서는 apt-get install chromium 으로 설치하세요."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(app: App, browser: Browser) -> Page:
    context = browser.new_context(
        locale="ko-KR", viewport={"width": 1240, "height": 860}, device_scale_factor=1.5
    )
    context.set_default_timeout(1000 * patience())
    page = context.new_page()
    outside: list[str] = []
    page.on(
        "request",
        lambda request: (
            outside.append(request.url)
            if not re.match(r"(http://127\.0\.0\.1:|data:|blob:)", request.url)
            else None
        ),
    )
    page.outside = outside  # type: ignore[attr-defined]
    page.goto(app.start())
    expect(page.locator("#tab-exports, #export-upload").first).to_be_attached()
    return page


def shot(page: Page, name: str) -> None:
    """Look at the window; the README's picture of it must have the same size."""
    # Not by the mouse: a notice may go by itself while it is being aimed at.
    page.evaluate("document.querySelectorAll('.toast-close').forEach((close) => close.click())")
    page.mouse.move(0, 0)
    page.wait_for_timeout(900)
    taken = page.screenshot()
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        (Path(SHOTS) / f"{name}.png").write_bytes(taken)
    # Width and height of a PNG stand in its bytes 16 to 24.
    assert (PICTURES / f"{name}.png").read_bytes()[16:24] == taken[16:24]


def close_up(page: Page, place: str, name: str) -> None:
    """Look at a part of the window that its first screen does not show."""
    part = page.locator(place)
    part.scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    taken = part.screenshot()
    if SHOTS:
        (Path(SHOTS) / f"{name}.png").write_bytes(taken)
    assert (PICTURES / f"{name}.png").exists()
    page.evaluate("window.scrollTo(0, 0)")


def _number(words: str) -> int:
    """The digits in some words, as one number."""
    return int("".join(filter(str.isdigit, words)))


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def drawn(page: Page, color: tuple[int, int, int]) -> int:
    """Pixels of this colour below the legend of the loss chart."""
    canvas = page.locator("#train-chart canvas")
    if canvas.count() != 1:
        return 0
    return int(canvas.evaluate(COUNT_PIXELS, list(color)))


def state(app: App) -> tuple[str, int]:
    runs = Runs(app.home.folder("checkpoints_lora")).all()
    if not runs:
        return "", 0
    status = runs[0].status()
    return status.state, status.step


def test_1_files_are_uploaded_a_broken_one_is_explained(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "장보기 목록.txt"
    broken.write_text("두부 한 모\n대파\n", encoding="utf-8")
    page.locator("#export-upload input[type=file]").set_input_files([SAMPLE, broken])
    bring = page.locator("#export-bring")
    if bring.count() and bring.is_visible():
        bring.click()
    files = page.locator("#export-files")
    expect(files).to_contain_text("주말 보드게임방")
    for words in ("Windows", "도담", "764", "2026-01-02"):
        expect(files).to_contain_text(words)
    expect(page.locator("body")).to_contain_text("장보기 목록.txt")
    shot(page, "1-import")


def test_1_a_second_export_is_merged_and_its_exporter_gets_a_name(
    page: Page, app: App, tmp_path: Path
) -> None:
    """An old phone's export of the last months overlaps with what is there already."""
    room = read_room((SAMPLE.parent / "room.txt").read_text(encoding="utf-8"))
    me = "서하늘"
    said = [
        replace(each, sender={me: "회원님"}.get(each.sender, each.sender)) for each in room.said
    ]
    late = said[300:]
    mine = sum(each.sender == "회원님" for each in late)
    export = android(replace(room, said=tuple(late))).decode("utf-8-sig")
    odd = "2026년 4월 29일 아침 9:06, 마루 : 알람이 <b>세 번</b> 울렸어"
    phone, photo, other = (
        tmp_path / name for name in ("KakaoTalkChats.txt", "휴가 사진.txt", "옆방.txt")
    )
    phone.write_text(f"{export}{odd}\n", encoding="utf-8")
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    other.write_text(
        "옆방 님과 카카오톡 대화\n저장한 날짜 : 2026-05-01 09:30:12\n\n"
        "--------------- 2026년 4월 1일 수요일 ---------------\n[마루] [오전 9:01] 여기 아니네\n",
        encoding="utf-8",
    )
    page.locator("#export-upload input[type=file]").set_input_files([phone, photo, other])
    files, rooms = page.locator("#export-files"), page.locator("#export-rooms")
    expect(rooms).to_contain_text("옆방")
    expect(files.locator("tr.kb-bad")).to_contain_text("'휴가 사진.txt' 파일은 글이 아닙니다.")

    # Taken out again by its own button, which opens nothing.
    files.locator("tr", has_text="옆방").locator("[data-do=remove]").click()
    expect(rooms).not_to_contain_text("옆방")
    expect(files).not_to_contain_text("옆방")
    expect(page.locator("#export-diagnosis section")).to_have_count(0)
    page.locator("#export-upload input[type=file]").set_input_files([photo])
    expect(files.locator("tr.kb-bad")).to_contain_text("휴가 사진.txt")
    cells = rooms.locator("tbody td")
    merged = len(said) + mine
    expect(cells.nth(1)).to_have_text("2개")
    expect(cells.nth(2)).to_have_text(f"{merged:,}개")
    expect(cells.nth(3)).to_have_text(f"{len(late) - mine:,}개")
    expect(cells.nth(4)).to_contain_text("5명")
    expect(cells.nth(5)).to_have_text("2026-01-02 ~ 2026-04-30")
    people = page.locator("#export-people")
    expect(people).to_contain_text("'회원님' 이름은 파일을 내보낸 사람 자신을 가리킵니다.")
    shot(page, "1-import-merge")

    files.locator("tr", has_text=phone.name).locator("[data-do=diagnose]").click()
    diagnosis = page.locator("#export-diagnosis")
    expect(diagnosis).to_contain_text("이해하지 못한 줄 1개")
    expect(diagnosis.locator(".kb-lost td").last).to_have_text(odd)
    total = _number(diagnosis.locator(".kb-sum").inner_text().split("=")[0])
    told = diagnosis.locator(".kb-legend dd").all_inner_texts()
    assert total == sum(map(_number, told)) == phone.read_text(encoding="utf-8").count("\n")
    shot(page, "1-import-diagnosis")
    diagnosis.locator("[data-do=close]").click()
    expect(diagnosis).to_be_hidden()

    people.get_by_role("button", name=me, exact=True).click()
    expect(cells.nth(2)).to_have_text(f"{len(said):,}개")
    expect(cells.nth(3)).to_have_text(f"{len(late):,}개")
    expect(people).to_contain_text(f"회원님 → {me}")
    people.get_by_role("button", name="되돌리기").click()
    expect(cells.nth(2)).to_have_text(f"{merged:,}개")
    # Any other name can be typed, and names can be joined without being asked.
    people.locator("input").fill("나")
    people.locator("input").press("Enter")
    expect(people).to_contain_text("회원님 → 나")
    page.locator("#export-same button").first.click()
    names = page.locator("#export-same-names input")
    names.click()
    page.get_by_role("option", name=re.compile(rf"^{me} \(")).click()
    page.get_by_role("option", name=re.compile(r"^나 \(")).click()
    names.press("Escape")
    page.locator("#export-same-join").click()
    expect(people).to_contain_text(f"회원님 → {me}")
    expect(cells.nth(2)).to_have_text(f"{len(said):,}개")
    expect(cells.nth(4)).to_contain_text("4명")
    written = FileStore(app.home.folder("data/raw")).load_aliases()
    assert written == {"주말 보드게임방": {"회원님": "나", "나": me}}


def test_2_who_can_be_learnt_is_shown_before_anything_is_made(page: Page) -> None:
    tab(page, "2 데이터 준비")
    rows = page.locator("#dataset-people tbody tr")
    expect(rows).to_have_count(4)
    for words in ("도담", "216개", "6자", "87%", "0%", "충분"):
        expect(rows.first).to_contain_text(words)
    expect(rows.filter(has_text="은솔")).to_contain_text("부족")
    expect(page.locator("#dataset-report")).to_contain_text("아직 만든 데이터가 없습니다.")
    # One click chooses who is learnt; the list of people follows, and back again.
    rows.first.get_by_role("button", name="이 사람 배우기").click()
    chosen = page.locator("#dataset-person input")
    expect(chosen).to_have_value(re.compile("^도담"))
    expect(rows.first).to_have_class("kb-chosen")
    chosen.click()
    page.get_by_role("option", name="방 전체").click()
    expect(page.locator("#dataset-people tr.kb-chosen")).to_have_count(0)


def test_2_the_data_is_made_and_the_learnt_parts_are_shown(page: Page) -> None:
    tab(page, "2 데이터 준비")
    expect(page.locator("#dataset-person")).to_be_visible()
    page.locator("#dataset-build").click()
    report = page.locator("#dataset-report")
    expect(report).to_contain_text("배울 대답")
    expect(report).to_contain_text("사진")
    expect(page.locator("#dataset-examples")).to_contain_text("배우는 말")
    # Comes after the rest.
    outlook = page.locator("#dataset-outlook")
    expect(outlook).to_contain_text(re.compile(r"메모리 약 [\d.]+GB.*시간(은 학습을 시작해| 약) "))
    shot(page, "2-dataset")
    close_up(page, "#dataset-pictures", "2-dataset-pictures")
    close_up(page, "#dataset-examples", "2-dataset-examples")


def test_2_one_click_leaves_somebody_out_and_another_takes_them_back(page: Page, app: App) -> None:
    people, report = page.locator("#dataset-people"), page.locator("#dataset-report")
    row = people.locator("tr", has_text="은솔")
    row.get_by_role("button", name="이 사람 빼기").click()
    expect(people.locator("tbody tr").last).to_have_class("kb-gone")
    expect(people.locator("tr.kb-gone")).to_contain_text("은솔")
    expect(report).to_contain_text("이 데이터에는 나중에 빼기로 한 '은솔' 님의 말이 들어 있습니다.")
    assert app.home.settings().data.exclude_people == ("은솔",)
    page.locator("#dataset-person input").click()
    expect(page.get_by_role("option", name="마루")).to_be_visible()
    expect(page.get_by_role("option", name="은솔")).to_have_count(0)
    page.locator("#dataset-person input").press("Escape")
    row.get_by_role("button", name="다시 넣기").click()
    expect(people.locator("tr.kb-gone")).to_have_count(0)
    expect(report).not_to_contain_text("다시 만들어야 합니다")
    assert app.home.settings().data.exclude_people == ()


def test_3_training_starts_and_its_losses_are_drawn(page: Page, app: App) -> None:
    tab(page, "3 학습")
    expect(page.locator("#tab-training, #train-card").last).to_be_visible()
    assert drawn(page, BLUE) == 0
    expect(page.locator("#train-outlook")).to_contain_text("메모리 약")
    expect(page.locator("#train-voice")).to_be_hidden()
    page.locator("#train-start").click()
    wait_for(lambda: state(app)[1] >= 25, app.progress)
    wait_for(lambda: drawn(page, BLUE) > 100)
    assert drawn(page, ORANGE) > 60
    assert drawn(page, GREEN) > 20
    expect(page.locator("#train-card")).to_contain_text(f"/ {STEPS}")
    expect(page.locator("#train-stop")).to_be_visible()
    expect(page.locator("#train-outlook")).to_be_hidden()
    shot(page, "3-training")


def test_3_the_same_prompts_are_answered_as_it_learns(page: Page) -> None:
    answers = page.locator("#train-answers")
    expect(answers.locator("thead")).to_contain_text("배우기 전")
    expect(answers.locator("thead")).to_contain_text("방에서 실제로 한 말")
    # As many as are asked for here, none of them folded away.
    expect(answers.locator("tbody tr")).to_have_count(SAMPLES)
    voice = page.locator("#train-voice canvas")
    expect(voice).to_be_visible()
    assert voice.evaluate(COUNT_PIXELS, list(VIOLET)) > 20
    expect(page.locator("#train-card")).to_contain_text("말투 거리")


def test_4_a_reload_during_training_finds_it_again(page: Page, app: App) -> None:
    page.reload()
    tab(page, "3 학습")
    wait_for(lambda: drawn(page, BLUE) > 100)
    expect(page.locator("#train-stop")).to_be_visible()
    assert state(app)[0] == "running"


@contextmanager
def held_up(worker: psutil.Process) -> Iterator[None]:
    """A worker that gets a sixth of its time, as beside many other programs."""
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            worker.suspend()
            over.wait(0.05)
            worker.resume()
            over.wait(0.01)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_4_a_busy_computer_is_told_for_as_long_as_it_is_busy(page: Page, app: App) -> None:
    worker = Runs(app.home.folder("checkpoints_lora")).all()[0].worker.process()
    assert worker is not None
    card = page.locator("#train-card")
    with held_up(worker):
        expect(card).to_contain_text(re.compile(r"학습이 처음보다 약 \d+배 느립니다"))
        shot(page, "3-training-busy")
    expect(card).not_to_contain_text("바빠")


def test_5_a_stop_saves_and_a_start_resumes(page: Page, app: App) -> None:
    page.locator("#train-stop").click()
    wait_for(lambda: state(app)[0] == "stopped", app.progress)
    step = state(app)[1]
    start = page.locator("#train-start")
    expect(start).to_contain_text(f"이어서 학습 ({step}단계부터)")
    expect(page.locator("#train-card")).to_contain_text("멈췄습니다")
    shot(page, "3-training-stopped")
    past = page.locator("#train-runs .kb-was")
    expect(past).to_contain_text("대화할 수 있음")
    expect(past.locator(".kb-spark polyline")).to_be_attached()
    past.locator("summary").click()
    start.click()
    wait_for(lambda: state(app)[0] == "running" and state(app)[1] > step + 60, app.progress)
    expect(page.locator("#train-card")).to_contain_text("학습하고 있습니다")
    run = Runs(app.home.folder("checkpoints_lora")).all()[0]
    assert run.status().resumed_from == step
    # What was unfolded has stayed so, however often all was shown anew.
    expect(past.locator(".kb-state").first).to_have_text("학습 중")
    expect(past).to_have_attribute("open", "")
    expect(past).to_contain_text("training.learning_rate")
    # Answered anew by now, and drawn.
    wait_for(lambda: page.locator("#train-answers thead th").count() >= 4)
    assert int(page.locator("#train-voice canvas").get_attribute("data-points") or 0) >= 2
    past.locator("summary").click()
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator("#train-card")).to_contain_text(f"{step}단계에서 이어서 배우고 있습니다.")
    shot(page, "3-training-resumed")
    close_up(page, "#train-voice", "3-training-voice")
    close_up(page, "#train-answers", "3-training-answers")


def test_5_a_killed_worker_is_told_with_advice_and_goes_on_with_one_click(
    page: Page, app: App
) -> None:
    run = Runs(app.home.folder("checkpoints_lora")).all()[0]
    worker = run.worker.process()
    assert worker is not None
    saved = run.checkpoints.complete()[-1][0]
    worker.kill()
    card = page.locator("#train-card")
    expect(card).to_contain_text("학습 프로세스가 갑자기 끝났습니다.")
    expect(card).to_contain_text("다시 시작하면 마지막 저장본부터 이어집니다.")
    start = page.locator("#train-start")
    expect(start).to_contain_text("이어서 학습")
    shot(page, "3-training-failed")
    start.click()
    wait_for(lambda: state(app)[0] == "running" and state(app)[1] > saved, app.progress)
    assert (run.status().resumed_from or 0) >= saved
    expect(card).to_contain_text("학습하고 있습니다")


def test_6_training_survives_a_restart_of_the_program(page: Page, app: App) -> None:
    assert app.interrupt() == 0
    assert state(app)[0] in LIVE
    page.goto(app.start())
    tab(page, "3 학습")
    wait_for(lambda: drawn(page, BLUE) > 100)
    stop = page.locator("#train-stop")
    expect(stop).to_be_visible()
    stop.click()
    wait_for(lambda: state(app)[0] in ("stopped", "finished"), app.progress)


def test_7_a_wrong_password_opens_nothing(page: Page) -> None:
    tab(page, "4 대화")
    expect(page.locator("#chat-gate")).to_be_visible()
    expect(page.locator("#chat-message")).to_be_hidden()
    shot(page, "4-chat-locked")
    page.locator("#chat-password input").fill("산토끼")
    page.locator("#chat-enter").click()
    expect(page.get_by_text("비밀번호가 틀렸습니다").first).to_be_visible()
    expect(page.locator("#chat-message")).to_be_hidden()


def test_8_the_right_one_opens_and_the_adapter_answers(page: Page) -> None:
    page.locator("#chat-password input").fill(PASSWORD)
    page.locator("#chat-enter").click()
    box = page.locator("#chat-message textarea")
    expect(box).to_be_visible()
    expect(page.locator("#chat-voice")).to_contain_text("starter")
    for message in ("오늘 저녁 뭐 먹을까?", "ㅋㅋㅋ 좋아"):
        answers = page.locator("#chat-box [data-testid=bot]")
        before = answers.count()
        box.fill(message)
        box.press("Enter")
        expect(answers.nth(before)).to_be_visible()
        expect(page.locator("#chat-send")).to_be_enabled()
        page.wait_for_timeout(300)
    said = page.locator("#chat-box [data-testid=bot]").all_inner_texts()
    assert all(re.search(r"[가-힣ㄱ-ㅎ]", words) for words in said), said
    assert not any("assistant" in words for words in said), said
    assert len(said) >= 2
    shot(page, "4-chat")


def test_9_enter_sends_once_and_not_while_hangul_is_still_composed(page: Page) -> None:
    box = page.locator("#chat-message textarea")
    sent = page.locator("#chat-box [data-testid=user]")
    before = sent.count()
    box.focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "하", "selectionStart": 1, "selectionEnd": 1})
    # As macOS and Linux send it; Windows names the key "Process".
    box.evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown", {
            key: "Enter", code: "Enter", keyCode: 229, isComposing: true,
            bubbles: true, cancelable: true }))"""
    )
    page.wait_for_timeout(700)
    assert sent.count() == before
    session.send("Input.insertText", {"text": "하"})
    box.press("Enter")
    expect(sent).to_have_count(before + 1)
    expect(page.locator("#chat-send")).to_be_enabled()


def test_a_the_settings_tab_shows_and_saves_what_is_in_the_file(page: Page, app: App) -> None:
    field = page.locator("#set-training-epochs input").first
    tab(page, "5 설정")
    field.fill("7")
    field.press("Tab")
    # The answer to opening the tab comes after the typing, and must leave it alone.
    page.wait_for_timeout(1500)
    expect(field).to_have_value("7")
    page.locator("#set-save").click()
    wait_for(lambda: app.home.settings().training.epochs == 7)
    shot(page, "5-settings")


def test_b_nothing_was_asked_of_another_machine(page: Page) -> None:
    assert page.outside == []  # type: ignore[attr-defined]


def test_c_the_page_alone_without_the_token_shows_nothing(app: App, browser: Browser) -> None:
    context = browser.new_context(locale="ko-KR")
    stranger = context.new_page()
    answer = stranger.goto(f"http://127.0.0.1:{app.port}/")
    assert answer is not None
    assert answer.status == 401
    assert "도담" not in stranger.content()
    context.close()
