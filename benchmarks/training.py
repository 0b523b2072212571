"""Speed and memory of training: kakaobot, TRL's SFTTrainer and the common recipe.

    python benchmarks/training.py [--quick | --race] [--seconds N] [--json FILE]

The sample room is packed into rows as in the app. The bases are a Qwen3 with a vocabulary of
151,936: the starter widened to 103 million parameters, and without --quick 596 million with random
weights. LoRA has the default settings. Each trainer runs in its own process for the same CPU time,
after two warm-up steps. As the machine may have other work, speeds are tokens per CPU time of all
cores; `wall` is by the clock.

`foretold` is the app's estimate of memory and speed before a start. `full logits` is our loop on
the same batches with the logits of all tokens at once, which shows what skipping the context saves.
Last comes the time of our loop, with all defaults, to the validation loss of one epoch of the
common recipe, on the starter and on the smaller base; --race measures that alone.

TRL gets the same rows, already tokenized, and its best settings: bfloat16, rows grouped by length,
chunked loss (the default). The common recipe makes an example of each reply and its context, and
trains on the reply with the plain Trainer in fp32. TRL comes from requirements.txt and is installed
into a temporary environment; without a network it is skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.net2net import widen  # noqa: E402
from benchmarks.peak import peak_mb  # noqa: E402
from benchmarks.trainers import ROWS, TO_LOSS, WORKS, Measurement, cores  # noqa: E402
from kakaobot.train.collate import IGNORED  # noqa: E402
from kakaobot.train.launcher import ENVIRONMENT  # noqa: E402

CONTEXT = 4
"""Messages of context in the common recipe; the default of `data.context_turns`."""
PARAMETERS = {"starter": 6_800_000, "103M": 103_000_000}
SIZES: dict[str, dict[str, int]] = {
    "103M": {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8,
             "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 64},
    "596M": {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
             "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128},
}  # fmt: skip


def prepare(folder: Path, size: str) -> None:
    """Write the base, the rows and the windows of the common recipe."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from kakaobot.app.base_models import BaseModels
    from kakaobot.app.datasets import Datasets
    from kakaobot.app.exports import Exports
    from kakaobot.base.selection import choose
    from kakaobot.base.tokenizer import read_tokenizer_info
    from kakaobot.config import Home, save
    from kakaobot.dataset import artifacts, jsonl
    from kakaobot.starter import FOLDER
    from kakaobot.train.collate import encode_rows

    home = Home(folder)
    home.settings()
    save(home.settings_file, {"model.base_model": "starter", "training.max_seq_len": 512})
    Exports(home).import_files([HERE.parent / "data" / "sample" / "sample_windows.txt"])
    Datasets(home, BaseModels(lambda requested: choose(requested, reachable=lambda: False))).build()
    base = folder / "base"
    if size == "starter":
        base.symlink_to(FOLDER)
    else:
        torch.manual_seed(0)
        sizes: Any = {**SIZES[size], "vocab_size": 151_936, "tie_word_embeddings": True}
        model: Any = (
            widen(FOLDER, sizes) if size == "103M" else Qwen3ForCausalLM(Qwen3Config(**sizes))
        )
        model.to(torch.bfloat16).save_pretrained(base)
        for file in FOLDER.glob("*token*"):
            (base / file.name).write_bytes(file.read_bytes())
    renderer = read_tokenizer_info(str(FOLDER)).renderer
    train = jsonl.read_rows(home.folder("data/sft") / artifacts.TRAIN)
    encoded = [asdict(row) for row in encode_rows(train, renderer, 512).rows]
    (folder / "rows.json").write_text(json.dumps(encoded), encoding="utf-8")
    val = encode_rows(jsonl.read_rows(home.folder("data/sft") / artifacts.VAL), renderer, 512).rows
    (folder / "val.json").write_text(json.dumps([asdict(row) for row in val]), encoding="utf-8")
    (folder / "windows.json").write_text(json.dumps(windows(train, renderer)), encoding="utf-8")


