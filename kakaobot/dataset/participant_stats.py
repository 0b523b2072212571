"""Who of a history can be learnt, and what to call people who shall not be named. Pure."""

from __future__ import annotations

import hashlib
import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Literal

from kakaobot.dataset import duplicates
from kakaobot.dataset.backchannels import BackchannelIndex
from kakaobot.dataset.filters import FilterRules
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.sessions import Sessions
from kakaobot.dataset.target_selection import select_targets
from kakaobot.schema import Progress, Turn, no_progress

Advice = Literal["enough", "few", "bot"]

ENOUGH_REPLIES = 200
"""Usable replies. Below this a small LoRA repeats the few replies it saw (public chat clones)."""
_BOT_TURNS = 30
"""Long turns before behaviour is judged: a new member's ten greetings prove nothing."""
_BOT_SAMPLE = 400
_BOT_LETTERS = 8
"""Letters of a turn that is looked at for templates; everybody says ㅋㅋ and 밥 먹었어 twice."""
_TEMPLATED = 0.6
_ONLY_TEMPLATES = 0.9
"""So much alone makes a program; people of a room repeat under a tenth of their long turns."""
_ANSWERS_OF_A_BOT = 0.1
_CLOCK_SHARE = 0.9
_CLOCK_TIMES = 24
"""A program that posts every hour knows so many times of day, one a day knows one."""
_TURNS_A_TIME = 3
_SIFTING, _COUNTING = 0.4, 0.8
"""The shares of the time that are gone when turns are counted, and when people are looked at."""
_BEAT = 10_000
"""Turns between two words of progress."""


@dataclass(frozen=True)
class ParticipantStats:
    name: str
    messages: int
    replies: int
    """Turns that are learnt when this person is."""
    median_chars: float
    """Of those replies; 0 where there are none."""
    answers: float
    """Share of the turns (0 to 1) that follow somebody else's within the session."""
    noise: float
    """Share of the turns (0 to 1) that the filters and the cap take."""
    advice: Advice
    sentence: str


class _ParticipantCounts:
    """What is known of one person while turns go by: a sample, and a few bytes a turn."""

    def __init__(self) -> None:
        self.turns = self.messages = self.answers = 0
        self.sizes = array("I")
        """Characters of the turns that the filters let through."""
        self.reactions = BackchannelIndex()
        """Those turns, by their place in `sizes`."""
        self.habits = BotDetector()

    def add(self, room: str, turn: Turn, *, answers: bool, is_target: bool) -> None:
        self.turns += 1
        self.messages += len(turn.lines)
        self.answers += answers
        self.habits.add(turn)
        if is_target:
            self.reactions.add(len(self.sizes), room, turn)
            self.sizes.append(len(turn.text))


def participant_stats(
    rooms: Mapping[str, Sessions],
    rules: FilterRules,
    *,
    enough: int = ENOUGH_REPLIES,
    progress: Progress = no_progress,
) -> list[ParticipantStats]:
    """Everybody who speaks, most usable replies first, then by name.

    Args:
        rooms: room → its sessions.
        rules: as they would be for learning; `rules.bots` are advised against by name.
        enough: replies that are worth a training.
        progress: told how far this is.
    """
    progress(0.0, "배우지 않을 말을 가려내는 중")
    judged = select_targets({room: each.turns for room, each in rooms.items()}, rules, capped=False)
    reasons = {room: each.reasons for room, each in judged.items()}
    people: dict[str, _ParticipantCounts] = {}
    progress(_SIFTING, "배울 수 있는 대답을 세는 중")
    done, everything = 0, sum(each.turns for each in reasons.values())
    for room, sessions in rooms.items():
        places = count()
        for session in sessions:
            if done // _BEAT != (done := done + len(session.turns)) // _BEAT:
                share = _SIFTING + (_COUNTING - _SIFTING) * done / everything
                progress(share, "배울 수 있는 대답을 세는 중")
            before = ""
            for turn in session.turns:
                if turn.sender not in people:
                    people[turn.sender] = _ParticipantCounts()
                people[turn.sender].add(
                    room,
                    turn,
                    answers=before not in ("", turn.sender),
                    is_target=next(places) not in reasons[room],
                )
                before = turn.sender
    found = []
    for number, (name, said) in enumerate(people.items()):
        progress(_COUNTING + (1 - _COUNTING) * number / len(people), "봇이 있는지 살펴보는 중")
        found.append(_speaker(name, said, rules, enough))
    return sorted(found, key=lambda each: (-each.replies, each.name))


def _speaker(
    name: str, said: _ParticipantCounts, rules: FilterRules, enough: int
) -> ParticipantStats:
    capped = set(said.reactions.surplus(rules.low_signal_share))
    sizes = [size for place, size in enumerate(said.sizes) if place not in capped]
    answers = said.answers / said.turns
    by_name = name in rules.bots
    if by_name or said.habits.is_bot(answers):
        why = "이름이 봇" if by_name else "같은 틀의 말을 기계처럼 되풀이"
        advice: Advice = "bot"
        sentence = f"봇으로 보임 ({why}): 배우지 말고 빼는 것이 좋습니다."
    elif len(sizes) < enough:
        advice = "few"
        sentence = f"부족: 배울 대답이 {enough - len(sizes):,}개 더 필요합니다."
    else:
        advice, sentence = "enough", f"충분: 배울 대답이 {len(sizes):,}개 있습니다."
    return ParticipantStats(
        name=name,
        messages=said.messages,
        replies=len(sizes),
        median_chars=statistics.median(sizes) if sizes else 0.0,
        answers=answers,
        noise=1 - len(sizes) / said.turns,
        advice=advice,
        sentence=sentence,
    )


