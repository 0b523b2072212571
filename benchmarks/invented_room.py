"""Rooms of three invented people, questions about them, and what makes a reply a good one.

One of the three, 다온, has an unmistakable style: every bubble ends in -용, -당 or -냥, and most
replies begin with a tilde. Friends ask about one of twelve topics, each with its own words, and
다온 answers with these. So style, topic and copying can be counted without a judge.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

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
ASKED = (
    "{} 얘기 좀 해봐",
    "요즘 {} 어때?",
    "{} 뭐가 좋을까?",
    "다온아 {} 생각해 봤어?",
    "{} 어떻게 할 거야?",
)
NEVER_ASKED = (
    "혹시 {} 쪽은 어떻게 됐어",
    "나 {} 때문에 고민인데",
    "오늘은 {}에 대해서 말해줘",
    "다들 {} 타령이던데 너도 그래?",
    "{}라면 역시 그거지",
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


class Question(NamedTuple):
    text: str
    topic: str
    asked: bool
    """Whether it is phrased as in the room."""


def write_room(path: Path, messages: int, *, seed: int = 11) -> list[str]:
    """Write a Windows export of at least `messages` messages; return 다온's turns."""
    rng = random.Random(seed)
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
        yield asker, [rng.choice(ASKED).format(topic)]
        if rng.random() < 0.4:
            yield other, [rng.choice(SMALL_TALK)]
        words = rng.sample(TOPICS[topic], 2)
        yield PERSON, [bubble.format(*words) for bubble in rng.choice(ANSWERS)]
        if rng.random() < 0.5:
            yield asker, [rng.choice(SMALL_TALK)]


def make_questions() -> list[Question]:
    """Each topic in five phrases of the room, then in five that nobody in it ever used."""
    return [
        Question(phrase.format(topic), topic, asked=phrases is ASKED)
        for phrases in (ASKED, NEVER_ASKED)
        for phrase in phrases
        for topic in sorted(TOPICS)
    ]


def in_style(reply: str) -> bool:
    """Whether every bubble ends as 다온's do."""
    return bool(reply) and all(_ENDING.search(bubble) for bubble in reply.split("\n"))


def on_topic(reply: str, question: Question) -> bool:
    """Whether it holds a word of the topic in question."""
    return any(word in reply for word in TOPICS[question.topic])


def is_clean(reply: str) -> bool:
    """Whether it is of Hangul, digits and punctuation only."""
    return not _STRAY.search(reply)
