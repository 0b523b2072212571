"""What must never be said again is drawn anew, also if it is only nearly the same."""

from __future__ import annotations

import pytest

from kakaobot.base.generation import Sampling
from kakaobot.chat.guards import GuardCounts
from kakaobot.chat.rejected import RejectedReplies
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.schema import ChatMessage
from tests.chat.test_replies import Script

REJECTED = RejectedReplies(["그건 비밀이야 ㅋㅋㅋ", "몰라", "ㅋㅋ"])
ASKED = [ChatMessage("user", "뭐 숨겨?")]
SAMPLING = Sampling(24, 0.7, 0.9, 40, 1.0)


@pytest.mark.parametrize(
    ("reply", "held"),
    [
        ("그건 비밀이야 ㅋㅋㅋ", True),
        ("그건... 비밀이야ㅋㅋㅋㅋㅋㅋ!!", True),
        ("그건\n비밀이야ㅋㅋ", True),
        ("그건 비밀이다 ㅋㅋ", True),
        ("몰라.", True),
        ("몰라도 돼", False),
        ("말라", False),
        ("ㅋㅋㅋㅋ", True),
        ("ㅋ", False),
        ("비밀번호가 뭐였지", False),
        ("", False),
    ],
)
def test_what_counts_as_the_same_reply(reply: str, held: bool) -> None:
    assert REJECTED.holds(reply) is held
    assert not RejectedReplies().holds(reply)


def test_a_reply_is_held_back_only_while_it_may_still_become_one() -> None:
    assert REJECTED.may_become("그건 비")
    assert REJECTED.may_become("몰")
    assert not REJECTED.may_become("그건 아니")
    assert not RejectedReplies().may_become("그건")


def shown(model: Script, candidates: int = 1) -> tuple[list[str], GuardCounts]:
    counts = GuardCounts()
    request = ReplyRequest(ASKED, SAMPLING, candidates=candidates, rejected=REJECTED)
    return list(reply_texts(model, request, counts)), counts


def test_a_rejected_reply_is_drawn_again_before_anybody_reads_it() -> None:
    texts, counts = shown(Script("그건 비밀이야ㅋㅋㅋ", "몰라", "산책 가려고"))
    assert texts[-1] == "산책 가려고"
    assert not any(text.startswith(("그", "몰")) for text in texts)
    assert counts["rejected"] == 2


def test_a_rejected_candidate_is_never_chosen() -> None:
    texts, _ = shown(Script("몰라", "몰라!", "산책 가려고"), candidates=3)
    assert texts == ["산책 가려고"]


@pytest.mark.parametrize("candidates", [1, 2])
def test_rather_nothing_than_a_rejected_reply(candidates: int) -> None:
    texts, _ = shown(Script(*["몰라"] * 9), candidates=candidates)
    assert texts == [""]
