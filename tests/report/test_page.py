from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from kakaobot.dataset.build_report import report_from_json, report_to_json
from kakaobot.dataset.filters import CAPPED
from kakaobot.dataset.stats import ActivityStats
from kakaobot.likeness import NOT_MEASURED, Likeness, likeness_note, run_likeness_text
from kakaobot.report.page import render_charts, render_page
from kakaobot.runs.eval_samples import EvalSample, EvalSampleLog
from kakaobot.runs.refinement import Refinement
from kakaobot.runs.run import Runs
from kakaobot.style.likeness import scales_from_json
from kakaobot.train.forecast import Estimate
from tests.conftest import SAMPLE


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    """With the sample imported."""
    Exports(home).import_files([SAMPLE])
    return Datasets(home, bases)


def test_the_page_of_the_sample_is_complete_and_self_contained(datasets: Datasets) -> None:
    report = datasets.build()
    page = datasets.report_page().read_text(encoding="utf-8")
    assert page == render_page(report)
    assert len(render_charts(report)) == 5
    assert "2,026" not in page
    assert re.search(r"대답</td><td>[\d,]+", page)
    # No external address, script or file.
    assert not re.search(r"https?:|src=|<script|url\(|@import", page)
    assert render_page(datasets.report() or report) == page
    # Examples, with the targets marked.
    assert len(report.examples) >= 2
    for message in (message for example in report.examples for message in example.messages):
        text = escape(message.text).replace("\n", "<br>")
        assert (f"<mark>{text}</mark>" if message.is_target else f"</small> {text}</p>") in page


def test_filter_effects_are_shown_once_a_filter_removes_something(
    home: Home, datasets: Datasets
) -> None:
    save(home.settings_file, {"data.low_signal_share": 0.01})
    report = datasets.build()
    title, table = render_charts(report)[-1]
    assert title == "거르기가 말투를 얼마나 바꾸나"
    removed = report.filter_effects[-1].removed
    assert 0 < removed <= dict(report.removed)[CAPPED]
    assert [row.count("<td>") for row in table.split("<tr>")[2:]] == [9, 9, 9]
    assert table.count(f"<td>{removed}개</td>") == 2
    assert CAPPED in table


def test_updating_the_page_adds_participants_and_estimate(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.exclude_people": ["마루"]})
    datasets.build()
    before = datasets.report_page().read_text(encoding="utf-8")
    estimate = Estimate(("메모리 <2GB> 쯤, 3분 쯤 걸립니다.", "batch 를 줄이세요."))
    page = datasets.update_report_page(estimate).read_text(encoding="utf-8")
    assert len(page) > len(before)
    assert "메모리 &lt;2GB&gt; 쯤" in page
    assert "batch 를 줄이세요." in page
    for participant in datasets.participants():
        assert f"<td>{participant.name}</td><td>{participant.replies:,}개</td>" in page
    assert page.count("빼기로 한 사람입니다.") == 1


def test_page_with_pseudonyms_has_no_real_name(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.pseudonyms": True, "data.room": datasets.rooms()[0]})
    datasets.build()
    page = datasets.update_report_page(None).read_text(encoding="utf-8")
    participants = datasets.participants()
    assert participants
    for participant in participants:
        assert participant.name not in page
        assert f"<td>{participant.pseudonym}</td><td>{participant.replies:,}개</td>" in page


def test_names_are_escaped(datasets: Datasets) -> None:
    report = datasets.build()
    names = ("<i>", *report.activity.participants[1:])
    activity = replace(report.activity, participants=names)
    assert "<i>" not in render_page(replace(report, room="<i>", warning="<i>", activity=activity))


def test_report_of_an_older_version_renders_without_charts(datasets: Datasets) -> None:
    report = replace(
        datasets.build(),
        activity=ActivityStats(),
        row_lengths=(),
        styles=(),
        filter_effects=(),
        scales=(),
    )
    assert render_charts(report) == []
    assert "검증에 쓸" in render_page(report)


def test_what_likeness_is_measured_by_is_shown(datasets: Datasets) -> None:
    report = datasets.build()
    assert report_from_json(json.loads(json.dumps(report_to_json(report))), ()) is not None
    scales = scales_from_json(datasets.likeness_scales())
    assert [scale.name for scale in report.scales] == list(scales)
    page = render_page(report)
    assert "0 같음 ~ 1 다름" not in page
    for name, scale in scales.items():
        assert scale.nearest
        assert scale.points
        cells = f"<td>{name}</td><td>{scale.nearest}</td><td>말 {scale.replies:,}개</td>"
        assert cells in page
    few = replace(report.scales[0], is_usable=False)
    assert "개뿐이라 잴 수 없습니다" in render_page(replace(report, scales=(few,)))


def test_the_likeness_of_the_runs_on_this_data_is_shown(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    page = datasets.update_report_page(None).read_text(encoding="utf-8")
    assert "이 데이터로 배운 학습이 아직 없습니다." in page
    likeness = Likeness("도담", 16, 83.0, 71.0, 95.0, "마루", step=20)
    refinement = Refinement("배움", 20, ("배움",), 5, 0, None)
    for name, fingerprint, sections in (
        ("배움", report.fingerprint, {}),
        ("배움-고침", "b" * 16, {"refine": refinement.to_section()}),
        ("다름", "c" * 16, {}),
    ):
        run = Runs(home.folder("checkpoints_lora")).get(name)
        run.create({"data": {"fingerprint": fingerprint}, **sections})
        if not sections:
            EvalSampleLog(run.path).append(EvalSample(20, ("네",), likeness))
    page = datasets.update_report_page(None).read_text(encoding="utf-8")
    shown = run_likeness_text(likeness, None)
    assert f"<td>배움</td><td>{shown}</td><td>{likeness_note(likeness)}" in page
    assert f"<td>배움-고침</td><td>아직 알 수 없음</td><td>{NOT_MEASURED}" in page
    assert "<td>다름</td>" not in page
