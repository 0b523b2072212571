"""Eval prompts: selection, generation without side effects, and scoring."""

from __future__ import annotations

import pytest
import torch

from kakaobot.base.generation import Sampling
from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.runs.eval_samples import EvalPrompt
from kakaobot.schema import ChatMessage, Conversation
from kakaobot.starter import FOLDER
from kakaobot.style import style_profile
from kakaobot.style.likeness import likeness_scales
from kakaobot.train.eval_generation import EvalGenerator
from kakaobot.train.eval_prompts import (
    distance_to_target,
    likeness_of_replies,
    sampling_interval,
    select_eval_prompts,
    selection_score,
    target_style,
)

WARM = Sampling(12, temperature=0.9, top_p=0.95, top_k=40, repetition_penalty=1.1)
GREEDY = Sampling(12, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
QUESTIONS = ("안녕?", "오늘 저녁에 뭐 먹을까? 나는 아무거나 좋은데", "주말에 시간 돼?", "ㅋㅋㅋ")


def row(*texts: str, persona: str = "") -> Conversation:
    """A row in which every other message is a target, from the second on."""
    messages = tuple(
        ChatMessage("assistant" if i % 2 else "user", text, persona, is_target=bool(i % 2))
        for i, text in enumerate(texts)
    )
    ids = tuple(map(str, range(len(texts))))
    return Conversation(texts[0], "방", persona, messages, ids, ("", ""))


@pytest.fixture(scope="module")
def base() -> LoadedBase:
    return load_base(str(FOLDER), load_in_4bit=False, dtype="float32")


def generator(base: LoadedBase, seed: int = 3) -> EvalGenerator:
    prompts = select_eval_prompts([row(text, "응") for text in QUESTIONS], 10)
    return EvalGenerator(base, base.model, prompts, WARM, seed=seed)


def test_prompts_are_spread_over_all_rows_and_end_before_the_reply() -> None:
    rows = [row(f"{n} 질문", f"{n} 대답", f"{n} 다시", f"{n} 또") for n in range(10)]
    prompts = select_eval_prompts(rows, 5)
    assert [prompt.reference for prompt in prompts] == [f"{n} 대답" for n in (0, 2, 4, 6, 8)]
    assert prompts[0].context == rows[0].messages[:1]
    assert len(select_eval_prompts(rows, 100)) == 20
    assert select_eval_prompts(rows, 100)[1].context == rows[0].messages[:3]


def test_a_reply_without_context_is_not_a_prompt() -> None:
    first = Conversation(
        "1", "방", "", (ChatMessage("assistant", "야", "가", True),), ("1",), ("",) * 2
    )
    assert select_eval_prompts([first], 5) == []
    assert select_eval_prompts([], 5) == []


def test_prompt_keeps_the_participant() -> None:
    [prompt] = select_eval_prompts([row("가자", "그래", persona="도담")], 1)
    assert prompt.participant == "도담"


def test_target_style_is_that_of_the_targets_and_close_to_similar_replies() -> None:
    rows = [row(f"{n}번 갈까요?", f"그래{'ㅋ' * (n % 3 + 1)}") for n in range(90)]
    target = target_style(rows)
    assert target == style_profile(
        [message.content for row in rows for message in row.messages if message.is_target]
    )
    assert distance_to_target([f"그래{'ㅋ' * (n % 3 + 1)}" for n in range(30)], target) < 0.02
    assert distance_to_target(["그렇습니다.", "아닙니다.", "모르겠습니다."] * 10, target) > 0.2


def test_likeness_is_measured_for_whom_the_prompts_name() -> None:
    polite, casual = ["네 알겠습니다.", "그렇군요!"] * 60, ["ㅇㅇ", "ㅋㅋㅋ 아님"] * 60
    people = {"가람": polite, "나래": casual}
    scales = {scale.name: scale for scale in likeness_scales(people, list(people))}
    named = [EvalPrompt((), name, "") for name in ("가람", "나래") * 12]
    own = [people[prompt.participant][index % 4 // 2] for index, prompt in enumerate(named)]
    room = likeness_of_replies(named, own, scales)
    assert [part.name for part in room.participants] == ["가람", "나래"]
    assert room.percent == pytest.approx(100, abs=10)
    unnamed = [EvalPrompt((), "", "")] * 24
    [swapped, same] = [
        likeness_of_replies(unnamed, people[name][:24], scales, persona="나래") for name in people
    ]
    assert (same.name, same.nearest, same.participants) == ("나래", "가람", ())
    assert same.percent == pytest.approx(100, abs=10)
    assert swapped.percent == pytest.approx(0, abs=10)


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
def test_selection_score_orders_by_the_metric(
    metric: str, better: tuple[float, float | None], worse: tuple[float, float | None]
) -> None:
    assert selection_score(metric, *better) < selection_score(metric, *worse)  # type: ignore[arg-type]


def test_replies_are_reproducible(base: LoadedBase) -> None:
    one, again = generator(base).replies(), generator(base).replies()
    assert one is not None
    assert len(one) == len(QUESTIONS)
    assert all(one)
    assert one == again
    assert generator(base, seed=4).replies() != one


def test_left_padding_does_not_change_greedy_replies(base: LoadedBase) -> None:
    prompts = select_eval_prompts([row(text, "응") for text in QUESTIONS], 10)
    batched = EvalGenerator(base, base.model, prompts, GREEDY, seed=1).replies()
    single = [EvalGenerator(base, base.model, [p], GREEDY, seed=1).replies() for p in prompts]
    assert [batched] == [[replies[0] for replies in single if replies]]


def test_sampling_leaves_rng_and_mode_of_training_untouched(base: LoadedBase) -> None:
    base.model.train()
    torch.manual_seed(7)
    expected = torch.rand(4)
    torch.manual_seed(7)
    generator(base).replies()
    assert torch.equal(torch.rand(4), expected)
    assert base.model.training
    base.model.eval()


def test_generation_stops_on_request(base: LoadedBase) -> None:
    assert generator(base).replies(lambda: True) is None


def test_sampling_interval_keeps_sampling_a_small_share_of_training() -> None:
    assert sampling_interval(16, 100_000) == 1
    assert sampling_interval(16, 10_000) == 2
    assert sampling_interval(16, 100) == 4
    assert sampling_interval(200, 100_000) == 2
    assert sampling_interval(0, 0) == 1
    intervals = [sampling_interval(16, tokens) for tokens in range(0, 50_000, 1000)]
    assert intervals == sorted(intervals, reverse=True)
