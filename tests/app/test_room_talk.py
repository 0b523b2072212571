"""A room's turns: who goes on, when nobody does, and how it talks by itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from itertools import islice, pairwise, takewhile
from threading import Event
from typing import Any

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.room_talk import QUIET, RoomTalk, TalkOptions
from kakaobot.base.generation import Sampling
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.chat.pacing import Clock
from kakaobot.chat.protocol import NEVER, ChatModel
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.run import Run
from kakaobot.schema import ChatMessage
from tests.app.test_chat import Parrot, chat_service, create_run

HELLO = [ChatLine("", "안녕", from_user=True)]
AGAIN = [*HELLO, ChatLine("도담", "응", from_user=False), ChatLine("", "뭐 해", from_user=True)]
AT_ONCE = TalkOptions(at_once=True)


class Room(Parrot):
    """Replies with the name of who replies, who is drawn from fixed weights."""

    def __init__(self, **scores: float) -> None:
        super().__init__()
        self.scores = scores
        self.asked: list[tuple[str, ...]] = []

    def score_participants(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> list[float]:
        self.asked.append(tuple(candidates))
        return [self.scores.get(name, 0.0) for name in candidates]

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> Generator[str, None, bool]:
        self.calls.append((tuple(messages), reply_as))
        first = f"{len(self.calls)}번째 {reply_as}의 말"
        yield first
        yield f"{first}\n또 한 마디"
        return True


class NoTime(Clock):
    """Passes only while it is waited for."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def silent_after(turns: int) -> Mapping[str, Any]:
    """Counts of a room whose sessions all have this many turns, a power of two."""
    classes = range(max(1, turns.bit_length()))
    last = (turns - 1).bit_length()
    endings = [
        [kind, number, 10_000, 10_000 if number == last else 0]
        for kind in ("question", "backchannel", "other")
        for number in classes
    ]
    counts = {
        "turns": 1,
        "openings": 0,
        "bubbles": [1],
        "gaps": [0, 50],
        "delays": [0, 0, 50],
        "endings": endings,
    }
    people = {name: {**counts, "openings": 10**6 * (name == "은솔")} for name in ("도담", "은솔")}
    return {"format": 1, "absences": [0] * 33 + [9], "participants": people}


class Talk:
    """A room talk on a run, with an open gate."""

    def __init__(self, home: Home, model: ChatModel, *, persona: str = "", seed: int = 1) -> None:
        self.run: Run = create_run(home, persona=persona)
        self.gate = PasswordGate("바다")
        self.access = self.gate.authenticate("바다")
        self.clock = NoTime()

        chat = chat_service(home, self.gate, model)
        self.talk = RoomTalk(chat, random.Random(seed), clock=self.clock)

    def answer(
        self, lines: Sequence[ChatLine] = HELLO, options: TalkOptions = AT_ONCE
    ) -> list[Reply]:
        """The replies that are done."""
        return [reply for reply in self.talk.answer(self.access, lines, options) if reply.done]

    def turns(self, count: int, options: TalkOptions = AT_ONCE) -> list[Reply]:
        """The first turns and breaks of a room that talks by itself."""
        replies = self.talk.go_on(self.access, [], options)
        done = list(islice((reply for reply in replies if reply.done), count))
        replies.close()  # type: ignore[attr-defined]
        return done


def test_nothing_is_said_without_a_pass(home: Home) -> None:
    model = Room()
    talk = Talk(home, model)
    for method in (talk.talk.answer, talk.talk.go_on):
        with pytest.raises(AccessDenied):
            method(None, HELLO, AT_ONCE)
    assert model.calls == []


def test_a_person_answers_once(home: Home) -> None:
    model = Room()
    talk = Talk(home, model, persona="도담")
    talk.run.write_turn_taking(silent_after(1))
    [reply] = talk.answer()
    assert (reply.name, reply.bubbles) == ("도담", ("1번째 의 말", "또 한 마디"))
    assert model.asked == []


def test_the_room_goes_on_until_nobody_answers(home: Home) -> None:
    model = Room()
    talk = Talk(home, model)
    talk.run.write_turn_taking(silent_after(4))
    # The user would be drawn one time in four.
    ends = Counter[str]()
    for _ in range(10):
        *turns, last = talk.answer()
        assert all(f"{reply.name}의 말" in reply.bubbles[0] for reply in turns)
        assert len(turns) <= 3
        if last.note:
            assert last.note == QUIET
            assert len(turns) in (2, 3)
        ends[last.note] += 1
    assert set(ends) == {"", QUIET}


def test_somebody_answers_the_first_message_and_later_nobody_may(home: Home) -> None:
    talk = Talk(home, Room())
    talk.run.write_turn_taking(silent_after(1))
    for first in (HELLO, [*HELLO, *HELLO]):
        reply, *rest = talk.answer(first)
        assert reply.bubbles
        assert [reply.note for reply in rest] == [QUIET]
    results = [talk.answer(AGAIN) for _ in range(10)]
    assert [[reply.note for reply in replies] for replies in results].count([QUIET]) >= 8


