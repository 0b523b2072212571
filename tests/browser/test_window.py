"""The whole workflow in Chromium: import, build, train, stop, resume, reload, unlock, chat.

`KAKAOBOT_SCREENSHOTS=<folder>` keeps the screenshots; those in the README are made this way.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kakaobot.app.room_talk import QUIET
from kakaobot.exports.file_store import FileStore
from kakaobot.runs.status import LIVE
from tests.browser.driver import (
    EXPORTER,
    ODD_LINE,
    PASSWORD,
    SAMPLES,
    STEPS,
    App,
    chart_pixels,
    digits,
    open_tab,
    other_room,
    phone_export,
    press_enter_while_composing,
    renamed_photo,
    take_close_up,
    take_screenshot,
    throttled,
    unlock,
    wait_for_reply,
)
from tests.conftest import SAMPLE
from tests.patience import wait_for

pytestmark = pytest.mark.browser


def test_1_uploads_are_imported_and_a_broken_file_is_explained(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "장보기 목록.txt"
    broken.write_text("두부 한 모\n대파\n", encoding="utf-8")
    page.locator("#export-upload input[type=file]").set_input_files([SAMPLE, broken])
    files = page.locator("#export-files")
    expect(files).to_contain_text("주말 보드게임방")
    for words in ("Windows", "도담", "764", "2026-01-02"):
        expect(files).to_contain_text(words)
    expect(page.locator("body")).to_contain_text("장보기 목록.txt")
    take_screenshot(page, "1-import")


def test_1_a_second_export_is_merged_and_its_exporter_gets_a_name(
    page: Page, app: App, tmp_path: Path
) -> None:
    """The phone's export of the last months overlaps with the first export."""
    phone = phone_export(tmp_path)
    photo, other = renamed_photo(tmp_path), other_room(tmp_path)
    page.locator("#export-upload input[type=file]").set_input_files([phone.path, photo, other])
    files, rooms = page.locator("#export-files"), page.locator("#export-rooms")
    expect(rooms).to_contain_text("옆방")
    expect(files.locator("tr.kb-bad")).to_contain_text("'휴가 사진.txt' 파일은 글이 아닙니다.")

    # The button that removes a file does not open its line report.
    files.locator("tr", has_text="옆방").locator("[data-do=remove]").click()
    expect(rooms).not_to_contain_text("옆방")
    expect(files).not_to_contain_text("옆방")
    expect(page.locator("#export-diagnosis section")).to_have_count(0)
    # What was removed by mistake is back with one click.
    removed = page.locator("#export-removed")
    removed.get_by_role("button", name="되돌리기").click()
    expect(files).to_contain_text("옆방")
    expect(removed.locator("li")).to_have_count(0)
    files.locator("tr", has_text="옆방").locator("[data-do=remove]").click()
    expect(rooms).not_to_contain_text("옆방")
    page.locator("#export-upload input[type=file]").set_input_files([photo])
    expect(files.locator("tr.kb-bad")).to_contain_text("휴가 사진.txt")
    cells = rooms.locator("tbody td")
    # The exporter's own messages differ in the name, so they do not merge yet.
    unmerged = phone.room_messages + phone.own_messages
    expect(cells.nth(1)).to_have_text("2개")
    expect(cells.nth(2)).to_have_text(f"{unmerged:,}개")
    expect(cells.nth(3)).to_have_text(f"{phone.messages - phone.own_messages:,}개")
    expect(cells.nth(4)).to_contain_text("5명")
    expect(cells.nth(5)).to_have_text("2026-01-02 ~ 2026-04-30")
    people = page.locator("#export-people")
    expect(people).to_contain_text("'회원님' 이름은 파일을 내보낸 사람 자신을 가리킵니다.")
    take_screenshot(page, "1-import-merge")

    _check_line_report(page, phone.path)

    people.get_by_role("button", name=EXPORTER, exact=True).click()
    expect(cells.nth(2)).to_have_text(f"{phone.room_messages:,}개")
    expect(cells.nth(3)).to_have_text(f"{phone.messages:,}개")
    expect(people).to_contain_text(f"회원님 → {EXPORTER}")
    people.get_by_role("button", name="되돌리기").click()
    expect(cells.nth(2)).to_have_text(f"{unmerged:,}개")
    # Any other name can be typed, and names can be merged in the form, too.
    people.locator("input").fill("나")
    people.locator("input").press("Enter")
    expect(people).to_contain_text("회원님 → 나")
    page.locator("#export-same button").first.click()
    names = page.locator("#export-same-names input")
    names.click()
    page.get_by_role("option", name=re.compile(rf"^{EXPORTER} \(")).click()
    page.get_by_role("option", name=re.compile(r"^나 \(")).click()
    names.press("Escape")
    page.locator("#export-same-join").click()
    expect(people).to_contain_text(f"회원님 → {EXPORTER}")
    expect(cells.nth(2)).to_have_text(f"{phone.room_messages:,}개")
    expect(cells.nth(4)).to_contain_text("4명")
    aliases = FileStore(app.home.folder("data/raw")).load_aliases()
    assert aliases == {"주말 보드게임방": {"회원님": "나", "나": EXPORTER}}


