"""Limits how long OpenMP threads spin at a barrier. Takes effect only before importing torch.

The threads of a parallel region wait for the slowest. Both runtimes spin meanwhile, for a few
milliseconds (libgomp) or 200 (libomp), which suits an idle machine. If another program occupies a
core, the slowest thread is often not scheduled at all while the spinning ones hold the core it
needs: a step takes several times as long. A short spin followed by sleep costs almost nothing on an
idle machine; `benchmarks/busy.py` measures both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

_POLICY = {
    # GCC's runtime, in PyTorch's Linux wheels; in iterations.
    "GOMP_SPINCOUNT": "10000",
    # LLVM's and Intel's, in its Windows, macOS and conda packages; in milliseconds.
    "KMP_BLOCKTIME": "1",
}
"""Each runtime reads its own variable."""
_CHOSEN_BY_USER = frozenset({*_POLICY, "OMP_WAIT_POLICY", "KMP_LIBRARY"})


def wait_policy(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables for a process that computes; none if the user has set a policy."""
    return {} if _CHOSEN_BY_USER & environ.keys() else dict(_POLICY)


def set_wait_policy(environ: MutableMapping[str, str] = os.environ) -> None:
    """Apply `wait_policy` to this process and its children. No effect after importing torch."""
    environ.update(wait_policy(environ))