def windows(rows: list[Any], renderer: Any) -> list[dict[str, list[int]]]:
    """One example per reply, with the messages before it as context."""
    from kakaobot.schema import ChatMessage

    examples = []
    for row in rows:
        for index, message in enumerate(row.messages):
            if message.is_target:
                before = row.messages[max(0, index - CONTEXT) : index]
                context = [ChatMessage(other.role, other.content, other.name) for other in before]
                encoded = renderer.encode([*context, message])
                pairs = zip(encoded.ids, encoded.loss_mask, strict=True)
                labels = [token if target else IGNORED for token, target in pairs]
                examples.append({"ids": list(encoded.ids), "labels": labels})
    return examples


def work(name: str, folder: Path, seconds: float) -> None:
    """In the child process: train, and print the measurement as the last line."""
    measurement = (WORKS | TO_LOSS)[name](folder, seconds)
    measurement.peak_mb = peak_mb()
    print("\n" + json.dumps(asdict(measurement)))


def peers_python(folder: Path) -> str | None:
    """An interpreter with our packages and the peers; None if they cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    query = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip())
    our_sites = [path for path in sys.path if path.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join(our_sites), encoding="utf-8")
    requirements = str(HERE / "requirements.txt")
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", requirements]
    completed = subprocess.run(install, capture_output=True, text=True, check=False)
    return None if completed.returncode else str(python)


def run(python: str, name: str, folder: Path, argument: float) -> Measurement | None:
    """Run one entry of `WORKS` or `TO_LOSS` in a child process; None if it fails."""
    command = [python, "-X", "utf8", __file__, "--work", name, str(folder), str(argument)]
    # Spinning threads would count as CPU time.
    environ = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    if name.startswith("kakaobot"):
        environ |= ENVIRONMENT
    completed = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, env=environ
    )
    if completed.returncode:
        print(f"{name} failed and is left out:\n{completed.stderr[-800:]}", file=sys.stderr)
        return None
    return Measurement(**json.loads(completed.stdout.strip().splitlines()[-1]))


def to_equal_loss(folder: Path, size: str) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Rows and ratio of the CPU time to the validation loss the common recipe ends with.

    Both use our peak learning rate for a base of this size.
    """
    from kakaobot.settings import TrainingSettings
    from kakaobot.train.plan import learning_rate

    prepare(folder, size)
    rate = learning_rate(TrainingSettings(), PARAMETERS[size])
    one, other = TO_LOSS
    common = run(sys.executable, one, folder, rate)
    if common is None or common.eval_loss is None:
        return [], {}
    ours = run(sys.executable, other, folder, common.eval_loss)
    if ours is None or ours.eval_loss is None:
        return [], {}
    if ours.eval_loss > common.eval_loss:
        print(f"kakaobot did not come below {common.eval_loss:.3f} in a whole training.")
        return [], {}
    rows = [
        {**asdict(result), "base": size, "trainer": name, "seconds": result.cpu_s / cores()}
        for name, result in ((one, common), (other, ours))
    ]
    name = f"{size}, seconds to an equal loss, common recipe / kakaobot"
    return rows, {name: common.cpu_s / ours.cpu_s}


def measure(python: str, name: str, folder: Path, seconds: float) -> dict[str, Any] | None:
    result = run(python, name, folder, seconds)
    if result is None:
        return None
    alone = result.cpu_s / cores()
    speeds = {
        "tokens_per_s": result.tokens / alone,
        "learnt_per_s": result.target_tokens / alone,
        "replies_per_s": result.replies / alone,
        "wall_tokens_per_s": result.tokens / result.seconds,
        "padding": 1 - result.tokens / result.cells,
    }
    return {"trainer": name, **speeds, **asdict(result)}


