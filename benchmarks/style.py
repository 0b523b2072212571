"""Style distances within one person and between two, and the cost of a style profile.

    python benchmarks/style.py [--quick] [--seeds N] [--corpora FOLDER] [--json FILE]

The people are the participants of data/sample/room.txt. Each seed splits every person's shuffled
replies into two halves and compares a half with the person's other half and with halves of
everybody else. Then: halves of few replies, the first and second half in time, halves mixed with
another person's replies, and the time for 100,000 replies. The sample's people are caricatures, so
--corpora FOLDER (chatbot-pairs-ko.csv, reviews-ko.txt.gz) also compares three registers of casual
Korean.
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
"""Name → replies in order of time."""


def sample_people() -> dict[str, list[str]]:
    """Name → replies: consecutive messages of one person, one bubble per line."""
    room = read_room((ROOT / "data" / "sample" / "room.txt").read_text(encoding="utf-8"))
    people: dict[str, list[str]] = {name: [] for name in room.people}
    messages = (message for message in room.messages if message.sender)
    for sender, turn in groupby(messages, key=lambda message: message.sender):
        people[sender].append("\n".join(message.text for message in turn))
    return people


def corpora_people(folder: Path, replies: int = 2000) -> dict[str, list[str]]:
    with (folder / "chatbot-pairs-ko.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with gzip.open(folder / "reviews-ko.txt.gz", "rt", encoding="utf-8") as lines:
        reviews = [line.strip() for line in itertools.islice(lines, replies)]
    rows = random.Random(1).sample(rows, replies)
    return {
        "질문": [row["Q"] for row in rows],
        "대답": [row["A"] for row in rows],
        "영화평": reviews,
    }


def halves(
    replies: Sequence[str], rng: random.Random, max_replies: int | None = None
) -> list[StyleProfile]:
    """Two profiles of disjoint random halves, of at most `max_replies` each."""
    shuffled = rng.sample(replies, len(replies))
    size = min(len(shuffled) // 2, max_replies or len(shuffled))
    return [style_profile(shuffled[:size]), style_profile(shuffled[size : 2 * size])]


def pairwise_distances(
    people: People, seeds: int, max_replies: int | None = None
) -> dict[tuple[str, str], list[float]]:
    """Pair of names → distance of two halves for each seed, including each person with itself."""
    distances: dict[tuple[str, str], list[float]] = {}
    for seed in range(seeds):
        rng = random.Random(seed)
        profiles = {name: halves(replies, rng, max_replies) for name, replies in people.items()}
        for pair in itertools.combinations_with_replacement(profiles, 2):
            one, other = profiles[pair[0]][0], profiles[pair[1]][1]
            distances.setdefault(pair, []).append(style_distance(one, other))
    return distances


def split_within_between(
    distances: Mapping[tuple[str, str], Sequence[float]],
) -> tuple[list[float], list[float]]:
    """Sorted distances within one person, and between two."""
    within: list[float] = []
    between: list[float] = []
    for (one, other), values in distances.items():
        (within if one == other else between).extend(values)
    return sorted(within), sorted(between)


def blends(people: People, seeds: int) -> Iterator[dict[str, Any]]:
    """Distance of a half of A from A's other half with a share replaced by B's replies."""
    for share in SHARES:
        values = []
        for seed in range(seeds):
            rng = random.Random(seed)
            for one, other in itertools.permutations(people, 2):
                shuffled = rng.sample(people[one], len(people[one]))
                size = len(shuffled) // 2
                foreign = rng.choices(people[other], k=round(share * size))
                blend = [*foreign, *shuffled[size + len(foreign) : 2 * size]]
                values.append(style_distance(style_profile(shuffled[:size]), style_profile(blend)))
        yield {"kind": "blend", "share": share, **spread(values)}


def speed(people: People, count: int) -> dict[str, Any]:
    """CPU time for `count` replies, each a word and a reply of the sample plus some laughter."""
    rng = random.Random(1)
    replies = [reply for own in people.values() for reply in own]
    words = [word for reply in replies for word in reply.split()]
    generated = [
        f"{rng.choice(words)} {rng.choice(replies)}{'ㅋ' * rng.randint(0, 5)}" for _ in range(count)
    ]
    start = time.process_time()
    profile = style_profile(generated)
    profile_s = time.process_time() - start
    start = time.process_time()
    for _ in range(100):
        style_distance(profile, profile)
    distance_s = (time.process_time() - start) / 100
    return {
        "kind": "speed",
        "replies": profile.replies,
        "bubbles": profile.bubbles,
        "cpu_s": profile_s,
        "distance_ms": distance_s * 1000,
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
    people: People, corpora: Path | None, seeds: int, speed_replies: int
) -> Iterator[dict[str, Any]]:
    for (one, other), values in pairwise_distances(people, seeds).items():
        yield {"kind": "pair", "one": one, "other": other, **spread(values)}
    for size in SIZES:
        within, between = split_within_between(pairwise_distances(people, seeds, size))
        yield {"kind": "size", "replies": size, "side": "within", **spread(within)}
        yield {"kind": "size", "replies": size, "side": "between", **spread(between)}
    for name, replies in people.items():
        middle = len(replies) // 2
        first, second = style_profile(replies[:middle]), style_profile(replies[middle:])
        yield {
            "kind": "time",
            "one": name,
            "mean": style_distance(first, second),
            "sentences": explain_difference(first, second),
        }
    yield from blends(people, max(1, seeds // 4))
    if corpora:
        registers = corpora_people(corpora)
        for (one, other), values in pairwise_distances(registers, seeds // 2 or 1, 200).items():
            yield {"kind": "register", "one": one, "other": other, **spread(values)}
    yield speed(people, speed_replies)


TITLES = {
    "pair": "halves, and halves of two people",
    "size": "halves of few replies, everybody",
    "time": "first and second half in time",
    "blend": "a share replaced by another person's",
    "register": "registers of real text, 200 lines per half",
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
            labels = (row.get(key) for key in ("one", "other", "replies", "side", "share"))
            title = " ".join(str(label) for label in labels if label is not None)
            values = (row.get(key) for key in ("mean", "least", "q05", "q95", "most"))
            cells = "".join("" if value is None else f"{value:8.4f}" for value in values)
            print(f"  {title:40}{cells}")
    print()
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def ratios_of(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    ratios = {}
    for kind in ("pair", "register"):
        pairs = [row for row in rows if row["kind"] == kind]
        within = [row["most"] for row in pairs if row["one"] == row["other"]]
        between = [row["least"] for row in pairs if row["one"] != row["other"]]
        if pairs:
            ratios[f"{kind}: least between / most within"] = min(between) / max(*within, 1e-9)
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="5 seeds and 20,000 replies")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--corpora", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    seeds, speed_replies = (5, 20_000) if args.quick else (args.seeds, 100_000)
    rows = list(measure(sample_people(), args.corpora, seeds, speed_replies))
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
