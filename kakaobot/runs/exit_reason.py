"""Explains in Korean why a worker ended, from its error, exit code and log. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kakaobot.atomic_io import NO_SPACE
from kakaobot.language import tr

EXIT_FULL = 4
"""Exit code of a worker on a full disk, where its status may not have been written."""

_SEARCHED_LINES = 25
"""Last lines of a log searched for a cause: libraries may print more after a traceback."""
_MAX_QUOTE = 300
"""Characters of the log's last line that are quoted."""

LAST_LINE_LABEL = tr("마지막 기록")
_LAST_LINE_LABELS = ("마지막 기록", "Last log line")
"""Of messages that were written in either language."""
RESUMES = tr("다시 시작하면 마지막 저장본부터 이어집니다.")
RESTARTS = tr("다시 시작하면 처음부터 배웁니다.")
_LESS_MEMORY = tr(
    "training.max_seq_len 을 줄이고 데이터 준비를 다시 하거나, model.base_model 을 더 작은 것으로 "
    "바꾸세요."
)
OUT_OF_MEMORY = tr("메모리가 모자라 학습을 멈췄습니다. {less_memory}").format(
    less_memory=_LESS_MEMORY
)
FULL_DISK = tr(
    "디스크가 가득 차거나 쓸 수 있는 한도에 이르러 저장하지 못했습니다. 학습 "
    "폴더가 있는 디스크의 공간을 비우세요. {resumes}"
).format(resumes=RESUMES)
_REINSTALL = tr(".venv 폴더를 지우고 python launch.py 를 다시 실행하면 새로 설치합니다.")
_KILLED = tr(
    "메모리가 모자라 시스템이 끝냈을 수 있습니다. 다른 프로그램을 닫고, {less_memory} {resumes}"
).format(less_memory=_LESS_MEMORY, resumes=RESUMES)
_CRASHED = tr(
    "계산 프로그램(PyTorch나 그래픽 드라이버) 안에서 오류가 났습니다. 그래픽 "
    "드라이버를 새로 설치해 보고, 그래도 같으면 {reinstall}"
).format(reinstall=_REINSTALL)

_NO_MEMORY = re.compile(
    r"out ?of ?memory|MemoryError|can(?:'|no)t allocate memory|not enough memory"
    r"|bad_alloc|paging file is too small|_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_NO_MEMORY, tr("메모리가 모자라서입니다. {less_memory}").format(less_memory=_LESS_MEMORY)),
    (NO_SPACE, FULL_DISK),
    (
        re.compile(r"(?:ModuleNotFoundError|ImportError): ", re.IGNORECASE),
        tr("필요한 꾸러미를 불러오지 못했습니다. {reinstall}").format(reinstall=_REINSTALL),
    ),
    (
        re.compile(r"^PermissionError: |\[Errno 13\]|\[WinError 5\]"),
        tr(
            "파일을 쓰거나 읽을 권한이 없어 끝났습니다. 학습 폴더의 권한을 확인하고, "
            "백신이나 동기화 프로그램이 막고 있지 않은지 보세요. {resumes}"
        ).format(resumes=RESUMES),
    ),
    (
        re.compile(r"CUDA error|CUDA driver|no kernel image|cuDNN|HIP error"),
        tr(
            "그래픽 카드에서 오류가 났습니다. 컴퓨터를 다시 시작하거나 그래픽 드라이버를 "
            "새로 설치하세요. {resumes}"
        ).format(resumes=RESUMES),
    ),
    (
        re.compile(
            r"Segmentation fault|Fatal Python error|Aborted|core dumped"
            r"|\(SIG(?:SEGV|BUS|ABRT|FPE)\)"
        ),
        _CRASHED,
    ),
    # torch's report on one of several ranks.
    (re.compile(r"\(SIGKILL\)"), _KILLED),
    (
        re.compile(r"Illegal instruction"),
        tr("이 컴퓨터의 CPU 가 모르는 명령을 만났습니다. {reinstall}").format(reinstall=_REINSTALL),
    ),
    (
        re.compile(r"another worker already trains this run"),
        tr(
            "같은 학습을 하는 프로세스가 이미 있어 새 프로세스는 그만두었습니다. "
            "그것이 끝난 뒤 다시 시작하세요."
        ),
    ),
)
"""Pattern in the log → advice; the first match wins."""