def _check_line_report(page: Page, export: Path) -> None:
    """Open the line report of the phone's export, and close it again."""
    row = page.locator("#export-files tr", has_text=export.name)
    row.locator("[data-do=diagnose]").click()
    report = page.locator("#export-diagnosis")
    expect(report).to_contain_text("이해하지 못한 줄 1개")
    # Until the password is given, its counts only.
    expect(report).to_contain_text("맨 위 칸에 비밀번호를 넣으면 보입니다.")
    expect(report).not_to_contain_text(ODD_LINE)
    unlock(page, PASSWORD)
    expect(report.locator(".kb-lost td").last).to_have_text(ODD_LINE)
    total = digits(report.locator(".kb-sum").inner_text().split("=")[0])
    counts = report.locator(".kb-legend dd").all_inner_texts()
    assert total == sum(map(digits, counts)) == export.read_text(encoding="utf-8").count("\n")
    take_screenshot(page, "1-import-diagnosis")
    report.locator("[data-do=close]").click()
    expect(report).to_be_hidden()


def test_2_participants_are_listed_before_a_build(page: Page) -> None:
    open_tab(page, "2 데이터 준비")
    rows = page.locator("#dataset-people tbody tr")
    expect(rows).to_have_count(4)
    for words in ("도담", "216개", "6자", "87%", "0%", "충분"):
        expect(rows.first).to_contain_text(words)
    expect(rows.filter(has_text="은솔")).to_contain_text("부족")
    expect(page.locator("#dataset-report")).to_contain_text("아직 만든 데이터가 없습니다.")
    # The buttons of the table and the list of personas stay in sync.
    rows.first.get_by_role("button", name="이 사람 배우기").click()
    persona = page.locator("#dataset-person input")
    expect(persona).to_have_value(re.compile("^도담"))
    expect(rows.first).to_have_class("kb-chosen")
    persona.click()
    page.get_by_role("option", name="방 전체").click()
    expect(page.locator("#dataset-people tr.kb-chosen")).to_have_count(0)


def test_2_a_build_shows_its_report_and_examples(page: Page) -> None:
    open_tab(page, "2 데이터 준비")
    expect(page.locator("#dataset-person")).to_be_visible()
    page.locator("#dataset-build").click()
    report = page.locator("#dataset-report")
    expect(report).to_contain_text("배울 토큰")
    expect(report).to_contain_text("사진")
    examples = page.locator("#dataset-examples")
    expect(examples).to_contain_text("배우는 말")
    page.locator("#gate-lock").click()
    expect(examples).to_contain_text("맨 위 칸에 비밀번호를 넣으면 보입니다.")
    expect(examples).not_to_contain_text("배우는 말")
    unlock(page, PASSWORD)
    expect(examples).to_contain_text("배우는 말")
    # Arrives after the rest.
    estimate = page.locator("#dataset-outlook")
    expect(estimate).to_contain_text(re.compile(r"메모리 약 [\d.]+GB.*시간(은 학습을 시작해| 약) "))
    take_screenshot(page, "2-dataset")
    take_close_up(page, "#dataset-pictures", "2-dataset-pictures")
    take_close_up(page, "#dataset-examples", "2-dataset-examples")


