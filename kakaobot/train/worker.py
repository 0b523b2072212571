"""The training process of one run: `python -m kakaobot.train.worker <run folder>`.

Configured by config.yaml and STOP in the run folder, where all of its output goes too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from kakaobot.atomic_io import disk_is_full
from kakaobot.errors import KakaobotError
from kakaobot.language import tr
from kakaobot.os_errors import os_error_message
from kakaobot.outgoing import watch
from kakaobot.runs.exit_reason import (
    EXIT_FULL,
    FULL_DISK,
    OUT_OF_MEMORY,
    RESUMES,
    is_short_of_memory,
)
from kakaobot.runs.refinement import refinement_of
from kakaobot.runs.run import LOG, Run
from kakaobot.train.distributed import (
    FSDP_VARIABLE,
    PEER_LOST,
    ProcessGroup,
    exit_with_launcher,
    is_peer_lost,
)
from kakaobot.train.job import StoppedBeforeStart, TrainingJob
from kakaobot.train.readonly_run import ReadOnlyRun
from kakaobot.train.refine_job import RefineJob

EXIT_BUSY = 3
"""Exit code if another worker holds the run."""
_STOPPED = "stopped"
"""Published by a rank that leaves because of a STOP before the first step."""


def main(argv: list[str]) -> int:
    """Train the run until it ends, stops or fails. Returns 0, 1, `EXIT_BUSY` or `EXIT_FULL`."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)
    watch()
    run, ranks = Run(Path(argv[0])), ProcessGroup.from_environ()
    # `fsdp.shard` shards the model. With this variable the Trainer would do so again.
    os.environ.pop(FSDP_VARIABLE, None)
    exit_with_launcher()
    if not ranks.is_main:
        # Otherwise every line would be in the log once per rank.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _train(ReadOnlyRun(run.path), ranks)
    try:
        # A worker that is just stopping releases the lock in time.
        with FileLock(run.worker.lock_file, timeout=30):
            return _train(run, ranks)
    except Timeout:
        print("another worker already trains this run", flush=True)
        return EXIT_BUSY
    except OSError as error:
        # The lock cannot be made.
        return _fail(run, ranks, error)


def _train(run: Run, ranks: ProcessGroup) -> int:
    try:
        run.worker.reserve_space()
        status = run.recorded_status().restarted()
        run.write_status(status)
        ranks.join()
        job = RefineJob if refinement_of(run) else TrainingJob
        job(run, status, ranks).run_to_completion()
    except StoppedBeforeStart:
        return _stop(run, ranks)
    except Exception as error:  # noqa: BLE001 -- the outermost: every failure is shown to the user
        return _fail(run, ranks, error)
    finally:
        run.worker.release_space()
    ranks.destroy()
    return 0


def _stop(run: Run, ranks: ProcessGroup) -> int:
    ranks.publish_failure(_STOPPED)
    # On a full disk this frees the space for the status.
    run.worker.release_space()
    with contextlib.suppress(OSError):
        status = replace(run.recorded_status(), state="stopped", eta_seconds=None, slowdown=None)
        run.write_status(replace(status, message=tr("준비하다가 멈췄습니다.")))
    # The other ranks are still preparing; their launcher ends them once one has failed.
    return 1 if ranks.is_distributed else 0


def _fail(run: Run, ranks: ProcessGroup, error: Exception) -> int:
    """Report the error in the log, the status and the exit code; a full disk may allow only one."""
    # On a full disk these free the space for the report.
    with contextlib.suppress(OSError):
        run.worker.release_space()
        run.checkpoints.remove_incomplete()
    reason = ranks.publish_failure(_failure_message(error))
    if reason == _STOPPED:
        return 0
    try:
        traceback.print_exception(error)
        sys.stdout.flush()
    except OSError:
        # Unwritten output would be flushed again at exit and change the exit code.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.dup2(null, sys.stderr.fileno())
    with contextlib.suppress(OSError):
        status = replace(run.recorded_status(), state="failed", message=reason)
        run.write_status(replace(status, eta_seconds=None, slowdown=None))
    return EXIT_FULL if disk_is_full(error) else 1


def _failure_message(error: Exception) -> str:
    """What failed and how to proceed, in Korean."""
    if isinstance(error, KakaobotError):
        return str(error)
    if is_short_of_memory(error):
        return OUT_OF_MEMORY
    if disk_is_full(error):
        return FULL_DISK
    if is_peer_lost(error):
        return PEER_LOST
    if isinstance(error, OSError) and error.filename:
        return f"{os_error_message(error)} {RESUMES}"
    return tr(
        "예상하지 못한 오류로 학습이 끝났습니다 ({name}: {error}). 자세한 내용은 학습 "
        "폴더의 {log} 에 있습니다. {resumes}"
    ).format(name=type(error).__name__, error=error, log=LOG, resumes=RESUMES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
