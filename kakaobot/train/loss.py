"""The loss over the tokens that are learnt, and logits for no others. Knows no Trainer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from kakaobot.base import resolve
from kakaobot.train.collate import IGNORED

Way = Literal["fused", "kept", "cut", "full"]
"""`fused`: head and cross-entropy in pieces, by hand. `kept`: the model's `logits_to_keep`.
`cut`: what goes into the head is cut to the learnt positions. `full`: logits of every token."""

_LARGE = 100.0


class MaskedLoss:
    """Sums the cross-entropy of all learnt tokens of a batch, in the cheapest way a model allows.

    Which way that is, is tried out on a few tokens: architectures differ in what they do behind
    their head (Gemma bends its logits) and in whether they can leave logits out.
    """

    def __init__(
        self,
        model: Any,
        *,
        ways: tuple[Way, ...] = ("fused", "kept", "cut"),
        agreed: Callable[[bool], bool] = lambda works: works,
    ) -> None:
        """Find the way.

        Args:
            model: gives logits.
            ways: tried in this order.
            agreed: what all processes that share the model say of a way, given what this one says.
        """
        self._model, self._agreed = model, agreed
        self._head: nn.Module | None = model.get_output_embeddings()
        self._buffers: list[Tensor] = []
        self._sums: dict[Way, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
            "fused": self._fused,
            "kept": self._kept,
            "cut": self._cut,
            "full": self._full,
        }
        self.way: Way = next((way for way in ways if self._works(way)), "full")

    def __call__(self, ids: Tensor, labels: Tensor) -> Tensor:
        """The sum in nats, a scalar with gradients for the adapter.

        Args:
            ids: (rows, width), padded on the right. In a causal model nothing looks to its right,
                so that padding needs no mask, and attention is quicker without one.
            labels: (rows, width), the id itself where it is learnt, else `IGNORED`; the first
                token of a row has nothing in front to be told from.
        """
        # The token at a position is told by the one before it.
        telling = nn.functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        targets = labels[:, 1:][telling[:, :-1]]
        return self._sums[self.way](ids, telling, targets)

    def _fused(self, ids: Tensor, telling: Tensor, targets: Tensor) -> Tensor:
        head = self._head
        assert isinstance(head, nn.Linear)
        hidden = self._caught(head, ids, telling).to(head.weight.dtype)
        apply: Callable[..., Tensor] = _ChunkedLoss.apply
        return apply(hidden, head, targets, self._buffers_for(head))

    def _kept(self, ids: Tensor, telling: Tensor, targets: Tensor) -> Tensor:
        return _cross_entropy(self._model(input_ids=ids, logits_to_keep=telling).logits, targets)

    def _cut(self, ids: Tensor, telling: Tensor, targets: Tensor) -> Tensor:
        head = self._head
        assert head is not None
        with _before(head, lambda hidden: hidden[telling][None]):
            logits = self._model(input_ids=ids).logits
        return _cross_entropy(logits[0], targets)

    def _full(self, ids: Tensor, telling: Tensor, targets: Tensor) -> Tensor:
        return _cross_entropy(self._model(input_ids=ids).logits[telling], targets)

    def _caught(self, head: nn.Module, ids: Tensor, telling: Tensor) -> Tensor:
        """What goes into the head at `telling`: (learnt tokens, width of the model)."""
        caught: list[Tensor] = []

        def first(hidden: Tensor) -> Tensor:
            caught.append(hidden[telling])
            return hidden[:1, :1]

        with _before(head, first):
            self._model(input_ids=ids)
        return caught[0]

    def _buffers_for(self, head: nn.Linear) -> list[Tensor]:
        """Kept from call to call: asking the system for pages anew doubles the time of a piece."""
        weight = head.weight
        if not self._buffers or self._buffers[0].device != weight.device:
            shape = resolve.logits_chunk(len(weight)), len(weight)
            full, chances = (torch.empty(shape, device=weight.device) for _ in range(2))
            same = weight.dtype is torch.float32
            self._buffers = [full if same else torch.empty_like(full, dtype=weight.dtype)]
            self._buffers += [full, chances]
        return self._buffers

    @torch.no_grad()
    def _works(self, way: Way) -> bool:
        """Whether a way gives what the model's own full logits give."""
        if way == "fused" and not self._agreed(self._head_is_last()):
            return False
        device = next(self._model.parameters()).device
        ids = torch.arange(1, 17, device=device).reshape(2, 8)
        telling = torch.zeros_like(ids, dtype=torch.bool)
        telling[0, 2:5] = telling[1, 6] = True
        targets = ids[telling] + 1
        was, self._model = self._model.training, self._model.eval()
        try:
            found, true = (self._sums[each](ids, telling, targets) for each in (way, "full"))
            # Half precision rounds a matrix product otherwise when its shape is another.
            works = bool(torch.isclose(found.float(), true.float(), rtol=0.02))
        except (torch.OutOfMemoryError, torch.distributed.DistError):
            raise
        except (TypeError, ValueError, RuntimeError, IndexError):
            works = False
        finally:
            self._model.train(was)
        return self._agreed(works)

    @torch.no_grad()
    def _head_is_last(self) -> bool:
        """Whether what a frozen, plain head gives are the logits, with nothing done behind it."""
        head = self._head
        if type(head) is not nn.Linear or any(each.requires_grad for each in head.parameters()):
            return False
        # Probabilities of a large vocabulary are too small for float16.
        if head.weight.dtype not in (torch.float32, torch.bfloat16):
            return False
        put: list[Tensor] = []

        def replaced(_: nn.Module, __: Any, given: Tensor) -> Tensor:
            steps = torch.linspace(-_LARGE, _LARGE, given.numel(), device=given.device)
            put.append(steps.reshape(given.shape).to(given.dtype))
            return put[-1]

        hook = head.register_forward_hook(replaced)
        try:
            ids = torch.ones((1, 2), dtype=torch.long, device=head.weight.device)
            logits = self._model(input_ids=ids).logits
        finally:
            hook.remove()
        return len(put) == 1 and torch.equal(put[0].float(), logits.float())


