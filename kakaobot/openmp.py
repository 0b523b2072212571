"""How long OpenMP threads spin at a barrier. Set before torch loads; knows no torch.

The threads of a parallel region wait for the slowest of them. Both runtimes let them spin
meanwhile, for some milliseconds (libgomp) or 200 (libomp), which is right on an idle machine. Where
another program takes a core, the thread waited for is often not scheduled at all, and those that
spin keep it from the core it needs: a step takes several times as long. A short spin followed by
sleep costs next to nothing on an idle machine; `benchmarks/busy.py` shows both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

_POLICY = {
    # GCC's runtime, in PyTorch's Linux wheels: iterations.
    "GOMP_SPINCOUNT": "10000",
    # LLVM's and Intel's, in its Windows and macOS wheels and in conda's: milliseconds.
    "KMP_BLOCKTIME": "1",
}
"""A runtime reads its own variable and ignores the other's."""
_CHOSEN_BY_USER = frozenset({*_POLICY, "OMP_WAIT_POLICY", "KMP_LIBRARY"})


def wait_policy(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables to start a process that computes with; none if the user has set any of the kind."""
    return {} if _CHOSEN_BY_USER & environ.keys() else dict(_POLICY)


def set_wait_policy(environ: MutableMapping[str, str] = os.environ) -> None:
    """Apply `wait_policy` to this process and its children. Too late once torch is loaded."""
    environ.update(wait_policy(environ))