def test_2_a_participant_is_excluded_and_included_by_a_click(page: Page, app: App) -> None:
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


def test_3_training_starts_and_draws_its_losses(page: Page, app: App) -> None:
    open_tab(page, "3 학습")
    expect(page.locator("#tab-training, #train-card").last).to_be_visible()
    assert chart_pixels(page, "#train-chart", "loss") == 0
    expect(page.locator("#train-outlook")).to_contain_text("메모리 약")
    expect(page.locator("#train-likeness")).to_be_hidden()
    page.locator("#train-start").click()
    wait_for(lambda: app.run_state()[1] >= 25, app.progress)
    wait_for(lambda: chart_pixels(page, "#train-chart", "loss") > 100)
    assert chart_pixels(page, "#train-chart", "eval") > 60
    assert chart_pixels(page, "#train-chart", "best") > 20
    expect(page.locator("#train-card")).to_contain_text(f"/ {STEPS}")
    expect(page.locator("#train-stop")).to_be_visible()
    expect(page.locator("#train-outlook")).to_be_hidden()
    take_screenshot(page, "3-training")


def test_3_eval_samples_appear_during_training(page: Page) -> None:
    samples = page.locator("#train-answers")
    head = samples.locator("thead").first
    expect(head).to_contain_text("배우기 전")
    expect(head).to_contain_text("방에서 실제로 한 말")
    # As many as configured, some of them folded.
    expect(samples.locator("tbody tr")).to_have_count(SAMPLES)
    expect(page.locator("#train-likeness canvas")).to_be_visible()
    assert chart_pixels(page, "#train-likeness", "likeness") > 20
    expect(page.locator("#train-card")).to_contain_text("닮은 정도")


def test_4_a_page_reload_shows_the_running_training(page: Page, app: App) -> None:
    page.reload()
    open_tab(page, "3 학습")
    wait_for(lambda: chart_pixels(page, "#train-chart", "loss") > 100)
    expect(page.locator("#train-stop")).to_be_visible()
    assert app.run_state()[0] == "running"


def test_4_a_slowdown_is_shown_while_it_lasts(page: Page, app: App) -> None:
    worker = app.runs()[0].worker.process()
    assert worker is not None
    card = page.locator("#train-card")
    with throttled(worker):
        expect(card).to_contain_text(re.compile(r"학습이 처음보다 약 \d+배 느립니다"))
        take_screenshot(page, "3-training-busy")
    expect(card).not_to_contain_text("바빠")


def test_5_stop_saves_and_start_resumes(page: Page, app: App) -> None:
    page.locator("#train-stop").click()
    app.wait_until("stopped")
    step = app.run_state()[1]
    start = page.locator("#train-start")
    expect(start).to_contain_text(f"이어서 학습 ({step}단계부터)")
    expect(page.locator("#train-card")).to_contain_text("멈췄습니다")
    report = app.home.root / "data" / "sft" / "report.html"
    wait_for(lambda: "<td>main</td>" in report.read_text(encoding="utf-8"))
    take_screenshot(page, "3-training-stopped")
    row = page.locator("#train-runs .kb-was")
    expect(row).to_contain_text("대화할 수 있음")
    expect(row.locator(".kb-spark polyline")).to_be_attached()
    row.locator("summary").click()
    start.click()
    app.wait_until("running", after_step=step + 60)
    expect(page.locator("#train-card")).to_contain_text("학습하고 있습니다")
    assert app.runs()[0].status().resumed_from == step
    # The row stays unfolded when the list is replaced.
    expect(row.locator(".kb-state").first).to_have_text("학습 중")
    expect(row).to_have_attribute("open", "")
    expect(row).to_contain_text("한 번에 고치는 크기")
    # By now there are further eval samples, in the table and in the chart.
    wait_for(lambda: page.locator("#train-answers thead").first.locator("th").count() >= 4)
    assert int(page.locator("#train-likeness canvas").get_attribute("data-points") or 0) >= 2
    row.locator("summary").click()
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator("#train-card")).to_contain_text(f"{step}단계에서 이어서 배우고 있습니다.")
    take_screenshot(page, "3-training-resumed")
    take_close_up(page, "#train-likeness", "3-training-likeness")
    take_close_up(page, "#train-answers", "3-training-answers")


