"""Prompts of an evaluation: which are asked, what is answered, and what that leaves behind."""

from __future__ import annotations

import pytest
import torch

from kakaobot.base.generation import Sampling
from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.starter import FOLDER
from kakaobot.style import style_profile
from kakaobot.train.eval_generation import EvalGenerator
from kakaobot.train.eval_prompts import (
    answered_every,
    distance_to_target,
    select_eval_prompts,
    selection_score,
    target_style,
)

WARM = Sampling(12, temperature=0.9, top_p=0.95, top_k=40, repetition_penalty=1.1)
ASKED = ("안녕?", "오늘 저녁에 뭐 먹을까? 나는 아무거나 좋은데", "주말에 시간 돼?", "ㅋㅋㅋ")


def row(*said: str, person: str = "") -> Conversation:
    """A row in which every other message is learnt, from the second on."""
    messages = tuple(
        ChatMessage("assistant" if n % 2 else "user", text, person, is_target=bool(n % 2))
        for n, text in enumerate(said)
    )
    return Conversation(
        said[0], "방", person, messages, tuple(map(str, range(len(said)))), ("", "")
    )


@pytest.fixture(scope="module")
def base() -> LoadedBase:
    return load_base(str(FOLDER), load_in_4bit=False, dtype="float32")


def answering(base: LoadedBase, seed: int = 3) -> EvalGenerator:
    asked = select_eval_prompts([row(text, "응") for text in ASKED], 10)
    return EvalGenerator(base, base.model, asked, WARM, seed=seed)


def test_prompts_are_spread_over_all_rows_and_end_before_the_reply() -> None:
    rows = [row(f"{n} 질문", f"{n} 대답", f"{n} 다시", f"{n} 또") for n in range(10)]
    found = select_eval_prompts(rows, 5)
    assert [cue.reply for cue in found] == [f"{n} 대답" for n in (0, 2, 4, 6, 8)]
    assert found[0].said == rows[0].messages[:1]
    assert len(select_eval_prompts(rows, 100)) == 20
    assert select_eval_prompts(rows, 100)[1].said == rows[0].messages[:3]


def test_what_begins_a_conversation_answers_nobody() -> None:
    first = Conversation(
        "1", "방", "", (ChatMessage("assistant", "야", "가", True),), ("1",), ("",) * 2
    )
    assert select_eval_prompts([first], 5) == []
    assert select_eval_prompts([], 5) == []


def test_the_speakers_name_goes_with_the_prompt() -> None:
    assert [
        cue.speaker for cue in select_eval_prompts([row("가자", "그래", person="도담")], 1)
    ] == ["도담"]


def test_the_voice_is_of_what_is_learnt_and_a_copy_of_it_is_near() -> None:
    rows = [row(f"{n}번 갈까요?", f"그래{'ㅋ' * (n % 3 + 1)}") for n in range(90)]
    own = target_style(rows)
    assert own == style_profile(
        [said.content for each in rows for said in each.messages if said.is_target]
    )
    assert distance_to_target([f"그래{'ㅋ' * (n % 3 + 1)}" for n in range(30)], own) < 0.02
    assert distance_to_target(["그렇습니다.", "아닙니다.", "모르겠습니다."] * 10, own) > 0.2


@pytest.mark.parametrize(
    ("metric", "better", "worse"),
    [
        ("eval_loss", (2.0, 0.9), (2.1, 0.0)),
        ("voice", (2.1, 0.0), (2.0, 0.9)),
        ("both", (2.0, 0.05), (2.0, 0.06)),
        ("both", (2.05, 0.0), (2.0, 0.1)),
        ("both", (1.5, 0.2), (2.0, 0.1)),
        ("voice", (1.9, None), (2.0, None)),
    ],
)
def test_the_best_is_told_by_what_was_asked_for(
    metric: str, better: tuple[float, float | None], worse: tuple[float, float | None]
) -> None:
    assert selection_score(metric, *better) < selection_score(metric, *worse)  # type: ignore[arg-type]


def test_every_prompt_is_answered_alike_each_time(base: LoadedBase) -> None:
    one, again = answering(base).replies(), answering(base).replies()
    assert one is not None
    assert len(one) == len(ASKED)
    assert all(one)
    assert one == again
    assert answering(base, seed=4).replies() != one


def test_a_prompt_is_answered_as_it_would_be_alone(base: LoadedBase) -> None:
    """Padding on the left changes nothing of what is drawn greedily."""
    greedy = Sampling(12, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    asked = select_eval_prompts([row(text, "응") for text in ASKED], 10)
    together = EvalGenerator(base, base.model, asked, greedy, seed=1).replies()
    alone = [EvalGenerator(base, base.model, [cue], greedy, seed=1).replies() for cue in asked]
    assert [together] == [[each[0] for each in alone if each]]


def test_training_goes_on_as_if_nothing_had_been_asked(base: LoadedBase) -> None:
    base.model.train()
    torch.manual_seed(7)
    expected = torch.rand(4)
    torch.manual_seed(7)
    answering(base).replies()
    assert torch.equal(torch.rand(4), expected)
    assert base.model.training
    base.model.eval()


def test_it_is_given_up_between_two_batches(base: LoadedBase) -> None:
    assert answering(base).replies(lambda: True) is None


def test_answers_are_asked_for_as_often_as_learning_pays_for_it() -> None:
    assert answered_every(16, 100_000) == 1
    assert answered_every(16, 10_000) == 2
    assert answered_every(16, 100) == 4
    assert answered_every(200, 100_000) == 2
    assert answered_every(0, 0) == 1
    often = [answered_every(16, tokens) for tokens in range(0, 50_000, 1000)]
    assert often == sorted(often, reverse=True)
