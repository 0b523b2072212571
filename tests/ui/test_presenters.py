from dataclasses import replace

from kakaobot.app.training import SILENCE_SECONDS
from kakaobot.chat.lines import ChatLine
from kakaobot.runs.status import Status
from tests.ui.window_fakes import RUN, SNAPSHOT, user_line
from ui import text
from ui.bubbles import bubbles
from ui.presenters import (
    KILL_AFTER,
    export_format_name,
    line_numbers,
    name_list,
    percent,
    status_line,
    training_view,
)
from ui.render.cards import training_card

RUNNING = replace(
    SNAPSHOT,
    status=Status("running", 40, 80, loss=3.5, tokens_per_second=216.4, eta_seconds=471),
    can_start=False,
    can_stop=True,
)


def facts(view):
    return dict(view.facts)


def test_the_detail_mentions_timing_until_there_is_an_eta():
    status = replace(RUNNING.status, message="학습 중입니다.", eta_seconds=None)
    first = replace(RUNNING, status=status)
    assert training_view(first).detail == ("학습 중입니다.", "첫 걸음을 재고 있습니다.")
    assert "첫 걸음을 재고 있습니다." not in training_view(RUNNING).detail


def test_a_running_run_shows_its_progress_and_a_stop_button():
    view = training_view(RUNNING)
    assert view.headline == "학습하고 있습니다 — 50%"
    assert (view.percent, view.busy, view.tone) == (50, False, "live")
    assert (view.start.visible, view.new.visible) == (False, False)
    assert (view.stop.visible, view.stop.enabled) == (True, True)
    assert facts(view)["남은 시간"] == "약 7분 51초"
    assert facts(view)["빠르기"] == "216 토큰/초"
    assert status_line(RUNNING) == "연습용 모델 · main · 학습 중 40/80단계 (50%)"


def test_a_resumed_run_shows_the_step_it_resumed_from():
    def detail(**changes):
        return training_view(replace(RUNNING, status=replace(RUNNING.status, **changes))).detail

    assert "30단계에서 이어서 배우고 있습니다." in detail(resumed_from=30)
    assert not any("이어서" in line for line in detail())
    assert not any("이어서 배우고" in line for line in detail(state="stopped", resumed_from=30))


def test_only_a_finished_run_has_100_percent():
    assert percent(Status("running", 80, 80)) == 99
    assert percent(Status("finished", 60, 80)) == 100
    assert percent(Status("starting")) is None


def test_a_slowdown_shows_the_message_of_the_worker():
    message = "컴퓨터가 다른 일로 바빠 학습이 처음보다 약 4배 느립니다."
    busy = replace(RUNNING, status=replace(RUNNING.status, slowdown=4.0, message=message))
    assert training_view(busy).detail == (message,)
    assert message in training_card(training_view(busy))


def test_the_progress_bar_is_indeterminate_while_starting():
    view = training_view(replace(RUNNING, status=Status("starting", message="모델을 읽는 중")))
    assert view.busy
    assert view.percent is None
    assert view.detail == ("모델을 읽는 중",)


def test_the_kill_button_appears_only_when_a_stop_takes_long():
    stopping = replace(RUNNING, stopping=True)
    early = training_view(stopping, stopping_for=KILL_AFTER - 1)
    late = training_view(stopping, stopping_for=KILL_AFTER)
    assert early.headline == text.STOPPING
    assert not early.stop.enabled
    assert not early.kill.visible
    assert late.kill.visible
    assert not training_view(RUNNING, stopping_for=KILL_AFTER).kill.visible


def test_a_stopped_run_shows_its_saved_step_and_the_next_steps():
    stopped = replace(SNAPSHOT, status=Status("stopped", 41, 80), resume_step=40, can_chat=True)
    view = training_view(stopped)
    assert view.start.label == "이어서 학습 (40단계부터)"
    assert view.detail == (
        "40단계까지 저장했습니다.",
        "'이어서 학습'을 누르면 40단계부터 계속합니다.",
        "'4 대화'에서 지금 대화할 수 있습니다.",
    )
    assert view.to_chat.visible


def test_the_message_of_the_worker_replaces_the_next_steps():
    stopped = replace(
        SNAPSHOT, status=Status("stopped", 40, 80, message="저장했습니다."), resume_step=40
    )
    assert training_view(stopped).detail == ("저장했습니다.",)


def test_a_dataset_that_no_run_has_learned_is_the_next_thing():
    finished = replace(
        SNAPSHOT,
        status=Status("finished", 80, 80),
        can_start=False,
        can_start_new=True,
        start_blocker="끝났습니다.",
        can_chat=True,
        dataset="보드게임 · 도담 · 대답 12개",
    )
    view = training_view(finished)
    assert (view.headline, view.tone) == ("학습을 마쳤습니다", "good")
    assert view.to_chat.primary
    assert not view.start.visible
    view = training_view(replace(finished, is_outdated=True))
    assert (view.headline, view.tone) == ("지금 만들어 둔 대화를 아직 배우지 않았습니다", "warn")
    assert (view.new.label, view.new.primary) == ("새로 학습 시작", True)
    assert not view.start.visible
    assert not view.to_chat.primary
    assert view.detail == ("배울 것: 보드게임 · 도담 · 대답 12개",)
    blocked = replace(finished, is_outdated=True, can_start_new=False)
    assert "끝났습니다." in training_view(blocked).detail