class _ChunkedLoss(torch.autograd.Function):
    """Logits, loss and gradient piece by piece: the logits of a batch are never there at once.

    The head is frozen, so the gradient of what goes into it is all that is needed, and it is known
    as soon as the logits are.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: nn.Linear, targets: Tensor, buffers: list[Tensor]
    ) -> Tensor:
        raw, wide, chances = buffers
        weight, bias = head.weight.detach(), head.bias
        total = hidden.new_zeros((), dtype=torch.float32)
        count = len(hidden)
        hidden = nn.functional.pad(hidden.detach(), (0, 0, 0, -count % resolve.CHUNK_MULTIPLE))
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, count, len(wide)):
            piece = hidden[start : start + len(wide)]
            true = min(len(piece), count - start)
            logits = torch.mm(piece, weight.t(), out=raw[: len(piece)])
            if bias is not None:
                logits += bias
            full = wide[:true] if raw is wide else wide[:true].copy_(logits[:true])
            chance = torch.softmax(full, -1, out=chances[:true])
            target = targets[start : start + true, None]
            # The largest probability says what all were divided by, and does not underflow.
            scale = full.amax(-1) - chance.amax(-1).log()
            total += (scale - full.gather(1, target)[:, 0]).sum()
            if gradient is not None:
                chance.scatter_add_(1, target, chance.new_full(target.shape, -1.0))
                logits[:true].copy_(chance)
                torch.mm(logits, weight, out=gradient[start : start + len(piece)])
        gradient = None if gradient is None else gradient[:count]
        ctx.gradient = gradient
        return total

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, None, None, None]:
        gradient = ctx.gradient
        return (gradient * above[0] if gradient is not None else None), None, None, None


@contextlib.contextmanager
def _before(head: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Within it the head is given what `change` makes of its input."""
    hook = head.register_forward_pre_hook(lambda _, args: (change(args[0]), *args[1:]))
    try:
        yield
    finally:
        hook.remove()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
