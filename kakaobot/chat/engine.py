"""Base and adapter → a reply in growing pieces. The only part of the chat that knows torch."""

from __future__ import annotations

import copy
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.chat.truncate import truncate
from kakaobot.errors import BaseModelError
from kakaobot.schema import ChatMessage
from kakaobot.settings import Switch

log = logging.getLogger(__name__)
_END = object()
_NAME_ROOM = 32
"""Tokens kept free for a prefilled name."""


class Engine:
    """One model in memory. Speaks one reply at a time."""

    def __init__(self, base: LoadedBase, model: Any, max_turns: int) -> None:
        self._base = base
        self._model = model
        self._max_turns = max_turns
        self._lock = threading.Lock()

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
    ) -> Engine:
        """Load the base and put the adapter on it; without one the base itself speaks.

        Raises:
            BaseModelError: the base or the adapter cannot be loaded.
        """
        base = load_base(
            base_name,
            load_in_4bit=load_in_4bit,
            dtype=dtype,
            attn_implementation=attn_implementation,
        )
        model = base.model
        if adapter is not None:
            try:
                model = PeftModel.from_pretrained(model, str(adapter))
            except (OSError, ValueError, RuntimeError) as error:
                log.warning("adapter %s cannot be loaded", adapter, exc_info=True)
                raise BaseModelError(
                    f"어댑터 {adapter.parent.name}/{adapter.name} 을 읽지 못했습니다. "
                    "바탕 모델이 그대로인지 확인하고, 안 되면 다시 학습하세요."
                ) from error
        model.eval()
        return cls(base, model, max_turns)

    @property
    def notes(self) -> tuple[str, ...]:
        return self._base.notes

    def stream_reply(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, name: str = ""
    ) -> Iterator[str]:
        """As `Speaker.speak`."""
        kept = self._kept(messages, sampling.max_new_tokens)
        prompt = list(self._base.renderer.prompt(kept, speaker=name))[-(self._base.context - 1) :]
        with self._lock:
            yield from self._generate(prompt, sampling)

    @torch.inference_mode()
    def draw_participant(self, messages: Sequence[ChatMessage], names: Sequence[str]) -> str:
        """As `Speaker.next_name`. The history is read once, `[이름]` once for each name."""
        renderer, kept = self._base.renderer, self._kept(messages, _NAME_ROOM)
        prompt = renderer.prompt(kept)
        seen = prompt[-(self._base.context - _NAME_ROOM) :]
        with self._lock:
            read = self._model(input_ids=self._ids(seen), use_cache=True, logits_to_keep=1)
            scores = [
                self._score(read, renderer.prompt(kept, speaker=name)[len(prompt) :])
                for name in names
            ]
        drawn = torch.multinomial(torch.stack(scores).softmax(0), 1)
        return names[int(drawn)]

    def _score(self, read: Any, tail: Sequence[int]) -> torch.Tensor:
        """Log-probability of `tail` behind what was read."""
        first = read.logits[:, -1:]
        # Reading on would lengthen the cache that the next name starts from.
        cache = copy.deepcopy(read.past_key_values)
        rest = self._model(input_ids=self._ids(tail), past_key_values=cache).logits[:, :-1]
        logits = torch.cat([first, rest], dim=1).float()[0]
        return logits.log_softmax(-1).gather(1, self._ids(tail)[0, :, None]).sum()

    def _ids(self, ids: Sequence[int]) -> torch.Tensor:
        """Shape (1, length)."""
        return torch.tensor([list(ids)], device=self._base.device)

    def _kept(self, messages: Sequence[ChatMessage], spare: int) -> list[ChatMessage]:
        """The turns that leave `spare` tokens of the context free."""
        renderer = self._base.renderer
        room = max(64, self._base.context - spare - renderer.lead_length - _NAME_ROOM)
        return truncate(
            messages, max_turns=self._max_turns, max_tokens=room, length=renderer.length
        )

    def _generate(self, prompt: list[int], sampling: Sampling) -> Iterator[str]:
        pieces = _Pieces()
        ended = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(prompt, sampling, pieces, ended), daemon=True
        )
        thread.start()
        try:
            ids: list[int] = []
            last = ""
            while (token := pieces.waiting.get()) is not _END:
                if isinstance(token, Exception):
                    raise token
                ids.append(token)
                # A syllable is up to three byte-level tokens: U+FFFD until it is whole.
                text = self._decode(ids).rstrip("\ufffd").strip()
                if text != last:
                    last = text
                    yield text
        finally:
            ended.set()
            thread.join()

    def _run(
        self, prompt: list[int], sampling: Sampling, pieces: _Pieces, ended: threading.Event
    ) -> None:
        ids = torch.tensor([prompt], device=self._base.device)
        room = max(1, self._base.context - len(prompt))
        try:
            with torch.inference_mode():
                self._model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    generation_config=generation_config(self._base, sampling, room=room),
                    streamer=pieces,
                    stopping_criteria=StoppingCriteriaList([_StopWhenCancelled(ended)]),
                )
        except torch.OutOfMemoryError:
            pieces.waiting.put(
                BaseModelError(
                    "메모리가 모자라 대답하지 못했습니다. 학습 중이라면 멈추거나, "
                    "generation.max_history_turns 를 줄이세요."
                )
            )
        except Exception as error:  # noqa: BLE001 -- handed to the thread that asked
            pieces.waiting.put(error)
        finally:
            pieces.waiting.put(_END)

    def _decode(self, ids: list[int]) -> str:
        return str(self._base.tokenizer.decode(ids, skip_special_tokens=True))


class _Pieces(BaseStreamer):
    """Hands token ids from the generating thread to the one that asked, without the prompt."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Any] = queue.Queue()
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_seen:
            for token in value.flatten().tolist():
                self.waiting.put(token)
        self._prompt_seen = True

    def end(self) -> None:
        """Nothing: the thread itself says when it is done."""


class _StopWhenCancelled(StoppingCriteria):
    """Stops the model as soon as nobody listens."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self._ended.is_set(), device=input_ids.device)
