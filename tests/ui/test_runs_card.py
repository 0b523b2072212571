"""The card of past runs and its sparkline."""

import re
from dataclasses import replace
from html import unescape

import pytest

from kakaobot.likeness import Likeness
from kakaobot.runs.history import SettingChange
from kakaobot.runs.refinement import Refinement
from tests.ui.window_fakes import RUN
from ui import text
from ui.render.runs import runs_card
from ui.render.sparkline import sparkline

LOSSES = ((0, 5.0), (10, 4.0), (20, 3.5), (30, 3.7))
DONE = replace(
    RUN, state="finished", losses=LOSSES, best_step=20, best_eval_loss=3.5, fingerprint="a" * 16
)


def visible_text(page):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_no_runs_show_a_hint():
    assert text.RUNS_EMPTY in runs_card([])


def test_a_run_shows_state_steps_loss_and_dataset():
    page = visible_text(runs_card([replace(DONE, replies=216, room="방", persona="도담")]))
    for expected in (
        "main",
        "마침",
        "2026-03-01 12:30",
        "40 / 80단계",
        "3.500",
        "20단계",
        "대화할 수",
    ):
        assert expected in page
    assert "방 · 도담 · 배운 대답 216개 aaaaaaaa" in page
    assert text.LOWEST_LOSS not in page
    assert text.RUNS_NOT_COMPARABLE not in page


def test_a_run_shows_how_like_it_is_and_what_that_means():
    part = Likeness("도담", 4, unknown="few samples")
    likeness = Likeness("", 16, 83.0, 71.0, 95.0, step=20, participants=(part,))
    page = visible_text(runs_card([replace(DONE, likeness=likeness)]))
    assert page.count("닮은 정도 83% (71~95%, 대답 16개)") == 2
    assert "도담 아직 알 수 없음" in page
    assert "사람마다 잰 것을 합쳤습니다" in page
    assert "닮은 정도" not in visible_text(runs_card([DONE]))


def test_a_refine_shows_the_adapter_it_goes_on_from():
    refinement = Refinement("<b>", 20, ("main", "<b>"), 3, 0, None)
    page = runs_card([replace(DONE, name="main-고침", refinement=refinement), DONE])
    assert "main → &lt;b&gt; (20단계)에서 고친 말 3개를 배움. 아직 평가 전" in page
    assert page.count("고친 말") == 1


def test_only_the_lowest_loss_of_a_group_is_marked():
    low = replace(DONE, name="낮음", lowest=True)
    other = replace(DONE, name="다름", fingerprint="b" * 16, best_eval_loss=0.5)
    page = runs_card([low, other, DONE])
    assert page.count(text.LOWEST_LOSS) == 1
    assert page.count("<section") == 2
    assert text.RUNS_NOT_COMPARABLE in page
    # Runs of a group stay together, whatever ran between them.
    assert re.findall(r'data-run="(\w+)"', page) == ["낮음", "main", "다름"]


def test_with_several_base_models_the_mark_is_per_base_model():
    low, other = replace(DONE, lowest=True), replace(DONE, name="둘", base="Qwen/Qwen3-0.6B")
    page = runs_card([low, *[other] * 12])
    assert page.count(text.LOWEST_LOSS_OF_BASE) == 1
    # Also in the folded part, which has only runs of one base.
    assert page.count(text.BASES_NOT_COMPARABLE) == 2


def test_eight_of_fifty_runs_are_shown_and_the_rest_unfold():
    runs = [replace(DONE, name=f"run-{n}", fingerprint=f"{n // 5:016}") for n in range(50)]
    first, rest = runs_card(runs).split('<details class="kb-older"')
    assert first.count("kb-was") == 8
    assert rest.count("kb-was") == 42
    assert "이전 학습 42개 보기" in rest


def test_words_to_mask_are_counted_but_not_shown():
    changed = (SettingChange("data.mask_words", ["비밀의 말", "둘째"], []),)
    page = runs_card([replace(DONE, changed=changed, changed_since=changed, previous="main-1")])
    assert "늘 가릴 말" in page
    assert "비밀의" not in page
    assert visible_text(page).count(text.COUNT.format(count=2)) == 2


def test_settings_are_compared_with_the_defaults_and_the_previous_run():
    run = replace(
        DONE,
        previous="main-1",
        changed=(
            SettingChange("lora.r", 8, 16),
            SettingChange("data.drop_low_signal", True, False),
        ),
        changed_since=(SettingChange("lora.target_modules", ["q_proj", "v_proj"], "all-linear"),),
    )
    page = visible_text(runs_card([run]))
    assert "배운 것을 담는 크기 8 기본값 16" in page
    assert "짧은 반응 빼기 켬 기본값 끔" in page
    assert "앞 학습 'main-1' 과 다른 설정" in page
    assert "덧붙일 층 q_proj, v_proj 앞에서는 all-linear" in page
    assert text.ALL_DEFAULTS in visible_text(runs_card([DONE]))


def test_the_card_of_a_live_run_does_not_change_with_its_step():
    live = replace(DONE, state="running", message="학습 중입니다.")
    assert runs_card([live]) == runs_card([replace(live, step=live.step + 1)])


def test_sparkline_marks_the_best_loss():
    page = sparkline(LOSSES, 20)
    points = re.findall(r"([\d.]+),([\d.]+)", page.split('points="')[1].split('"')[0])
    assert len(points) == 4
    [best] = re.findall(r'kb-lowest" cx="([\d.]+)" cy="([\d.]+)"', page)
    assert best == points[2]
    assert float(points[0][1]) < float(points[2][1])
    assert "가장 낮은 때 20단계 3.500" in page


@pytest.mark.parametrize("losses", [((10, 4.0),), ((10, 4.0), (20, 4.0))])
def test_sparkline_draws_a_single_loss_and_equal_losses(losses):
    assert "nan" not in sparkline(losses, 10)
    assert "kb-lowest" in sparkline(losses, 10)


def test_sparkline_without_losses_or_best_step():
    assert sparkline((), 10) == ""
    assert "kb-lowest" not in sparkline(LOSSES, 999)


def test_a_long_sparkline_keeps_its_spike_and_its_best():
    losses = tuple((step, 9.0 if step == 777 else 5 - step / 1000) for step in range(1000))
    page = sparkline(losses, 998)
    assert page.count(",") < 100
    assert 'cy="31.0"' in page
