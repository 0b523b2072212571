"""Where everything is that this program has stored, how large it is, and what it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kakaobot.app.api_keys import KEYS_FILE
from kakaobot.app.consent import Consent
from kakaobot.app.start_lock import START_LOCK
from kakaobot.atomic_io import with_drafts
from kakaobot.base.download import byte_text
from kakaobot.base.hub import cache_places
from kakaobot.base.selection import AUTO_BASES
from kakaobot.chat.store_file import store_places
from kakaobot.config import Home
from kakaobot.dataset.artifacts import artifact_places
from kakaobot.dataset.feedback import FEEDBACK_FOLDER
from kakaobot.dataset.pseudonyms import pseudonym_places
from kakaobot.display_name import display_name
from kakaobot.errors import ConfigError, KakaobotError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.paths import archive_folders
from kakaobot.language import tr
from kakaobot.publish.target_folder import (
    CONVERTED_FOLDER,
    PUBLISHED_FOLDER,
    published_places,
)
from kakaobot.runs.quiz_log import QUIZ_FILE
from kakaobot.runs.run import Run, Runs
from kakaobot.train.run_config import base_of

StoredKind = Literal[
    "exports", "dataset", "run", "quiz", "chats", "feedback", "archive", "uploads", "consent",
    "base", "converted", "published", "keys", "state", "settings", "password",
]  # fmt: skip
_STAYS: dict[StoredKind, str] = {
    "state": tr("누구의 말도 들어 있지 않고, 프로그램이 켜져 있는 동안 씁니다. 지우지 않습니다."),
    "settings": tr("지우지 않습니다. 고른 방과 사람의 이름이 적혀 있으면 그 칸을 비우세요."),
    "password": tr("비밀번호입니다. 지우지 않습니다."),
}
_TITLES: dict[StoredKind, tuple[str, str]] = {
    "exports": (
        tr("가져온 대화"),
        tr("가져온 원본, 방과 달로 정리한 것, 합친 이름과 지어낸 이름"),
    ),
    "dataset": (tr("배울 대화"), tr("가져온 대화에서 배울 것만 골라 바꾼 것과 그 보고서")),
    "run": (
        tr("학습 {name}"),
        tr("배운 말투와 저장본, 학습 기록, 검증 때의 대답. 방의 말을 외웠을 수 있습니다."),
    ),
    "quiz": (
        tr("진짜는 누구? 의 답"),
        tr("고른 답과 그때 보인 말. 학습 폴더마다 하나씩 있습니다."),
    ),
    "chats": (tr("저장한 대화"), tr("챗봇과 나눈 대화")),
    "feedback": (tr("고친 말"), tr("대화에서 고친 말과, 다시 배우려고 그것으로 만든 것")),
    "archive": (tr("보관함"), tr("목록에서 뺀 파일과, 치워 둔 데이터와 학습")),
    "uploads": (tr("올리던 파일"), tr("가져오기 전에 잠시 두는 곳. 프로그램을 끝내면 비웁니다.")),
    "consent": (tr("동의 기록"), tr("누가 언제 무엇을 확인했는지")),
    "base": (tr("바탕 모델 {name}"), tr("내려받은 공개 모델. 누구의 말도 들어 있지 않습니다.")),
    "converted": (
        tr("바꾼 바탕 모델"),
        tr("내보낼 때 GGUF 로 바꾼 공개 모델. 누구의 말도 들어 있지 않습니다."),
    ),
    "published": (
        tr("내보낸 모델"),
        tr("다른 프로그램에서 쓰려고 내보낸 것. 다른 폴더에 내보낸 것은 여기 없습니다."),
    ),
    "keys": (
        tr("API 키"),
        tr("다른 프로그램이 대답을 청하는 키. 지우면 그 프로그램들은 바로 쓰지 못합니다."),
    ),
    "state": (
        tr("프로그램의 기록"),
        tr("창의 주소와 다시 켰을 때 이어질 창, 비밀번호를 틀린 횟수, 밖으로 나간 요청"),
    ),
    "settings": (tr("설정"), tr("configs/sft.yaml 에 적힌 값")),
    "password": (tr("비밀번호"), tr(".env 에 적힌 비밀번호")),
}
"""Kind → title and what it is."""
_NAMES: dict[StoredKind, str] = {
    kind: title.replace(" ", "").replace("?", "").replace("{name}", "")
    for kind, (title, _) in _TITLES.items()
}
_BASE_NOTE = tr("다른 프로그램도 함께 쓰는 폴더에 있습니다.")


@dataclass(frozen=True)
class StoredThing:
    """Something that is stored, and can be erased on its own."""

    kind: StoredKind
    name: str
    """As it is typed to erase it: `가져온대화`, `학습/main`."""
    title: str
    about: str
    place: str
    """Its folder or file; relative to the home, if it is inside."""
    path: Path
    """The same, absolute."""
    roots: tuple[Path, ...]
    """Files, and folders that belong to it as a whole."""
    files: int
    size: int
    """Bytes. A file with two names counts once."""
    detail: str = ""
    """Korean: what of it there is."""

    @property
    def subject(self) -> str:
        """Name of the run or the base model; empty for what there is one of."""
        return self.name.partition("/")[2]

    @property
    def is_erasable(self) -> bool:
        return self.kind not in _STAYS

    @property
    def stays(self) -> str:
        """Korean: why it is not erased; empty if it can be."""
        return _STAYS.get(self.kind, "")

    @property
    def is_personal(self) -> bool:
        """Whether it goes when everything is erased: anybody's words, or what was made of them."""
        return self.is_erasable and self.kind not in ("base", "converted")

    @property
    def note(self) -> str:
        return _BASE_NOTE if self.kind == "base" else self.stays


