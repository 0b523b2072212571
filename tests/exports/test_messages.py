"""`MessageColumns` behaves like a sequence of messages at any size."""

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
"""More than one block."""
START = datetime(2024, 3, 1, 9)


def large() -> Export:
    lines = []
    for number in range(COUNT):
        at = START + timedelta(minutes=number)
        text = f"{number}번째" + ("\n둘째 줄" if number % 7 == 0 else "")
        lines.append(f"{day(at)} {clock(at)}, {'도담마루은솔'[number % 3 * 2 :][:2]} : {text}")
        if number % 500 == 0:
            lines.append(f"{day(at)} {clock(at)}, 도담님이 나갔습니다.")
    return android("\n".join(lines) + "\n")


def test_iteration_and_indexing_agree_in_a_large_export() -> None:
    messages = large().messages
    listed = list(messages)
    assert len(messages) == len(listed) == COUNT + COUNT // 500
    sent = [message for message in listed if message.sender]
    assert [int(message.text.split("번째")[0]) for message in sent] == list(range(COUNT))
    assert [message.at for message in sent] == [START + timedelta(minutes=n) for n in range(COUNT)]
    assert all(message.text.endswith("둘째 줄") == (n % 7 == 0) for n, message in enumerate(sent))
    assert Counter(message.kind for message in listed) == {"text": COUNT, "system": COUNT // 500}
    steps = [after.line - before.line for before, after in pairwise(listed)]
    assert steps == [1 + before.text.count("\n") for before in listed[:-1]]
    for place in (0, 1, 8190, 8191, 8192, 8193, 16384, COUNT, -1):
        assert messages[place] == listed[place]
    assert messages[8190:8195] == tuple(listed[8190:8195])
    assert messages == listed


def test_counts_and_times_match_the_messages() -> None:
    export = large()
    listed = list(export.messages)
    assert sender_counts(export.messages) == Counter(message.sender for message in listed)
    assert export.people == {"도담": 6667, "마루": 6667, "은솔": 6666}
    assert list(message_times(export.messages)) == [message.at for message in listed]
    assert export.first == START
    assert export.last == START + timedelta(minutes=COUNT - 1)
    assert is_chronological(export.messages)


def test_out_of_order_messages_are_detected_anywhere() -> None:
    early, late = f"{day(START)} 오전 9:00", f"{day(START)} 오전 9:01"
    for lines in ([late, early], [early, late, early], [late] * 9000 + [early]):
        export = android("\n".join(f"{at}, 도담 : 응" for at in lines) + "\n")
        assert not is_chronological(export.messages)
        history = merge_room("방", [export])
        assert is_chronological(history.messages)
        assert len(history.messages) == len(lines)


def test_renaming_changes_only_the_sender() -> None:
    export = large()
    renamed = rename_senders(export, {"도담": "달", "은솔": "달"})
    assert isinstance(renamed.messages, MappedMessages)
    assert renamed.people == {"달": 13333, "마루": 6667}
    assert is_chronological(renamed.messages)
    for before, after in zip(export.messages, renamed.messages, strict=True):
        name = before.sender if before.sender in ("", "마루") else "달"
        assert after == before._replace(sender=name)
    assert renamed.messages[8191:8193] == [renamed.messages[8191], renamed.messages[8192]]
