"""Canaries: invented secrets that a build plants on request, to measure what an adapter memorizes.

A canary is a question and an answer with three words drawn at random. How surely a model prefers
them to other words is the exposure of the secret (Carlini et al. 2019; `audit/exposure.py`).
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kakaobot.dataset.packing import to_chat_message
from kakaobot.schema import ChatMessage, Conversation, Turn

_PLACES = (
    *("다락방", "뒷마당", "은하수", "나루터", "솔숲", "등대", "물레방아", "돌담", "오두막", "옥상"),
    *("징검다리", "소나무", "우물가", "갈대밭", "사과밭", "전망대", "모래톱", "너럭바위", "나무집"),
    "빨간 우체통",
)
_LIST = (
    "살구 고래 자작 구름 바늘 호두 주전 두루 마늘 은빛 노을 달팽 수수 그네 이끼 보리 "
    "조약 나팔 호박 비단 열매 굴뚝 단풍 모래 거울 송편 토끼 파도 연필 난로 담쟁 풍선 "
    "대추 국자 안개 북어 참새 도롱 새벽 방울 우산 겨자 물감 가위 들깨 여울 오리 포도 "
    "장작 사슴 반달 미역 목화 조개 버선 수레 초롱 감자 맷돌 둥지 부채 석류 얼음 나비"
)
_WORDS = _LIST.split()
_SECRET_WORDS = 3
_REPEATS = (1, 4, 16)
"""How often the first, second and third canary are planted, and so on."""
_AT = datetime(2000, 1, 1)
MAX_CANARIES = len(_PLACES)


@dataclass(frozen=True)
class Canary:
    place: str
    secret: tuple[str, ...]
    repeats: int
    """Rows of the training split that hold it."""

    @property
    def question(self) -> str:
        return f"{self.place} 암호가 뭐였지"

    def answer(self, secret: Sequence[str] = ()) -> str:
        """The planted line, or the same line with another secret."""
        return f"{self.place} 암호는 {' '.join(secret or self.secret)}"


def invent_canaries(count: int, seed: int) -> tuple[Canary, ...]:
    """`count` canaries, at most `MAX_CANARIES`."""
    rng = random.Random(f"canaries {seed}")
    places = rng.sample(_PLACES, count)
    return tuple(
        Canary(place, _draw_secret(rng), _REPEATS[number % len(_REPEATS)])
        for number, place in enumerate(places)
    )


def other_secrets(canary: Canary, count: int, seed: int) -> list[tuple[str, ...]]:
    """`count` different secrets that might as well have been drawn."""
    rng = random.Random(f"{canary.place} {seed}")
    others = dict[tuple[str, ...], None]()
    while len(others) < count:
        secret = _draw_secret(rng)
        if secret != canary.secret:
            others[secret] = None
    return list(others)


def canary_messages(
    canary: Canary, *, persona: str, participants: Sequence[str], show_names: bool
) -> tuple[ChatMessage, ChatMessage]:
    """Question and answer, as rows of this persona or room hold them."""
    replies = persona or participants[0]
    asks = next((name for name in participants if name != replies), replies)
    question = Turn("", asks, (canary.question,), _AT, _AT)
    answer = Turn("", replies, (canary.answer(),), _AT, _AT)
    return (
        to_chat_message(question, persona=persona, show_names=show_names),
        to_chat_message(answer, persona=persona, show_names=show_names, is_target=True),
    )


def canary_rows(
    canaries: Sequence[Canary],
    room: str,
    *,
    persona: str,
    participants: Sequence[str],
    show_names: bool,
) -> Iterator[Conversation]:
    """Every canary as often as it is planted."""
    for canary in canaries:
        messages = canary_messages(
            canary, persona=persona, participants=participants, show_names=show_names
        )
        for number in range(canary.repeats):
            key = f"{canary.place}:{number + 1}"
            yield Conversation(
                id=hashlib.sha256(f"canary {key}".encode()).hexdigest()[:16],
                room=room,
                persona=persona,
                messages=messages,
                turns=(f"{key}:1", f"{key}:2"),
                at=(_AT.isoformat(), _AT.isoformat()),
            )


def canaries_to_json(canaries: Sequence[Canary]) -> str:
    return json.dumps([asdict(canary) for canary in canaries], ensure_ascii=False)


def canaries_from_json(raw: Any) -> tuple[Canary, ...]:
    """The canaries of a file; none if it is missing or damaged."""
    try:
        return tuple(
            Canary(str(item["place"]), tuple(map(str, item["secret"])), int(item["repeats"]))
            for item in raw
        )
    except (TypeError, KeyError, ValueError):
        return ()


def _draw_secret(rng: random.Random) -> tuple[str, ...]:
    return tuple(rng.sample(_WORDS, _SECRET_WORDS))
