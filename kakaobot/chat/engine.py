"""Base model and adapter → streamed replies. The only chat module that imports torch."""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, load_peft_weights
from torch.overrides import TorchFunctionMode
from transformers.generation.streamers import BaseStreamer

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.base.loading import LoadedBase, load_base
from kakaobot.chat.protocol import NEVER, Cancelled
from kakaobot.chat.truncate import truncate
from kakaobot.errors import BaseModelError
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.schema import ChatMessage
from kakaobot.settings import Switch

log = logging.getLogger(__name__)
_END = object()
_NAME_TOKENS = 32
"""Context tokens reserved for a prefilled name."""


class Engine:
    """A `ChatModel` in memory. Generates one reply at a time."""

    def __init__(self, base: LoadedBase, model: Any, max_turns: int) -> None:
        self._base = base
        self._model = model
        self._max_turns = max_turns
        self._lock = threading.Lock()
        self._interrupt = _Interrupt(model)

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
        with _CancelledLoad(cancelled) as load:
            base = load_base(
                base_name,
                load_in_4bit=load_in_4bit,
                dtype=dtype,
                attn_implementation=attn_implementation,
                report=load.check,
            )
            model = base.model if adapter is None else _with_adapter(base.model, adapter)
        model.eval()
        return cls(base, model, max_turns)

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        cancelled: threading.Event = NEVER,
    ) -> Iterator[str]:
        """See `ChatModel.stream_reply`."""
        history = self._truncate(messages, reserved=sampling.max_new_tokens)
        prompt = self._base.renderer.prompt(history, participant=reply_as)
        closed = threading.Event()
        with self._lock, self._interrupt.by(cancelled, closed):
            tokens = list(prompt[-(self._base.context - 1) :])
            yield from self._generate(tokens, sampling, closed)

    @torch.inference_mode()
    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """See `ChatModel.draw_participant`. One prefill, then `[이름]` for each candidate."""
        renderer = self._base.renderer
        history = self._truncate(messages, reserved=_NAME_TOKENS)
        prompt = renderer.prompt(history)
        tails = [renderer.prompt(history, participant=name)[len(prompt) :] for name in candidates]
        context = prompt[-(self._base.context - _NAME_TOKENS) :]
        with self._lock, self._interrupt.by(cancelled):
            prefill = self._model(input_ids=self._tensor(context), use_cache=True, logits_to_keep=1)
            scores = [self._score(prefill, tail) for tail in tails]
        drawn = torch.multinomial(torch.stack(scores).softmax(0), 1)
        return candidates[int(drawn)]

    def _score(self, prefill: Any, tail: Sequence[int]) -> torch.Tensor:
        """Log-probability of `tail` after the prefilled tokens; a scalar."""
        first = prefill.logits[:, -1:]
        # The forward pass extends the cache in place, and the next name needs it as it was.
        cache = copy.deepcopy(prefill.past_key_values)
        rest = self._model(input_ids=self._tensor(tail), past_key_values=cache).logits[:, :-1]
        logits = torch.cat([first, rest], dim=1).float()[0]
        return logits.log_softmax(-1).gather(1, self._tensor(tail)[0, :, None]).sum()

    def _tensor(self, ids: Sequence[int]) -> torch.Tensor:
        """Shape (1, length)."""
        return torch.tensor([list(ids)], device=self._base.device)

    def _truncate(self, messages: Sequence[ChatMessage], *, reserved: int) -> list[ChatMessage]:
        """The history that leaves `reserved` tokens of the context free."""
        renderer = self._base.renderer
        available = self._base.context - reserved - renderer.prefix_length - _NAME_TOKENS
        return truncate(
            messages,
            max_turns=self._max_turns,
            max_tokens=max(64, available),
            length=renderer.length,
        )

    def _generate(
        self, prompt: list[int], sampling: Sampling, closed: threading.Event
    ) -> Iterator[str]:
        streamer = _TokenQueue()
        thread = threading.Thread(target=self._run, args=(prompt, sampling, streamer), daemon=True)
        thread.start()
        try:
            ids: list[int] = []
            last = ""
            while (item := streamer.items.get()) is not _END:
                if isinstance(item, Exception):
                    raise item
                ids.append(item)
                # A syllable takes up to three byte-level tokens: U+FFFD until it is complete.
                text = self._decode(ids).rstrip("\ufffd").strip()
                if text != last:
                    last = text
                    yield text
        finally:
            closed.set()
            thread.join()

    def _run(self, prompt: list[int], sampling: Sampling, streamer: _TokenQueue) -> None:
        """Generate into `streamer`; errors go there too, and `_END` comes last."""
        ids = self._tensor(prompt)
        left = max(1, self._base.context - len(prompt))
        try:
            with torch.inference_mode():
                self._model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    generation_config=generation_config(self._base, sampling, context_left=left),
                    streamer=streamer,
                )
        except torch.OutOfMemoryError:
            streamer.items.put(
                BaseModelError(
                    "메모리가 모자라 대답하지 못했습니다. 학습 중이라면 멈추거나, "
                    "generation.max_history_turns 를 줄이세요."
                )
            )
        except Exception as error:  # noqa: BLE001 -- re-raised in the consuming thread
            streamer.items.put(error)
        finally:
            streamer.items.put(_END)

    def _decode(self, ids: list[int]) -> str:
        return str(self._base.tokenizer.decode(ids, skip_special_tokens=True))


