from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from kakaobot.exports.merge import merge_room
from kakaobot.exports.messages import MappedMessages, is_chronological, message_times, sender_counts
from kakaobot.exports.parse_result import Export
from kakaobot.exports.participants import rename_senders
from tests.exports.rooms import android, clock, day

COUNT = 20_000
"""More than are in memory at once."""
START = datetime(2024, 3, 1, 9)


def large() -> Export:
    lines = []
    for number in range(COUNT):
        at = START + timedelta(minutes=number)
        said = f"{number}번째" + ("\n둘째 줄" if number % 7 == 0 else "")
        lines.append(f"{day(at)} {clock(at)}, {'도담마루은솔'[number % 3 * 2 :][:2]} : {said}")
        if number % 500 == 0:
            lines.append(f"{day(at)} {clock(at)}, 도담님이 나갔습니다.")
    return android("\n".join(lines) + "\n")


def test_a_large_export_is_the_same_in_order_and_by_place() -> None:
    messages = large().messages
    listed = list(messages)
    assert len(messages) == len(listed) == COUNT + COUNT // 500
    told = [each for each in listed if each.sender]
    assert [int(each.text.split("번째")[0]) for each in told] == list(range(COUNT))
    assert [each.at for each in told] == [START + timedelta(minutes=n) for n in range(COUNT)]
    assert all(each.text.endswith("둘째 줄") == (n % 7 == 0) for n, each in enumerate(told))
    assert Counter(each.kind for each in listed) == {"text": COUNT, "system": COUNT // 500}
    steps = [after.line - before.line for before, after in pairwise(listed)]
    assert steps == [
        1 + "\n".join(each.text for each in [before]).count("\n") for before in listed[:-1]
    ]
    for place in (0, 1, 8190, 8191, 8192, 8193, 16384, COUNT, -1):
        assert messages[place] == listed[place]
    assert messages[8190:8195] == tuple(listed[8190:8195])
    assert messages == listed


def test_what_is_counted_while_it_is_read_is_what_is_there() -> None:
    export = large()
    listed = list(export.messages)
    assert sender_counts(export.messages) == Counter(each.sender for each in listed)
    assert export.people == {"도담": 6667, "마루": 6667, "은솔": 6666}
    assert list(message_times(export.messages)) == [each.at for each in listed]
    assert export.first == START
    assert export.last == START + timedelta(minutes=COUNT - 1)
    assert is_chronological(export.messages)


def test_an_older_message_below_a_newer_one_is_seen_wherever_it_stands() -> None:
    early, late = f"{day(START)} 오전 9:00", f"{day(START)} 오전 9:01"
    for lines in ([late, early], [early, late, early], [late] * 9000 + [early]):
        export = android("\n".join(f"{at}, 도담 : 응" for at in lines) + "\n")
        assert not is_chronological(export.messages)
        history = merge_room("방", [export])
        assert is_chronological(history.messages)
        assert len(history.messages) == len(lines)


def test_other_names_change_nothing_else() -> None:
    export = large()
    called = rename_senders(export, {"도담": "달", "은솔": "달"})
    assert isinstance(called.messages, MappedMessages)
    assert called.people == {"달": 13333, "마루": 6667}
    assert is_chronological(called.messages)
    for before, after in zip(export.messages, called.messages, strict=True):
        name = before.sender if before.sender in ("", "마루") else "달"
        assert after == before._replace(sender=name)
    assert called.messages[8191:8193] == [called.messages[8191], called.messages[8192]]
