"""A guarded reply of a `ChatModel`: streamed, or the best of several candidates.

A faulty reply is drawn again, at most twice; then what can be kept of the last one is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from kakaobot.base.generation import Sampling
from kakaobot.chat.guards import Fault, GuardCounts, find_fault, may_become_fault, mend, tail_loop
from kakaobot.chat.protocol import NEVER, Candidate, ChatModel
from kakaobot.chat.ranking import Judge, best_candidate
from kakaobot.chat.rejected import NONE_REJECTED, RejectedReplies
from kakaobot.schema import ChatMessage

_DRAWS = 3
"""Draws of a reply, the first one included."""


@dataclass(frozen=True)
class ReplyRequest:
    """Who replies to what, and how the reply is drawn."""

    messages: Sequence[ChatMessage]
    sampling: Sampling
    reply_as: str = ""
    strength: float = 1.0
    candidates: int = 1
    relevance: float = 0.0
    """λ of the ranking."""
    judge: Judge = field(default_factory=Judge)
    rejected: RejectedReplies = NONE_REJECTED
    """What the user never wants to hear again."""

    def fault(self, text: str, *, ended: bool) -> Fault | None:
        """What is wrong with a reply; None if nothing is."""
        return find_fault(
            text,
            ended=ended,
            messages=self.messages,
            reply_as=self.reply_as,
            rejected=self.rejected,
        )

    def may_become_fault(self, text: str) -> bool:
        """Whether a reply that begins like this may have to be drawn again."""
        return may_become_fault(text, self.messages, self.reply_as, self.rejected)


def reply_texts(
    model: ChatModel,
    request: ReplyRequest,
    counts: GuardCounts,
    cancelled: threading.Event = NEVER,
) -> Generator[str, None, bool]:
    """Yield the reply so far; only the whole one if it is chosen among candidates.

    What was shown is replaced by the next text, which is usually longer, but shorter where the
    reply was cut. Closing the iterator stops generation.

    Args:
        counts: counts the reply and its faults.
        cancelled: as in `ChatModel`.

    Returns:
        Whether the model ended it, rather than the limit of tokens.
    """
    counts.replies += 1
    if request.candidates > 1:
        text, ended = _choose(model, request, counts, cancelled)
        yield text
        return ended
    return (yield from _stream(model, request, counts, cancelled))


def _choose(
    model: ChatModel, request: ReplyRequest, counts: GuardCounts, cancelled: threading.Event
) -> tuple[str, bool]:
    """The best reply, and whether the model ended it."""
    faulty: list[tuple[str, Fault]] = []
    for _ in range(_DRAWS):
        drawn = model.draw_replies(
            request.messages,
            request.sampling,
            count=request.candidates,
            reply_as=request.reply_as,
            strength=request.strength,
            cancelled=cancelled,
        )
        sound: dict[str, Candidate] = {}
        for candidate in drawn:
            fault = request.fault(candidate.text, ended=candidate.ended)
            if fault is None:
                sound[candidate.text] = candidate
            else:
                counts[fault] += 1
                faulty.append((candidate.text, fault))
        if sound:
            return _best(model, request, list(sound.values()), cancelled).text, True
    mended = [(mend(text, fault), fault != "endless") for text, fault in faulty]
    return max(mended, key=lambda one: bool(one[0]))


def _best(
    model: ChatModel,
    request: ReplyRequest,
    candidates: Sequence[Candidate],
    cancelled: threading.Event,
) -> Candidate:
    if len(candidates) == 1:
        return candidates[0]
    unasked = [0.0] * len(candidates)
    if request.relevance:
        unasked = model.score_replies(
            [],
            [candidate.text for candidate in candidates],
            reply_as=request.reply_as,
            strength=request.strength,
            cancelled=cancelled,
        )
    return best_candidate(candidates, unasked, request.judge, request.relevance)


def _stream(
    model: ChatModel, request: ReplyRequest, counts: GuardCounts, cancelled: threading.Event
) -> Generator[str, None, bool]:
    fault: Fault | None = None
    for draws_left in range(_DRAWS - 1, -1, -1):
        text, fault = "", None
        for text, fault in _watched(model, request, cancelled):
            # Held back: what has been read cannot be drawn again.
            if not fault and not request.may_become_fault(text):
                yield text
        if fault is None:
            break
        counts[fault] += 1
        if fault in ("loop", "endless") or not draws_left:
            text = mend(text, fault)
            break
    yield text
    return fault != "endless"


def _watched(
    model: ChatModel, request: ReplyRequest, cancelled: threading.Event
) -> Iterator[tuple[str, Fault | None]]:
    """The reply so far, and its fault once it has one; ends with a loop."""
    texts = model.stream_reply(
        request.messages,
        request.sampling,
        reply_as=request.reply_as,
        strength=request.strength,
        cancelled=cancelled,
    )
    text, ended = "", None
    with closing(texts):
        while ended is None:
            try:
                text = next(texts)
            except StopIteration as end:
                ended = end.value
            else:
                fault: Fault | None = "loop" if tail_loop(text) is not None else None
                yield text, fault
                if fault:
                    return
    yield text, request.fault(text, ended=bool(ended))