def test_a_viewed_run_has_actions_of_its_own():
    stopping = replace(
        SNAPSHOT, run="main-2", status=RUNNING.status, can_stop=True, can_start=False
    )
    viewed = replace(
        SNAPSHOT,
        status=Status("stopped", 40, 80, message="다시 시작하면 여기서 이어집니다."),
        runs=(replace(RUN, fingerprint="ab", persona="도담", replies=12),),
        can_chat=True,
        is_outdated=True,
        resume_step=7,
        start_blocker="끝났습니다.",
        dataset="보드게임 · 마루 · 대답 9개",
    )
    view = training_view(viewed, current=stopping)
    assert view.headline == "지난 학습 'main' 을(를) 보고 있습니다"
    # Nothing of what would start next.
    assert view.detail == (
        "멈췄습니다.",
        "'4 대화'에서 지금 대화할 수 있습니다.",
        "배운 것: 보드게임 · 도담 · 배운 대답 12개",
    )
    buttons = (view.start, view.stop, view.kill, view.new)
    assert not any(button.visible for button in buttons)
    assert (view.to_chat.label, view.to_chat.visible) == ("이 학습과 대화", True)
    assert (view.back.visible, view.back.primary) == (True, True)
    # The header stays with the current run.
    assert "main-2" in view.status_line
    assert view.status_tone == "live"
    assert not training_view(viewed, current=viewed).back.visible


def test_a_finished_run_cannot_resume_but_a_new_one_can_start():
    finished = replace(
        SNAPSHOT, status=Status("finished", 80, 80), can_start=False, start_blocker="끝났습니다."
    )
    view = training_view(finished)
    assert not view.start.enabled
    assert view.new.visible
    assert view.new.enabled
    assert view.to_chat.primary
    assert not view.new.primary
    assert "끝났습니다." in view.detail


def test_a_failed_run_shows_the_reason_and_where_to_look():
    failed = replace(SNAPSHOT, status=Status("failed", 3, 80, message="메모리가 모자랍니다."))
    view = training_view(failed)
    assert view.tone == "bad"
    assert view.detail == ("메모리가 모자랍니다.", text.FAILED_HINT)


def test_a_failed_run_shows_the_last_lines_of_its_log():
    status = Status("failed", message="끝. 마지막 기록: 둘")
    view = training_view(replace(SNAPSHOT, status=status, last_lines="하나\n둘"))
    assert view.detail[0] == "끝."
    assert view.last_lines == "하나\n둘"
    assert "<pre>하나\n둘</pre>" in training_card(view)
    assert "<pre>" not in training_card(training_view(SNAPSHOT))


def test_a_silent_worker_is_reported():
    assert training_view(replace(RUNNING, silent_seconds=SILENCE_SECONDS - 1)).detail == ()
    [sentence] = training_view(replace(RUNNING, silent_seconds=SILENCE_SECONDS + 70)).detail
    assert sentence.startswith("3분 동안 소식이 없습니다.")


def test_only_a_practice_model_shows_its_reason():
    assert training_view(SNAPSHOT).practice == ""
    assert training_view(replace(SNAPSHOT, practice=True)).practice == SNAPSHOT.base_reason


def test_the_first_bubble_of_a_turn_holds_the_name_and_the_ai_mark():
    messages = bubbles(
        [user_line("뭐 해?"), ChatLine("도담", "집\n너는?", False), ChatLine("마루", "나도", False)]
    )
    assert [message["role"] for message in messages] == ["user", *["assistant"] * 3]
    assert [message["content"] for message in messages[1:]] == [
        "도담 · AI\n집",
        "너는?",
        "마루 · AI\n나도",
    ]


def test_markup_in_a_message_is_inert():
    [message] = bubbles([user_line("<b>굵게</b> &lt; <3 <링크>")])
    assert message["content"] == "<\u2060b>굵게<\u2060/b> &\u2060lt; <3 <링크>"


def test_short_forms_of_formats_names_and_line_numbers():
    assert export_format_name("W-KO") == "Windows"
    assert export_format_name("") == ""
    assert name_list(["가", "나", "다", "라", "마"]) == "가, 나, 다 외 2명"
    assert name_list(["아주 긴 이름을 쓰는 사람/94/서울", "나"]) == "아주 긴 이름을 쓰는 사…, 나"
    assert line_numbers([]) == ""
    assert line_numbers([3, 5, 7, 1200]) == "4줄 (3, 5, 7…)"
