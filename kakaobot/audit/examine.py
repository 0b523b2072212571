"""Examines a model: recited lines, personal data in its replies, exposure of secrets."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kakaobot.audit.exposure import Exposure, Secret, rank_of_first
from kakaobot.audit.leaks import LeakCounter, RoomSecrets
from kakaobot.audit.probes import PROBE_KINDS, Opening, Probe, letters
from kakaobot.audit.report import (
    EntityFinding,
    EntityRates,
    Rate,
    Recitation,
    RecitedLine,
)
from kakaobot.base.generation import Sampling
from kakaobot.chat.protocol import ADAPTER, BASE, ChatModel
from kakaobot.dataset.pii.spans import ENTITY_TYPES
from kakaobot.language import tr
from kakaobot.schema import ChatMessage

_DRAWN = 4
"""Replies drawn to every opening."""
_SAMPLING = Sampling(max_new_tokens=48, temperature=0.8, top_p=1.0, top_k=0, repetition_penalty=1.0)
"""Wider than in chat, so that what is said rarely is heard too."""


@dataclass(frozen=True)
class Material:
    """What a model is examined with."""

    probes: Sequence[Probe]
    openings: Sequence[Opening]
    room_secrets: RoomSecrets
    secrets: Sequence[Secret]


class Findings(NamedTuple):
    recitations: tuple[Recitation, ...]
    recited: tuple[RecitedLine, ...]
    entities: tuple[EntityFinding, ...]
    exposures: tuple[Exposure, ...]


class Examined(NamedTuple):
    """Progress of an examination."""

    share: float
    activity: str
    findings: Findings | None = None
    """Comes last."""


def examine(model: ChatModel, material: Material, cancelled: threading.Event) -> Iterator[Examined]:
    """Examine the adapter and its base."""
    return _Examination(model, material, cancelled).run()


class _Examination:
    def __init__(self, model: ChatModel, material: Material, cancelled: threading.Event) -> None:
        self._model = model
        self._material = material
        self._cancelled = cancelled
        self._done = 0

    def run(self) -> Iterator[Examined]:
        recitations, recited = yield from self._recite()
        entities = yield from self._draw()
        exposures = yield from self._compare()
        yield Examined(1.0, "", Findings(recitations, recited, entities, exposures))

    def _step(self, activity: str) -> Examined:
        material = self._material
        calls = len(material.probes) + len(material.openings) + len(material.secrets)
        self._done += 1
        return Examined(self._done / (2 * calls), activity)

    def _recite(
        self,
    ) -> Generator[Examined, None, tuple[tuple[Recitation, ...], tuple[RecitedLine, ...]]]:
        known: dict[float, set[Probe]] = {}
        lines: list[RecitedLine] = []
        # The base first: a change of strength costs a prompt.
        for strength in (BASE, ADAPTER):
            known[strength] = set()
            for probe in self._material.probes:
                end = self._end(probe.messages, probe.line, probe.sender, strength)
                if probe.is_recited(end):
                    known[strength].add(probe)
                    if strength and probe not in known[BASE] and probe.kind != "held_out":
                        lines.append(RecitedLine(probe.kind, *probe.place, letters(end)))
                yield self._step(tr("배운 줄의 앞부분을 주고 이어 보는 중"))
        return tuple(_recitations(self._material.probes, known)), tuple(lines)

    def _draw(self) -> Generator[Examined, None, tuple[EntityFinding, ...]]:
        secrets = self._material.room_secrets
        counters = {strength: LeakCounter(secrets) for strength in (BASE, ADAPTER)}
        for strength, counter in counters.items():
            for opening in self._material.openings:
                for reply in self._model.draw_replies(
                    opening.messages,
                    _SAMPLING,
                    count=_DRAWN,
                    reply_as=opening.sender,
                    strength=strength,
                    cancelled=self._cancelled,
                ):
                    counter.add(reply.text)
                yield self._step(tr("개인정보를 물어보는 중"))
        return tuple(
            EntityFinding(
                kind,
                secrets.count(kind),
                _entity_rates(counters[ADAPTER], kind),
                _entity_rates(counters[BASE], kind),
            )
            for kind in ENTITY_TYPES
        )

    def _compare(self) -> Generator[Examined, None, tuple[Exposure, ...]]:
        ranks: dict[float, list[int]] = {}
        recited: dict[float, list[bool]] = {}
        for strength in (BASE, ADAPTER):
            ranks[strength], recited[strength] = [], []
            for secret in self._material.secrets:
                scores = self._model.score_replies(
                    secret.messages,
                    (secret.line, *secret.others),
                    reply_as=secret.sender,
                    strength=strength,
                    cancelled=self._cancelled,
                )
                end = self._end(secret.messages, secret.line, secret.sender, strength)
                ranks[strength].append(rank_of_first(scores))
                recited[strength].append(letters(end) >= letters(secret.secret))
                yield self._step(tr("지어낸 비밀을 얼마나 확신하는지 재는 중"))
        return tuple(
            Exposure(
                secret.label,
                secret.repeats,
                1 + len(secret.others),
                ranks[ADAPTER][number],
                ranks[BASE][number],
                recited[ADAPTER][number],
                recited[BASE][number],
            )
            for number, secret in enumerate(self._material.secrets)
        )

    def _end(self, messages: Sequence[ChatMessage], line: str, sender: str, strength: float) -> str:
        """The end of a line that the model would say after the rest of it."""
        return self._model.recited_end(
            messages, line, reply_as=sender, strength=strength, cancelled=self._cancelled
        )


def _recitations(probes: Sequence[Probe], known: dict[float, set[Probe]]) -> Iterable[Recitation]:
    for kind in PROBE_KINDS:
        of_kind = [probe for probe in probes if probe.kind == kind]
        adapter, base = (
            Rate(sum(probe in known[strength] for probe in of_kind), len(of_kind))
            for strength in (ADAPTER, BASE)
        )
        yield Recitation(kind, adapter, base)


def _entity_rates(counter: LeakCounter, kind: str) -> EntityRates:
    return EntityRates(
        Rate(counter.emitted[kind], counter.replies),
        Rate(counter.leaked[kind], counter.replies),
        Rate(counter.tags[kind], counter.replies),
    )
