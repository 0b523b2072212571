"""How near two halves of one person lie, how far two people, and what a fingerprint costs.

    python benchmarks/style.py [--quick] [--seeds N] [--corpora FOLDER] [--json FILE]

The people are those of data/sample/room.txt. Every seed shuffles each person's replies anew and
cuts them into two halves; a half is compared with the same person's other half, and with halves of
everybody else. Then: halves of few replies, the first against the second half in time, what a share
of somebody else's replies does, and the time for 100,000 replies. The sample's people are invented
and drawn with a broad brush, so with --corpora FOLDER (chatbot-pairs-ko.csv, reviews-ko.txt.gz)
three registers of casual Korean are held against each other as well.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kakaobot.style import StyleProfile, explain_difference, style_distance, style_profile  # noqa: E402
from scripts.make_sample import read_room  # noqa: E402

SIZES = (10, 20, 30, 60, 120)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
People = Mapping[str, Sequence[str]]
"""Name → replies in time order."""


def sample_people() -> dict[str, list[str]]:
    """A reply is what one person says until another one speaks, one bubble a line."""
    room = read_room((ROOT / "data" / "sample" / "room.txt").read_text(encoding="utf-8"))
    people: dict[str, list[str]] = {name: [] for name in room.people}
    spoken = (said for said in room.said if said.sender)
    for sender, said in groupby(spoken, key=lambda each: each.sender):
        people[sender].append("\n".join(each.text for each in said))
    return people


def corpora_people(folder: Path, replies: int = 2000) -> dict[str, list[str]]:
    with (folder / "chatbot-pairs-ko.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with gzip.open(folder / "reviews-ko.txt.gz", "rt", encoding="utf-8") as lines:
        reviews = [line.strip() for line in itertools.islice(lines, replies)]
    dice = random.Random(1)
    rows = dice.sample(rows, replies)
    return {
        "질문": [row["Q"] for row in rows],
        "대답": [row["A"] for row in rows],
        "영화평": reviews,
    }


def halves(
    replies: Sequence[str], dice: random.Random, most: int | None = None
) -> list[StyleProfile]:
    """Two voices of equal size with no reply in both; at most `most` replies each."""
    mixed = dice.sample(replies, len(replies))
    size = min(len(mixed) // 2, most or len(mixed))
    return [style_profile(mixed[:size]), style_profile(mixed[size : 2 * size])]


def within_and_between(
    people: People, seeds: int, most: int | None = None
) -> dict[tuple[str, str], list[float]]:
    """Pair of names → distances over the seeds; a pair of one name twice is within."""
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(seeds):
        dice = random.Random(seed)
        cut = {name: halves(replies, dice, most) for name, replies in people.items()}
        for one, other in itertools.combinations_with_replacement(cut, 2):
            found.setdefault((one, other), []).append(style_distance(cut[one][0], cut[other][1]))
    return found


def apart(found: Mapping[tuple[str, str], Sequence[float]]) -> tuple[list[float], list[float]]:
    """All distances within one person, and all between two; sorted."""
    within = [value for (one, other), values in found.items() if one == other for value in values]
    between = [value for (one, other), values in found.items() if one != other for value in values]
    return sorted(within), sorted(between)


def blends(people: People, seeds: int) -> Iterator[dict[str, Any]]:
    """Distance of a half of A from a half of A in which a share is replaced by B's replies."""
    for share in SHARES:
        values = []
        for seed in range(seeds):
            dice = random.Random(seed)
            for one, other in itertools.permutations(people, 2):
                mixed = dice.sample(people[one], len(people[one]))
                size = len(mixed) // 2
                strangers = dice.choices(people[other], k=round(share * size))
                half = [*strangers, *mixed[size + len(strangers) : 2 * size]]
                values.append(style_distance(style_profile(mixed[:size]), style_profile(half)))
        yield {"kind": "blend", "share": share, **spread(values)}