class BotDetector:
    """What one sender's turns are like, in which a program differs from people."""

    def __init__(self) -> None:
        self._turns = 0
        # Evenly over the time: a million turns tell no more than a few hundred.
        self._sample = EvenSampler[str](_BOT_SAMPLE)
        self._times = Counter[tuple[int, int]]()

    def add(self, turn: Turn) -> None:
        """One more turn of the sender."""
        self._turns += 1
        self._sample.add(turn.text)
        self._times[turn.start.hour, turn.start.minute] += 1

    def is_bot(self, answers: float) -> bool:
        """Whether the turns look like a program's, whatever its name.

        Two of three signs are needed: most long turns are of one template, nobody is ever answered,
        and nearly all turns come at the same few times of day. Nothing but templates is enough
        alone: that is a program that greets or obeys.

        Args:
            answers: share of the turns that follow somebody else's.
        """
        sample = self._sample.items()
        plain = [duplicates.normalize_letters(text) for text in sample]
        long = [text for text in plain if len(text) >= _BOT_LETTERS]
        if len(long) < max(_BOT_TURNS, len(sample) / 2):
            return False
        templated = _templated(long)
        signs = (
            templated >= _TEMPLATED,
            answers <= _ANSWERS_OF_A_BOT,
            self._like_clockwork,
        )
        return templated >= _ONLY_TEMPLATES or sum(signs) >= 2

    @property
    def _like_clockwork(self) -> bool:
        needed, used = _CLOCK_SHARE * self._turns, 0
        for number, (_, times) in enumerate(self._times.most_common(), 1):
            used += times
            if used >= needed:
                return number <= min(_CLOCK_TIMES, self._turns / _TURNS_A_TIME)
        return False


def _templated(texts: Sequence[str]) -> float:
    """Share of texts that are near-duplicates of two others at least."""
    found = duplicates.duplicate_groups(texts, min_chars=_BOT_LETTERS)
    return sum(len(group) for group in found if len(group) >= 3) / len(texts)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ADJECTIVES = _words(
    "파란 빨간 노란 하얀 까만 푸른 붉은 둥근 작은 커다란 조용한 씩씩한 느긋한 재빠른 "
    "상냥한 포근한 반짝이는 졸린 배고픈 부지런한 수줍은 용감한 엉뚱한 다정한 똑똑한 "
    "신나는 가벼운 튼튼한 깔끔한 향긋한 달콤한 시원한 따뜻한 보드라운 말랑한 촉촉한 날쌘 "
    "점잖은 명랑한 얌전한 웃는 노래하는 춤추는 꿈꾸는 헤엄치는 달리는 걷는 나는 쉬는 "
    "산책하는 여행하는 책읽는 새침한 듬직한 유쾌한 순한 기운찬 너그러운 해맑은 산뜻한 "
    "은빛 금빛 보랏빛 무지갯빛 "
)
_ANIMALS = _words(
    "고래 여우 토끼 다람쥐 부엉이 펭귄 수달 사슴 고양이 강아지 너구리 두루미 참새 까치 "
    "거북이 돌고래 물개 판다 코알라 기린 코끼리 얼룩말 사자 호랑이 표범 늑대 곰 오소리 "
    "족제비 담비 청설모 햄스터 고슴도치 두더지 박쥐 독수리 매 갈매기 오리 거위 백조 공작 "
    "앵무새 딱따구리 제비 꾀꼬리 나비 잠자리 반딧불이 무당벌레 꿀벌 개구리 도롱뇽 두꺼비 "
    "해달 바다표범 낙타 라마 알파카 염소 송아지 망아지 병아리 캥거루 "
)
_CHANCES = 64
"""Pseudonyms a name may take before one with a number; 4,096 pairs suffice for most rooms."""
_NOBODY: Mapping[str, str] = MappingProxyType({})


def pseudonyms(
    names: Iterable[str], salt: str, given: Mapping[str, str] = _NOBODY
) -> dict[str, str]:
    """Name → an invented one ("파란 고래"), no two alike and none the name of somebody here.

    A name's first choice depends on itself and the salt alone. Only where two want the same must
    one of them take its next, so adding somebody leaves nearly all others as they were.

    Args:
        names: all that need one.
        salt: what nobody else knows, or anybody could look up whose pseudonym this is.
        given: pseudonyms that were given out before, which stay as they are.
    """
    everybody = set(names)
    kept = {name: given[name] for name in everybody & given.keys()}
    kept = {name: invented for name, invented in kept.items() if invented not in everybody}
    waiting = sorted(everybody - kept.keys())
    taken = everybody | set(given.values())
    found = dict(kept)
    chance = 0
    while waiting:
        wishes: dict[str, list[str]] = {}
        for name in waiting:
            wishes.setdefault(_wish(name, salt, chance), []).append(name)
        waiting = []
        for wish, rivals in wishes.items():
            # Who of two goes first must not depend on a third.
            rivals.sort()
            if wish not in taken and (chance >= _CHANCES or not everybody & set(wish.split())):
                taken.add(wish)
                found[rivals.pop(0)] = wish
            waiting += rivals
        chance += 1
    return {name: found[name] for name in sorted(found)}


def _wish(name: str, salt: str, chance: int) -> str:
    adjective, animal = divmod(_number(name, salt, str(chance)), len(_ANIMALS))
    wish = f"{_ADJECTIVES[adjective % len(_ADJECTIVES)]} {_ANIMALS[animal]}"
    return wish if chance < _CHANCES else f"{wish} {chance - _CHANCES + 2}"


def _number(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:8], "big")
