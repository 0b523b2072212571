"""Ranks candidate replies: by their dependence on what was said, their style, and against copying.

    S(r) = (log p(r | context) − λ log p(r)) / tokens  +  w_T · T(r)  −  w_C · copied(r)

p(r) is the likelihood of the reply out of the blue: λ takes away the lead of what suits every
question (Li et al. 2016). Division by the tokens, the end among them, keeps short replies from
winning by their length alone. T is `style.typicality`. The weights and λ were chosen with
`benchmarks/likeness.py`. No model, no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kakaobot.chat.protocol import Candidate
from kakaobot.style import StyleProfile
from kakaobot.style.typicality import typicality

_STYLE_WEIGHT = 1.0
_COPY_WEIGHT = 0.1


def copies_nothing(reply: str) -> float:
    """The share of a reply that is copied, where nothing is known that it may be copied from."""
    return 0.0


@dataclass(frozen=True)
class Judge:
    """What a participant's replies are compared with."""

    profile: StyleProfile | None = None
    """None if unknown: every style is as good."""
    copied: Callable[[str], float] = copies_nothing
    """The share of a reply that is copied from a training reply, 0 to 1."""
    style_weight: float = _STYLE_WEIGHT
    copy_weight: float = _COPY_WEIGHT

    def score(self, candidate: Candidate, unasked: float, relevance: float) -> float:
        """S of a candidate, higher for a better one.

        Args:
            unasked: log p(r), without the context.
            relevance: λ.
        """
        dependence = candidate.log_prob - relevance * unasked
        style = typicality(candidate.text, self.profile) if self.profile else 0.0
        return (
            dependence / (candidate.tokens + 1)
            + self.style_weight * style
            - self.copy_weight * self.copied(candidate.text)
        )


def best_candidate(
    candidates: Sequence[Candidate], unasked: Sequence[float], judge: Judge, relevance: float
) -> Candidate:
    """The candidate with the highest score; the first of equal ones.

    Args:
        unasked: log p(r) of each candidate.
        relevance: λ.
    """
    scores = [
        judge.score(candidate, blind, relevance)
        for candidate, blind in zip(candidates, unasked, strict=True)
    ]
    return candidates[max(range(len(scores)), key=scores.__getitem__)]
