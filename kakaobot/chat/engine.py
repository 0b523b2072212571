"""Base model and adapter → streamed replies, several replies at once, and their likelihoods."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kakaobot.base import resolve
from kakaobot.base.generation import Sampling, generation_config
from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.chat.adapter import at_strength, with_adapter
from kakaobot.chat.decoding import draw_tokens
from kakaobot.chat.interrupt import CancelledLoad, Interrupt
from kakaobot.chat.kv_cache import PromptCaches
from kakaobot.chat.prompts import ReplyPrompts, text_of
from kakaobot.chat.protocol import NEVER, Candidate
from kakaobot.errors import BaseModelError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.schema import ChatMessage
from kakaobot.setting_types import Switch

_NO_MEMORY = tr(
    "메모리가 모자라 대답하지 못했습니다. 학습 중이라면 멈추거나, "
    "generation.max_history_turns 를 줄이세요."
)


class Engine:
    """A `ChatModel` in memory. Answers one call at a time."""

    def __init__(self, base: LoadedBase, model: Any, max_turns: int) -> None:
        self._base = base
        self._model = model
        self._prompts = ReplyPrompts(base.renderer, base.context, max_turns)
        self._lock = threading.Lock()
        self._interrupt = Interrupt(model)
        self._caches = PromptCaches(model)

    @classmethod
    def load(
        cls,
        base_name: str,
        adapter: Path | None,
        *,
        load_in_4bit: Switch,
        dtype: str,
        attn_implementation: str,
        max_turns: int,
        cancelled: threading.Event = NEVER,
    ) -> Engine:
        """Load the base model and the adapter, if any.

        Raises:
            BaseModelError: either of them cannot be loaded.
            RunError: a file of the adapter is damaged.
            Cancelled: `cancelled` was set, also in the middle of loading.
        """
        if adapter is not None:
            check_adapter(adapter)
        with CancelledLoad(cancelled) as load:
            base = load_base(
                base_name,
                load_in_4bit=load_in_4bit,
                dtype=dtype,
                attn_implementation=attn_implementation,
                report=lambda text: load.check(),
            )
            model = base.model if adapter is None else with_adapter(base.model, adapter)
        model.eval()
        return cls(base, model, max_turns)

    @property
    def size(self) -> int:
        """See `ChatModel.size`."""
        return sum(weights.nbytes for weights in self._model.parameters())

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """See `ChatModel.draw_participant`."""
        scores = self.score_participants(messages, candidates, cancelled=cancelled)
        drawn = torch.multinomial(torch.tensor(scores).softmax(0), 1)
        return candidates[int(drawn)]

    @torch.inference_mode()
    def score_participants(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """See `ChatModel.score_participants`."""
        prompt, tails = self._prompts.with_names(messages, candidates)
        with self._computing(strength, cancelled):
            return self._score(prompt, tails, strength)

    @torch.inference_mode()
    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> Generator[str, None, bool]:
        """See `ChatModel.stream_reply`."""
        prompt = self._prompts.prompt(messages, reply_as, reserved=sampling.max_new_tokens)
        with self._computing(strength, cancelled):
            return (yield from self._stream(prompt, sampling, strength))

    @torch.inference_mode()
    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[Candidate]:
        """See `ChatModel.draw_replies`."""
        prompt = self._prompts.prompt(messages, reply_as, reserved=sampling.max_new_tokens)
        with self._computing(strength, cancelled):
            return self._draw(prompt, sampling, strength, count)

    @torch.inference_mode()
    def score_replies(
        self,
        messages: Sequence[ChatMessage],
        replies: Sequence[str],
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """See `ChatModel.score_replies`."""
        prompt, tails = self._prompts.with_replies(messages, replies, reply_as)
        with self._computing(strength, cancelled):
            return self._score(prompt, tails, strength)

    @torch.inference_mode()
    def recited_end(
        self,
        messages: Sequence[ChatMessage],
        reply: str,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """See `ChatModel.recited_end`."""
        prompt, (tail,) = self._prompts.with_replies(messages, [reply], reply_as)
        with self._computing(strength, cancelled):
            ((logits, ids),) = self._read(prompt, [tail], strength)
        # Without the end of the turn.
        differs = (logits.argmax(-1) != ids)[0, :-1].nonzero()
        start = int(differs[-1]) + 1 if len(differs) else 0
        return self._text(tail[start:-1]).lstrip("\ufffd")

    @contextlib.contextmanager
    def _computing(self, strength: float, cancelled: threading.Event) -> Iterator[None]:
        with self._lock, self._interrupt.by(cancelled), at_strength(self._model, strength):
            try:
                yield
            except torch.OutOfMemoryError as error:
                self._caches.clear()
                raise BaseModelError(_NO_MEMORY) from error

    def _stream(
        self, prompt: Sequence[int], sampling: Sampling, strength: float
    ) -> Generator[str, None, bool]:
        cached, logits = self._caches.read(prompt, strength)
        config, ids, last = self._config(prompt, sampling), list[int](), ""
        for drawn in draw_tokens(
            self._model,
            config,
            self._tensor(prompt),
            logits,
            lambda new: cached.read(new[0].tolist()),
        ):
            token = int(drawn.tokens)
            if token in config.eos_token_id:
                return True
            ids.append(token)
            text = self._text(ids)
            if text != last:
                last = text
                yield text
        return False

    def _draw(
        self, prompt: Sequence[int], sampling: Sampling, strength: float, count: int
    ) -> list[Candidate]:
        cached, logits = self._caches.read(prompt, strength)
        rows, config = cached.rows(count), self._config(prompt, sampling)
        drafts = [_Draft() for _ in range(count)]
        for drawn in draw_tokens(
            self._model,
            config,
            self._tensor(prompt).expand(count, -1),
            logits.expand(count, -1),
            lambda new: cached.passing(rows, new),
        ):
            chances = drawn.logits.log_softmax(-1).gather(1, drawn.tokens[:, None])[:, 0]
            for draft, token, chance in zip(
                drafts, drawn.tokens.tolist(), chances.tolist(), strict=True
            ):
                draft.add(token, chance, ended=token in config.eos_token_id)
            if all(draft.ended for draft in drafts):
                break
        return [
            Candidate(self._text(draft.ids), draft.ended, len(draft.ids), draft.log_prob)
            for draft in drafts
        ]

    def _score(
        self, prompt: Sequence[int], tails: Sequence[Sequence[int]], strength: float
    ) -> list[float]:
        """Log-probability of each tail behind a prompt."""
        scores: list[float] = []
        for logits, ids in self._read(prompt, tails, strength):
            chances = logits.float().log_softmax(-1).gather(2, ids[:, :, None])[:, :, 0]
            lengths = [len(tail) for tail in tails[len(scores) :][: len(ids)]]
            scores += [
                float(row[:length].sum()) for row, length in zip(chances, lengths, strict=True)
            ]
        return scores

    def _read(
        self, prompt: Sequence[int], tails: Sequence[Sequence[int]], strength: float
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Logits in front of each id of the tails behind a prompt, and the ids, several at a time.

        Tails that are shorter than the longest one are filled up.
        """
        cached, logits = self._caches.read(prompt, strength)
        width = max(map(len, tails), default=1)
        together = max(1, resolve.logits_chunk(logits.shape[-1]) // width)
        for start in range(0, len(tails), together):
            batch = tails[start : start + together]
            # Attention looks back only, so what follows a shorter tail does not matter.
            ids = torch.cat([self._tensor([*tail, *[0] * (width - len(tail))]) for tail in batch])
            after = [logits[:, None].expand(len(batch), -1, -1)]
            if width > 1:
                after.append(cached.passing(cached.rows(len(batch)), ids[:, :-1], keep=0))
            yield torch.cat(after, dim=1), ids

    def _config(self, prompt: Sequence[int], sampling: Sampling) -> Any:
        left = max(1, self._base.context - len(prompt))
        return generation_config(self._base, sampling, context_left=left)

    def _tensor(self, ids: Sequence[int]) -> Tensor:
        """Shape (1, length)."""
        return torch.tensor([list(ids)], device=self._base.device)

    def _text(self, ids: Sequence[int]) -> str:
        return text_of(self._base.tokenizer, ids)


class _Draft:
    """A candidate as far as it is drawn."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.ended = False
        self.log_prob = 0.0

    def add(self, token: int, log_prob: float, *, ended: bool) -> None:
        """Add a token, unless an earlier one was the end."""
        if not self.ended:
            self.log_prob += log_prob
            self.ended = ended
            if not ended:
                self.ids.append(token)
