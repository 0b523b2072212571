from __future__ import annotations

import re
from dataclasses import replace
from html import escape

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimate
from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from kakaobot.dataset.filters import CAPPED
from kakaobot.report.page import render_charts, render_page
from tests.conftest import SAMPLE


def test_the_report_of_the_sample_is_one_page_with_its_pictures(
    home: Home, bases: BaseModels
) -> None:
    Exports(home).import_files([SAMPLE])
    datasets = Datasets(home, bases)
    report = datasets.build()
    text = datasets.report_page().read_text(encoding="utf-8")
    assert text == render_page(report)
    assert len(render_charts(report)) == 5
    assert "2,026" not in text
    assert re.search(r"배울 대답</td><td>[\d,]+", text)
    # Nothing is fetched: no address, no script, no file beside it.
    assert not re.search(r"https?:|src=|<script|url\(|@import", text)
    assert render_page(datasets.report() or report) == text
    # The examples, with what is learnt marked.
    assert len(report.examples) >= 2
    for part in (each for example in report.examples for each in example.messages):
        words = escape(part.text).replace("\n", "<br>")
        assert (f"<mark>{words}</mark>" if part.is_target else f"</small> {words}</p>") in text


def test_what_each_filter_moves_is_a_table_as_soon_as_one_takes_something(
    home: Home, bases: BaseModels
) -> None:
    Exports(home).import_files([SAMPLE])
    save(home.settings_file, {"data.low_signal_share": 0.01})
    report = Datasets(home, bases).build()
    title, table = render_charts(report)[-1]
    assert title == "거르기가 말투를 얼마나 바꾸나"
    taken = report.filter_effects[-1].removed
    assert 0 < taken <= dict(report.removed)[CAPPED]
    assert [row.count("<td>") for row in table.split("<tr>")[2:]] == [9, 9, 9]
    assert table.count(f"<td>{taken}개</td>") == 2
    assert CAPPED in table


def test_who_speaks_and_what_a_training_takes_are_added_when_they_are_known(
    home: Home, bases: BaseModels
) -> None:
    Exports(home).import_files([SAMPLE])
    save(home.settings_file, {"data.exclude_people": ["마루"]})
    datasets = Datasets(home, bases)
    datasets.build()
    before = datasets.report_page().read_text(encoding="utf-8")
    outlook = Estimate(("메모리 <2GB> 쯤, 3분 쯤 걸립니다.", "batch 를 줄이세요."))
    text = datasets.update_report_page(outlook).read_text(encoding="utf-8")
    assert len(text) > len(before)
    assert "메모리 &lt;2GB&gt; 쯤" in text
    assert "batch 를 줄이세요." in text
    for person in datasets.participants():
        assert f"<td>{person.name}</td><td>{person.replies:,}개</td>" in text
    assert text.count("빼기로 한 사람입니다.") == 1


def test_the_page_tells_no_name_where_the_data_have_invented_ones(
    home: Home, bases: BaseModels
) -> None:
    Exports(home).import_files([SAMPLE])
    room = Datasets(home, bases).rooms()[0]
    save(home.settings_file, {"data.pseudonyms": True, "data.room": room})
    datasets = Datasets(home, bases)
    datasets.build()
    text = datasets.update_report_page(None).read_text(encoding="utf-8")
    people = datasets.participants()
    assert people
    for person in people:
        assert person.name not in text
        assert f"<td>{person.pseudonym}</td><td>{person.replies:,}개</td>" in text


def test_names_are_no_markup_in_the_report(home: Home, bases: BaseModels) -> None:
    Exports(home).import_files([SAMPLE])
    report = Datasets(home, bases).build()
    figures = replace(report.activity, participants=("<i>", *report.activity.participants[1:]))
    assert "<i>" not in render_page(replace(report, room="<i>", warning="<i>", activity=figures))


def test_a_report_of_an_older_program_has_no_pictures_and_still_opens(
    home: Home, bases: BaseModels
) -> None:
    Exports(home).import_files([SAMPLE])
    report = Datasets(home, bases).build()
    figures = type(report.activity)()
    empty = replace(report, activity=figures, row_lengths=(), styles=(), filter_effects=())
    assert render_charts(empty) == []
    assert "배울 대답" in render_page(empty)
