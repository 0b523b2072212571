"""How replies should be drawn: decoding, candidates (n) and relevance (λ), by what comes of them.

    python benchmarks/likeness.py [--base NAME] [--seeds N ...] [--messages N] [--questions N]
                                  [--pool N] [--drawings NAME ...] [--homes FOLDER] [--json FILE]
                                  [--engine transformers|llama.cpp] [--quant q8_0|f16|q4_0]

For each seed, a room of `invented_room.py` is written and trained once, as the UI does it (kept in
--homes and used again). The model is asked 100 questions, half of them in words that nobody in the
room ever used, every second one after an exchange about something else. For each way of drawing it
gives --pool candidates to each; every n and λ is then a choice among these, so that they compare on
the same draws. Shares of replies, with 95% intervals (bootstrap over the questions of all seeds):

    style       whose every bubble ends like 다온's
    topic       with a word of the topic in question; `new`: of questions never asked in the room
    ends        that the model ends by itself
    sound       that no guard stops
    distinct    that no other question got
    verbatim    that are a whole training reply
    good        in style, on topic, ended, and of Hangul, digits and punctuation only
    fresh       good, and not verbatim
    worth       mean of good, fresh and distinct, by which the defaults are chosen

`distance` is the style distance from 다온's replies in another room of the kind; the row 다온 shows
what these replies themselves reach. `gain` is the difference in `worth` from the first row,
question by question. --base takes a value of `model.base_model`; a name of --drawings is a key of
`DRAWINGS`. Last comes the processor time of a reply.

results/likeness.json, on two AVX2 cores: on the starter (200 questions), four candidates with
λ = 0.75 raise `worth` by 6.6 points (4~10) and `good` from 55 to 64%, and lower `verbatim` from 62
to 49%, at twice the processor time. On Gemma 3 270M (100 questions, min_p 0.1, no other drawing)
they raise it by 8.8 points (4~14) and `good` from 83 to 90%, and lower `verbatim` from 66 to 51%.
Eight are a little better on the starter, and slower. At λ = 0.25 more replies are on topic, and
more of them the same. Any drawing clearly stricter than the first copies more, on the starter;
hence a min_p of only 0.02, which costs less than a point.
"""

from __future__ import annotations

import argparse
import functools
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.invented_room import (
    ANSWERS,
    FRIENDS,
    PERSON,
    TOPICS,
    Question,
    in_style,
    is_clean,
    make_questions,
    on_topic,
    write_room,
)
from benchmarks.recipes import Recipe, load, train
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import location_of
from kakaobot.chat.copy_meter import CopyMeter
from kakaobot.chat.engine import Engine
from kakaobot.chat.guards import GuardCounts, find_fault
from kakaobot.chat.llama_engine import LlamaEngine
from kakaobot.chat.protocol import Candidate, ChatModel
from kakaobot.chat.ranking import Judge, best_candidate
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.config import Home
from kakaobot.conversion.base_gguf import cached_base_gguf
from kakaobot.conversion.lora_gguf import write_lora_gguf
from kakaobot.conversion.quantization import QUANTS, Quant
from kakaobot.dataset.artifacts import TRAIN
from kakaobot.dataset.jsonl import read_rows
from kakaobot.runs.run import Runs
from kakaobot.schema import ChatMessage
from kakaobot.style import StyleProfile, style_distance, style_profile
from kakaobot.train.run_config import base_of

_TOKENS = 48
"""Of a reply, as in no reply of a room of this kind."""
DRAWINGS: Mapping[str, Sampling] = {
    "t0.7 p0.9 k40 r1.1": Sampling(_TOKENS, 0.7, 0.9, 40, 1.1),
    "t0.7 p0.9 k40 m0.02 r1.1": Sampling(_TOKENS, 0.7, 0.9, 40, 1.1, 0.02),
    "t0.7 p0.9 k40 m0.1 r1": Sampling(_TOKENS, 0.7, 0.9, 40, 1.0, 0.1),
    "t0.6 p0.9 k40 m0.05 r1.1": Sampling(_TOKENS, 0.6, 0.9, 40, 1.1, 0.05),
}
"""Temperature, top_p, top_k, repetition penalty and min_p. The first is that of evaluations."""
_COUNTS = (1, 2, 4, 8)
_RELEVANCES = (0.0, 0.25, 0.5, 0.75, 1.0)
_WEIGHTS = ((0.0, 0.1), (2.0, 0.1), (1.0, 0.0), (1.0, 0.05), (1.0, 0.2), (1.0, 1.0))
"""Of style and copying, besides the defaults, with the best n and λ."""
_RESAMPLES = 1000
SCORES = (
    "style",
    "topic",
    "new",
    "ends",
    "sound",
    "distinct",
    "verbatim",
    "good",
    "fresh",
    "worth",
)


