"""Does a trained persona write in its person's style, on topic, and stop by itself?

    python benchmarks/likeness.py [--quick] [--base NAME] [--json FILE]

Writes rooms of three invented people, one of whom, 다온, has an unmistakable style: every reply
ends in -용, -당 or -냥, most begin with a tilde, many have two bubbles. Friends ask about one of
twelve topics, each with its own words, and 다온 answers with these. Each room is imported, prepared
and trained as the UI does it, for each recipe in a fresh home (fewer recipes for larger rooms). The
model then answers thirty questions with the defaults of configs/sft.yaml: fifteen phrased as in the
room, fifteen in new words. Reports the shares of replies

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
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import location_of
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.chat.engine import Engine
from kakaobot.config import Home, save
from kakaobot.runs.run import Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.style import style_distance, style_profile

PERSON, FRIENDS = "다온", ("한결", "보리")
TOPICS: Mapping[str, Sequence[str]] = {
    "저녁": ("칼국수", "비빔밥", "떡볶이", "만두"),
    "주말": ("등산", "낮잠", "캠핑", "대청소"),
    "영화": ("만화영화", "공포물", "첩보물", "코미디"),
    "고양이": ("츄르", "캣타워", "발톱", "골골송"),
    "여행": ("제주도", "기차표", "숙소", "바닷가"),
    "커피": ("라떼", "원두", "디카페인", "드립"),
    "게임": ("보스전", "레벨업", "새 캐릭터", "길드"),
    "운동": ("줄넘기", "스트레칭", "자전거", "수영장"),
    "날씨": ("소나기", "미세먼지", "무지개", "첫눈"),
    "책": ("추리소설", "시집", "도서관", "만화책"),
    "생일": ("케이크", "선물 포장", "편지", "촛불"),
    "청소": ("걸레질", "분리수거", "빨래", "먼지떨이"),
}
"""Topic → words that occur with no other topic."""
SEEN_QUESTIONS = ("{} 얘기 좀 해봐", "요즘 {} 어때?", "{} 뭐가 좋을까?", "다온아 {} 생각해 봤어?")
UNSEEN_QUESTIONS = (
    "혹시 {} 쪽은 어떻게 됐어",
    "나 {} 때문에 고민인데",
    "오늘은 {}에 대해서 말해줘",
)
ANSWERS = (
    ("~{0} 완전 좋아용", "~{1}도 같이 해용"),
    ("{0} 생각뿐이당", "~{1}까지 하면 최고당"),
    ("~나는 {0}에 한 표냥",),
    ("~{0} 아니면 {1} 둘 다 괜찮아용",),
    ("어제도 {0} 했당",),
    ("{0} 없이는 못 살아용", "진짜당"),
    ("~{0} 먼저 하고 {1} 하자냥",),
    ("{0} 소리만 들어도 신난당",),
)
SMALL_TALK = (
    "나도 그래",
    "그럼 그렇게 하자",
    "좋은데?",
    "난 아무거나",
    "잠깐만 회의 좀",
    "이따 다시 얘기해",
)
_ENDING = re.compile(r"[용당냥][~!?.ㅎㅋ ]*$")
_STRAY = re.compile(r"[^\s가-힣ㄱ-ㅎㅏ-ㅣ0-9!-/:-@\[-`{-~…·“”‘’♡♥★☆\U0001F300-\U0001FAFF]")
_QUESTIONS = 15
"""Questions of each kind, seen and unseen."""


class Question(NamedTuple):
    text: str
    topic: str


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


def write_room(path: Path, messages: int) -> list[str]:
    """Write a Windows export of at least `messages` messages; return 다온's turns."""
    rng = random.Random(11)
    at, day, count = datetime(2026, 1, 5, 9), None, 0
    replies = []
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("셋이서 수다 님과 카카오톡 대화\r\n저장한 날짜 : 2026-11-03 10:44:52\r\n")
        while count < messages:
            at += timedelta(minutes=rng.randrange(90, 400))
            for sender, bubbles in _scene(rng):
                at += timedelta(minutes=1)
                if at.date() != day:
                    day = at.date()
                    weekday = "월화수목금토일"[day.weekday()]
                    date = f"{day.year}년 {day.month}월 {day.day}일 {weekday}요일"
                    file.write(f"\r\n--------------- {date} ---------------\r\n")
                clock = f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02d}"
                for bubble in bubbles:
                    file.write(f"[{sender}] [{clock}] {bubble}\r\n")
                count += len(bubbles)
                if sender == PERSON:
                    replies.append("\n".join(bubbles))
    return replies