def speed(people: People, replies: int) -> dict[str, Any]:
    """Processor seconds for replies made of the sample's: a word, a reply, some laughter."""
    dice = random.Random(1)
    said = [reply for each in people.values() for reply in each]
    words = [word for reply in said for word in reply.split()]
    many = [
        f"{dice.choice(words)} {dice.choice(said)}{'ㅋ' * dice.randint(0, 5)}"
        for _ in range(replies)
    ]
    start = time.process_time()
    voice = style_profile(many)
    seconds = time.process_time() - start
    start = time.process_time()
    for _ in range(100):
        style_distance(voice, voice)
    each = (time.process_time() - start) / 100
    return {
        "kind": "speed",
        "replies": voice.replies,
        "bubbles": voice.bubbles,
        "cpu_s": seconds,
        "distance_ms": each * 1000,
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "mean": statistics.fmean(ordered),
        "least": ordered[0],
        "q05": ordered[len(ordered) // 20],
        "median": statistics.median(ordered),
        "q95": ordered[min(len(ordered) - 1, len(ordered) * 19 // 20)],
        "most": ordered[-1],
    }


def measure(
    people: People, corpora: Path | None, seeds: int, many: int
) -> Iterator[dict[str, Any]]:
    found = within_and_between(people, seeds)
    for (one, other), values in found.items():
        yield {"kind": "pair", "one": one, "other": other, **spread(values)}
    for size in SIZES:
        within, between = apart(within_and_between(people, seeds, size))
        yield {"kind": "size", "replies": size, "side": "within", **spread(within)}
        yield {"kind": "size", "replies": size, "side": "between", **spread(between)}
    for name, replies in people.items():
        middle = len(replies) // 2
        first, second = style_profile(replies[:middle]), style_profile(replies[middle:])
        told = explain_difference(first, second)
        yield {"kind": "time", "one": name, "mean": style_distance(first, second), "told": told}
    yield from blends(people, max(1, seeds // 4))
    if corpora:
        registers = corpora_people(corpora)
        for (one, other), values in within_and_between(registers, seeds // 2 or 1, 200).items():
            yield {"kind": "register", "one": one, "other": other, **spread(values)}
    yield speed(people, many)


TITLES = {
    "pair": "halves, and halves of two people",
    "size": "few replies a half, everybody",
    "time": "first and second half in time",
    "blend": "a share replaced by somebody else's",
    "register": "registers of real text, 200 lines a half",
}


def show(rows: Sequence[dict[str, Any]], ratios: Mapping[str, float]) -> None:
    for kind, group in groupby(rows, key=lambda row: row["kind"]):
        if kind == "speed":
            row = next(group)
            print(
                f"\n{row['replies']:,} replies, {row['bubbles']:,} bubbles: {row['cpu_s']:.2f} s; "
                f"a distance: {row['distance_ms']:.2f} ms"
            )
            continue
        print(f"\n{TITLES[kind]:42}{'mean':>8}{'least':>8}{'q05':>8}{'q95':>8}{'most':>8}")
        for row in group:
            told = [row.get(key) for key in ("one", "other", "replies", "side", "share")]
            name = " ".join(str(each) for each in told if each is not None)
            figures = (row.get(key) for key in ("mean", "least", "q05", "q95", "most"))
            cells = "".join("" if each is None else f"{each:8.4f}" for each in figures)
            print(f"  {name:40}{cells}")
    print()
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def ratios_of(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    ratios = {}
    for kind in ("pair", "register"):
        mine = [row for row in rows if row["kind"] == kind]
        within = [row["most"] for row in mine if row["one"] == row["other"]]
        between = [row["least"] for row in mine if row["one"] != row["other"]]
        if mine:
            ratios[f"{kind}: least between / most within"] = min(between) / max(*within, 1e-9)
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="5 seeds and 20,000 replies")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--corpora", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    seeds, many = (5, 20_000) if args.quick else (args.seeds, 100_000)
    rows = list(measure(sample_people(), args.corpora, seeds, many))
    ratios = ratios_of(rows)
    show(rows, ratios)
    if args.json:
        machine = {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        report = {"machine": machine, "rows": rows, "ratios": ratios}
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