@dataclass(frozen=True)
class Choice:
    """A way to choose among candidates."""

    count: int
    relevance: float = 0.0
    style_weight: float = Judge.style_weight
    copy_weight: float = Judge.copy_weight


class Asked(NamedTuple):
    """A question with its candidates."""

    question: Question
    messages: list[ChatMessage]
    candidates: list[Candidate]
    unasked: list[float]
    """log p(r) of each candidate."""
    sound: list[bool]
    """Whether no guard stops a candidate."""


@dataclass(frozen=True)
class Trained:
    """A seed's model, or what it has learned from."""

    home: Home
    own: frozenset[str]
    """Training replies."""
    judge: Judge
    fresh: StyleProfile
    """Of the same person, from another room."""

    @classmethod
    def prepare(cls, folder: Path, base: str, seed: int, messages: int) -> Trained:
        """Write a room and train on it, unless the folder holds both."""
        home = Home(folder / "home")
        if not (folder / "trained").exists():
            folder.mkdir(parents=True)
            write_room(folder / "room.txt", messages, seed=seed)
            changes = {"project.seed": seed, "training.sample_replies": 0}
            seconds, summary = train(home, folder / "room.txt", base, Recipe("", changes))
            (folder / "trained").write_text(f"{seconds:.0f} s, {summary}", encoding="utf-8")
        rows = read_rows(home.folder(home.settings().paths.sft) / TRAIN)
        own = [message.content for row in rows for message in row.messages if message.is_target]
        meter = CopyMeter.of_rows(rows)

        @functools.cache
        def copied(reply: str) -> float:
            overlap = meter.overlap(reply)
            return overlap.share if overlap.is_high else 0.0

        fresh = write_room(folder / "other.txt", 1200, seed=seed + 1000)
        return cls(home, frozenset(own), Judge(style_profile(own), copied), style_profile(fresh))


