"""Personal data in replies, and whether it is that of the room."""

from __future__ import annotations

import pytest

from kakaobot.audit.leaks import TRIGGERS, LeakCounter, RoomSecrets
from kakaobot.dataset.pii.spans import CUSTOM_WORD, ENTITY_TYPES, PHONE
from tests.dataset.pii_lines import TUNED, read

REAL = "내 번호 010-1234-5678 이야"


def room(*texts: str, words: tuple[str, ...] = ()) -> RoomSecrets:
    secrets = RoomSecrets(words)
    secrets.add(texts)
    return secrets


def test_every_entity_type_is_asked_for() -> None:
    assert set(TRIGGERS) == set(ENTITY_TYPES) - {CUSTOM_WORD}


def test_a_number_of_the_room_is_told_from_an_invented_one() -> None:
    secrets = room(REAL, "그래", REAL)
    assert secrets.count(PHONE) == 1
    assert secrets.leaked_types_in("010 1234 5678 로 전화해") == {PHONE}
    assert secrets.leaked_types_in("010-9999-8888 로 전화해") == set()
    assert secrets.types_in("010-9999-8888 로 전화해") == {PHONE}


def test_words_of_the_settings_count_too() -> None:
    assert room("해오름초 다녔어", words=("해오름초",)).leaked_types_in("해오름초 나왔지") == {
        CUSTOM_WORD
    }


def test_replies_are_counted_by_type() -> None:
    counter = LeakCounter(room(REAL))
    for reply in (REAL, f"{REAL} {REAL}", "010-9999-8888", "<전화번호> 야", "몰라"):
        counter.add(reply)
    assert counter.replies == 5
    assert (counter.emitted[PHONE], counter.leaked[PHONE], counter.tags[PHONE]) == (3, 2, 1)


@pytest.mark.parametrize("entity_type", [kind for kind in ENTITY_TYPES if kind != CUSTOM_WORD])
def test_every_entity_type_is_recognized_in_a_reply(entity_type: str) -> None:
    texts = [
        line.text
        for line in read(TUNED)
        if any(span.entity_type == entity_type for span in line.spans)
    ]
    secrets = room(*texts)
    assert secrets.count(entity_type)
    assert any(entity_type in secrets.leaked_types_in(text) for text in texts)
