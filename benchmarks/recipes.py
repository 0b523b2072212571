"""Training recipes: does a persona write in its person's style, on topic, and stop by itself?

    python benchmarks/recipes.py [--quick] [--base NAME] [--json FILE]

For each size, a room of `invented_room.py` is imported, prepared and trained as the UI does it,
for each recipe in a fresh home (fewer recipes for larger rooms). The model then answers thirty
questions with the defaults of configs/sft.yaml, one candidate each: fifteen phrased as in the room,
fifteen in new words. Reports the shares of replies

    style       whose every bubble ends like 다온's
    topic       with a word of the topic in question
    ends        that end with a stop token
    clean       of Hangul, digits and punctuation only
    distinct    distinct replies among all
    verbatim    copied from the room (lower is better if topic is high)

and the style distance from 다온's own replies. --base takes a value of `model.base_model`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.invented_room import (
    FRIENDS,
    PERSON,
    Question,
    in_style,
    is_clean,
    make_questions,
    on_topic,
    write_room,
)
from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.generation import chat_sampling
from kakaobot.base.selection import location_of
from kakaobot.chat.engine import Engine
from kakaobot.chat.protocol import Candidate
from kakaobot.config import Home, save
from kakaobot.runs.run import Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.style import style_distance, style_profile
from kakaobot.train.run_config import base_of

_QUESTIONS = 15
"""Questions of each kind, asked in the room and never asked there."""


@dataclass(frozen=True)
class Recipe:
    """Changes to the default settings."""

    name: str
    changes: Mapping[str, object]


RECIPES = (
    Recipe("defaults", {}),
    Recipe("3e-4", {"training.learning_rate": 3e-4}),
    Recipe("1e-3", {"training.learning_rate": 1e-3}),
    Recipe("4e-3", {"training.learning_rate": 4e-3}),
    Recipe("5 epochs", {"training.epochs": 5}),
    Recipe("12 epochs", {"training.epochs": 12}),
    Recipe("8 epochs", {"training.epochs": 8}),
    Recipe("batch 2", {"training.batch": 2}),
    Recipe("batch 4", {"training.batch": 4}),
    Recipe("constant rate", {"training.scheduler": "constant"}),
    Recipe("best by style", {"training.best_metric": "voice"}),
)
SIZES: Mapping[int, Sequence[str]] = {
    300: [recipe.name for recipe in RECIPES if recipe.name not in ("8 epochs", "batch 2")],
    1000: ["defaults", "1e-3", "8 epochs", "12 epochs", "batch 4"],
    3000: ["defaults", "batch 2"],
}
"""Messages of a room → recipes; few for large rooms, which take long."""


def train(home: Home, room: Path, base: str, recipe: Recipe) -> tuple[float, str]:
    """Train in this home; return the seconds and a summary."""
    home.settings()
    save(home.settings_file, {"model.base_model": base, "data.persona": PERSON, **recipe.changes})
    bases = BaseModels()
    Exports(home).import_files([room])
    Datasets(home, bases).build()
    start = time.perf_counter()
    training = Training(home, bases)
    run = training.start().run
    runs = Runs(home.folder("checkpoints_lora"))
    while runs.find(run).status().state in LIVE:
        time.sleep(0.5)
    training.wait(run, 60)
    status = runs.find(run).status()
    if status.state != "finished":
        sys.exit(f"{recipe.name}: {status.message}\n{runs.find(run).log.tail()}")
    best = status.best_eval_loss or float("nan")
    summary = f"{status.step} steps, best loss {best:.3f} at {status.best_step}"
    return time.perf_counter() - start, summary


def load(home: Home) -> Engine:
    """The model of the newest run."""
    settings = home.settings()
    run = Runs(home.folder(settings.paths.runs)).all()[0]
    adapter = run.checkpoints.adapter()
    return Engine.load(
        location_of(base_of(run).name),
        adapter[1] if adapter else None,
        load_in_4bit=settings.model.load_in_4bit,
        dtype=settings.model.dtype,
        attn_implementation=settings.model.attn_implementation,
        max_turns=settings.generation.max_history_turns,
    )


def answer(home: Home, questions: Sequence[Question]) -> list[Candidate]:
    """One reply to each question."""
    engine, sampling = load(home), chat_sampling(home.settings().generation)
    asked = [[ChatMessage("user", question.text, FRIENDS[0])] for question in questions]
    return [engine.draw_replies(messages, sampling, count=1)[0] for messages in asked]


def score(
    questions: Sequence[Question], answers: Sequence[Candidate], own: Sequence[str]
) -> dict[str, float]:
    """Return the shares of `SCORES` and the style distance; see the module docstring."""
    replies = [reply.text for reply in answers]

    def share(flags: Sequence[bool]) -> float:
        return sum(flags) / len(flags)

    topical = [on_topic(reply, asked) for asked, reply in zip(questions, replies, strict=True)]
    return {
        "style": share([in_style(reply) for reply in replies]),
        "topic": share(topical[:_QUESTIONS]),
        "topic_new": share(topical[_QUESTIONS:]),
        "ends": share([reply.ended for reply in answers]),
        "clean": share([is_clean(reply) for reply in replies]),
        "distinct": len(set(replies)) / len(replies),
        "verbatim": share([reply in set(own) for reply in replies]),
        "distance": style_distance(style_profile(replies), style_profile(own)),
    }


SCORES = ("style", "topic", "topic_new", "ends", "clean", "distinct", "verbatim", "distance")


def show(row: Mapping[str, Any]) -> None:
    print(
        f"{row['messages']:>9,}  {row['recipe']:20}"
        + "".join(f"{row[name]:10.2f}" for name in SCORES)
        + f"{row['seconds']:8.0f}   {row['training']}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="the defaults and one small room only")
    parser.add_argument("--base", default="starter", metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--replies", action="store_true", help="print every reply")
    args = parser.parse_args()
    sizes = {600: ["defaults"]} if args.quick else SIZES
    every = make_questions()
    questions = [
        question
        for asked in (True, False)
        for question in [one for one in every if one.asked == asked][::4]
    ]
    rows: list[dict[str, Any]] = []
    print(
        f"{'messages':>9}  {'recipe':20}" + "".join(f"{name:>10}" for name in SCORES) + f"{'s':>8}"
    )
    for size, names in sizes.items():
        for recipe in (recipe for recipe in RECIPES if recipe.name in names):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                own = write_room(folder / "room.txt", size)
                home = Home(folder / "home")
                seconds, summary = train(home, folder / "room.txt", args.base, recipe)
                answers = answer(home, questions)
            row = {"messages": size, "recipe": recipe.name, "seconds": seconds, "training": summary}
            rows.append({**row, **score(questions, answers, own)})
            show(rows[-1])
            if args.replies:
                for question, reply in zip(questions, answers, strict=True):
                    print(f"    {question.text} → {reply.text!r}")
    if args.json:
        machine = {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        ratios = {
            f"{name} of the defaults, {row['messages']} messages": row[name]
            for row in rows
            if row["recipe"] == RECIPES[0].name
            for name in ("style", "topic", "ends")
        }
        report = {"machine": machine, "rows": rows, "ratios": ratios}
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