def _scene(rng: random.Random) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield sender and bubbles of a conversation: questions on one or two topics, with answers."""
    for topic in rng.sample(sorted(TOPICS), rng.randint(1, 2)):
        asker, other = rng.sample(FRIENDS, 2)
        yield asker, [rng.choice(SEEN_QUESTIONS).format(topic)]
        if rng.random() < 0.4:
            yield other, [rng.choice(SMALL_TALK)]
        words = rng.sample(TOPICS[topic], 2)
        yield PERSON, [bubble.format(*words) for bubble in rng.choice(ANSWERS)]
        if rng.random() < 0.5:
            yield asker, [rng.choice(SMALL_TALK)]


def make_questions() -> list[Question]:
    """First phrased as in the room, then in new words."""
    rng = random.Random(5)
    topics = sorted(TOPICS)
    questions = []
    for templates in (SEEN_QUESTIONS, UNSEEN_QUESTIONS):
        for number in range(_QUESTIONS):
            topic = topics[number % len(topics)]
            questions.append(Question(rng.choice(templates).format(topic), topic))
    return questions


def train(home: Home, room: Path, base: str, recipe: Recipe) -> tuple[Runs, float, str]:
    """Train in this home; return the runs, the seconds and a summary."""
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
    return runs, time.perf_counter() - start, summary


def answer(
    home: Home, runs: Runs, base: str, questions: Sequence[Question]
) -> list[tuple[str, bool]]:
    """Return each reply and whether it ended with a stop token."""
    settings = home.settings()
    adapter = runs.all()[0].checkpoints.adapter()
    engine = Engine.load(
        location_of(base),
        adapter[1] if adapter else None,
        load_in_4bit=settings.model.load_in_4bit,
        dtype=settings.model.dtype,
        attn_implementation=settings.model.attn_implementation,
        max_turns=settings.generation.max_history_turns,
    )
    sampling = settings.generation.model_dump()
    del sampling["max_history_turns"]
    renderer = read_tokenizer_info(location_of(base)).renderer
    replies = []
    for question in questions:
        pieces = list(
            engine.stream_reply(
                [ChatMessage("user", question.text, FRIENDS[0])], Sampling(**sampling)
            )
        )
        reply = pieces[-1] if pieces else ""
        # A truncated reply, with its special tokens, reaches the limit.
        length = renderer.length(ChatMessage("assistant", reply))
        replies.append((reply, length < sampling["max_new_tokens"]))
    return replies


def score(
    questions: Sequence[Question], answers: Sequence[tuple[str, bool]], own: Sequence[str]
) -> dict[str, float]:
    """Return the shares of `SCORES` and the style distance; see the module docstring."""
    replies = [reply for reply, _ in answers]

    def share(flags: Sequence[bool]) -> float:
        return sum(flags) / len(flags)

    on_topic = [
        any(word in reply for word in TOPICS[question.topic])
        for question, reply in zip(questions, replies, strict=True)
    ]
    return {
        "style": share([bool(r) and all(_ending(b) for b in r.split("\n")) for r in replies]),
        "topic": share(on_topic[:_QUESTIONS]),
        "topic_new": share(on_topic[_QUESTIONS:]),
        "ends": share([ended for _, ended in answers]),
        "clean": share([not _STRAY.search(reply) for reply in replies]),
        "distinct": len(set(replies)) / len(replies),
        "verbatim": share([reply in set(own) for reply in replies]),
        "distance": style_distance(style_profile(replies), style_profile(own)),
    }


def _ending(bubble: str) -> bool:
    return bool(_ENDING.search(bubble))


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
    questions = make_questions()
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
                runs, seconds, summary = train(home, folder / "room.txt", args.base, recipe)
                answers = answer(home, runs, args.base, questions)
            row = {"messages": size, "recipe": recipe.name, "seconds": seconds, "training": summary}
            rows.append({**row, **score(questions, answers, own)})
            show(rows[-1])
            if args.replies:
                for question, (reply, _) in zip(questions, answers, strict=True):
                    print(f"    {question.text} → {reply!r}")
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
