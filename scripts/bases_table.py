"""Print the known base models as the Markdown table of the README.

python -m scripts.bases_table
"""

from __future__ import annotations

import sys

from kakaobot.base.known_bases import AUTO, KNOWN_BASES, BaseFacts

_GIB = 2**30


def bases_table() -> str:
    """The table that is between the `bases` comments of the README."""
    columns = (
        *("바탕 모델", "크기", "가중치의 메모리 (4비트 / 16비트)"),
        *("auto 가 고를 때", "기대", "언어", "사용권"),
    )
    rows = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    rows += map(_row, KNOWN_BASES)
    return "\n".join(rows)


def _row(base: BaseFacts) -> str:
    memory = " / ".join(f"{size / _GIB:.1f}GB" for size in (base.quantized_bytes, base.full_bytes))
    return (
        f"| `{base.name}` | {base.parameters:g}B | {memory} | {_condition(base)} "
        f"| {base.expectation} | {base.languages}개 | {base.licence} |"
    )


def _condition(base: BaseFacts) -> str:
    if base.free_vram is None:
        return "고르지 않음"
    if base == AUTO[-1]:
        return "그보다 작거나 GPU 없음"
    return f"남은 그래픽 메모리 {base.free_vram // _GIB}GB 부터 (4비트)"


if __name__ == "__main__":
    sys.stdout.write(bases_table() + "\n")
