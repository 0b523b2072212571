"""Does what was learnt talk like the person, about the matter, and stop by itself?

    python benchmarks/likeness.py [--quick] [--base NAME] [--json FILE]

Rooms of three invented people are written, in which one, 다온, has a way of talking that nobody
could miss: every reply ends in -용, in -당 or in -냥, most begin with a tilde, many come in two
bubbles. Somebody asks about one of twelve matters, each with words of its own, and 다온 answers
with these. The room is imported, prepared and learnt as the window does it, for each recipe in a
fresh home (the larger the room, the fewer recipes), and then thirty questions are answered with the
defaults of configs/sft.yaml: fifteen as in the room, fifteen in words that were never asked there.
Told are the shares of replies

    style       whose every bubble ends as 다온's do
    topic       that hold a word of the matter asked for
    ends        that ended by themselves
    clean       in Hangul, digits and signs alone
    distinct    different replies of all replies
    verbatim    said in the room word by word (the less the better, where topic is high)

and the voice's distance from 다온's own. --base is what `model.base_model` takes.
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
from kakaobot.base.selection import located
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.chat.engine import Engine
from kakaobot.config import Home, save
from kakaobot.runs.run import Runs
from kakaobot.runs.status import LIVE
from kakaobot.schema import ChatMessage
from kakaobot.style import style_distance, style_profile

PERSON, FRIENDS = "다온", ("한결", "보리")
MATTERS: Mapping[str, Sequence[str]] = {
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
"""A matter and the words that only belong to it."""
ASKED = ("{} 얘기 좀 해봐", "요즘 {} 어때?", "{} 뭐가 좋을까?", "다온아 {} 생각해 봤어?")
NEVER_ASKED = ("혹시 {} 쪽은 어떻게 됐어", "나 {} 때문에 고민인데", "오늘은 {}에 대해서 말해줘")
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
_ENDING = re.compile(r"[용당냥][~!?.ㅎㅋ ]*")
_STRAY = re.compile(r"[^\s가-힣ㄱ-ㅎㅏ-ㅣ0-9!-/:-@\[-`{-~…·“”‘’♡♥★☆\U0001F300-\U0001FAFF]")
_QUESTIONS = 15
"""Of each of the two kinds."""


class Question(NamedTuple):
    text: str
    matter: str


@dataclass(frozen=True)
class Recipe:
    """Settings that differ from the defaults."""

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
    Recipe("best by voice", {"training.best_metric": "voice"}),
)
SIZES: Mapping[int, Sequence[str]] = {
    300: [each.name for each in RECIPES if each.name not in ("8 epochs", "batch 2")],
    1000: ["defaults", "1e-3", "8 epochs", "12 epochs", "batch 4"],
    3000: ["defaults", "batch 2"],
}
"""Messages of a room, and the recipes that are tried on it: a large one takes its time."""


def write_room(path: Path, messages: int) -> list[str]:
    """A Windows export of at least so many messages; gives what 다온 said, a turn each."""
    dice = random.Random(11)
    at, day, count = datetime(2026, 1, 5, 9), None, 0
    replies = []
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("셋이서 수다 님과 카카오톡 대화\r\n저장한 날짜 : 2026-11-03 10:44:52\r\n")
        while count < messages:
            at += timedelta(minutes=dice.randrange(90, 400))
            for sender, bubbles in _scene(dice):
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


def _scene(dice: random.Random) -> Iterator[tuple[str, Sequence[str]]]:
    """One talk: a few questions on one or two matters, each answered by 다온."""
    for matter in dice.sample(sorted(MATTERS), dice.randint(1, 2)):
        asker, other = dice.sample(FRIENDS, 2)
        yield asker, [dice.choice(ASKED).format(matter)]
        if dice.random() < 0.4:
            yield other, [dice.choice(SMALL_TALK)]
        words = dice.sample(MATTERS[matter], 2)
        yield PERSON, [bubble.format(*words) for bubble in dice.choice(ANSWERS)]
        if dice.random() < 0.5:
            yield asker, [dice.choice(SMALL_TALK)]


def questions() -> list[Question]:
    """As in the room first, then in words that were never asked there."""
    dice = random.Random(5)
    matters = sorted(MATTERS)
    found = []
    for ways in (ASKED, NEVER_ASKED):
        for number in range(_QUESTIONS):
            matter = matters[number % len(matters)]
            found.append(Question(dice.choice(ways).format(matter), matter))
    return found


def learn(home: Home, room: Path, base: str, recipe: Recipe) -> tuple[Runs, float, str]:
    """Train in this home; the runs, seconds, and what the worker said last."""
    home.settings()
    save(home.settings_file, {"model.base_model": base, "data.persona": PERSON, **recipe.changes})
    bases = BaseModels()
    Exports(home).import_files([room])
    Datasets(home, bases).build()
    began = time.perf_counter()
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
    said = f"{status.step} steps, best loss {best:.3f} at {status.best_step}"
    return runs, time.perf_counter() - began, said


def answers(home: Home, runs: Runs, base: str, asked: Sequence[Question]) -> list[tuple[str, bool]]:
    """Each reply and whether it ended by itself."""
    settings = home.settings()
    adapter = runs.all()[0].checkpoints.adapter()
    engine = Engine.load(
        located(base),
        adapter[1] if adapter else None,
        load_in_4bit=settings.model.load_in_4bit,
        dtype=settings.model.dtype,
        attn_implementation=settings.model.attn_implementation,
        max_turns=settings.generation.max_history_turns,
    )
    wanted = settings.generation.model_dump()
    del wanted["max_history_turns"]
    renderer = read_tokenizer_info(located(base)).renderer
    found = []
    for question in asked:
        pieces = list(
            engine.stream_reply(
                [ChatMessage("user", question.text, FRIENDS[0])], Sampling(**wanted)
            )
        )
        reply = pieces[-1] if pieces else ""
        # What was cut off is as long as it may be, marks and all.
        long = renderer.length(ChatMessage("assistant", reply))
        found.append((reply, long < wanted["max_new_tokens"]))
    return found


def score(
    asked: Sequence[Question], said: Sequence[tuple[str, bool]], own: Sequence[str]
) -> dict[str, float]:
    """Shares of the replies, see above, and how far their voice lies from the person's."""
    replies = [reply for reply, _ in said]
    count = len(replies)

    def share(held: Sequence[bool]) -> float:
        return sum(held) / len(held)

    topic = [
        any(word in reply for word in MATTERS[question.matter])
        for question, reply in zip(asked, replies, strict=True)
    ]
    return {
        "style": share([bool(r) and all(_ending(b) for b in r.split("\n")) for r in replies]),
        "topic": share(topic[:_QUESTIONS]),
        "topic_new": share(topic[_QUESTIONS:]),
        "ends": share([ended for _, ended in said]),
        "clean": share([not _STRAY.search(reply) for reply in replies]),
        "distinct": len(set(replies)) / count,
        "verbatim": share([reply in set(own) for reply in replies]),
        "apart": style_distance(style_profile(replies), style_profile(own)),
    }


def _ending(bubble: str) -> bool:
    return bool(re.search(_ENDING.pattern + "$", bubble))


SCORES = ("style", "topic", "topic_new", "ends", "clean", "distinct", "verbatim", "apart")


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
    asked = questions()
    rows: list[dict[str, Any]] = []
    print(
        f"{'messages':>9}  {'recipe':20}" + "".join(f"{name:>10}" for name in SCORES) + f"{'s':>8}"
    )
    for size, names in sizes.items():
        for recipe in (each for each in RECIPES if each.name in names):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                own = write_room(folder / "room.txt", size)
                home = Home(folder / "home")
                runs, seconds, told = learn(home, folder / "room.txt", args.base, recipe)
                said = answers(home, runs, args.base, asked)
            row = {"messages": size, "recipe": recipe.name, "seconds": seconds, "training": told}
            rows.append({**row, **score(asked, said, own)})
            show(rows[-1])
            if args.replies:
                for question, (reply, _) in zip(asked, said, strict=True):
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