def questions_for(place: int, count: int) -> list[Question]:
    """`count` questions, half of each kind; others for each seed, as far as there are any."""
    every = make_questions()
    shift = place * (len(every) // count // 2)
    return [every[(number * len(every) // count + shift) % len(every)] for number in range(count)]


def conversations(questions: Sequence[Question]) -> list[list[ChatMessage]]:
    """What is said to the model: every second question comes after another exchange."""
    topics = sorted(TOPICS)
    found = []
    for number, question in enumerate(questions):
        messages = [ChatMessage("user", question.text, FRIENDS[number % 2])]
        if number % 2:
            topic = topics[(topics.index(question.topic) + 5) % len(topics)]
            answer = ANSWERS[number % len(ANSWERS)]
            reply = "\n".join(bubble.format(*TOPICS[topic][:2]) for bubble in answer)
            before = ChatMessage("user", f"{topic} 얘기 좀 해봐", FRIENDS[0])
            messages = [before, ChatMessage("assistant", reply), *messages]
        found.append(messages)
    return found


def ask(
    home: Home, questions: Sequence[Question], drawing: str, pool: int, seed: int, quant: str
) -> list[Asked]:
    """Draw the candidates that are not beside the home from an earlier call."""
    talks = conversations(questions)
    file = home.root.parent / f"{drawing} {len(questions)}x{pool}{quant}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    if len(lines) < len(questions):
        engine = load_llama(home, cast("Quant", quant)) if quant else load(home)
        if isinstance(engine, Engine):
            # Twice as fast, and the same up to rounding.
            engine._model.merge_adapter()
        for number in range(len(lines), len(questions)):
            torch.manual_seed(1000 * seed + number)
            line = json.dumps(draw(engine, talks[number], DRAWINGS[drawing], pool))
            with file.open("a", encoding="utf-8") as text:
                text.write(line + "\n")
    pools = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    asked = []
    for question, messages, (drawn, unasked) in zip(questions, talks, pools, strict=True):
        candidates = [Candidate(**one) for one in drawn]
        sound = [
            find_fault(one.text, ended=one.ended, messages=messages) is None for one in candidates
        ]
        asked.append(Asked(question, messages, candidates, unasked, sound))
    return asked


def load_llama(home: Home, quant: Quant) -> LlamaEngine:
    """The model of the newest run, converted."""
    run = Runs(home.folder(home.settings().paths.runs)).all()[0]
    base, adapter = Path(location_of(base_of(run).name)), run.checkpoints.adapter()
    assert adapter is not None
    base_file = cached_base_gguf(base, quant, home.root.parent / "gguf")
    lora = home.root.parent / "gguf" / "lora.gguf"
    write_lora_gguf(adapter[1], base, lora)
    turns = home.settings().generation.max_history_turns
    return LlamaEngine.load(base, base_file, lora, max_turns=turns)


def draw(engine: ChatModel, messages: list[ChatMessage], sampling: Sampling, pool: int) -> Any:
    """Candidates for a reply, and log p(r) of each."""
    candidates = engine.draw_replies(messages, sampling, count=pool)
    unasked = engine.score_replies([], [candidate.text for candidate in candidates])
    return [asdict(candidate) for candidate in candidates], unasked


def chosen(asked: Asked, start: int, choice: Choice, judge: Judge) -> int:
    """Which of `choice.count` candidates is chosen, as `chat/replies.py` does."""
    drawn = range(start, start + choice.count)
    sound = [index for index in drawn if asked.sound[index]] or [start]
    best = best_candidate(
        [asked.candidates[index] for index in sound],
        [asked.unasked[index] for index in sound],
        replace(judge, style_weight=choice.style_weight, copy_weight=choice.copy_weight),
        choice.relevance,
    )
    return next(index for index in sound if asked.candidates[index] is best)


def measure(trained: Trained, asked: Sequence[Asked], choice: Choice) -> tuple[Any, list[str]]:
    """Scores of each question, shape (questions, SCORES), averaged over passes; and all replies."""
    passes = []
    everything: list[str] = []
    for start in range(0, len(asked[0].candidates), choice.count):
        picks = [chosen(one, start, choice, trained.judge) for one in asked]
        replies = [one.candidates[pick].text for one, pick in zip(asked, picks, strict=True)]
        times = Counter(replies)
        everything += replies
        passes.append(
            [
                scores_of(one, pick, times, trained.own)
                for one, pick in zip(asked, picks, strict=True)
            ]
        )
    return np.array(passes).mean(axis=0), everything


def scores_of(
    asked: Asked, pick: int, times: Mapping[str, int], own: frozenset[str]
) -> list[float]:
    text, ended = asked.candidates[pick].text, asked.candidates[pick].ended
    topic, style = on_topic(text, asked.question), in_style(text)
    good = style and topic and ended and is_clean(text)
    fresh, distinct = good and text not in own, times[text] == 1
    return [
        style,
        topic,
        float("nan") if asked.question.asked else topic,
        ended,
        asked.sound[pick],
        distinct,
        text in own,
        good,
        fresh,
        (good + fresh + distinct) / 3,
    ]


def interval(values: Any) -> tuple[float, float, float]:
    """Mean and 95% interval of per-question values, without those that are NaN."""
    values = values[~np.isnan(values)]
    drawn = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def table_row(
    seeds: Sequence[tuple[Trained, Sequence[Asked]]], choice: Choice, first: Any
) -> tuple[dict[str, Any], Any]:
    """The row of a choice, and its scores per question, to which later rows are compared."""
    measured = [measure(trained, asked, choice) for trained, asked in seeds]
    values = np.concatenate([scores for scores, _ in measured])
    distances = [
        style_distance(style_profile(replies), trained.fresh)
        for (trained, _), (_, replies) in zip(seeds, measured, strict=True)
    ]
    row: dict[str, Any] = {
        **asdict(choice),
        **{name: interval(values[:, index]) for index, name in enumerate(SCORES)},
        "distance": distances,
    }
    worth = SCORES.index("worth")
    row["gain"] = interval(values[:, worth] - first[:, worth]) if first is not None else None
    return row, values


def person_row(folder: Path, seeds: Sequence[Trained]) -> dict[str, Any]:
    """What the person's own replies in another room reach."""
    shares = []
    for number, trained in enumerate(seeds):
        fresh = write_room(folder / "person.txt", 1200, seed=2000 + number)
        times = Counter(fresh[:120])
        shares += [(in_style(r), times[r] == 1, r in trained.own) for r in fresh[:120]]
    names = ("style", "distinct", "verbatim")
    return {name: interval(np.array(shares, float)[:, i]) for i, name in enumerate(names)}


def seconds_per_reply(
    trained: Trained, sampling: Sampling, counts: Sequence[int], questions: Sequence[Question]
) -> dict[str, float]:
    """Processor time of a reply by n: a busy machine does not change it much."""
    engine, spent = load(trained.home), dict.fromkeys(map(str, counts), 0.0)
    for messages in conversations(questions):
        for count in counts:
            request = ReplyRequest(
                messages, sampling, candidates=count, relevance=0.5, judge=trained.judge
            )
            start = time.process_time()
            for _ in reply_texts(engine, request, GuardCounts()):
                pass
            spent[str(count)] += time.process_time() - start
    return {count: seconds / len(questions) for count, seconds in spent.items()}


def processor() -> str:
    """Its name and widest vector instructions, as far as Linux tells them."""
    file = Path("/proc/cpuinfo")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    names = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("model name")]
    flags = [flag for flag in ("amx_bf16", "avx512f", "avx2") if flag in text.split()]
    return f"{len(names)} × {names[0]}, {flags[0]}" if names and flags else platform.processor()


def show(name: str, row: Mapping[str, Any]) -> None:
    def cell(value: Any) -> str:
        if value is None or value[0] != value[0]:
            return f"{'':18}"
        mean, low, high = (100 * part for part in value)
        return f"{mean:5.1f} ({low:.0f}~{high:.0f})".ljust(18)

    distance = " ".join(f"{value:.3f}" for value in row.get("distance", ()))
    cells = "".join(cell(row.get(key)) for key in (*SCORES, "gain"))
    print(f"{name:34}{cells}{distance}", flush=True)


def choices(counts: Sequence[int], best: Callable[[], Choice]) -> Iterator[Choice]:
    """One candidate; every n with every λ; then the best of these with other weights."""
    yield Choice(1)
    for count in counts[1:]:
        for relevance in _RELEVANCES:
            yield Choice(count, relevance)
    won = best()
    for style_weight, copy_weight in _WEIGHTS:
        yield Choice(won.count, won.relevance, style_weight, copy_weight)


def evaluate(
    drawing: str, seeds: Sequence[tuple[Trained, Sequence[Asked]]], first: Any
) -> tuple[list[dict[str, Any]], Any]:
    """Rows of all choices, and the scores of one candidate."""
    rows: list[dict[str, Any]] = []

    def best() -> Choice:
        row = max(rows[1:], key=lambda row: row["worth"][0])
        return Choice(row["count"], row["relevance"])

    pool = len(seeds[0][1][0].candidates)
    counts = [count for count in _COUNTS if count <= pool]
    for choice in choices(counts, best):
        row, values = table_row(seeds, choice, first)
        first = values if first is None else first
        rows.append({"drawing": drawing, **row})
        weights = (
            ""
            if len(rows) <= 1 + (len(counts) - 1) * len(_RELEVANCES)
            else (f" T{choice.style_weight:g} C{choice.copy_weight:g}")
        )
        label = f"n{choice.count} λ{choice.relevance:g}{weights}" if choice.count > 1 else "n1"
        show(f"{drawing} {label}", rows[-1])
    return rows, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--base", default="starter", metavar="NAME")
    parser.add_argument("--label", help="what the base is called in the results")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--questions", type=int, default=100, help="of each seed")
    parser.add_argument("--pool", type=int, choices=_COUNTS[1:], default=8)
    parser.add_argument("--drawings", nargs="+", choices=DRAWINGS, default=tuple(DRAWINGS))
    parser.add_argument("--engine", choices=("transformers", "llama.cpp"), default="transformers")
    parser.add_argument("--quant", choices=QUANTS, default="q8_0", help="of llama.cpp's base")
    parser.add_argument("--homes", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    label = args.label or args.base
    quant = args.quant if args.engine == "llama.cpp" else ""
    trained = [
        Trained.prepare(args.homes / f"{label}-{seed}", args.base, seed, args.messages)
        for seed in args.seeds
    ]
    print(f"{'':34}" + "".join(name.ljust(18) for name in (*SCORES, "gain")) + "distance")
    person = person_row(args.homes, trained)
    show(PERSON, person)
    rows: list[dict[str, Any]] = []
    first = None
    for drawing in args.drawings:
        seeds = []
        for place, (seed, one) in enumerate(zip(args.seeds, trained, strict=True)):
            questions = questions_for(place, args.questions)
            seeds.append((one, ask(one.home, questions, drawing, args.pool, seed, quant)))
        found, first = evaluate(drawing, seeds, first)
        rows += found
    counts = [count for count in _COUNTS if count <= args.pool]
    # llama.cpp computes in another process.
    drawing, few = DRAWINGS[args.drawings[0]], questions_for(0, 0 if quant else 10)
    seconds = seconds_per_reply(trained[0], drawing, counts, few) if few else {}
    print(
        "processor seconds per reply:", {count: round(value, 2) for count, value in seconds.items()}
    )
    if args.json:
        report = json.loads(args.json.read_text(encoding="utf-8")) if args.json.exists() else {}
        report[f"{label} llama.cpp {quant}" if quant else label] = {
            "machine": f"{platform.system()} {platform.machine()}, {processor()}",
            "messages": args.messages,
            "seeds": args.seeds,
            "questions": args.questions,
            "pool": args.pool,
            "training": [(args.homes / f"{label}-{s}" / "trained").read_text() for s in args.seeds],
            PERSON: person,
            "rows": rows,
            "processor seconds per reply": seconds,
        }
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
