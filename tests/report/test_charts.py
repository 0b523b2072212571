from __future__ import annotations

import re
from xml.etree import ElementTree

from kakaobot.report.charts import bar_chart, heatmap, table


def test_bar_heights_are_proportional_to_counts() -> None:
    tree = ElementTree.fromstring(bar_chart([("1월", 10), ("2월", 5), ("3월", 0)], title="달마다"))
    heights = [float(element.get("height", "")) for element in tree if element.tag == "rect"]
    assert heights[1] == heights[0] / 2
    assert heights[2] == 0
    labels = [element.text for element in tree if element.tag == "text"]
    assert labels == ["1월", "10", "2월", "3월"]


def test_a_long_axis_labels_only_some_bars() -> None:
    tree = ElementTree.fromstring(bar_chart([(str(n), 0) for n in range(48)], title="x"))
    labels = [element.text for element in tree if element.tag == "text"]
    assert labels == [str(n) for n in range(0, 48, 4)]


def test_texts_are_escaped() -> None:
    assert "<b>" not in bar_chart([("<b>", 1)], title="<b>", limit="<b>")
    assert "<b>" not in heatmap(["<b>"], [[1]], corner="<b>")
    assert "<b>" not in table(["<b>"], [["<b>"]])


def test_the_largest_count_of_a_heatmap_is_darkest() -> None:
    html = heatmap(["가", "나"], [[0, 4], [2, 1]], corner="x")
    shares = re.findall(r"(\d+)%, transparent", html)
    assert list(map(int, shares)) == [0, 55, 27, 13]