class Storage:
    """The stored things of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def things(self) -> list[StoredThing]:
        """All that exist; those that hold words first, those that stay last.

        Raises:
            ConfigError: the settings cannot be read, which name the folders.
        """
        return [thing for thing in self._all() if thing.files]

    def find(self, names: Sequence[str]) -> list[StoredThing]:
        """Things that can be erased, by name.

        Raises:
            ConfigError: there is none of such a name, or it stays.
        """
        things = {thing.name: thing for thing in self.things()}
        for name in names:
            if name not in things:
                known = ", ".join(n for n, thing in things.items() if thing.is_erasable) or tr(
                    "없음"
                )
                shown = display_name(name)
                raise ConfigError(
                    tr("'{shown}' 은(는) 지금 없습니다. 지울 수 있는 것: {known}").format(
                        shown=shown, known=known
                    )
                )
            if not things[name].is_erasable:
                raise ConfigError(f"'{things[name].title}' — {things[name].stays}")
        return [things[name] for name in dict.fromkeys(names)]

    def personal(self) -> list[StoredThing]:
        """What goes when everything is erased."""
        return [thing for thing in self.things() if thing.is_personal]

    def containers(self) -> list[Path]:
        """Folders that hold nothing else, and are removed once they are empty."""
        paths = self._home.settings().paths
        folders = (paths.raw, paths.sft, paths.archive, paths.chats, paths.runs)
        fixed = (FEEDBACK_FOLDER, PUBLISHED_FOLDER, CONVERTED_FOLDER)
        return [self._home.folder(folder) for folder in (*folders, *fixed)]

    def home_folder(self) -> str:
        return str(self._home.root)

    def runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))

    def place(self, path: Path) -> str:
        """A path as it is shown."""
        try:
            return path.relative_to(self._home.root).as_posix()
        except ValueError:
            return str(path)

    def _all(self) -> Iterator[StoredThing]:
        home, paths = self._home, self._home.settings().paths
        raw, runs = home.folder(paths.raw), self.runs()
        exports = [*FileStore(raw).places(), *pseudonym_places(raw)]
        yield self._thing("exports", raw, exports, detail=_export_detail(exports))
        sft = home.folder(paths.sft)
        yield self._thing("dataset", sft, artifact_places(sft))
        folders = runs.folders()
        for folder in folders:
            yield self._thing("run", folder, [folder], folder.name)
        quizzes = [folder / QUIZ_FILE for folder in folders]
        yield self._thing("quiz", runs.folder, quizzes)
        chats = home.folder(paths.chats)
        yield self._thing("chats", chats, store_places(chats))
        feedback = home.folder(FEEDBACK_FOLDER)
        yield self._thing("feedback", feedback, [feedback])
        archive = home.folder(paths.archive)
        yield self._thing("archive", archive, archive_folders(archive))
        yield self._thing("uploads", home.upload_folder, [home.upload_folder])
        consent = Consent(home).file
        yield self._thing("consent", consent, with_drafts(consent))
        for name in self._base_names(folders):
            if places := cache_places(name):
                yield self._thing("base", places[0], places, name)
        converted, published = map(home.folder, (CONVERTED_FOLDER, PUBLISHED_FOLDER))
        yield self._thing("converted", converted, [converted])
        yield self._thing("published", published, published_places(published))
        redirect = home.root / "data" / "open.html"
        keys = with_drafts(home.state_folder / KEYS_FILE)
        yield self._thing("keys", home.state_folder / KEYS_FILE, keys)
        own = [path for path in _entries(home.state_folder) if path not in keys]
        state = [*own, *with_drafts(redirect), runs.folder / START_LOCK]
        yield self._thing("state", home.state_folder, state)
        yield self._thing("settings", home.settings_file, with_drafts(home.settings_file))
        yield self._thing("password", home.env_file, with_drafts(home.env_file))

    def _base_names(self, runs: Sequence[Path]) -> list[str]:
        """Of the hub's models that this program chooses, is told to use, or has used."""
        named = [self._home.settings().model.base_model, *AUTO_BASES]
        for folder in runs:
            try:
                named.append(base_of(Run(folder)).name)
            except KakaobotError:
                continue
        return sorted(set(named))

    def _thing(
        self,
        kind: StoredKind,
        path: Path,
        roots: Sequence[Path],
        name: str = "",
        *,
        detail: str = "",
    ) -> StoredThing:
        title, about = _TITLES[kind]
        found = list(files_of(roots))
        return StoredThing(
            kind=kind,
            name=f"{_NAMES[kind]}/{name}" if name else _NAMES[kind],
            title=title.format(name=display_name(name)),
            about=about,
            place=self.place(path),
            path=path,
            roots=tuple(roots),
            files=len(found),
            size=size_of(found),
            detail=detail,
        )


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def files_of(roots: Iterable[Path]) -> Iterator[Path]:
    """The files of folders and files; of a link in a folder, the link itself."""
    for root in roots:
        if root.is_dir():
            for folder, folders, names in os.walk(root):
                paths = [Path(folder, name) for name in folders]
                yield from (Path(folder, name) for name in names)
                yield from (path for path in paths if path.is_symlink())
        elif os.path.lexists(root):
            yield root