def test_the_model_draws_who_goes_on_and_gives_the_turn_back_to_the_user(home: Home) -> None:
    model = Room(마루=50.0)
    talk = Talk(home, model)
    talk.run.write_turn_taking(silent_after(512))
    options = TalkOptions(members=("도담", "은솔"), user_name="마루", at_once=True)
    replies = talk.answer([ChatLine("마루", "안녕", from_user=True)], options)
    # The user does not answer the own message; then the model is sure that the user is next.
    # Nor does anybody else.
    [other] = {"도담", "은솔"} - {replies[0].name}
    assert model.asked == [("도담", "은솔"), (other, "마루")]
    assert [bool(reply.bubbles) for reply in replies] == [True, False]
    assert (replies[1].name, replies[1].note) == ("", "")


def test_a_user_whom_the_room_does_not_know_gets_a_turn_like_the_others(home: Home) -> None:
    lengths = Counter[int]()
    talk = Talk(home, Room())
    talk.run.write_turn_taking(silent_after(512))
    for _ in range(16):
        lengths[len(talk.answer()) - 1] += 1
    # With three others: a quarter of the chats end after the first reply.
    assert 1 <= lengths[1] <= 9
    assert max(lengths) <= 8


def test_only_the_picked_people_take_part_and_nobody_answers_their_own_turn(home: Home) -> None:
    model = Room()
    talk = Talk(home, model)
    talk.run.write_turn_taking(silent_after(512))
    turns = talk.turns(30, TalkOptions(members=("도담", "은솔"), at_once=True))
    assert {reply.name for reply in turns} == {"도담", "은솔"}
    assert not any(one.name == other.name for one, other in pairwise(turns))


def test_one_picked_person_of_a_room_answers_alone(home: Home) -> None:
    model = Room()
    talk = Talk(home, model)
    [reply] = talk.answer(options=TalkOptions(members=("은솔",), at_once=True))
    assert reply.name == "은솔"
    assert model.asked == []
    with pytest.raises(RunError, match="두 사람 이상"):
        talk.talk.go_on(talk.access, [], TalkOptions(members=("은솔",)))


def test_people_who_are_not_in_the_room_cannot_be_picked(home: Home) -> None:
    talk = Talk(home, Room())
    with pytest.raises(RunError, match="다시 고르세요"):
        talk.talk.answer(talk.access, HELLO, TalkOptions(members=("하람",)))


def test_a_room_by_itself_opens_sessions_and_falls_silent(home: Home) -> None:
    model = Room(은솔=-50.0)
    talk = Talk(home, model)
    talk.run.write_turn_taking(silent_after(4))
    turns = talk.turns(40)
    sessions = "".join("|" if not reply.name else reply.name[0] for reply in turns).split("|")
    assert len(sessions) > 7
    # Only 은솔 opens sessions, and nobody leaves a turn to 은솔 afterwards.
    assert {session[0] for session in sessions if session} == {"은"}
    assert not any("은" in session[1:] for session in sessions)
    assert {len(session) for session in sessions[:-1]} <= {3, 4}
    breaks = [reply.bubbles[0] for reply in turns if not reply.name]
    assert all(text.startswith("· ") and text.endswith(" 뒤 ·") for text in breaks)
    # No turn has read the session before its own.
    assert max(len(messages) for messages, _ in model.calls) <= 3
    assert all(not messages for messages, name in model.calls if name == "은솔")


def test_bubbles_come_with_pauses_unless_they_are_to_be_seen_at_once(home: Home) -> None:
    talk = Talk(home, Room())
    talk.run.write_turn_taking(silent_after(512))
    replies = list(talk.talk.answer(talk.access, HELLO, TalkOptions(members=("도담",))))
    sizes = [len(reply.bubbles) for reply in replies]
    assert sizes == sorted(sizes)
    assert set(sizes) == {0, 1, 2}
    # The model takes no time here: the pauses of two bubbles.
    paused = talk.clock.time
    assert 0.1 < paused < 8.5
    talk.answer(options=TalkOptions(members=("도담",), at_once=True))
    assert talk.clock.time == paused
    # A room that talks by itself leaves time to read it, and to stop it.
    talk.turns(11)
    assert talk.clock.time == pytest.approx(paused + 10)


def test_a_room_can_be_left_in_any_pause(home: Home) -> None:
    talk = Talk(home, Room())
    replies = talk.talk.go_on(talk.access, [], TalkOptions())
    names = [reply.name for reply in takewhile(lambda reply: not reply.bubbles, replies)]
    assert set(names) - {""}
    waited = talk.clock.time
    replies.close()  # type: ignore[attr-defined]
    assert talk.clock.time == waited
    # The line is free for the next one.
    assert talk.answer(options=TalkOptions(members=("도담",), at_once=True))[0].bubbles