def test_5_a_killed_worker_is_explained_and_resumes_with_one_click(page: Page, app: App) -> None:
    run = app.runs()[0]
    worker = run.worker.process()
    assert worker is not None
    saved_step = run.checkpoints.complete()[-1][0]
    worker.kill()
    card = page.locator("#train-card")
    expect(card).to_contain_text("학습 프로세스가 갑자기 끝났습니다.")
    expect(card).to_contain_text("다시 시작하면 마지막 저장본부터 이어집니다.")
    start = page.locator("#train-start")
    expect(start).to_contain_text("이어서 학습")
    take_screenshot(page, "3-training-failed")
    start.click()
    app.wait_until("running", after_step=saved_step)
    assert (run.status().resumed_from or 0) >= saved_step
    expect(card).to_contain_text("학습하고 있습니다")


def test_6_training_survives_a_restart_of_the_program(page: Page, app: App) -> None:
    assert app.interrupt() == 0
    assert app.run_state()[0] in LIVE
    page.goto(app.start())
    open_tab(page, "3 학습")
    wait_for(lambda: chart_pixels(page, "#train-chart", "loss") > 100)
    stop = page.locator("#train-stop")
    expect(stop).to_be_visible()
    stop.click()
    app.wait_until("stopped", "finished")


def test_7_a_wrong_password_keeps_the_chat_locked(page: Page) -> None:
    open_tab(page, "4 대화")
    # The program has started anew, and with it every page is locked.
    expect(page.locator("#chat-gate")).to_be_visible()
    expect(page.locator("#chat-message")).to_be_hidden()
    take_screenshot(page, "4-chat-locked")
    unlock(page, "산토끼")
    expect(page.get_by_text("비밀번호가 틀렸습니다").first).to_be_visible()
    expect(page.locator("#chat-message")).to_be_hidden()


def test_8_the_password_unlocks_the_chat_and_the_adapter_replies(page: Page) -> None:
    unlock(page, PASSWORD)
    box = page.locator("#chat-message textarea")
    expect(box).to_be_visible()
    expect(page.locator("#chat-voice")).to_contain_text("starter")
    replies: list[str] = []
    # Sometimes nobody in the room answers.
    for count, message in enumerate(("오늘 저녁 뭐 먹을까?", "ㅋㅋㅋ 좋아", *["나도!"] * 6), 1):
        box.fill(message)
        box.press("Enter")
        wait_for_reply(page, count)
        replies = page.locator("#chat-box [data-testid=bot]").all_inner_texts()
        replies = [reply for reply in replies if QUIET not in reply]
        if count > 1 and replies:
            break
    assert all(re.search(r"[가-힣ㄱ-ㅎ]", reply) for reply in replies), replies
    assert not any("assistant" in reply for reply in replies), replies
    assert replies
    # All buttons are in sight.
    expect(page.locator("#feedback-never")).to_be_in_viewport(ratio=1)
    take_screenshot(page, "4-chat")


def test_8_base_and_adapter_answer_side_by_side(page: Page) -> None:
    open_tab(page, "비교")
    page.locator("#compare-message textarea").fill("주말에 시간 돼?")
    page.locator("#compare-start").click()
    for side in ("base", "adapter"):
        # After the question.
        expect(page.locator(f"[data-side={side}] .kb-said p").nth(1)).to_be_visible()
    expect(page.locator("#compare-stop")).to_be_hidden()
    take_screenshot(page, "4-chat-compare")


def test_8_a_blind_test_tells_the_real_reply_only_after_the_pick(page: Page) -> None:
    open_tab(page, "진짜는 누구?")
    page.locator("#quiz-knows button").last.click()
    picks, board = page.locator("#quiz-picks"), page.locator("#quiz-board")
    expect(picks).to_be_visible()
    expect(board).not_to_contain_text("실제로 한 말")
    picks.locator("button").first.click()
    expect(board).to_contain_text("실제로 한 말")
    take_screenshot(page, "4-chat-quiz")
    open_tab(page, "대화하기")


