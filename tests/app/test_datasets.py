from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants
from kakaobot.base.selection import STARTER
from kakaobot.config import Home, save
from kakaobot.errors import DatasetError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.manifest import StoredFile
from kakaobot.exports.parse_result import Export
from tests.conftest import SAMPLE


def write_export(folder: Path, *lines: str) -> Path:
    """Write a Windows export of one day."""
    file = folder / "방.txt"
    head = ["방 님과 카카오톡 대화", "저장한 날짜 : 2026-05-01 10:00:00", ""]
    day = "--------------- 2026년 4월 1일 수요일 ---------------"
    file.write_text("\n".join([*head, day, *lines]) + "\n", encoding="utf-8")
    return file


def line(number: int, text: str, sender: str = "") -> str:
    """A line at the given minute, by default from two senders in turn."""
    clock = f"오후 {1 + number // 60}:{number % 60:02d}"
    return f"[{sender or '가나'[number % 2]}] [{clock}] {text}"


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    return Datasets(home, bases)


def test_every_message_is_a_target_or_counted_as_removed(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    for persona in ("", "도담"):
        save(home.settings_file, {"data.persona": persona, "data.merge_gap_minutes": 0})
        report = datasets.build()
        targets = report.train_replies + report.val_replies
        removed = sum(count for _, count in report.removed)
        # Messages of the same minute share a turn.
        assert targets <= report.messages - removed
        assert report.messages - removed < 2.5 * targets
        assert report.shows_names


def test_short_turns_are_counted_by_reason(home: Home, datasets: Datasets, tmp_path: Path) -> None:
    save(home.settings_file, {"data.min_target_chars": 3, "data.merge_gap_minutes": 0})
    lines = [line(n, "응" if n % 5 else "길게 말하기") for n in range(40)]
    Exports(home).import_files([write_export(tmp_path, *lines)])
    report = datasets.build()
    assert dict(report.removed)["짧은 말 (앞 대화로만 씀)"] == 32
    assert report.train_replies + report.val_replies == 8


def test_room_too_small_for_validation_is_refused(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    Exports(home).import_files([write_export(tmp_path, line(0, "오늘은 일찍 잘게"))])
    with pytest.raises(DatasetError, match="더 긴 기간"):
        datasets.build()


def test_build_without_exports_persona_or_room_is_refused(home: Home, datasets: Datasets) -> None:
    with pytest.raises(DatasetError, match="가져온 대화가 없습니다"):
        datasets.build()
    Exports(home).import_files([SAMPLE])
    save(home.settings_file, {"data.persona": "없는 사람"})
    with pytest.raises(DatasetError, match="없는 사람"):
        datasets.build()
    save(home.settings_file, {"data.persona": "", "data.room": "없는 방"})
    with pytest.raises(DatasetError, match="없는 방"):
        datasets.build()


def test_a_room_keeps_being_selected_until_its_name_means_two(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    rooms = {}
    for people in ("가나", "다라"):
        lines = "".join(
            f"2026-04-01 {hour}:{minute:02d}:00,{people[minute % 2]},{people} 말 {hour} {minute}\n"
            for hour in (11, 13)
            for minute in range(40)
        )
        rooms[people] = tmp_path / people / "chat.csv"
        rooms[people].parent.mkdir()
        rooms[people].write_text(f"Date,User,Message\n{lines}", encoding="utf-8")
    exports = Exports(home)
    exports.import_files([rooms["가나"]])
    assert (datasets.rooms(), datasets.selected_room()) == (["chat"], "")
    save(home.settings_file, {"data.room": "chat"})
    assert datasets.selected_room() == "chat"
    (second,) = exports.import_files([rooms["다라"]])
    assert datasets.rooms() == ["chat (가, 나)", "chat (다, 라)"]
    with pytest.raises(DatasetError, match=r"여럿입니다.*'chat \(가, 나\)', 'chat \(다, 라\)'"):
        datasets.build()
    save(home.settings_file, {"data.room": "chat (가, 나)"})
    assert set(datasets.build().participants) == {"가", "나"}
    exports.remove(second.hash)
    assert (datasets.rooms(), datasets.selected_room()) == (["chat"], "chat")
    assert set(datasets.build().participants) == {"가", "나"}


def test_sender_of_photos_only_is_not_a_participant(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    lines = [line(n, f"말 {n}") for n in range(30)]
    Exports(home).import_files([write_export(tmp_path, *lines, line(60, "사진", "다"))])
    report = datasets.build()
    assert report.participants == ("가", "나")
    assert not report.shows_names


def test_auto_selects_the_starter_for_the_sample_room_only(
    home: Home, bases: BaseModels, tmp_path: Path
) -> None:
    save(home.settings_file, {"model.base_model": "auto"})
    Exports(home).import_files([SAMPLE])
    choice = bases.select(home)
    assert choice.name == STARTER
    assert "예제 방" in choice.reason
    lines = [line(n, f"말 {n}") for n in range(30)]
    Exports(home).import_files([write_export(tmp_path, *lines)])
    assert "예제 방" not in bases.select(home).reason


def test_build_is_deterministic(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    fingerprint = datasets.build().fingerprint
    files = [home.folder("data/sft") / name for name in ("train.jsonl", "val.jsonl")]
    before = [file.read_bytes() for file in files]
    assert datasets.build().fingerprint == fingerprint
    assert [file.read_bytes() for file in files] == before


def test_participants_are_cached_until_exports_or_settings_change(
    home: Home, datasets: Datasets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    rooms, participants = datasets.rooms(), datasets.participants()
    assert rooms == ["주말 보드게임방"]
    assert {participant.name for participant in participants} == {"도담", "마루", "은솔", "서하늘"}
    with monkeypatch.context() as patched:
        patched.setattr(FileStore, "export", lambda *_: pytest.fail("read again"))
        save(home.settings_file, {"data.persona": "도담", "data.room": rooms[0]})
        assert (datasets.rooms(), datasets.participants()) == (rooms, participants)
    save(home.settings_file, {"data.min_target_chars": 200})
    assert {participant.replies for participant in datasets.participants()} == {0}
    save(home.settings_file, {"data.min_target_chars": 1})
    lines = [line(n, f"말 {n}") for n in range(30)]
    Exports(home).import_files([write_export(tmp_path, *lines)])
    assert datasets.rooms() == [*rooms, "방"]
    assert len(datasets.participants()) == len(participants) + 2
    assert {participant.name for participant in datasets.participants("방")} == {"가", "나"}


def test_backchannels_are_capped_to_their_share(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.low_signal_share": 0.25})
    lines = [line(n, "ㅋㅋㅋㅋ" if n % 2 else f"{n}번째로 하는 이야기") for n in range(200)]
    Exports(home).import_files([write_export(tmp_path, *lines)])
    report = datasets.build()
    targets = report.train_replies + report.val_replies
    assert dict(report.removed)["너무 많은 짧은 반응"] == 200 - targets
    assert 130 <= targets <= 135
    save(home.settings_file, {"data.low_signal_share": 1.0})
    uncapped = datasets.build()
    assert uncapped.train_replies + uncapped.val_replies == 200


def test_fewer_than_two_hundred_replies_give_a_warning(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.val_ratio": 0.2})
    lines = [line(n, f"{n}번째로 하는 이야기") for n in range(250)]
    Exports(home).import_files([write_export(tmp_path, *lines)])
    report = datasets.build()
    assert (report.train_replies, report.warning) == (200, "")
    exports = Exports(home)
    exports.remove(exports.files()[0].hash)
    exports.import_files([write_export(tmp_path, *lines[:-1])])
    report = datasets.build()
    assert report.train_replies == 199
    assert report.warning.startswith("배울 대답이 199개뿐입니다. 200개보다 적으면")
    assert "더 긴 기간을 내보내" in report.warning


def test_near_duplicates_of_validation_targets_are_not_trained_on(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0, "data.val_ratio": 0.2})
    long_text = "내일 모임은 일곱 시에 역 앞 파란 지붕 가게에서 하고 늦는 사람은 꼭 미리 말해 주기"
    lines = [line(n, f"{n}번째로 하는 다른 이야기 하나") for n in range(100)]
    lines[10] = line(10, long_text)
    lines[95] = line(95, f"{long_text}!!")
    Exports(home).import_files([write_export(tmp_path, *lines)])
    report = datasets.build()
    assert dict(report.removed)["검증에 쓰는 긴 말(20자부터)과 거의 같은 말"] == 1
    text = (home.folder("data/sft") / "train.jsonl").read_text(encoding="utf-8")
    messages = [message for row in text.splitlines() for message in json.loads(row)["messages"]]
    copies = [message for message in messages if message["content"].startswith(long_text)]
    assert copies
    assert not any(message["learn"] for message in copies)


def test_advice_flags_few_replies_and_bots(home: Home, datasets: Datasets, tmp_path: Path) -> None:
    save(home.settings_file, {"data.merge_gap_minutes": 0})
    words = [first + second for first in "가나다라마" for second in "자차카타파"]
    lines = []
    for n in range(300):
        for sender in ("마루", "도담" if n % 5 == 0 else "오픈채팅봇"):
            text = " ".join(random.Random(f"{sender}{n}").sample(words, 4))
            lines.append(line(n, text, sender))
    Exports(home).import_files([write_export(tmp_path, *lines)])
    stats = {participant.name: participant for participant in datasets.participants()}
    assert stats["마루"].advice == "enough"
    assert stats["도담"].advice == "few"
    assert "140개" in stats["도담"].sentence
    assert stats["오픈채팅봇"].advice == "bot"


def test_participant_stats_need_no_build(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    updates: list[tuple[float, str]] = []
    stats = datasets.participants(progress=lambda share, text: updates.append((share, text)))
    assert datasets.report() is None
    replies = [participant.replies for participant in stats]
    assert replies == sorted(replies, reverse=True)
    first = stats[0]
    assert (first.name, first.messages, first.advice) == ("도담", 308, "enough")
    assert 0.8 < first.answer_share < 0.9
    assert first.median_chars == 6
    shares = [share for share, _ in updates]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < shares[-1] <= 1
    shown = " ".join(text for _, text in updates)
    for text in ("대화를 읽는 중", "누가 말하는지", "배울 수 있는 대답을 세는 중"):
        assert text in shown


def test_excluding_a_participant_reads_no_export_again(
    home: Home, datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    before, _ = datasets.participants(), Participants(home).rooms()
    monkeypatch.setattr(FileStore, "export", lambda *_: pytest.fail("read again"))
    Participants(home).exclude(["도담"])
    stats = datasets.participants()
    assert [participant.name for participant in stats] == ["마루", "은솔", "서하늘", "도담"]
    assert [participant.is_excluded for participant in stats] == [False, False, False, True]
    assert stats[-1].replies == before[0].replies
    Participants(home).include(["도담"])
    assert datasets.participants() == before


def test_concurrent_callers_share_one_computation(
    home: Home, datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    Exports(home).import_files([SAMPLE])
    datasets.rooms()
    read, calls = FileStore.export, []

    def counting(store: FileStore, stored: StoredFile) -> Export:
        calls.append(stored)
        return read(store, stored)

    monkeypatch.setattr(FileStore, "export", counting)
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: datasets.participants(), range(2))
    assert first == second
    assert len(calls) == 1


def test_dataset_with_an_excluded_participant_is_outdated(home: Home, datasets: Datasets) -> None:
    Exports(home).import_files([SAMPLE])
    report = datasets.build()
    assert datasets.outdated_reason(report) == ""
    Participants(home).exclude(["은솔"])
    assert "빼기로 한 '은솔'" in datasets.outdated_reason(report)
    assert datasets.outdated_reason(datasets.build()) == ""
