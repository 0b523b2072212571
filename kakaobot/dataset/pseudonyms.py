"""Pseudonyms of participants: invented, stored, and applied to histories and settings.

data/raw/pseudonyms.json holds the salt and everybody's pseudonym. Only this module writes it, and
only the user may read it. If it is lost, everybody gets a new pseudonym.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock, Timeout

from kakaobot.atomic_io import parse_json, retry_rename, with_drafts
from kakaobot.config import Home
from kakaobot.dataset.name_replacement import NameReplacer, split_words
from kakaobot.errors import DatasetError
from kakaobot.exports.aliases import resolve_aliases
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.messages import MappedMessages
from kakaobot.exports.participants import EXPORTER_NAMES, find_bots
from kakaobot.language import tr
from kakaobot.schema import Message
from kakaobot.settings import Settings

_FILE_NAME, _LOCK_NAME = "pseudonyms.json", ".pseudonyms.lock"
_BOT_SUFFIX = " 로봇"
"""Keeps bots recognizable by their pseudonym."""
_LOCK_TIMEOUT = 30
"""Seconds to wait for another process that assigns pseudonyms."""


# Changing these lists, or their order, would rename everybody in newly made data.
_ADJECTIVES = split_words(
    "파란 빨간 노란 하얀 까만 푸른 붉은 둥근 작은 커다란 조용한 씩씩한 느긋한 재빠른 "
    "상냥한 포근한 반짝이는 졸린 배고픈 부지런한 수줍은 용감한 엉뚱한 다정한 똑똑한 "
    "신나는 가벼운 튼튼한 깔끔한 향긋한 달콤한 시원한 따뜻한 보드라운 말랑한 촉촉한 날쌘 "
    "점잖은 명랑한 얌전한 웃는 노래하는 춤추는 꿈꾸는 헤엄치는 달리는 걷는 나는 쉬는 "
    "산책하는 여행하는 책읽는 새침한 듬직한 유쾌한 순한 기운찬 너그러운 해맑은 산뜻한 "
    "은빛 금빛 보랏빛 무지갯빛 "
)
_ANIMALS = split_words(
    "고래 여우 토끼 다람쥐 부엉이 펭귄 수달 사슴 고양이 강아지 너구리 두루미 참새 까치 "
    "거북이 돌고래 물개 판다 코알라 기린 코끼리 얼룩말 사자 호랑이 표범 늑대 곰 오소리 "
    "족제비 담비 청설모 햄스터 고슴도치 두더지 박쥐 독수리 매 갈매기 오리 거위 백조 공작 "
    "앵무새 딱따구리 제비 꾀꼬리 나비 잠자리 반딧불이 무당벌레 꿀벌 개구리 도롱뇽 두꺼비 "
    "해달 바다표범 낙타 라마 알파카 염소 송아지 망아지 병아리 캥거루 "
)
_PLAIN_ATTEMPTS = 64
"""Attempts per name before numbered pseudonyms; 4,096 word pairs suffice for most rooms."""
_NONE: Mapping[str, str] = MappingProxyType({})


def invent_pseudonyms(
    names: Iterable[str], salt: str, assigned: Mapping[str, str] = _NONE
) -> dict[str, str]:
    """Name → pseudonym ("파란 고래"), unique and different from every name.

    A name's first choice depends on the name and the salt only, and a later choice is taken only
    on a collision, so that a new participant leaves nearly all pseudonyms unchanged.

    Args:
        names: names that need a pseudonym.
        salt: secret; without it anybody could compute whose pseudonym it is.
        assigned: pseudonyms assigned before, which are kept.
    """
    everybody = set(names)
    pseudonyms = {
        name: assigned[name]
        for name in everybody & assigned.keys()
        if assigned[name] not in everybody
    }
    waiting = sorted(everybody - pseudonyms.keys())
    taken = everybody | set(assigned.values())
    attempt = 0
    while waiting:
        choices: dict[str, list[str]] = {}
        for name in waiting:
            choices.setdefault(_choice(name, salt, attempt), []).append(name)
        waiting = []
        for choice, rivals in choices.items():
            # Sorted, so that the winner of a collision does not depend on a third name.
            rivals.sort()
            has_name = bool(everybody & set(choice.split()))
            if choice not in taken and (attempt >= _PLAIN_ATTEMPTS or not has_name):
                taken.add(choice)
                pseudonyms[rivals.pop(0)] = choice
            waiting += rivals
        attempt += 1
    return dict(sorted(pseudonyms.items()))


def _choice(name: str, salt: str, attempt: int) -> str:
    adjective, animal = divmod(_hash(name, salt, str(attempt)), len(_ANIMALS))
    choice = f"{_ADJECTIVES[adjective % len(_ADJECTIVES)]} {_ANIMALS[animal]}"
    number = attempt - _PLAIN_ATTEMPTS + 2
    return choice if attempt < _PLAIN_ATTEMPTS else f"{choice} {number}"


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


@dataclass(frozen=True)
class _StoredPseudonyms:
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    names: Mapping[str, str] = field(default_factory=dict)


def pseudonym_places(raw: Path) -> list[Path]:
    """The files of a store that exist, drafts and the lock included."""
    return [*with_drafts(raw / _FILE_NAME), *with_drafts(raw / _LOCK_NAME)]


class PseudonymStore:
    """The pseudonyms of one home."""

    def __init__(self, home: Home) -> None:
        self._raw = home.folder(home.settings().paths.raw)
        self._file = self._raw / _FILE_NAME

    def known(self) -> dict[str, str]:
        """Name → pseudonym, as assigned so far.

        Raises:
            DatasetError: the file cannot be read. It is left alone, as it cannot be recreated.
        """
        return dict(self._read().names)

    def names(self, others: Iterable[str] = ()) -> dict[str, str]:
        """Name → pseudonym of everybody; assigns and stores the missing ones.

        A confirmed alias gets the pseudonym of the name it belongs to.

        Args:
            others: names needed besides the participants of all rooms.

        Raises:
            DatasetError: the file cannot be read or written.
            ExportError: no file of any room is intact.
        """
        store = FileStore(self._raw)
        participants = {name for room in RoomHistories(store).summaries() for name in room.people}
        participants = {*participants, *others} - {""}
        pseudonyms = self._assign(participants)
        aliases = {
            alias: pseudonyms[name]
            for confirmed in store.load_aliases().values()
            for alias, name in resolve_aliases(confirmed).items()
            if name in pseudonyms
        }
        return {**aliases, **{name: pseudonyms[name] for name in participants}}

    def _assign(self, participants: set[str]) -> dict[str, str]:
        """Store pseudonyms of new participants; return all."""
        bot_names = set(find_bots(participants))
        try:
            self._raw.mkdir(parents=True, exist_ok=True)
            with FileLock(self._raw / _LOCK_NAME, timeout=_LOCK_TIMEOUT):
                stored = self._read()
                plain = {
                    name: pseudonym.removesuffix(_BOT_SUFFIX)
                    for name, pseudonym in stored.names.items()
                }
                invented = {
                    name: pseudonym + _BOT_SUFFIX if name in bot_names else pseudonym
                    for name, pseudonym in invent_pseudonyms(
                        participants, stored.salt, plain
                    ).items()
                }
                names = {**stored.names, **invented}
                if names != stored.names:
                    self._write(_StoredPseudonyms(stored.salt, dict(sorted(names.items()))))
        except (OSError, Timeout) as error:
            raise DatasetError(
                tr(
                    "지어낸 이름을 {file} 에 적지 못했습니다. 그 폴더에 쓸 수 있는지, 디스크에 "
                    "자리가 있는지 확인하고 다시 해 주세요."
                ).format(file=self._file)
            ) from error
        return names

    def _read(self) -> _StoredPseudonyms:
        try:
            data = parse_json(self._file.read_text(encoding="utf-8"))
            return _StoredPseudonyms(
                str(data["salt"]),
                {str(name): str(pseudonym) for name, pseudonym in data["names"].items()},
            )
        except FileNotFoundError:
            return _StoredPseudonyms()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                tr(
                    "지어낸 이름을 적어 둔 파일 {file} 을 읽을 수 없습니다. 그 파일을 고치거나, "
                    "다른 이름으로 바꾸면 모두에게 이름을 새로 지어 줍니다."
                ).format(file=self._file)
            ) from error

    def _write(self, stored: _StoredPseudonyms) -> None:
        draft = self._file.with_name(f"{self._file.name}.new")
        draft.unlink(missing_ok=True)
        text = json.dumps(
            {"salt": stored.salt, "names": stored.names}, ensure_ascii=False, indent=1
        )
        # Mode 0600 from the start: only the user may learn who is who.
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            retry_rename(lambda: draft.replace(self._file))
        except BaseException:
            # It holds real names.
            draft.unlink(missing_ok=True)
            raise


class Pseudonymizer:
    """Replaces real names with pseudonyms in histories and settings."""

    def __init__(self, names: Mapping[str, str], settings: Settings) -> None:
        """`names`: name → pseudonym."""
        # Masked words are left alone, so that masking finds them.
        ignored = {*EXPORTER_NAMES, *settings.data.mask_words}
        self._replacer = NameReplacer(names, ignored=ignored)
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """The settings with pseudonyms, matching the pseudonymized histories."""
        data = self._settings.data
        update = {
            "room": self._room(data.room),
            "persona": self._replacer.replace_name(data.persona),
            "exclude_people": tuple(map(self._replacer.replace_name, data.exclude_people)),
        }
        return self._settings.model_copy(update={"data": data.model_copy(update=update)})

    def pseudonymize(self, history: RoomHistory) -> RoomHistory:
        """Replace names in senders, texts and the room's name, and file names with numbers."""
        room = self._room(history.room)
        # Exports are named after their room, and file names end up in the turn ids of rows.
        files = dict.fromkeys(message.file for message in history.messages)
        numbers = {file: str(number) for number, file in enumerate(files, 1)}

        def replace_names(message: Message) -> Message:
            return message._replace(
                sender=self._replacer.replace_name(message.sender),
                text=self._replacer.replace(message.text),
                room=room,
                file=numbers[message.file],
            )

        return RoomHistory(
            room, MappedMessages(history.messages, replace_names, self._replacer.replace_name)
        )

    def replace_names(self, text: str) -> str:
        """A text with pseudonyms."""
        return self._replacer.replace(text)

    def _room(self, room: str) -> str:
        """Pseudonym of a room's name, which is often that of a participant."""
        name = self._replacer.replace_name(room)
        return name if name != room else self._replacer.replace(room)
