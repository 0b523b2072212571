"""Are planted corrections followed after a refine, and does the rest stay as it was?

    python benchmarks/refine.py [--quick] [--messages COUNT] [--recipe REPLAY RATE] [--keep FOLDER]
        [--json FILE]

Trains the starter on an invented room, and asks its person about ten topics that are not in it. For
each of them, the reply to two phrases is corrected to one with a word of its own; four replies on
topics of the room are forbidden. Then the run is refined as the window does it, once per recipe:
how many ordinary replies are replayed per correction, and which share of the learning rate is used.
Each adapter is asked again, several times, in the corrected phrases and in two that no correction
has. Reports, with 95 % Wilson intervals,

    learned      replies to corrected questions that hold the planted word
    carried      the same in other phrases
    forbidden    replies that repeat a forbidden one (lower is better)
    style        replies on topics of the room whose every bubble ends like the person's
    topic        replies on topics of the room that hold a word of the topic

and the validation loss and style distance of ordinary rows before and after, with the verdict.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.busy import processor
from benchmarks.invented_room import (
    ASKED,
    FRIENDS,
    NEVER_ASKED,
    PERSON,
    TOPICS,
    Question,
    in_style,
    on_topic,
    write_room,
)
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.feedback import Feedback
from kakaobot.app.refining import Refining
from kakaobot.app.training import Training
from kakaobot.base.generation import chat_sampling
from kakaobot.base.selection import choose, location_of
from kakaobot.chat.engine import Engine
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, save
from kakaobot.dataset.corrections import reply_form
from kakaobot.runs.refinement import refinement_of
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.style.stats import wilson_interval
from kakaobot.train.refine_plan import RefineRecipe

PLANTED: Mapping[str, tuple[str, str]] = {
    "병원": ("~수제비", "먼저 먹어용"),
    "이사": ("빨래터", "근처로 간당"),
    "시험": ("~물구나무", "서고 외웠당"),
    "콘서트": ("흑백필름", "들고 가용"),
    "자동차": ("~낚싯대", "싣고 간당"),
    "강아지": ("윷놀이", "가르치자냥"),
    "우산": ("~보리차", "담아 가용"),
    "빵집": ("울릉섬", "까지 다녀와용"),
    "사진": ("~국어사전", "펴고 찍는당"),
    "월급": ("우박", "맞고 받았당"),
}
"""Topic that the room never has → wanted reply, whose first word it never has either."""
CORRECTED, OTHER = (ASKED[0], NEVER_ASKED[0]), (ASKED[1], NEVER_ASKED[3])
RECIPES = tuple(
    RefineRecipe(replay, 0 if not replay else 16, rate)
    for replay, rate in ((0, 0.5), (1, 0.5), (4, 0.5), (8, 0.5), (4, 0.25), (4, 1.0))
)
_FORBIDDEN = 4


@dataclass(frozen=True)
class Share:
    """A count with its 95 % interval."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.hits, self.of)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits / max(1, self.of):4.0%} [{low:.0%}, {high:.0%}]"


