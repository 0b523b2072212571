"""How a worker does with less memory, rung by rung, without learning anything else. Pure.

What is computed at once is a matter of memory and time alone: the gradients of a step are summed
over its pieces, and what a checkpointed layer leaves out is worked out again. Which values dropout
leaves out depends on how a step is cut, as it does on the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class MemoryPlan:
    """What decides how much memory a step takes."""

    at_once: int
    """Padded tokens that are computed at once, where no row is longer."""
    checkpointing: bool
    """Whether less of each layer is kept for the way back."""

    def smaller(self, computed: int, longest: int) -> MemoryPlan | None:
        """The next smaller setting; None where there is none.

        Args:
            computed: padded tokens that really were computed at once, which may be fewer than
                allowed.
            longest: tokens of the longest row, which is computed at once in any case: a limit
                below it saves nothing.
        """
        at_once = min(self.at_once, computed)
        if at_once > longest:
            return replace(self, at_once=max(longest, at_once // 2))
        return None if self.checkpointing else replace(self, checkpointing=True)


def describe_backoff(before: MemoryPlan, now: MemoryPlan, step: int) -> str:
    """What was changed, and from which step it goes on, in Korean."""
    if now.checkpointing and not before.checkpointing:
        change = "느리지만 메모리를 덜 쓰는 방식(gradient_checkpointing)으로 바꾸고"
    else:
        change = f"한 번에 계산하는 양을 {now.at_once:,}토큰으로 줄이고"
    return f"메모리가 모자라 {change} {f'{step}단계부터 이어' if step else '처음부터 다시'} 갑니다."
