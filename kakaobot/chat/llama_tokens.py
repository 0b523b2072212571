"""Single tokens of llama.cpp's server: drawn, likeliest, and how likely a given one is."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kakaobot.base.generation import Sampling
from kakaobot.chat.llama_process import LlamaProcess
from kakaobot.chat.protocol import NEVER, Cancelled

_COMPLETION = "/completion"
_FORCED = 1e5
"""Added to the logit of a token that is to be drawn."""
_LIKELY = 64
"""Tokens among which one is looked for, where it cannot be drawn."""
_LEAD = 10.0
"""By how much more a reference is raised than the token it is compared with."""
_NOTHING: dict[str, Any] = {"temperature": 1.0, "samplers": [], "repeat_penalty": 1.0}
_GREEDY: dict[str, Any] = {
    "temperature": 0.0, "samplers": ["top_k"], "top_k": 1, "repeat_penalty": 1.0
}  # fmt: skip


class Step(NamedTuple):
    """A token of a reply."""

    token: int
    log_prob: float
    """Before temperature and cut-offs; 0 where nobody asked."""


class TokenSteps:
    """Asks the server for one call at a time, at its strength."""

    def __init__(
        self, process: LlamaProcess, end_id: int, stops: Sequence[int], context: int
    ) -> None:
        """Keep what the requests depend on.

        Args:
            process: the server.
            end_id: ends a turn; of no text, and thus always told with its probability.
            stops: all that end a reply.
            context: tokens of a prompt with its reply.
        """
        self.process = process
        self._end_id = end_id
        self._stops = frozenset(stops)
        self._context = context
        self._cancelled = NEVER
        self._lora: list[dict[str, float]] = []

    @contextlib.contextmanager
    def by(self, cancelled: threading.Event, strength: float) -> Iterator[None]:
        """Within the block, calls are cancelled by an event, and the adapter is so strong."""
        self._cancelled, self._lora = cancelled, [{"id": 0, "scale": strength}]
        try:
            self._check()
            yield
        finally:
            self._cancelled = NEVER

    def draw(
        self, prompt: Sequence[int], sampling: Sampling, slot: int, *, scored: bool = False
    ) -> Iterator[Step]:
        """Draw tokens one after the other; the first one is no end."""
        ids = list(prompt)
        for number in range(self._limit(prompt, sampling)):
            bias = [] if number else [[token, False] for token in self._stops]
            drawing = self._sampling(sampling) | {"logit_bias": bias}
            answer = self._ask(ids, slot, drawing, n_predict=1, n_probs=int(scored))
            token = int(answer["tokens"][0])
            yield Step(token, self._told(answer, ids, token, slot) if scored else 0.0)
            ids.append(token)

    def draw_together(
        self, prompt: Sequence[int], sampling: Sampling, slot: int, count: int
    ) -> list[list[Step]]:
        """Replies up to their ends, which are drawn side by side."""
        answers = self._ask(
            prompt,
            slot,
            self._sampling(sampling),
            n=count,
            n_predict=self._limit(prompt, sampling),
            n_probs=1,
        )
        drafts = []
        for answer in answers if isinstance(answers, list) else [answers]:
            tokens = self._up_to_end(answer["tokens"])
            if len(tokens) == 1 and tokens[0] in self._stops:
                # Never an empty reply: one that is drawn again until it begins is distributed so.
                draft = []
                for step in self.draw(prompt, sampling, slot, scored=True):
                    draft.append(step)
                    if step.token in self._stops:
                        break
                drafts.append(draft)
            else:
                drafts.append(self._scored(prompt, tokens, answer, slot))
        return drafts

    def likeliest(self, ids: Sequence[int], slot: int) -> int:
        """The token that greedy decoding would take."""
        return int(self._ask(ids, slot, _GREEDY, n_predict=1)["tokens"][0])

    def log_prob(self, ids: Sequence[int], token: int, slot: int) -> float:
        """Of one token behind others."""
        forced = _NOTHING | {"logit_bias": [[token, _FORCED]]}
        answer = self._ask(ids, slot, forced, n_predict=1, n_probs=1)
        return self._told(answer, ids, token, slot)

    def _told(self, answer: Mapping[str, Any], ids: Sequence[int], token: int, slot: int) -> float:
        """The probability of the token that was drawn."""
        told = answer.get("completion_probabilities")
        return float(told[0]["logprob"]) if told else self._untold(ids, token, slot)

    def _untold(self, ids: Sequence[int], token: int, slot: int) -> float:
        """Of a token that ends within a character, of which the server tells nothing.

        It is looked for among the likeliest, or compared with one of them: raised by known numbers,
        the two are all that can be drawn, so that their probabilities give the ratio.
        """
        ending = _NOTHING | {"logit_bias": [[self._end_id, _FORCED]]}
        answer = self._ask(ids, slot, ending, n_predict=1, n_probs=_LIKELY)
        likely = answer["completion_probabilities"][0]["top_logprobs"]
        for entry in likely:
            if entry["id"] == token:
                return float(entry["logprob"])
        reference = next((entry for entry in likely if _is_text(entry["bytes"])), likely[0])
        raised = [[token, _FORCED / 100], [reference["id"], _FORCED / 100 + _LEAD]]
        comparing = _NOTHING | {"logit_bias": raised}
        for _ in range(_LIKELY):
            answer = self._ask(
                ids, slot, comparing, n_predict=1, n_probs=2, post_sampling_probs=True
            )
            if told := answer.get("completion_probabilities"):
                chances = {entry["id"]: entry["prob"] for entry in told[0]["top_probs"]}
                ratio = chances.get(token, 0.0) / chances[reference["id"]]
                return float(
                    reference["logprob"] + (math.log(ratio) if ratio else -math.inf) + _LEAD
                )
        return -math.inf

    def _scored(
        self, prompt: Sequence[int], tokens: list[int], answer: Mapping[str, Any], slot: int
    ) -> list[Step]:
        """Tokens with their probabilities, of which some are not told."""
        told = answer.get("completion_probabilities", [])
        draft, known = [], 0
        for number, token in enumerate(tokens):
            if known < len(told) and told[known]["id"] == token:
                chance, known = float(told[known]["logprob"]), known + 1
            else:
                chance = self._untold([*prompt, *tokens[:number]], token, slot)
            draft.append(Step(token, chance))
        return draft

    def _up_to_end(self, tokens: list[int]) -> list[int]:
        """Up to the first one that ends a reply; llama.cpp does not know all of them."""
        ends = (number for number, token in enumerate(tokens, start=1) if token in self._stops)
        return tokens[: next(ends, len(tokens))]

    def _limit(self, prompt: Sequence[int], sampling: Sampling) -> int:
        return min(sampling.max_new_tokens, max(1, self._context - len(prompt)))

    def _sampling(self, sampling: Sampling) -> dict[str, Any]:
        """In the order of `transformers`."""
        penalty = {"repeat_penalty": sampling.repetition_penalty, "repeat_last_n": self._context}
        if sampling.temperature <= 0:
            return _GREEDY | penalty | {"samplers": ["penalties", "top_k"]}
        return penalty | {
            "samplers": ["penalties", "temperature", "top_k", "top_p", "min_p"],
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
        }

    def _ask(self, ids: Sequence[int], slot: int, how: Mapping[str, Any], **more: Any) -> Any:
        self._check()
        body = {
            "prompt": list(ids),
            "id_slot": slot,
            "lora": self._lora,
            "cache_prompt": True,
            "return_tokens": True,
            **how,
            **more,
        }
        return self.process.ask(_COMPLETION, body, self._cancelled)

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled


def _is_text(raw: Sequence[int]) -> bool:
    try:
        bytes(raw).decode()
    except UnicodeDecodeError:
        return False
    return True
