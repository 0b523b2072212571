"""What a model is asked at evaluations, and how near its answers come to the room's voice.

Pure: knows rows and texts; `train/answering.py` lets the model speak.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kakaobot.schema import ChatMessage, Conversation
from kakaobot.style import StyleProfile, style_distance, style_profile

Metric = Literal["eval_loss", "voice", "both"]

_TOKENS_OF_A_CUE = 400
"""A prompt that is read, and an answer of which each token is as dear as several that are read."""
_PASSES = 3
"""A token that is learnt goes forth once and back, which is twice as dear."""
_SHARE, _RAREST = 0.15, 4
"""Answering takes about this much of the time of learning; it is never rarer than that."""
_MOST_REPLIES = 3000
"""Of those that are learnt, spread evenly over the history: more change no figure."""


@dataclass(frozen=True)
class EvalPrompt:
    """What was said before a reply of the validation part, and the reply."""

    said: tuple[ChatMessage, ...]
    speaker: str
    """Whose name is prefilled in a whole room; empty where a person is learnt."""
    reply: str


def select_eval_prompts(rows: Sequence[Conversation], most: int) -> list[EvalPrompt]:
    """Replies that answer something, spread evenly over the rows; the same for the same rows."""
    found = [
        EvalPrompt(row.messages[:place], message.name, message.content)
        for row in rows
        for place, message in enumerate(row.messages)
        if message.is_target and place
    ]
    count = min(most, len(found))
    return [found[number * len(found) // count] for number in range(count)]


def answered_every(cues: int, tokens: float) -> int:
    """Evaluations from one with answers to the next: 1 where answering costs little.

    Args:
        cues: how many are answered.
        tokens: learnt from one evaluation to the next.
    """
    answering, learning = cues * _TOKENS_OF_A_CUE, tokens * _PASSES
    return min(_RAREST, max(1, math.ceil(answering / (_SHARE * max(1.0, learning)))))


def target_style(rows: Iterable[Conversation]) -> StyleProfile:
    """Of the replies that are learnt, each once."""
    replies = [said.content for row in rows for said in row.messages if said.is_target]
    return style_profile(replies[:: -(-len(replies) // _MOST_REPLIES) or 1])


def distance_to_target(replies: Iterable[str], own: StyleProfile) -> float:
    """How far the voice of these replies lies from the room's own: 0 (alike) to 1."""
    return style_distance(style_profile(replies), own)


def selection_score(metric: Metric, eval_loss: float, voice: float | None) -> float:
    """What the best adapter has least of.

    `both` is the loss, made larger by the share by which the voice is apart: one of 2.0 at a
    distance of 0.1 stands as 2.2 does at 0. Where no voice was measured, the loss decides.
    """
    if voice is None or metric == "eval_loss":
        return eval_loss
    return voice if metric == "voice" else eval_loss * (1 + voice)
