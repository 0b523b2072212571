from __future__ import annotations

import re
from xml.etree import ElementTree

from kakaobot.report.charts import bar_chart, heatmap


def test_columns_are_as_high_as_their_counts() -> None:
    picture = bar_chart([("1월", 10), ("2월", 5), ("3월", 0)], title="달마다")
    tree = ElementTree.fromstring(picture)
    heights = [float(each.get("height", "")) for each in tree if each.tag == "rect"]
    assert heights[1] == heights[0] / 2
    assert heights[2] == 0
    words = [each.text for each in tree if each.tag == "text"]
    assert words == ["1월", "10", "2월", "3월"]


def test_a_long_axis_names_some_of_its_columns() -> None:
    tree = ElementTree.fromstring(bar_chart([(str(n), 0) for n in range(48)], title="x"))
    assert [each.text for each in tree if each.tag == "text"] == [str(n) for n in range(0, 48, 4)]


def test_names_are_no_markup() -> None:
    assert "<b>" not in bar_chart([("<b>", 1)], title="<b>", limit="<b>")
    assert "<b>" not in heatmap(["<b>"], [[1]], corner="<b>")


def test_the_largest_count_of_a_matrix_is_the_darkest() -> None:
    shares = re.findall(r"(\d+)%, transparent", heatmap(["가", "나"], [[0, 4], [2, 1]], corner="x"))
    assert list(map(int, shares)) == [0, 55, 27, 13]
