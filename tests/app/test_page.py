from __future__ import annotations

import re
from dataclasses import replace

from kakaobot.app.bases import Bases
from kakaobot.app.dataset import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.page import page, pictures
from kakaobot.config import Home
from tests.conftest import SAMPLE


def test_the_report_of_the_sample_is_one_page_with_its_pictures(home: Home, bases: Bases) -> None:
    Exports(home).bring([SAMPLE])
    datasets = Datasets(home, bases)
    report = datasets.build()
    text = datasets.page().read_text(encoding="utf-8")
    assert text == page(report)
    assert len(pictures(report)) == 6
    assert "2,026" not in text
    assert re.search(r"배울 대답</td><td>[\d,]+", text)
    # Nothing is fetched: no address, no script, no file beside it.
    assert not re.search(r"https?:|src=|<script|url\(|@import", text)
    assert page(datasets.report() or report) == text


def test_names_are_no_markup_in_the_report(home: Home, bases: Bases) -> None:
    Exports(home).bring([SAMPLE])
    report = Datasets(home, bases).build()
    figures = replace(report.figures, people=("<i>", *report.figures.people[1:]))
    assert "<i>" not in page(replace(report, room="<i>", warning="<i>", figures=figures))


def test_a_report_of_an_older_program_has_no_pictures_and_still_opens(
    home: Home, bases: Bases
) -> None:
    Exports(home).bring([SAMPLE])
    report = Datasets(home, bases).build()
    figures = type(report.figures)()
    empty = replace(report, figures=figures, lengths=(), speeches=(), effects=())
    assert pictures(empty) == []
    assert "배울 대답" in page(empty)
