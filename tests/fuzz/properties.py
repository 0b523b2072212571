"""What must hold for whatever bytes are read as an export. Knows no fuzzer and no test.

The fuzzer, the kept seeds and the random lines of hypothesis are all held against these functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kakaobot.errors import ExportError
from kakaobot.exports.merge import RoomHistory
from kakaobot.exports.reader import Export, Upload, decode, parse_export, read_upload
from tests.exports.rooms import merge

Check = Callable[[bytes], None]

NAMES = ("방.txt", "Talk_2026.2.10 08_50-2.txt", "KakaoTalk_Chat_방_2026-04-22-12-40-45.csv")
"""A name decides which room and which part is read, never which layout."""
UPLOADS = ("방.txt", "방.csv", "백업.zip", "KakaoTalk Chats_2023-2026.eml")
_SECOND = (NAMES[0], "방-2.txt")
CUT = b"\n-- >8 --\n"
"""Between the two texts of one input; without it, an input is cut in the middle."""
_SENTENCE = re.compile(r"(?=.*[가-힣])[^\x00-\x1f\x7f]+주세요\.")


class Broken(AssertionError):
    """A property that does not hold. Its text is the property alone, so that equals are equal."""


def checks(folder: Path) -> tuple[Check, ...]:
    """Everything that is done with an input. A `folder` is needed, as uploads are files."""
    return (
        *(partial(check_text, name=name) for name in NAMES),
        *(partial(check_upload, name=name, folder=folder) for name in UPLOADS),
        check_pair,
    )


def check_text(data: bytes, *, name: str) -> None:
    export = _read(data, name)
    if export:
        _hold(_read(data, name) == export, "reading it again gives the same")
        check_alone(export)


def check_upload(data: bytes, *, name: str, folder: Path) -> None:
    path = folder / "upload"
    path.write_bytes(data)
    upload = _upload(path, name)
    if upload is None:
        return
    _hold(_upload(path, name) == upload, "reading it again gives the same")
    _hold(bool(upload.results) and upload.skipped >= 0, "an upload holds something")
    for reading in upload.results:
        _hold(bool(reading.export) != bool(reading.error), "there is an export or an error")
        _hold(not {"/", "\\"} & set(reading.file.name), "the name of a piece is no path")
        _check_strings([reading.file.name])
        if reading.export:
            check_export(reading.export)
        else:
            _check_sentence(reading.error)


def check_pair(data: bytes) -> None:
    """Two texts of one room, or of two; the second may be the next part of the first."""
    one, cut, two = data.partition(CUT)
    if not cut:
        middle = len(data) // 2
        one, two = data[:middle], data[middle:]
    first = _read(one, NAMES[0])
    seconds = [_read(two, name) for name in _SECOND] if first else []
    for second in seconds:
        if first and second:
            check_merged([first, second])


def check_export(export: Export) -> None:
    counts = vars(export.counts)
    lines = [message.line for message in export.messages]
    refused = export.not_understood
    _hold(bool(export.messages), "an export holds a message")
    _hold(all(number >= 0 for number in counts.values()), "no count is negative")
    _hold(sum(counts.values()) == export.lines, "the counts sum to the lines")
    _hold(
        counts["messages"] + counts["system"] == len(export.messages),
        "each message is counted once",
    )
    _hold(
        counts["messages"] == sum(bool(message.sender) for message in export.messages),
        "what somebody said is a message, all else is the system's",
    )
    _hold(sum(export.people.values()) == counts["messages"], "people are who said something")
    _hold(len(refused) == counts["not_understood"], "each line not understood has its number")
    _hold(list(refused) == sorted(set(refused)), "the numbers of those are sorted and unique")
    _hold(all(1 <= number <= export.lines for number in refused), "they are lines of the file")
    _hold(all(1 <= number <= export.lines for number in lines), "a message has a line of the file")
    _hold(all(a < b for a, b in zip(lines, lines[1:], strict=False)), "lines increase")
    _hold(export.first <= export.last, "the first message is not after the last")
    _check_strings([export.file, export.room, export.leading_text])
    for message in export.messages:
        _check_strings([message.sender, message.text])
        _hold(
            (message.room, message.file) == (export.room, export.file), "a message knows its export"
        )


def check_alone(export: Export) -> None:
    """An export, and that a second copy of it adds nothing."""
    check_export(export)
    file = "다른 이름.txt"
    copy = replace(
        export, file=file, messages=tuple(each._replace(file=file) for each in export.messages)
    )
    once = merge([export])
    _hold(merge([export, export]) == once, "merged with itself it stays the same")
    _hold(_said(merge([export, copy])) == _said(once), "merged with its copy it stays the same")


def check_merged(exports: Sequence[Export]) -> None:
    histories = merge(exports)
    _hold(merge([*exports, *exports]) == histories, "merged twice it is the same")
    merged = Counter(message.sender for each in histories for message in each.messages)
    for export in exports:
        senders = Counter(message.sender for message in export.messages)
        _hold(senders <= merged, "merging loses nobody's message")
    _hold(
        merged.total() <= sum(len(export.messages) for export in exports), "merging invents nothing"
    )
    for history in histories:
        minutes = [message.at.replace(second=0) for message in history.messages]
        _hold(minutes == sorted(minutes), "a history is in order of time")
        _hold(all(each.room == history.room for each in history.messages), "it is of one room")


def _read(data: bytes, name: str) -> Export | None:
    try:
        text = decode(data, name)
        _hold(unicodedata.is_normalized("NFC", text), "decoded text is NFC")
        return parse_export(text, name)
    except ExportError as error:
        _check_sentence(str(error))
        return None


def _upload(path: Path, name: str) -> Upload | None:
    try:
        return read_upload(path, name=name)
    except ExportError as error:
        _check_sentence(str(error))
        return None


def _check_sentence(text: str) -> None:
    """What a person is told: Korean, in one line, ending in what to do."""
    _check_strings([text])
    _hold(bool(_SENTENCE.fullmatch(text)), "an error is a Korean sentence in one line")


def _check_strings(strings: Sequence[str]) -> None:
    """Half a surrogate pair cannot be saved, sent or printed."""
    for text in strings:
        _hold(unicodedata.is_normalized("NFC", text), "a text is NFC")
        _hold(not any("\ud800" <= each <= "\udfff" for each in text), "a text can be saved")


def _said(histories: Sequence[RoomHistory]) -> list[list[tuple[object, ...]]]:
    return [[(m.at, m.sender, m.text, m.kind) for m in each.messages] for each in histories]


def _hold(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)
