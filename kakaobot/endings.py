"""Why a worker is gone that did not say so itself: its log's end and exit code → Korean. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LOOK_BACK = 25
"""Lines from the end of a log in which a cause is looked for: libraries talk after a traceback."""
_LONGEST = 300
"""Characters of the log's last line that are repeated."""

RESUMES = "다시 시작하면 마지막 저장본부터 이어집니다."
_LESS_MEMORY = (
    "training.batch 를 절반으로 줄이거나 training.max_seq_len 을 줄이고, 그래도 모자라면 "
    "더 작은 바탕 모델을 쓰세요."
)
_REINSTALL = ".venv 폴더를 지우고 python launch.py 를 다시 실행하면 새로 설치합니다."
_KILLED = (
    f"메모리가 모자라 시스템이 끝냈을 수 있습니다. 다른 프로그램을 닫고, {_LESS_MEMORY} {RESUMES}"
)
_CRASHED = (
    "계산 프로그램(PyTorch나 그래픽 드라이버) 안에서 오류가 났습니다. 그래픽 드라이버를 새로 "
    f"설치해 보고, 그래도 같으면 {_REINSTALL}"
)

_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"out ?of ?memory|MemoryError|can(?:'|no)t allocate memory|not enough memory"
            r"|bad_alloc|paging file is too small",
            re.IGNORECASE,
        ),
        f"메모리가 모자라서입니다. {_LESS_MEMORY}",
    ),
    (
        re.compile(
            r"No space left on device|\(?os error (?:28|112)\b|\[(?:Errno 28|WinError 112)\]"
            r"|ENOSPC|Disk quota exceeded|not enough space on the disk",
            re.IGNORECASE,
        ),
        f"디스크가 가득 차 저장하지 못했습니다. 공간을 비우세요. {RESUMES}",
    ),
    (
        re.compile(r"(?:ModuleNotFoundError|ImportError): ", re.IGNORECASE),
        f"필요한 꾸러미를 불러오지 못했습니다. {_REINSTALL}",
    ),
    (
        re.compile(r"^PermissionError: |\[Errno 13\]|\[WinError 5\]"),
        "파일을 쓰거나 읽을 권한이 없어 끝났습니다. 학습 폴더의 권한을 확인하고, 백신이나 "
        f"동기화 프로그램이 막고 있지 않은지 보세요. {RESUMES}",
    ),
    (
        re.compile(r"CUDA error|CUDA driver|no kernel image|cuDNN|HIP error"),
        "그래픽 카드에서 오류가 났습니다. 컴퓨터를 다시 시작하거나 그래픽 드라이버를 새로 "
        f"설치하세요. {RESUMES}",
    ),
    (re.compile(r"Segmentation fault|Fatal Python error|Aborted|core dumped"), _CRASHED),
    (
        re.compile(r"Illegal instruction"),
        f"이 컴퓨터의 CPU 가 모르는 명령을 만났습니다. {_REINSTALL}",
    ),
    (
        re.compile(r"another worker already trains this run"),
        "같은 학습을 하는 프로세스가 이미 있어 새 프로세스는 그만두었습니다. "
        "그것이 끝난 뒤 다시 시작하세요.",
    ),
)
"""What stands in a log → what to do. The first that fits wins."""

_ENDED = f"다른 프로그램이나 시스템이 학습을 끝냈습니다. {RESUMES}"
_REBOOTED = f"학습하는 동안 컴퓨터가 꺼졌거나 다시 시작되었습니다. {RESUMES}"
_FROM_OUTSIDE = (_KILLED, _ENDED)
_SIGNALS = {
    9: _KILLED,
    4: f"이 컴퓨터의 CPU 가 모르는 명령을 만났습니다. {_REINSTALL}",
    **dict.fromkeys((6, 7, 8, 11), _CRASHED),
    **dict.fromkeys((1, 2, 15), _ENDED),
}
"""Number of the signal that ended it."""
_WINDOWS = dict.fromkeys((0xC0000005, 0xC0000374, 0xC0000409, 0xC00000FD), _CRASHED) | {
    0xC0000017: _KILLED,
    0xC000001D: _SIGNALS[4],
    0xC000013A: _ENDED,
}
"""NTSTATUS of a process that ended by an error."""


def why_it_ended(log: Sequence[str], code: int | None = None, *, rebooted: bool = False) -> str:
    """What happened, what to do about it, and the log's last line.

    Args:
        log: the last lines that this worker printed, without those of earlier ones.
        code: its exit code as `subprocess` tells it or a shell (-9, 137); None where nobody saw it.
        rebooted: whether the computer was started anew since the worker was.
    """
    # The trainer prints its figures as a dict: they say nothing of the end.
    said = [line.strip() for line in log if line.strip() and not line.startswith("{")]
    ending = f" 마지막 기록: {said[-1][:_LONGEST]}" if said else ""
    return f"학습 프로세스가 갑자기 끝났습니다. {_cause(said, code, rebooted)}{ending}"


def _cause(said: Sequence[str], code: int | None, rebooted: bool) -> str:
    meaning = _meaning_of(code)
    # Whoever is ended from outside has said nothing about it.
    if meaning in _FROM_OUTSIDE:
        return meaning
    return (
        _cause_in(said[-_LOOK_BACK:])
        or meaning
        or (_REBOOTED if rebooted else "")
        # Python says why it ends, unless somebody ends it from outside.
        or (RESUMES if code is not None or _says_why(said) else _KILLED)
    )


def _cause_in(lines: Sequence[str]) -> str:
    """The newest line that names a cause decides."""
    for line in reversed([line for line in lines if "Warning" not in line]):
        for pattern, sentence in _CAUSES:
            if pattern.search(line):
                return sentence
    return ""


def _meaning_of(code: int | None) -> str:
    if code is None:
        return ""
    if code < 0 or 128 < code < 192:
        return _SIGNALS.get(-code if code < 0 else code - 128, "")
    return _WINDOWS.get(code % 2**32, "")


def _says_why(said: Sequence[str]) -> bool:
    return any(re.match(r"(?:\w+\.)*\w*(?:Error|Exception)\b", line) for line in said[-3:])
