"""Fuzz the readers of exports with atheris, and keep every input that breaks them.

    python tests/fuzz/fuzz_exports.py [--seconds N] [--findings FOLDER] [--random N]
    python tests/fuzz/fuzz_exports.py FILE ...

The first form needs requirements.txt in a separate environment. It starts from seeds/, continues
after a finding, and prints the number of executions and distinct findings; its exit status is 1 if
there are any. The second form only checks the given files. After a fix, the input of a finding is
added to seeds/found/, which every test run replays.

A worker process runs the inputs and is restarted after a hang, which it cannot end itself. The
first byte of an input selects the check.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import mmap
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEEDS = HERE / "seeds"
MAX_INPUT_BYTES = 1 << 16
MAX_SECONDS = 5
"""For one input; a longer run counts as a hang."""
_MEMORY_MIB = 2048
"""Far more than any input may take."""
_PROGRESS_INTERVAL = 30
"""Seconds."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="only check these")
    parser.add_argument("--seconds", type=int, default=600, help="duration (%(default)s)")
    parser.add_argument("--findings", type=Path, help="where findings go (a temporary folder)")
    parser.add_argument("--random", type=int, default=1, help="random seed (%(default)s)")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    # As a script, sys.path starts with this folder instead of the project.
    sys.path[0] = str(ROOT)
    if args.work:
        _work(args.work, args.findings, args.seconds, args.random)
        return 0
    return replay(args.files) if args.files else fuzz(args)


def replay(files: list[Path]) -> int:
    from tests.fuzz.properties import checks

    finding_count = 0
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            for check in checks(Path(folder)):
                before = time.process_time()
                error = _run(check, file.read_bytes())
                seconds = time.process_time() - before
                if error or seconds > MAX_SECONDS:
                    finding_count += 1
                    print(f"{file}: {_describe(check)}: {seconds:.1f} s\n{error}")
    print(f"{len(files)} files, {finding_count} findings")
    return 1 if finding_count else 0


