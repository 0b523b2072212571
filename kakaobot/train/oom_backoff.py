"""OOM backoff: the next smaller memory plan after memory ran out. No torch.

A smaller plan changes memory and time only: gradients of a step are summed over its micro-batches,
and checkpointing recomputes activations. Only dropout masks depend on how a step is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kakaobot.language import tr


@dataclass(frozen=True)
class MemoryPlan:
    """Settings that bound the peak memory of a step."""

    max_tokens: int
    """Padded tokens of a micro-batch, unless a single row is longer."""
    checkpointing: bool
    """Gradient checkpointing."""

    def smaller(self, largest: int, longest: int) -> MemoryPlan | None:
        """The next smaller plan, if there is one.

        Args:
            largest: padded tokens of the largest micro-batch so far, which may be below the limit.
            longest: tokens of the longest row; a limit below it saves nothing.
        """
        max_tokens = min(self.max_tokens, largest)
        if max_tokens > longest:
            return replace(self, max_tokens=max(longest, max_tokens // 2))
        return None if self.checkpointing else replace(self, checkpointing=True)


def describe_backoff(before: MemoryPlan, after: MemoryPlan, step: int) -> str:
    """What changes and from which step training resumes, in Korean."""
    if after.checkpointing and not before.checkpointing:
        change = tr("느리지만 메모리를 덜 쓰는 방식(gradient_checkpointing)으로 바꾸고")
    else:
        change = tr("한 번에 계산하는 양을 {max_tokens:,}토큰으로 줄이고").format(
            max_tokens=after.max_tokens
        )
    return tr("메모리가 모자라 {change} {step} 갑니다.").format(
        change=change,
        step=tr("{step}단계부터 이어").format(step=step) if step else tr("처음부터 다시"),
    )