def size_of(files: Iterable[Path]) -> int:
    """Bytes of files; one with several names, or in several things, counts once."""
    sizes = {}
    for file in files:
        try:
            stat = file.lstat()
        except OSError:
            continue
        sizes[(stat.st_dev, stat.st_ino) if stat.st_ino else file] = stat.st_size
    return sum(sizes.values())


def size_text(count: int) -> str:
    """Bytes: `35B`, `12KB`, `1.2GB`."""
    return f"{count}B" if count < 1000 else byte_text(count)


def total_size(things: Iterable[StoredThing]) -> int:
    """Bytes of several things, of which one may be within another."""
    return size_of(file for thing in things for file in files_of(thing.roots))


def _export_detail(places: Sequence[Path]) -> str:
    """How many files and rooms there are, by what lies in the folders."""
    inbox, organized = _named(places, "inbox"), _named(places, "organized")
    files = sum(not file.name.startswith(".") for file in files_of(inbox))
    rooms = sum(any(files_of([room])) for folder in organized for room in folder.iterdir())
    counted = ((tr("방"), rooms), (tr("파일"), files))
    return " · ".join(
        tr("{unit} {count:,}개").format(unit=unit, count=count) for unit, count in counted if count
    )


def _named(places: Sequence[Path], name: str) -> list[Path]:
    return [path for path in places if path.name == name and path.is_dir()]