def _with_adapter(model: Any, adapter: Path) -> Any:
    """The model with an adapter that has a weight for each of its layers.

    Raises:
        BaseModelError: it belongs to another model.
    """
    try:
        model = PeftModel.from_pretrained(model, str(adapter))
        # peft warns of missing weights, and would answer without the adapter.
        expected = get_peft_model_state_dict(model, save_embedding_layers=False)
        missing = expected.keys() - load_peft_weights(str(adapter), device="cpu").keys()
        if missing:
            raise KeyError(min(missing))
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        log.warning("adapter %s cannot be loaded", adapter, exc_info=True)
        raise BaseModelError(
            f"어댑터 {adapter.parent.name}/{adapter.name} 을 읽지 못했습니다. "
            "바탕 모델이 그대로인지 확인하고, 안 되면 다시 학습하세요."
        ) from error
    return model


class _TokenQueue(BaseStreamer):
    """Streamer that queues the generated ids for the consuming thread, without the prompt."""

    def __init__(self) -> None:
        self.items: queue.Queue[Any] = queue.Queue()
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_seen:
            for token in value.flatten().tolist():
                self.items.put(token)
        self._prompt_seen = True

    def end(self) -> None:
        """Do nothing: `Engine._run` puts `_END`, also after an error."""


class _Interrupt:
    """Raises `Cancelled` between the layers of a model, and so between two tokens as well.

    Checks only there: a check of every operation makes replies of a small model a tenth slower.
    """

    def __init__(self, model: Any) -> None:
        self._events: tuple[threading.Event, ...] = ()
        stacks = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
        for layer in itertools.chain(*stacks):
            for part in layer.children():
                part.register_forward_pre_hook(self._check)

    @contextlib.contextmanager
    def by(self, *events: threading.Event) -> Iterator[None]:
        """Interrupt passes within the block once one of the events is set."""
        self._events = events
        try:
            self._check()
            yield
        finally:
            self._events = ()

    def _check(self, *_: Any) -> None:
        if any(event.is_set() for event in self._events):
            raise Cancelled


class _CancelledLoad(TorchFunctionMode):
    """Raises `Cancelled` from any operation within its block once the event is set."""

    def __init__(self, cancelled: threading.Event) -> None:
        super().__init__()
        self._cancelled = cancelled

    def check(self, *_: object) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        self.check()
        return func(*args, **(kwargs or {}))
