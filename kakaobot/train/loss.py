"""Cross-entropy over target tokens without computing logits of the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from kakaobot.base import resolve
from kakaobot.train.collate import IGNORED

LossMethod = Literal["fused", "kept", "cut", "full"]
"""`fused`: head and cross-entropy in chunks. `kept`: the model's `logits_to_keep`. `cut`: the
head's input is cut to the predicting positions. `full`: logits of every token."""

_LARGE_LOGIT = 100.0
"""Large enough for soft-capping to show."""


class MaskedLoss:
    """Sums the cross-entropy of the target tokens of a batch by the cheapest method that works.

    Methods are tried on a few tokens: architectures differ in whether they transform their logits
    (Gemma 2 soft-caps them) and in whether they support `logits_to_keep`.
    """

    def __init__(
        self,
        model: Any,
        *,
        methods: tuple[LossMethod, ...] = ("fused", "kept", "cut"),
        agreed: Callable[[bool], bool] = lambda works: works,
    ) -> None:
        """Choose the method.

        Args:
            model: a causal language model.
            methods: tried in this order; `full` if none works.
            agreed: maps the result of this rank to the one that all ranks use.
        """
        self._model, self._agreed = model, agreed
        self._head: nn.Module | None = model.get_output_embeddings()
        self._buffers: list[Tensor] = []
        self._sums: dict[LossMethod, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
            "fused": self._fused,
            "kept": self._kept,
            "cut": self._cut,
            "full": self._full,
        }
        self.method: LossMethod = next((name for name in methods if self._works(name)), "full")

    def __call__(self, ids: Tensor, labels: Tensor) -> Tensor:
        """The summed loss in nats, a scalar.

        Args:
            ids: (rows, width), padded on the right. Causal attention does not see the padding, so
                there is no attention mask, which would be slower.
            labels: (rows, width), the id of a target token, else `IGNORED`. The first token of a
                row is never a target, as nothing predicts it.
        """
        # The token at a position is predicted by the one before it.
        predicts = nn.functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        targets = labels[:, 1:][predicts[:, :-1]]
        return self._sums[self.method](ids, predicts, targets)

    def logits(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Logits of the target tokens, row by row: (target tokens, vocabulary), in float32."""
        predicts = nn.functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        if self._head is None:
            logits: Tensor = self._model(input_ids=ids).logits[predicts]
            return logits.float()
        with _mapped_input(self._head, lambda hidden: hidden[predicts][None]):
            logits = self._model(input_ids=ids).logits[0]
        return logits.float()

    def _fused(self, ids: Tensor, predicts: Tensor, targets: Tensor) -> Tensor:
        head = self._head
        assert isinstance(head, nn.Linear)
        hidden = self._head_input(head, ids, predicts).to(head.weight.dtype)
        apply: Callable[..., Tensor] = _ChunkedLoss.apply
        return apply(hidden, head, targets, self._buffers_for(head))

    def _kept(self, ids: Tensor, predicts: Tensor, targets: Tensor) -> Tensor:
        return _cross_entropy(self._model(input_ids=ids, logits_to_keep=predicts).logits, targets)

    def _cut(self, ids: Tensor, predicts: Tensor, targets: Tensor) -> Tensor:
        head = self._head
        assert head is not None
        with _mapped_input(head, lambda hidden: hidden[predicts][None]):
            logits = self._model(input_ids=ids).logits
        return _cross_entropy(logits[0], targets)

    def _full(self, ids: Tensor, predicts: Tensor, targets: Tensor) -> Tensor:
        return _cross_entropy(self._model(input_ids=ids).logits[predicts], targets)

    def _head_input(self, head: nn.Module, ids: Tensor, predicts: Tensor) -> Tensor:
        """Hidden states at the predicting positions: (target tokens, width of the model)."""
        captured: list[Tensor] = []

        def capture(hidden: Tensor) -> Tensor:
            captured.append(hidden[predicts])
            return hidden[:1, :1]

        with _mapped_input(head, capture):
            self._model(input_ids=ids)
        return captured[0]

    def _buffers_for(self, head: nn.Linear) -> list[Tensor]:
        """Chunk buffers, reused between calls: allocating pages doubles the time of a chunk."""
        weight = head.weight
        if not self._buffers or self._buffers[0].device != weight.device:
            shape = resolve.logits_chunk(len(weight)), len(weight)
            full, probabilities = (torch.empty(shape, device=weight.device) for _ in range(2))
            same = weight.dtype is torch.float32
            self._buffers = [full if same else torch.empty_like(full, dtype=weight.dtype)]
            self._buffers += [full, probabilities]
        return self._buffers

    @torch.no_grad()
    def _works(self, method: LossMethod) -> bool:
        """Whether a method agrees with the model's own full logits."""
        if method == "fused" and not self._agreed(self._head_is_last()):
            return False
        device = next(self._model.parameters()).device
        ids = torch.arange(1, 17, device=device).reshape(2, 8)
        predicts = torch.zeros_like(ids, dtype=torch.bool)
        predicts[0, 2:5] = predicts[1, 6] = True
        targets = ids[predicts] + 1
        was_training, self._model = self._model.training, self._model.eval()
        try:
            loss, expected = (self._sums[name](ids, predicts, targets) for name in (method, "full"))
            # Half-precision products round differently for different shapes.
            works = bool(torch.isclose(loss.float(), expected.float(), rtol=0.02))
        except (torch.OutOfMemoryError, torch.distributed.DistError):
            raise
        except (TypeError, ValueError, RuntimeError, IndexError):
            works = False
        finally:
            self._model.train(was_training)
        return self._agreed(works)

    @torch.no_grad()
    def _head_is_last(self) -> bool:
        """Whether the model returns the output of a frozen linear head unchanged."""
        head = self._head
        if type(head) is not nn.Linear or any(p.requires_grad for p in head.parameters()):
            return False
        # Probabilities over a large vocabulary underflow in float16.
        if head.weight.dtype not in (torch.float32, torch.bfloat16):
            return False
        outputs: list[Tensor] = []

        def replace_output(_: nn.Module, __: Any, output: Tensor) -> Tensor:
            ramp = torch.linspace(-_LARGE_LOGIT, _LARGE_LOGIT, output.numel(), device=output.device)
            outputs.append(ramp.reshape(output.shape).to(output.dtype))
            return outputs[-1]

        hook = head.register_forward_hook(replace_output)
        try:
            ids = torch.ones((1, 2), dtype=torch.long, device=head.weight.device)
            logits = self._model(input_ids=ids).logits
        finally:
            hook.remove()
        return len(outputs) == 1 and torch.equal(outputs[0].float(), logits.float())


class _ChunkedLoss(torch.autograd.Function):
    """Logits, loss and gradient, one chunk of tokens at a time.

    With a frozen head only the gradient of its input is needed, which follows from the logits of
    the chunk.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: nn.Linear, targets: Tensor, buffers: list[Tensor]
    ) -> Tensor:
        raw, wide, probabilities = buffers
        weight, bias = head.weight.detach(), head.bias
        total = hidden.new_zeros((), dtype=torch.float32)
        count = len(hidden)
        hidden = nn.functional.pad(hidden.detach(), (0, 0, 0, -count % resolve.CHUNK_MULTIPLE))
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, count, len(wide)):
            chunk = hidden[start : start + len(wide)]
            # The last chunk is padded.
            used = min(len(chunk), count - start)
            logits = torch.mm(chunk, weight.t(), out=raw[: len(chunk)])
            if bias is not None:
                logits += bias
            full = wide[:used] if raw is wide else wide[:used].copy_(logits[:used])
            probability = torch.softmax(full, -1, out=probabilities[:used])
            target = targets[start : start + used, None]
            # logsumexp from the largest probability, which does not underflow.
            scale = full.amax(-1) - probability.amax(-1).log()
            total += (scale - full.gather(1, target)[:, 0]).sum()
            if gradient is not None:
                probability.scatter_add_(1, target, probability.new_full(target.shape, -1.0))
                logits[:used].copy_(probability)
                torch.mm(logits, weight, out=gradient[start : start + len(chunk)])
        ctx.gradient = None if gradient is None else gradient[:count]
        return total

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, None, None, None]:
        gradient = ctx.gradient
        return (gradient * above[0] if gradient is not None else None), None, None, None


@contextlib.contextmanager
def _mapped_input(head: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Applies `change` to the head's input."""
    hook = head.register_forward_pre_hook(lambda _, args: (change(args[0]), *args[1:]))
    try:
        yield
    finally:
        hook.remove()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