_ENDED = tr("다른 프로그램이나 시스템이 학습을 끝냈습니다. {resumes}").format(resumes=RESUMES)
_REBOOTED = tr("학습하는 동안 컴퓨터가 꺼졌거나 다시 시작되었습니다. {resumes}").format(
    resumes=RESUMES
)
_EXTERNAL = (_KILLED, _ENDED)
_SIGNALS = {
    9: _KILLED,
    4: tr("이 컴퓨터의 CPU 가 모르는 명령을 만났습니다. {reinstall}").format(reinstall=_REINSTALL),
    **dict.fromkeys((6, 7, 8, 11), _CRASHED),
    **dict.fromkeys((1, 2, 15), _ENDED),
}
"""Signal number → advice."""
_WINDOWS = dict.fromkeys((0xC0000005, 0xC0000374, 0xC0000409, 0xC00000FD), _CRASHED) | {
    0xC0000017: _KILLED,
    0xC000001D: _SIGNALS[4],
    0xC000013A: _ENDED,
}
"""NTSTATUS of a failed process → advice."""


def is_short_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; CPUs and Apple's GPUs report it as a RuntimeError."""
    return (
        isinstance(error, MemoryError)
        or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
        or bool(_NO_MEMORY.search(str(error)))
    )


def exit_message(
    log: Sequence[str], code: int | None = None, *, rebooted: bool = False, full: bool = False
) -> str:
    """What happened, what to do about it, and the log's last line.

    Args:
        log: last lines of this worker only.
        code: exit code as reported by `subprocess` or a shell (-9, 137); None if unknown.
        rebooted: whether the computer has restarted since the worker did.
        full: whether the disk of the run is full, so that the log may lack the reason.
    """
    # Neither the trainer's metrics (dicts) nor ruled lines explain an end.
    lines = [line.strip() for line in log if line.strip("-= \n") and not line.startswith("{")]
    quote = f" {LAST_LINE_LABEL}: {lines[-1][:_MAX_QUOTE]}" if lines else ""
    return tr("학습 프로세스가 갑자기 끝났습니다. {lines}{quote}").format(
        lines=_cause(lines, code, rebooted, full), quote=quote
    )


def without_promise(message: str) -> str:
    """A message of a run that has no checkpoint to resume from."""
    return message.replace(RESUMES, RESTARTS)


def without_last_line(message: str) -> str:
    """An `exit_message` without the log's last line."""
    labels = map(re.escape, {LAST_LINE_LABEL, *_LAST_LINE_LABELS})
    return re.split(f" (?:{'|'.join(labels)}): ", message, maxsplit=1)[0]


def _cause(lines: Sequence[str], code: int | None, rebooted: bool, full: bool) -> str:
    meaning = _meaning_of(code)
    # The log of a worker killed from outside, or on a full disk, does not contain the reason.
    if meaning in _EXTERNAL or meaning == FULL_DISK:
        return meaning
    return (
        _cause_in(lines[-_SEARCHED_LINES:])
        or meaning
        or (_REBOOTED if rebooted else "")
        or (FULL_DISK if full else "")
        # Python prints an error when it fails, unless it is killed.
        or (RESUMES if code is not None or _ends_with_error(lines) else _KILLED)
    )


def _cause_in(lines: Sequence[str]) -> str:
    """Advice for the newest line that names a cause."""
    for line in reversed([line for line in lines if "Warning" not in line]):
        for pattern, advice in _CAUSES:
            if pattern.search(line):
                return advice
    return ""


def _meaning_of(code: int | None) -> str:
    if code is None:
        return ""
    if code == EXIT_FULL:
        return FULL_DISK
    if code < 0 or 128 < code < 192:
        return _SIGNALS.get(-code if code < 0 else code - 128, "")
    return _WINDOWS.get(code % 2**32, "")


def _ends_with_error(lines: Sequence[str]) -> bool:
    return any(re.match(r"(?:\w+\.)*\w*(?:Error|Exception)\b", line) for line in lines[-3:])