class Bench:
    """One trained room, refined again and again."""

    def __init__(self, folder: Path, messages: int, draws: int) -> None:
        """Prepare the home in `folder`, unless there is one."""
        self.home = Home(folder / "home")
        is_new = not self.home.root.exists()
        self.home.settings()
        (self.home.root / ".env").write_text("CHATBOT_PASSWORD=귤\n", encoding="utf-8")
        changes = {
            "model.base_model": "starter",
            "data.persona": PERSON,
            "training.sample_replies": 0,
        }
        save(self.home.settings_file, changes)
        bases = BaseModels(lambda requested: choose(requested, reachable=lambda: False))
        if is_new:
            write_room(folder / "room.txt", messages)
            Exports(self.home).import_files([folder / "room.txt"])
            Datasets(self.home, bases).build()
        self.training = Training(self.home, bases)
        self.draws = draws
        gate = PasswordGate.from_home(self.home)
        self.access: AccessPass = gate.authenticate("귤")
        self.feedback = Feedback(self.home, gate)
        self.refining = Refining(self.home, gate, self.training)

    def finish(self, name: str) -> Run:
        while not self.training.wait(name, 5):
            pass
        run = Runs(self.home.folder("checkpoints_lora")).find(name)
        if run.status().state != "finished":
            sys.exit(f"{name}: {run.status().message}\n{run.log.tail()}")
        return run

    def main_run(self) -> Run:
        """The run to refine, trained unless it is there."""
        runs = Runs(self.home.folder("checkpoints_lora"))
        if runs.get("main").exists:
            return runs.find("main")
        return self.finish(self.training.start().run)

    def plant(self, run: Run) -> list[str]:
        """Correct and forbid replies of this run, once; returns the forbidden ones."""
        if entries := self.feedback.entries(self.access):
            return [entry.reply for entry in entries if entry.kind == "never"]
        questions = list(planted_questions(CORRECTED))
        for question, reply in zip(questions, self.answer(run, questions, 1), strict=True):
            self._say("edit", question, reply, " ".join(PLANTED[question.topic]))
        questions = forbidding_questions()
        replies = self.answer(run, questions, 1)
        for question, reply in zip(questions, replies, strict=True):
            self._say("never", question, reply)
        return replies

    def _say(self, kind: Any, question: Question, reply: str, wanted: str = "") -> None:
        lines = [ChatLine(FRIENDS[0], question.text, True), ChatLine(PERSON, reply, False)]
        self.feedback.add(self.access, kind, lines, run="main", wanted=wanted, user_name=FRIENDS[0])

    def answer(self, run: Run, questions: Sequence[Question], draws: int) -> list[str]:
        """Replies as the chat draws them, `draws` per question."""
        adapter = run.checkpoints.adapter()
        settings = self.home.settings()
        engine = Engine.load(
            location_of("starter"),
            adapter[1] if adapter else None,
            load_in_4bit=False,
            dtype="auto",
            attn_implementation="auto",
            max_turns=settings.generation.max_history_turns,
        )
        sampling = chat_sampling(settings.generation)
        replies = []
        for question in [question for question in questions for _ in range(draws)]:
            messages = [ChatMessage("user", question.text, FRIENDS[0])]
            *_, reply = ["", *engine.stream_reply(messages, sampling)]
            replies.append(reply)
        return replies

    def measure(self, run: Run, forbidden: Sequence[str]) -> dict[str, Share]:
        """See the module docstring."""
        learned, carried = (list(planted_questions(phrases)) for phrases in (CORRECTED, OTHER))
        ordinary = [
            Question(phrase.format(topic), topic, True)
            for topic in sorted(TOPICS)
            for phrase in (ASKED[3], ASKED[4], NEVER_ASKED[1], NEVER_ASKED[2])
        ]
        forms = {reply_form(reply) for reply in forbidden}
        replies = {
            name: list(zip(self._repeat(asked), self.answer(run, asked, self.draws), strict=True))
            for name, asked in (
                ("learned", learned),
                ("carried", carried),
                ("ordinary", ordinary),
                ("refused", forbidding_questions()),
            )
        }
        planted = {
            name: Share(sum(holds_planted(q, r) for q, r in replies[name]), len(replies[name]))
            for name in ("learned", "carried")
        }
        rest, refusals = replies["ordinary"], replies["refused"]
        return {
            **planted,
            "forbidden": Share(sum(reply_form(r) in forms for _, r in refusals), len(refusals)),
            "style": Share(sum(in_style(r) for _, r in rest), len(rest)),
            "topic": Share(sum(on_topic(r, q) for q, r in rest), len(rest)),
        }

    def _repeat(self, questions: Sequence[Question]) -> list[Question]:
        return [question for question in questions for _ in range(self.draws)]


def forbidding_questions() -> list[Question]:
    return [Question(ASKED[2].format(topic), topic, True) for topic in sorted(TOPICS)[:_FORBIDDEN]]


def planted_questions(phrases: Sequence[str]) -> Iterator[Question]:
    for topic in PLANTED:
        for phrase in phrases:
            yield Question(phrase.format(topic), topic, phrase in ASKED)


def holds_planted(question: Question, reply: str) -> bool:
    return PLANTED[question.topic][0].lstrip("~") in reply


def show(name: str, shares: Mapping[str, Share], seconds: float, verdict: str = "") -> None:
    print(
        f"{name:24}"
        + "".join(f"{shares[key]!s:>20}" for key in shares)
        + f"{seconds:7.0f}  {verdict}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two recipes in a small room")
    parser.add_argument("--recipe", type=float, nargs=2, action="append", help="replay and rate")
    parser.add_argument("--messages", type=int, default=400, metavar="COUNT")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="train there, or go on with it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    recipes = RECIPES
    if args.recipe:
        recipes = tuple(RefineRecipe(r, 16 if r else 0, rate) for r, rate in args.recipe)
    elif args.quick:
        recipes = (RefineRecipe(0, 0, RefineRecipe.rate), RefineRecipe())
    rows: list[dict[str, Any]] = []
    names = ("learned", "carried", "forbidden", "style", "topic")
    print(f"{'':24}" + "".join(f"{name:>20}" for name in names) + f"{'s':>7}")
    with contextlib.ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(folder, args.messages, draws=1 if args.quick else 4)
        start = time.perf_counter()
        main_run = bench.main_run()
        forbidden = bench.plant(main_run)
        shares = bench.measure(main_run, forbidden)
        show("before", shares, time.perf_counter() - start)
        rows.append({"recipe": None, **{key: asdict(share) for key, share in shares.items()}})
        for recipe in recipes:
            start = time.perf_counter()
            run = bench.finish(bench.refining.start(bench.access, "main", recipe=recipe).run)
            refinement = refinement_of(run)
            assert refinement is not None and refinement.verdict is not None
            shares = bench.measure(run, forbidden)
            label = f"replay {recipe.replay:g}, rate {recipe.rate:g}"
            verdict = refinement.verdict
            show(label, shares, time.perf_counter() - start, str(verdict))
            rows.append(
                {
                    "recipe": asdict(recipe),
                    **{
                        key: {**asdict(share), "interval": share.interval}
                        for key, share in shares.items()
                    },
                    "verdict": asdict(verdict),
                    "steps": run.status().step,
                    "best_step": run.status().best_step,
                }
            )
            if args.json:
                write_report(args.json, rows)


def write_report(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    report = {"command": " ".join(sys.argv), "machine": machine, "rows": rows}
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
