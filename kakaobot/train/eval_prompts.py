"""Selects eval prompts and scores a checkpoint by its loss and the style of its replies.

No torch; `train/eval_generation.py` generates the replies.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from kakaobot.likeness import Likeness
from kakaobot.runs.eval_samples import EvalPrompt
from kakaobot.schema import Conversation
from kakaobot.style import StyleProfile, style_distance, style_profile
from kakaobot.style.likeness import LikenessScale, measure_likeness

Metric = Literal["eval_loss", "voice", "both"]

_TOKENS_PER_PROMPT = 400
"""Cost of one eval sample in forward tokens; a generated token costs as much as several read."""
_PASSES_PER_TRAINED_TOKEN = 3
"""One forward pass, and a backward pass of twice its cost."""
_TIME_SHARE, _MAX_INTERVAL = 0.15, 4
"""Sampling takes about this share of the training time, but happens at least this often."""
_MAX_STYLE_REPLIES = 3000
"""Target replies profiled, spread evenly over the history; more do not change the profile."""


def select_eval_prompts(rows: Sequence[Conversation], limit: int) -> list[EvalPrompt]:
    """Target replies with a context, spread evenly over the rows. Deterministic."""
    prompts = [
        EvalPrompt(row.messages[:index], message.name, message.content)
        for row in rows
        for index, message in enumerate(row.messages)
        if message.is_target and index
    ]
    count = min(limit, len(prompts))
    return [prompts[index * len(prompts) // count] for index in range(count)]


def sampling_interval(prompts: int, trained_tokens: float) -> int:
    """Evaluations from one with eval samples to the next.

    Args:
        prompts: number of eval prompts.
        trained_tokens: tokens trained on between two evaluations.
    """
    sampling_cost = prompts * _TOKENS_PER_PROMPT
    training_cost = max(1.0, trained_tokens * _PASSES_PER_TRAINED_TOKEN)
    return min(_MAX_INTERVAL, max(1, math.ceil(sampling_cost / (_TIME_SHARE * training_cost))))


def target_style(rows: Iterable[Conversation]) -> StyleProfile:
    """Style of the target replies."""
    replies = [message.content for row in rows for message in row.messages if message.is_target]
    return style_profile(replies[:: -(-len(replies) // _MAX_STYLE_REPLIES) or 1])


def distance_to_target(replies: Iterable[str], target: StyleProfile) -> float:
    """Style distance of these replies to the target style, 0 (same) to 1."""
    return style_distance(style_profile(replies), target)


def likeness_of_replies(
    prompts: Sequence[EvalPrompt],
    replies: Sequence[str],
    scales: Mapping[str, LikenessScale],
    *,
    persona: str = "",
    untrained: Sequence[str] = (),
) -> Likeness:
    """Likeness of the replies to these prompts, one per prompt.

    Args:
        persona: who replies where the prompts name nobody.
        untrained: replies of the base model to the same prompts.
    """

    def by_participant(texts: Sequence[str]) -> dict[str, list[str]]:
        people: dict[str, list[str]] = defaultdict(list)
        for prompt, text in zip(prompts, texts, strict=False):
            people[persona or prompt.participant].append(text)
        return people

    return measure_likeness(by_participant(replies), scales, by_participant(untrained))


def selection_score(metric: Metric, eval_loss: float, distance: float | None) -> float:
    """The score that the best checkpoint minimizes.

    `both` is the loss times one plus the style distance: 2.0 at a distance of 0.1 scores 2.2.
    Without a distance the loss decides.
    """
    if distance is None or metric == "eval_loss":
        return eval_loss
    return distance if metric == "voice" else eval_loss * (1 + distance)
