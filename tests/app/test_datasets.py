from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.people import Participants
from kakaobot.base.selection import STARTER
from kakaobot.config import Home, save
from kakaobot.errors import DatasetError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.manifest import StoredFile
from kakaobot.exports.parse_result import Export
from tests.conftest import SAMPLE


def room(folder: Path, *lines: str) -> Path:
    """A Windows export of one day."""
    file = folder / "방.txt"
    head = ["방 님과 카카오톡 대화", "저장한 날짜 : 2026-05-01 10:00:00", ""]
    day = "--------------- 2026년 4월 1일 수요일 ---------------"
    file.write_text("\n".join([*head, day, *lines]) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    return Datasets(home, bases)


def test_every_message_of_the_sample_is_learnt_or_has_a_reason(
    home: Home, datasets: Datasets
) -> None:
    Exports(home).import_files([SAMPLE])
    for persona in ("", "도담"):
        save(home.settings_file, {"data.persona": persona, "data.merge_gap_minutes": 0})
        report = datasets.build()
        learnt = report.train_replies + report.val_replies
        explained = sum(count for _, count in report.removed)
        # A turn holds several messages that came in the same minute.
        assert learnt <= report.messages - explained
        assert report.messages - explained < 2.5 * learnt
        assert report.shows_names


def test_what_is_too_short_is_counted_with_its_reason(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.min_target_chars": 3, "data.merge_gap_minutes": 0})
    lines = [
        f"[{'가나'[i % 2]}] [오후 1:{i:02d}] {'응' if i % 5 else '길게 말하기'}" for i in range(40)
    ]
    Exports(home).import_files([room(tmp_path, *lines)])
    report = datasets.build()
    assert dict(report.removed)["짧은 말 (앞 대화로만 씀)"] == 32
    assert report.train_replies + report.val_replies == 8


def test_a_room_too_small_to_validate_is_a_sentence(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    Exports(home).import_files([room(tmp_path, "[가] [오후 1:00] 오늘은 일찍 잘게")])
    with pytest.raises(DatasetError, match="더 긴 기간"):
        datasets.build()


def test_nothing_imported_or_a_stranger_chosen_is_a_sentence(
    home: Home, datasets: Datasets
) -> None:
    with pytest.raises(DatasetError, match="가져온 대화가 없습니다"):
        datasets.build()
    Exports(home).import_files([SAMPLE])
    save(home.settings_file, {"data.persona": "없는 사람"})
    with pytest.raises(DatasetError, match="없는 사람"):
        datasets.build()
    save(home.settings_file, {"data.persona": "", "data.room": "없는 방"})
    with pytest.raises(DatasetError, match="없는 방"):
        datasets.build()


def test_a_member_who_only_sent_photos_counts_for_nothing(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    lines = [f"[{'가나'[i % 2]}] [오후 1:{i:02d}] 말 {i}" for i in range(30)]
    Exports(home).import_files([room(tmp_path, *lines, "[다] [오후 2:00] 사진")])
    report = datasets.build()
    assert report.participants == ("가", "나")
    assert not report.shows_names


def test_the_sample_alone_is_a_rehearsal_with_the_starter(
    home: Home, bases: BaseModels, tmp_path: Path
) -> None:
    save(home.settings_file, {"model.base_model": "auto"})
    Exports(home).import_files([SAMPLE])
    choice = bases.select(home)
    assert choice.name == STARTER
    assert "샘플" in choice.reason
    lines = [f"[{'가나'[i % 2]}] [오후 1:{i:02d}] 말 {i}" for i in range(30)]
    Exports(home).import_files([room(tmp_path, *lines)])
    assert "샘플" not in bases.select(home).reason


def test_the_same_input_gives_the_same_bytes(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    one = datasets.build().fingerprint
    files = [home.folder("data/sft") / name for name in ("train.jsonl", "val.jsonl")]
    before = [file.read_bytes() for file in files]
    assert datasets.build().fingerprint == one
    assert [file.read_bytes() for file in files] == before


def test_who_speaks_is_read_once_as_long_as_nothing_changed(
    home: Home, datasets: Datasets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    rooms, people = datasets.rooms(), datasets.participants()
    assert rooms == ["주말 보드게임방"]
    assert {person.name for person in people} == {"도담", "마루", "은솔", "서하늘"}
    with monkeypatch.context() as patched:
        patched.setattr(FileStore, "export", lambda *_: pytest.fail("read again"))
        save(home.settings_file, {"data.persona": "도담", "data.room": rooms[0]})
        assert (datasets.rooms(), datasets.participants()) == (rooms, people)
    save(home.settings_file, {"data.min_target_chars": 200})
    assert {person.replies for person in datasets.participants()} == {0}
    save(home.settings_file, {"data.min_target_chars": 1})
    lines = [f"[{'가나'[i % 2]}] [오후 1:{i:02d}] 말 {i}" for i in range(30)]
    Exports(home).import_files([room(tmp_path, *lines)])
    assert datasets.rooms() == [*rooms, "방"]
    assert len(datasets.participants()) == len(people) + 2
    assert {person.name for person in datasets.participants("방")} == {"가", "나"}


def test_short_reactions_are_held_to_their_share_and_the_rest_is_told(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.low_signal_share": 0.25})
    lines = [
        f"[{'가나'[i % 2]}] [오후 {1 + i // 60}:{i % 60:02d}] "
        + ("ㅋㅋㅋㅋ" if i % 2 else f"{i}번째로 하는 이야기")
        for i in range(200)
    ]
    Exports(home).import_files([room(tmp_path, *lines)])
    report = datasets.build()
    learnt = report.train_replies + report.val_replies
    assert dict(report.removed)["너무 많은 짧은 반응"] == 200 - learnt
    assert 130 <= learnt <= 135
    save(home.settings_file, {"data.low_signal_share": 1.0})
    everything = datasets.build()
    assert everything.train_replies + everything.val_replies == 200


def test_fewer_than_two_hundred_replies_are_a_warning_with_the_number(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.val_ratio": 0.2})
    words = [f"{i}번째로 하는 이야기" for i in range(250)]
    lines = [
        f"[{'가나'[i % 2]}] [오후 {1 + i // 60}:{i % 60:02d}] {said}"
        for i, said in enumerate(words)
    ]
    Exports(home).import_files([room(tmp_path, *lines)])
    report = datasets.build()
    assert (report.train_replies, report.warning) == (200, "")
    exports = Exports(home)
    exports.remove(exports.files()[0].hash)
    exports.import_files([room(tmp_path, *lines[:-1])])
    report = datasets.build()
    assert report.train_replies == 199
    assert report.warning.startswith("배울 대답이 199개뿐입니다. 200개보다 적으면")
    assert "더 긴 기간을 내보내" in report.warning


def test_no_reply_that_validation_asks_for_is_learnt_beforehand(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.val_ratio": 0.2})
    long = "내일 모임은 일곱 시에 역 앞 파란 지붕 가게에서 하고 늦는 사람은 꼭 미리 말해 주기"
    lines = [
        f"[{'가나'[i % 2]}] [오후 {1 + i // 60}:{i % 60:02d}] {i}번째로 하는 다른 이야기 하나"
        for i in range(100)
    ]
    lines[10] = f"[가] [오후 1:10] {long}"
    lines[95] = f"[나] [오후 2:35] {long}!!"
    Exports(home).import_files([room(tmp_path, *lines)])
    report = datasets.build()
    assert dict(report.removed)["검증에 쓰는 긴 말(20자부터)과 거의 같은 말"] == 1
    folder = home.folder("data/sft")
    train = [json.loads(row) for row in (folder / "train.jsonl").read_text("utf-8").splitlines()]
    said = [m for row in train for m in row["messages"] if m["content"].startswith(long)]
    assert said
    assert not any(message["learn"] for message in said)


def test_who_has_too_little_to_learn_or_sounds_like_a_program_is_told(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0})
    words = [one + two for one in "가나다라마" for two in "자차카타파"]
    lines = []
    for i in range(300):
        for who in ("마루", "도담" if i % 5 == 0 else "오픈채팅봇"):
            said = " ".join(random.Random(f"{who}{i}").sample(words, 4))
            lines.append(f"[{who}] [오후 {1 + i // 60}:{i % 60:02d}] {said}")
    Exports(home).import_files([room(tmp_path, *lines)])
    people = {person.name: person for person in datasets.participants()}
    assert people["마루"].advice == "enough"
    assert people["도담"].advice == "few"
    assert "140개" in people["도담"].sentence
    assert people["오픈채팅봇"].advice == "bot"


def test_everything_is_told_of_everybody_before_anything_is_built(
    home: Home, datasets: Datasets
) -> None:
    Exports(home).import_files([SAMPLE])
    told: list[tuple[float, str]] = []
    people = datasets.participants(progress=lambda share, words: told.append((share, words)))
    assert datasets.report() is None
    assert [person.replies for person in people] == sorted(
        (person.replies for person in people), reverse=True
    )
    dodam = people[0]
    assert (dodam.name, dodam.messages, dodam.advice) == ("도담", 308, "enough")
    assert 0.8 < dodam.answer_share < 0.9
    assert dodam.median_chars == 6
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < shares[-1] <= 1
    said = " ".join(words for _, words in told)
    for words in ("대화를 읽는 중", "누가 말하는지", "배울 수 있는 대답을 세는 중"):
        assert words in said


def test_who_is_left_out_comes_last_and_nothing_is_read_again(
    home: Home, datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    before, _ = datasets.participants(), datasets.rooms()
    monkeypatch.setattr(FileStore, "export", lambda *_: pytest.fail("read again"))
    Participants(home).exclude(["도담"])
    people = datasets.participants()
    assert [person.name for person in people] == ["마루", "은솔", "서하늘", "도담"]
    assert [person.is_excluded for person in people] == [False, False, False, True]
    assert people[-1].replies == before[0].replies
    Participants(home).include(["도담"])
    assert datasets.participants() == before


def test_two_who_ask_at_once_read_once(
    home: Home, datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    datasets.rooms()
    read, calls = FileStore.export, []

    def counted(inbox: FileStore, stored: StoredFile) -> Export:
        calls.append(stored)
        return read(inbox, stored)

    monkeypatch.setattr(FileStore, "export", counted)
    with ThreadPoolExecutor() as pool:
        one, two = pool.map(lambda _: datasets.participants(), range(2))
    assert one == two
    assert len(calls) == 1


def test_what_holds_somebody_left_out_must_be_made_again(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    report = datasets.build()
    assert datasets.outdated_reason(report) == ""
    Participants(home).exclude(["은솔"])
    assert "빼기로 한 '은솔'" in datasets.outdated_reason(report)
    assert datasets.outdated_reason(datasets.build()) == ""
