"""Feed the readers of exports with inputs that atheris makes up, and keep each that breaks them.

    python tests/fuzz/fuzz_exports.py [--seconds N] [--findings FOLDER] [--random N]
    python tests/fuzz/fuzz_exports.py FILE ...

The first needs requirements.txt beside this file, in an environment of its own. It begins with
seeds/, goes on behind a finding, and says at the end how many inputs were tried in how many seconds
and how many ways to break were found; it ends with 1 where there was any. The second only holds the
given files against the same properties. What was found, and mended, becomes a file in seeds/found/,
which every test run reads.

A process of its own does the work, since a hang can only be ended from outside: this one starts it
again. Its inputs carry one byte more, in front: what is done with the rest.
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
LARGEST = 1 << 16
"""Bytes of one input."""
TOO_LONG = 5
"""Seconds for one input of that size, beyond which it counts as a hang."""
_MEMORY = 2048
"""MiB, far more than any input of that size may cost."""
_BEAT = 30
"""Seconds from one line that tells how far it is to the next."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="only try these")
    parser.add_argument("--seconds", type=int, default=600, help="how long (%(default)s)")
    parser.add_argument("--findings", type=Path, help="where findings go (a temporary folder)")
    parser.add_argument("--random", type=int, default=1, help="where chance begins (%(default)s)")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    # Run as a script, this folder is what Python looks into, and not the project.
    sys.path[0] = str(ROOT)
    if given.work:
        _work(given.work, given.findings, given.seconds, given.random)
        return 0
    return replay(given.files) if given.files else fuzz(given)


def replay(files: list[Path]) -> int:
    from tests.fuzz.properties import checks

    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            for check in checks(Path(folder)):
                before = time.process_time()
                error = _tried(check, file.read_bytes())
                seconds = time.process_time() - before
                if error or seconds > TOO_LONG:
                    broken += 1
                    print(f"{file}: {_named(check)}: {seconds:.1f} s\n{error}")
    print(f"{len(files)} files, {broken} findings")
    return 1 if broken else 0


