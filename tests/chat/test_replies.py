"""Guarded replies of a model that says what a test wants."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from kakaobot.base.generation import Sampling
from kakaobot.chat.guards import GuardCounts
from kakaobot.chat.protocol import NEVER, Cancelled, Candidate, ChatModel
from kakaobot.chat.ranking import Judge
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.schema import ChatMessage

SAMPLING = Sampling(64, temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.0)
QUESTION = ChatMessage("user", "저녁에 뭐 먹고 싶어?")
ONE = ReplyRequest([QUESTION], SAMPLING)
FOUR = replace(ONE, candidates=4, relevance=0.5)
ENDLESS = "…more"
"""At the end of a text: the model does not end it."""


class Script(ChatModel):
    """Says the given texts one after the other."""

    def __init__(self, *texts: str, unasked: float = -20.0) -> None:
        self._texts: Iterator[str] = iter(texts)
        self.scored: list[tuple[list[ChatMessage], list[str]]] = []
        self.closed = 0
        self._unasked = unasked

    def draw_participant(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError

    def score_participants(self, *_: Any, **__: Any) -> list[float]:
        raise NotImplementedError

    def recited_end(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError

    def stream_reply(self, *_: Any, **__: Any) -> Generator[str, None, bool]:
        text = next(self._texts)
        try:
            whole = text.removesuffix(ENDLESS)
            for end in range(len(whole)):
                yield whole[: end + 1]
            return whole == text
        finally:
            self.closed += 1

    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> list[Candidate]:
        if cancelled.is_set():
            raise Cancelled
        texts = [next(self._texts) for _ in range(count)]
        return [
            Candidate(text.removesuffix(ENDLESS), not text.endswith(ENDLESS), 5, -9.0 - number)
            for number, text in enumerate(texts)
        ]

    def score_replies(
        self, messages: Sequence[ChatMessage], replies: Sequence[str], **_: Any
    ) -> list[float]:
        self.scored.append((list(messages), list(replies)))
        return [self._unasked for _ in replies]


def texts_of(model: Script, request: ReplyRequest, counts: GuardCounts | None = None) -> list[str]:
    return list(reply_texts(model, request, GuardCounts() if counts is None else counts))


def test_one_candidate_streams_as_it_is_drawn() -> None:
    texts = texts_of(Script("칼국수"), ONE)
    assert texts[:3] == ["칼", "칼국", "칼국수"]
    assert texts[-1] == "칼국수"


def test_several_candidates_are_shown_only_when_chosen() -> None:
    model = Script("칼국수", "칼국수", "만두", "떡볶이")
    assert texts_of(model, FOUR) == ["칼국수"]
    # What was drawn twice is one candidate.
    assert model.scored == [([], ["칼국수", "만두", "떡볶이"])]


def test_the_judge_decides_among_candidates() -> None:
    judge = Judge(copied=lambda reply: float(reply in ("칼국수", "만두")), copy_weight=1.0)
    request = replace(FOUR, judge=judge)
    assert texts_of(Script("칼국수", "만두", "떡볶이", "김밥"), request) == ["떡볶이"]


def test_without_relevance_nothing_is_scored() -> None:
    model = Script("칼국수", "만두", "떡볶이", "김밥")
    assert texts_of(model, replace(FOUR, relevance=0.0)) == ["칼국수"]
    assert model.scored == []


def test_faulty_candidates_are_left_out_and_counted() -> None:
    counts = GuardCounts()
    model = Script(QUESTION.content, "나도 그래 " * 9, f"먹고 싶은 거{ENDLESS}", "만두")
    assert texts_of(model, FOUR, counts) == ["만두"]
    assert dict(counts) == {"echo": 1, "loop": 1, "endless": 1}
    assert counts.replies == 1


def test_candidates_are_drawn_again_if_all_are_faulty() -> None:
    model = Script(*[QUESTION.content] * 8, "만두", *[QUESTION.content] * 3)
    counts = GuardCounts()
    assert texts_of(model, FOUR, counts) == ["만두"]
    assert counts["echo"] == 11


def test_after_three_draws_what_can_be_kept_is_sent() -> None:
    model = Script(*["", *[f"배고파\n그래서 나{ENDLESS}"] * 3] * 3)
    assert texts_of(model, FOUR) == ["배고파"]


def test_an_echo_is_drawn_again_before_anybody_sees_it() -> None:
    counts = GuardCounts()
    texts = texts_of(Script(QUESTION.content, "만두"), ONE, counts)
    assert texts[-1] == "만두"
    assert not any(text.startswith("저녁") for text in texts)
    assert dict(counts) == {"echo": 1}


def test_a_reply_that_only_begins_like_an_echo_is_shown() -> None:
    texts = texts_of(Script("저녁에 나는 약속 있어"), ONE)
    assert texts[0] == "저녁에 나"
    assert texts[-1] == "저녁에 나는 약속 있어"


@pytest.mark.parametrize("request_", [ONE, FOUR])
def test_what_was_just_said_is_not_said_again(request_: ReplyRequest) -> None:
    said = [ChatMessage("assistant", "칼국수 먹을래"), QUESTION]
    drawn = ["칼국수 먹을래", "만두 먹을래", *["칼국수 먹을래"] * 2]
    counts = GuardCounts()
    assert texts_of(Script(*drawn), replace(request_, messages=said), counts)[-1] == "만두 먹을래"
    assert counts["repeated"] == (1 if request_ is ONE else 3)


def test_a_stream_that_loops_is_stopped_and_cut() -> None:
    model = Script("좋아 " + "내일 다시 보자 " * 50)
    counts = GuardCounts()
    texts = texts_of(model, ONE, counts)
    assert texts[-1] == "좋아 내일 다시 보자"
    assert max(map(len, texts)) < 40
    assert model.closed == 1
    assert dict(counts) == {"loop": 1}


def test_a_stream_without_an_end_is_cut_at_a_pause() -> None:
    counts = GuardCounts()
    assert texts_of(Script(f"배고파\n그래서 나{ENDLESS}"), ONE, counts)[-1] == "배고파"
    assert dict(counts) == {"endless": 1}


def test_closing_stops_the_stream() -> None:
    model = Script("칼국수 먹을래")
    texts: Any = reply_texts(model, ONE, GuardCounts())
    next(texts)
    texts.close()
    assert model.closed == 1


def test_choosing_can_be_cancelled() -> None:
    cancelled = Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        list(reply_texts(Script("칼국수"), FOUR, GuardCounts(), cancelled))
