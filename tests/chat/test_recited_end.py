"""What a model knows by heart: the end of a line that it says itself after the rest."""

from __future__ import annotations

import pytest

from kakaobot.base.generation import Sampling
from kakaobot.chat.engine import Engine
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

GREEDY = Sampling(24, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
HELLO = [ChatMessage("user", "안녕? 오늘 뭐 해?")]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(
        str(FOLDER),
        None,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


@pytest.mark.parametrize("name", ["", "도담"])
def test_what_the_model_says_is_what_it_knows(engine: Engine, name: str) -> None:
    *_, said = engine.stream_reply(HELLO, GREEDY, reply_as=name)
    assert len(said) > 2
    assert engine.recited_end(HELLO, said, reply_as=name) == said


def test_only_the_end_that_follows_from_the_rest_is_known(engine: Engine) -> None:
    start = "뷁꿹 그런데 오늘은"
    # The greedy continuation of a beginning that the model would not say.
    line = start
    for _ in range(3):
        line = max(
            (f"{line} {word}" for word in ("좀", "그냥", "진짜", "너무", "내가", "집에서")),
            key=lambda text: engine.score_replies(HELLO, [text])[0],
        )
    known = engine.recited_end(HELLO, line)
    assert line.endswith(known)
    assert start not in known
    assert engine.recited_end(HELLO, f"{line} 뷁꿹쒧") == ""
    assert engine.recited_end(HELLO, "뷁") == ""


def test_scores_of_many_tails_are_those_of_single_ones(engine: Engine) -> None:
    replies = [f"{'아주 ' * (number % 7)}긴 말 {number}" for number in range(40)]
    together = engine.score_replies(HELLO, replies)
    assert together == pytest.approx(
        [engine.score_replies(HELLO, [reply])[0] for reply in replies], abs=1e-3
    )