def fuzz(given: argparse.Namespace) -> int:
    base = given.findings or Path(tempfile.gettempdir()) / "kakaobot-fuzz"
    findings = base / f"{datetime.now():%Y%m%d-%H%M%S}"
    findings.mkdir(parents=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        _prepare(work)
        try:
            _keep_working(work, findings, begun + given.seconds, given.random)
        except KeyboardInterrupt:
            print("interrupted")
        done = _executions(work)
    found = len(list(findings.glob("*.bin")))
    seconds = time.monotonic() - begun
    print(f"findings and log: {findings}")
    print(f"{done:,} executions in {seconds:.0f} seconds, {found} findings")
    return 1 if found else 0


def _prepare(work: Path) -> None:
    """Every seed, with everything that can be done with it."""
    from tests.fuzz.mutations import escaped, read_seeds, tokens
    from tests.fuzz.properties import checks

    for name in ("corpus", "artifacts", "uploads"):
        (work / name).mkdir()
    dictionary = tokens((HERE / "tokens.dict").read_text(encoding="utf-8"))
    (work / "tokens.dict").write_text(escaped(dictionary), encoding="ascii")
    (work / "executions").write_bytes(bytes(8))
    for number, seed in enumerate(read_seeds(SEEDS).values()):
        for what in range(len(checks(work))):
            (work / "corpus" / f"{number}-{what}").write_bytes(bytes([what]) + seed)


def _keep_working(work: Path, findings: Path, end: float, chance: int) -> None:
    with (findings / "fuzz.log").open("ab") as log:
        while (left := int(end - time.monotonic())) > 0:
            argv = [sys.executable, __file__, "--work", str(work), "--findings", str(findings)]
            argv += ["--seconds", str(left), "--random", str(chance)]
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
            chance += 1


def _watch(worker: subprocess.Popen[bytes], work: Path, findings: Path, end: float) -> int:
    while True:
        try:
            return worker.wait(_BEAT)
        except subprocess.TimeoutExpired:
            left = max(0, end - time.monotonic())
            found = len(list(findings.glob("*.bin")))
            print(
                f"{_executions(work):,} executions, {found} findings, {left:.0f} s left", flush=True
            )


def _executions(work: Path) -> int:
    return int.from_bytes((work / "executions").read_bytes(), "little")


def _keep_artifact(artifact: Path, findings: Path) -> None:
    """A hang, or memory used up: libFuzzer ended the worker and left the input."""
    from tests.fuzz.properties import checks

    data = artifact.read_bytes()
    every = checks(findings)
    check = every[data[0] % len(every)] if data else every[0]
    kind = artifact.name.partition("-")[0]
    _keep(findings, f"{kind} {_named(check)}", data[1:], f"{kind} in {_named(check)}\n")
    artifact.unlink()


def _keep(findings: Path, signature: str, data: bytes, report: str) -> None:
    """One file for each way to break: the smallest input that takes it."""
    kind = re.sub(r"\W+", "-", signature.partition(" ")[0])
    file = findings / f"{kind}-{hashlib.sha256(signature.encode()).hexdigest()[:8]}.bin"
    if not file.exists() or len(data) < file.stat().st_size:
        file.write_bytes(data)
        file.with_suffix(".log").write_text(report, encoding="utf-8")


def _named(check: Callable[[bytes], None]) -> str:
    name = getattr(check, "keywords", {}).get("name", "")
    return f"{getattr(check, 'func', check).__name__} {name}".strip()


def _tried(check: Callable[[bytes], None], data: bytes) -> str:
    try:
        check(data)
    except Exception:  # noqa: BLE001  (what else than ExportError is raised is what is looked for)
        return traceback.format_exc()
    return ""


def _signature(report: str) -> str:
    """Equal for inputs that break the same way: the error, and what it says or where it is from."""
    *_, last = report.strip().splitlines()
    error, _, text = last.partition(":")
    name = error.rpartition(".")[2]
    places = re.findall(r'File "[^"]*?(\w+)\.py", line \d+, in (\w+)', report)
    return f"{name} {text if name == 'Broken' else places[-1]}"


def _work(work: Path, findings: Path, seconds: int, chance: int) -> None:
    """Runs in a process of its own, which libFuzzer ends."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["kakaobot", "zipfile", "email"]):
        importlib.import_module("email.parser")
        from tests.fuzz.properties import checks
    from tests.fuzz.mutations import Mutator, read_seeds, tokens

    every = checks(work / "uploads")
    mutator = Mutator(
        tokens((HERE / "tokens.dict").read_text(encoding="utf-8")), list(read_seeds(SEEDS).values())
    )
    with (work / "executions").open("r+b") as file:
        counter = mmap.mmap(file.fileno(), 8)

    def run(data: bytes) -> None:
        counter[:] = (int.from_bytes(counter[:], "little") + 1).to_bytes(8, "little")
        check = every[data[0] % len(every)] if data else every[0]
        before = time.process_time()
        report = _tried(check, data[1:])
        if time.process_time() - before > TOO_LONG:
            _keep(findings, f"slow {_named(check)}", data[1:], f"slow in {_named(check)}\n{report}")
        if report:
            _keep(findings, _signature(report), data[1:], f"{_named(check)}\n{report}")

    def mutate(data: bytes, largest: int, number: int) -> bytes:
        dice = random.Random(number)
        what, body = data[:1] or b"\0", data[1:]
        if dice.random() < 0.1:
            what = bytes([dice.randrange(len(every))])
        if dice.random() < 0.1:
            return bytes(what + atheris.Mutate(body, largest - 1))
        return what + mutator.changed(body, dice)[: largest - 1]

    flags = {
        "max_total_time": seconds,
        "max_len": LARGEST,
        "timeout": TOO_LONG,
        "rss_limit_mb": _MEMORY,
        "seed": chance,
        "dict": work / "tokens.dict",
        "artifact_prefix": f"{work / 'artifacts'}/",
    }
    argv = [sys.argv[0], *(f"-{key}={value}" for key, value in flags.items())]
    atheris.Setup([*argv, str(work / "corpus")], run, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