def show(rows: list[dict[str, Any]], ratios: dict[str, float]) -> None:
    print(
        f"{'base':8}{'trainer':16}{'tokens/s':>10}{'wall':>8}{'learnt/s':>10}{'replies/s':>11}",
        end="",
    )
    print(f"{'padding':>9}{'steps':>7}{'peak MB':>9}")
    for row in rows:
        peak = "-" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f}"
        print(
            f"{row['base']:8}{row['trainer']:16}{row['tokens_per_s']:10,.0f}"
            f"{row['wall_tokens_per_s']:8,.0f}{row['learnt_per_s']:10,.0f}{row['replies_per_s']:11.1f}{row['padding']:9.1%}"
            f"{row['steps']:7}{peak:>9}"
        )
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def ratios_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """kakaobot relative to each other trainer on the same base."""
    ratios = {}
    ours_by = {row["base"]: row for row in rows if row["trainer"] == "kakaobot"}
    for base, row in ours_by.items():
        # Both by the clock.
        for name, words in (("wall_tokens_per_s", "tokens/s"), ("peak_mb", "peak memory")):
            if row[name] and name in row["foretold"]:
                ratios[f"{base}, foretold / measured {words}"] = row["foretold"][name] / row[name]
    for row in rows:
        own = ours_by.get(row["base"])
        if own and row is not own:
            name = f"{row['base']}, kakaobot / {row['trainer']}"
            ratios[f"{name}, learnt tokens/s"] = own["learnt_per_s"] / row["learnt_per_s"]
            ratios[f"{name}, replies/s"] = own["replies_per_s"] / row["replies_per_s"]
            if own["peak_mb"]:
                ratios[f"{name}, peak memory"] = own["peak_mb"] / row["peak_mb"]
    return ratios


def app_estimate(folder: Path) -> dict[str, float]:
    """The app's estimate before any training: peak MB, and tokens per second on a known CPU."""
    from kakaobot.app.base_models import BaseModels
    from kakaobot.app.datasets import Datasets
    from kakaobot.app.estimates import estimate
    from kakaobot.base.selection import BaseModelChoice
    from kakaobot.config import Home, save
    from kakaobot.train.cost_model import ModelDimensions, equivalent_tokens
    from kakaobot.train.forecast import dataset_size_of

    home, name = Home(folder), str(folder / "base")
    save(home.settings_file, {"training.batch": ROWS})
    bases = BaseModels(lambda requested: BaseModelChoice(name, name, ""))
    forecast, report = estimate(home, bases), Datasets(home, bases).report()
    dimensions = ModelDimensions.from_config(
        json.loads((folder / "base" / "config.json").read_text(encoding="utf-8"))
    )
    assert forecast.memory and report and dimensions
    values = {"peak_mb": forecast.memory.total / 2**20}
    if forecast.seconds:
        settings = home.settings()
        work = equivalent_tokens(
            dimensions, settings.lora, settings.training, dataset_size_of(report)
        )
        values["wall_tokens_per_s"] = work / forecast.seconds
    return values


def speeds(folder: Path, sizes: Sequence[str], seconds: float) -> list[dict[str, Any]]:
    """Every trainer on every base."""
    pythons = dict.fromkeys(WORKS, sys.executable)
    if python := peers_python(folder / "peers"):
        pythons["trl"] = python
    else:
        del pythons["trl"]
        print("trl could not be installed and is left out.")
    rows = []
    for size in sizes:
        base_folder = folder / size
        base_folder.mkdir()
        prepare(base_folder, size)
        forecast = app_estimate(base_folder)
        for trainer, python in pythons.items():
            if row := measure(python, trainer, base_folder, seconds):
                extra = {"foretold": forecast} if trainer == "kakaobot" else {}
                rows.append({"base": size, **row, **extra})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="the smaller base only")
    parser.add_argument("--race", action="store_true", help="only the race to an equal loss")
    parser.add_argument("--seconds", type=float, default=0, help="per trainer")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    if args.work:
        work(args.work[0], Path(args.work[1]), float(args.work[2]))
        return
    seconds = args.seconds or (20 if args.quick else 90)
    rows: list[dict[str, Any]] = []
    raced: list[dict[str, Any]] = []
    race: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        if not args.race:
            rows = speeds(Path(name), ("103M",) if args.quick else tuple(SIZES), seconds)
        for size in () if args.quick else PARAMETERS:
            folder = Path(name) / f"race-{size}"
            folder.mkdir()
            results, ratio = to_equal_loss(folder, size)
            raced += results
            race |= ratio
    ratios = ratios_of(rows) | race
    if rows:
        show(rows, ratios)
    for row in raced:
        print(
            f"{row['base']}, {row['trainer']}: "
            f"loss {row['eval_loss']:.3f} after {row['steps']} steps, {row['seconds']:.1f} s"
        )
    if args.json:
        machine = {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        report = {"machine": machine, "rows": [*rows, *raced], "ratios": ratios}
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