def fuzz(args: argparse.Namespace) -> int:
    base = args.findings or Path(tempfile.gettempdir()) / "kakaobot-fuzz"
    findings = base / f"{datetime.now():%Y%m%d-%H%M%S}"
    findings.mkdir(parents=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        _prepare(work)
        try:
            _supervise(work, findings, start + args.seconds, args.random)
        except KeyboardInterrupt:
            print("interrupted")
        executions = _executions(work)
    finding_count = _count_findings(findings)
    seconds = time.monotonic() - start
    print(f"findings and log: {findings}")
    print(f"{executions:,} executions in {seconds:.0f} seconds, {finding_count} findings")
    return 1 if finding_count else 0


def _prepare(work: Path) -> None:
    """Write the corpus: every seed for every check."""
    from tests.fuzz.mutations import escaped, read_seeds, tokens
    from tests.fuzz.properties import checks

    for name in ("corpus", "artifacts", "uploads"):
        (work / name).mkdir()
    dictionary = tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
    (work / "tokens.dict").write_text(escaped(dictionary), encoding="ascii")
    (work / "executions").write_bytes(bytes(8))
    for number, seed in enumerate(read_seeds(SEEDS).values()):
        for selector in range(len(checks(work))):
            (work / "corpus" / f"{number}-{selector}").write_bytes(bytes([selector]) + seed)


def _supervise(work: Path, findings: Path, end: float, seed_number: int) -> None:
    with (findings / "fuzz.log").open("ab") as log:
        while (left := int(end - time.monotonic())) > 0:
            argv = [sys.executable, __file__, "--work", str(work), "--findings", str(findings)]
            argv += ["--seconds", str(left), "--random", str(seed_number)]
            worker = subprocess.Popen(argv, stdout=log, stderr=log, cwd=ROOT)
            try:
                code = _watch(worker, work, findings, end)
            finally:
                worker.kill()
                worker.wait()
            artifacts = list((work / "artifacts").iterdir())
            for artifact in artifacts:
                _keep_artifact(artifact, findings)
            if code and not artifacts:
                sys.exit(f"the worker ended with {code}: see {findings / 'fuzz.log'}")
            seed_number += 1


def _watch(worker: subprocess.Popen[bytes], work: Path, findings: Path, end: float) -> int:
    while True:
        try:
            return worker.wait(_PROGRESS_INTERVAL)
        except subprocess.TimeoutExpired:
            left = max(0, end - time.monotonic())
            print(
                f"{_executions(work):,} executions, {_count_findings(findings)} findings, "
                f"{left:.0f} s left",
                flush=True,
            )


def _executions(work: Path) -> int:
    return int.from_bytes((work / "executions").read_bytes(), "little")


def _count_findings(findings: Path) -> int:
    return len(list(findings.glob("*.bin")))


def _keep_artifact(artifact: Path, findings: Path) -> None:
    """Keep the input libFuzzer left when a hang or lack of memory ended the worker."""
    from tests.fuzz.properties import checks

    data = artifact.read_bytes()
    all_checks = checks(findings)
    check = all_checks[data[0] % len(all_checks)] if data else all_checks[0]
    kind = artifact.name.partition("-")[0]
    _keep(findings, f"{kind} {_describe(check)}", data[1:], f"{kind} in {_describe(check)}\n")
    artifact.unlink()


def _keep(findings: Path, signature: str, data: bytes, report: str) -> None:
    """Keep the smallest input per signature."""
    kind = re.sub(r"\W+", "-", signature.partition(" ")[0])
    file = findings / f"{kind}-{hashlib.sha256(signature.encode()).hexdigest()[:8]}.bin"
    if not file.exists() or len(data) < file.stat().st_size:
        file.write_bytes(data)
        file.with_suffix(".log").write_text(report, encoding="utf-8")


def _describe(check: Callable[[bytes], None]) -> str:
    name = getattr(check, "keywords", {}).get("name", "")
    return f"{getattr(check, 'func', check).__name__} {name}".strip()


def _run(check: Callable[[bytes], None], data: bytes) -> str:
    try:
        check(data)
    except Exception:  # noqa: BLE001  (unexpected errors are the findings)
        return traceback.format_exc()
    return ""


def _signature(report: str) -> str:
    """Equal for inputs that break the same way: the error, and its message or its origin."""
    *_, last = report.strip().splitlines()
    error, _, text = last.partition(":")
    name = error.rpartition(".")[2]
    places = re.findall(r'File "[^"]*?(\w+)\.py", line \d+, in (\w+)', report)
    return f"{name} {text if name == 'PropertyViolation' else places[-1]}"


def _work(work: Path, findings: Path, seconds: int, seed_number: int) -> None:
    """Run the fuzzer in this process, which libFuzzer ends."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["kakaobot", "zipfile", "email"]):
        importlib.import_module("email.parser")
        from tests.fuzz.properties import checks
    from tests.fuzz.mutations import Mutator, read_seeds, tokens

    all_checks = checks(work / "uploads")
    mutator = Mutator(
        tokens((HERE / "tokens.dict").read_text(encoding="utf-8")), list(read_seeds(SEEDS).values())
    )
    with (work / "executions").open("r+b") as file:
        counter = mmap.mmap(file.fileno(), 8)

    def run(data: bytes) -> None:
        counter[:] = (int.from_bytes(counter[:], "little") + 1).to_bytes(8, "little")
        check = all_checks[data[0] % len(all_checks)] if data else all_checks[0]
        before = time.process_time()
        report = _run(check, data[1:])
        if time.process_time() - before > MAX_SECONDS:
            _keep(
                findings,
                f"slow {_describe(check)}",
                data[1:],
                f"slow in {_describe(check)}\n{report}",
            )
        if report:
            _keep(findings, _signature(report), data[1:], f"{_describe(check)}\n{report}")

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        selector, body = data[:1] or b"\0", data[1:]
        if rng.random() < 0.1:
            selector = bytes([rng.randrange(len(all_checks))])
        if rng.random() < 0.1:
            return bytes(selector + atheris.Mutate(body, max_size - 1))
        return selector + mutator.mutate(body, rng)[: max_size - 1]

    flags = {
        "max_total_time": seconds,
        "max_len": MAX_INPUT_BYTES,
        "timeout": MAX_SECONDS,
        "rss_limit_mb": _MEMORY_MIB,
        "seed": seed_number,
        "dict": work / "tokens.dict",
        "artifact_prefix": f"{work / 'artifacts'}/",
    }
    argv = [sys.argv[0], *(f"-{key}={value}" for key, value in flags.items())]
    atheris.Setup([*argv, str(work / "corpus")], run, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
