"""What a dataset was built from, and what of it has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from kakaobot.dataset.build_report import BuildReport
from kakaobot.display_name import display_name
from kakaobot.exports.histories import RoomSources
from kakaobot.language import tr
from kakaobot.settings import Settings

_NAMES = "names"
_PICKS = ("data.room", "data.persona")
_ALL_ROOMS, _WHOLE_ROOM = tr("가져온 모든 방"), tr("방 전체")
_OTHER_PICK = tr("배울 대화는 '{built}' 용인데 지금 고른 것은 '{picked}' 입니다.")
_NEW_FILES = tr("배울 대화를 만든 뒤 가져온 파일이 {count}개 있습니다.")
_OTHER_NAMES = tr("배울 대화를 만든 뒤 사람 이름을 합치거나 나누었습니다.")
_OTHER_SETTINGS = tr("배울 대화를 만든 뒤 바뀐 설정이 있습니다: {settings}.")


def inputs_of(settings: Settings, sources: RoomSources) -> dict[str, str]:
    """Digests of what a build depends on besides the exports, by setting.

    Args:
        settings: as the build sees them, with pseudonyms if it has them.
        sources: of the rooms in question.
    """
    data = settings.data.model_dump(mode="json")
    if settings.data.pseudonyms:
        # The digest lies beside the rows, and a single name could be guessed from it.
        del data["mask_words"]
    values: dict[str, object] = {f"data.{key}": value for key, value in data.items()}
    values |= {
        "project.seed": settings.project.seed,
        "training.max_seq_len": settings.training.max_seq_len,
        _NAMES: sources.names,
    }
    return {key: _digest(value) for key, value in values.items()}


def changes_since(
    report: BuildReport, settings: Settings, inputs: Mapping[str, str], sources: RoomSources
) -> tuple[str, ...]:
    """Korean sentences on what has changed since a build; none if it is up to date.

    Args:
        report: of the build. One of an older version tells room and persona only.
        settings: as they are now, with real names.
        inputs: of a build that would begin now.
        sources: of the rooms that it would read.
    """
    before = report.inputs or {
        **inputs,
        **({} if report.has_pseudonyms else _picks(report.room, report.persona)),
    }
    changed = [key for key in inputs if inputs[key] != before.get(key)]
    sentences = []
    if any(pick in changed for pick in _PICKS):
        picked = pick_text(settings.data.room, settings.data.persona)
        sentences.append(
            _OTHER_PICK.format(built=pick_text(report.room, report.persona), picked=picked)
        )
    if added := sources.files.difference(report.sources):
        sentences.append(_NEW_FILES.format(count=len(added)))
    elif _NAMES in changed and not sentences:
        sentences.append(_OTHER_NAMES)
    if others := [key for key in changed if key not in (*_PICKS, _NAMES)]:
        sentences.append(_OTHER_SETTINGS.format(settings=", ".join(others)))
    return tuple(sentences)


def pick_text(room: str, persona: str) -> str:
    """Whom a dataset imitates, in Korean: `별빛 모임 · 도담`."""
    return f"{display_name(room) or _ALL_ROOMS} · {display_name(persona) or _WHOLE_ROOM}"


def _picks(room: str, persona: str) -> dict[str, str]:
    return {key: _digest(value) for key, value in zip(_PICKS, (room, persona), strict=True)}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