def test_9_enter_does_not_send_during_hangul_composition(page: Page) -> None:
    box = page.locator("#chat-message textarea")
    sent = page.locator("#chat-box [data-testid=user]")
    before = sent.count()
    session = press_enter_while_composing(page, box)
    page.wait_for_timeout(700)
    assert sent.count() == before
    session.send("Input.insertText", {"text": "하"})
    box.press("Enter")
    wait_for_reply(page, before + 1)


def test_9_the_lock_hides_the_conversation_and_the_password_shows_it_again(page: Page) -> None:
    # The note that nobody answers is not part of the conversation.
    bubbles = page.locator("#chat-box [data-testid=bot]").filter(has_not_text=QUIET)
    count = bubbles.count()
    assert count
    page.locator("#gate-lock").click()
    expect(page.locator("#chat-gate")).to_be_visible()
    expect(page.locator("#chat-message")).to_be_hidden()
    expect(bubbles).to_have_count(0)
    unlock(page, PASSWORD)
    expect(bubbles).to_have_count(count)
    page.reload()
    open_tab(page, "4 대화")
    expect(page.locator("#chat-message")).to_be_visible()


def test_a_edited_settings_are_saved(page: Page, app: App) -> None:
    field = page.locator("#set-training-epochs input").first
    open_tab(page, "5 설정")
    field.fill("7")
    field.press("Tab")
    # The response to opening the tab arrives after typing and must keep the edit.
    page.wait_for_timeout(1500)
    expect(field).to_have_value("7")
    page.locator("#set-save").click()
    wait_for(lambda: app.home.settings().training.epochs == 7)
    mark = page.locator("#about-training-epochs .kb-setting-mark")
    expect(mark).to_have_text("기본값 0")
    take_screenshot(page, "5-settings")


def test_a_faults_are_told_beside_their_fields(page: Page, app: App) -> None:
    before = app.home.settings_file.read_bytes()
    rank, group = page.locator("#set-lora-r"), page.locator("#set-lora-expert")
    expect(rank).to_be_hidden()
    group.locator("button").first.click()
    rank.locator("input").fill("0")
    group.locator("button").first.click()
    page.locator("#set-training-epochs input").fill("자주")
    page.locator("#set-save").click()
    expect(page.locator("#about-training-epochs [role=alert]")).to_contain_text("숫자를 적으세요")
    expect(page.locator("#about-lora-r [role=alert]")).to_contain_text("1 이상이어야")
    expect(rank).to_be_visible()
    assert app.home.settings_file.read_bytes() == before


def test_a_one_setting_is_set_back(page: Page, app: App) -> None:
    page.locator("#about-training-epochs [data-set-back]").click()
    field = page.locator("#set-training-epochs input")
    expect(field).to_have_value("0")
    page.locator("#set-lora-r input").fill("8")
    page.locator("#set-save").click()
    wait_for(lambda: app.home.settings().training.epochs == 0)
    expect(page.locator("#about-training-epochs [data-set-back]")).to_have_count(0)
    expect(page.locator("#about-training-epochs [role=alert]")).to_have_count(0)
    assert app.home.settings().lora.r == 8


def test_a_no_tab_has_words_of_the_workshop(page: Page) -> None:
    for tab in ("1 가져오기", "2 데이터 준비", "3 학습", "4 대화", "5 설정"):
        open_tab(page, tab)
        shown = page.locator(".tabitem:visible").first
        expect(shown).not_to_have_text("")
        words = re.findall(
            r"어댑터|데이터 지문|W-KO|preprocess|train --|\bLoRA\b(?!\))", shown.inner_text()
        )
        assert words == [], tab
    open_tab(page, "3 학습")
    page.locator("#train-words summary").click()
    expect(page.locator("#train-words")).to_contain_text("낮을수록 잘 배운 것입니다")


def test_b_no_request_left_this_machine(external_requests: list[str]) -> None:
    assert external_requests == []


def test_c_a_page_without_a_code_shows_nothing(app: App, browser: Browser) -> None:
    stranger = browser.new_page(locale="ko-KR")
    response = stranger.goto(f"http://127.0.0.1:{app.port}/")
    assert response is not None
    assert response.status == 401
    assert "도담" not in stranger.content()
    stranger.close()
