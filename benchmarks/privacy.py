"""Precision, recall and speed of PII masking.

    python benchmarks/privacy.py [--quick] [--mistakes] [--json FILE]

Scores the invented, labelled lines of `tests/dataset/pii*.tsv`: a span is right if its entity type
and both ends are. The rules were tuned on `pii.tsv`; `pii_held_out.tsv` was written last and never
tuned for. Speed is single-process, over messages like those of a room (most without personal data)
and over the labelled lines (half with it).
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kakaobot.dataset.privacy import mask
from tests.dataset.pii_lines import HELD_OUT, TUNED, Line, Score, mistakes, read, scores

_WORDS = (
    "오늘 저녁 뭐 먹지 ㅋㅋㅋㅋ 진짜? 그래 알겠어 내일 만나자 보내줘 네네 좋아요 헐 대박 그러니까 "
    "아까 말한 그거 어디였지 회의 3시 시작 도서관 현금 비싸 인정 (웃음) 집에 가는 중 12,000원 "
    "🙂 2번 출구"
)
WORDS = _WORDS.split()


def room(size: int, private: Sequence[str]) -> list[str]:
    """Invented messages: 3% are labelled lines, 2% contain a link."""
    rng = random.Random(1)
    messages = []
    for _ in range(size):
        text = " ".join(rng.choices(WORDS, k=rng.randint(1, 7)))
        draw = rng.random()
        if draw < 0.03:
            text = rng.choice(private)
        elif draw < 0.05:
            text += " https://example.com/a?b=1"
        messages.append(text)
    return messages


def nanoseconds(messages: Sequence[str], rounds: int = 3) -> float:
    """CPU time per message in the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for message in messages:
            mask(message)
        best = min(best, time.process_time() - start)
    return best / len(messages) * 1e9


def row(name: str, entity_type: str, score: Score) -> dict[str, object]:
    return {
        "lines": name,
        "kind": entity_type or "모두",
        "right": score.right,
        "wrong": score.wrong,
        "missed": score.missed,
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    parser.add_argument("--mistakes", action="store_true", help="print every line with errors")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()

    sets = {file.stem: read(file) for file in (TUNED, HELD_OUT)}
    everything: list[Line] = [line for lines in sets.values() for line in lines]
    rows = [
        row(name, entity_type, score)
        for name, lines in {**sets, "both": everything}.items()
        for entity_type, score in scores(lines).items()
    ]
    print("| lines | kind | right | wrong | missed | precision | recall |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for cells in rows:
        print("| " + " | ".join(map(str, cells.values())) + " |")
    for name, lines in sets.items():
        negatives = sum(not line.spans for line in lines)
        print(f"\n{name}: {len(lines)} lines, {negatives} of them with nothing to mask", end="")
    print()
    if args.mistakes:
        print(*mistakes(everything), sep="\n")

    texts = [line.text for line in everything]
    messages = room(20_000 if args.quick else 200_000, texts)
    times = {"room": nanoseconds(messages), "labelled": nanoseconds(texts * 5)}
    print(
        f"\n{times['room']:,.0f} ns per message of a room, "
        f"{times['labelled']:,.0f} per labelled line"
    )
    if args.json:
        machine = {
            "platform": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        }
        report = {
            "machine": machine,
            "rows": [*rows, *({"messages": name, "ns": ns} for name, ns in times.items())],
            "ratios": {"precision": rows[-1]["precision"], "recall": rows[-1]["recall"]},
        }
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
