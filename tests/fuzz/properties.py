"""Properties that hold for every input read as an export.

The fuzzer, the seed tests and the hypothesis tests check their inputs with these functions.
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
"""A file name may determine room and part, never the format."""
UPLOADS = ("방.txt", "방.csv", "백업.zip", "KakaoTalk Chats_2023-2026.eml")
_SECOND = (NAMES[0], "방-2.txt")
CUT = b"\n-- >8 --\n"
"""Separates the two texts of an input; without it, an input is split in the middle."""
_SENTENCE = re.compile(r"(?=.*[가-힣])[^\x00-\x1f\x7f]+주세요\.")


class PropertyViolation(AssertionError):
    """A violated property. Its text is the property alone, so equal violations compare equal."""


def checks(folder: Path) -> tuple[Check, ...]:
    """All checks of an input. Uploads are written to `folder`."""
    return (
        *(partial(check_text, name=name) for name in NAMES),
        *(partial(check_upload, name=name, folder=folder) for name in UPLOADS),
        check_pair,
    )


def check_text(data: bytes, *, name: str) -> None:
    export = _read(data, name)
    if export:
        _check(_read(data, name) == export, "reading is deterministic")
        check_alone(export)


def check_upload(data: bytes, *, name: str, folder: Path) -> None:
    path = folder / "upload"
    path.write_bytes(data)
    upload = _upload(path, name)
    if upload is None:
        return
    _check(_upload(path, name) == upload, "reading is deterministic")
    _check(bool(upload.results) and upload.skipped >= 0, "an upload contains something")
    for result in upload.results:
        _check(bool(result.export) != bool(result.error), "there is an export or an error")
        _check(
            not {"/", "\\"} & set(result.file.name), "the name of a contained file is not a path"
        )
        _check_strings([result.file.name])
        if result.export:
            check_export(result.export)
        else:
            _check_sentence(result.error)


def check_pair(data: bytes) -> None:
    """Two texts of one or two rooms; the second may be the next part of the first."""
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
    not_understood = export.not_understood
    _check(bool(export.messages), "an export has a message")
    _check(all(number >= 0 for number in counts.values()), "no count is negative")
    _check(sum(counts.values()) == export.lines, "the counts sum to the lines")
    _check(
        counts["messages"] + counts["system"] == len(export.messages),
        "each message is counted once",
    )
    _check(
        counts["messages"] == sum(bool(message.sender) for message in export.messages),
        "messages have a sender, system lines have none",
    )
    _check(
        sum(export.people.values()) == counts["messages"],
        "the counts of people sum to the messages",
    )
    _check(
        len(not_understood) == counts["not_understood"], "each line not understood has its number"
    )
    _check(
        list(not_understood) == sorted(set(not_understood)),
        "numbers of lines not understood are sorted and unique",
    )
    _check(
        all(1 <= number <= export.lines for number in not_understood),
        "lines not understood are in the file",
    )
    _check(
        all(1 <= number <= export.lines for number in lines), "the line of a message is in the file"
    )
    _check(all(a < b for a, b in zip(lines, lines[1:], strict=False)), "lines of messages increase")
    _check(export.first <= export.last, "the first message is not after the last")
    _check_strings([export.file, export.room, export.leading_text])
    for message in export.messages:
        _check_strings([message.sender, message.text])
        _check(
            (message.room, message.file) == (export.room, export.file),
            "a message has the room and file of its export",
        )


def check_alone(export: Export) -> None:
    """An export on its own; merging a second copy adds nothing."""
    check_export(export)
    file = "다른 이름.txt"
    copy = replace(
        export,
        file=file,
        messages=tuple(message._replace(file=file) for message in export.messages),
    )
    once = merge([export])
    _check(merge([export, export]) == once, "merging with itself changes nothing")
    _check(
        _contents(merge([export, copy])) == _contents(once), "merging with a copy changes nothing"
    )


def check_merged(exports: Sequence[Export]) -> None:
    histories = merge(exports)
    _check(merge([*exports, *exports]) == histories, "merging is idempotent")
    merged = Counter(message.sender for history in histories for message in history.messages)
    for export in exports:
        senders = Counter(message.sender for message in export.messages)
        _check(senders <= merged, "merging loses no message")
    _check(
        merged.total() <= sum(len(export.messages) for export in exports), "merging invents nothing"
    )
    for history in histories:
        minutes = [message.at.replace(second=0) for message in history.messages]
        _check(minutes == sorted(minutes), "a history is chronological")
        _check(all(m.room == history.room for m in history.messages), "a history is of one room")


def _read(data: bytes, name: str) -> Export | None:
    try:
        text = decode(data, name)
        _check(unicodedata.is_normalized("NFC", text), "decoded text is NFC")
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
    """An error message: one Korean line that ends with what to do."""
    _check_strings([text])
    _check(bool(_SENTENCE.fullmatch(text)), "an error is a Korean sentence in one line")


def _check_strings(strings: Sequence[str]) -> None:
    """Lone surrogates cannot be encoded."""
    for text in strings:
        _check(unicodedata.is_normalized("NFC", text), "a text is NFC")
        _check(
            not any("\ud800" <= character <= "\udfff" for character in text), "a text can be saved"
        )


def _contents(histories: Sequence[RoomHistory]) -> list[list[tuple[object, ...]]]:
    return [[(m.at, m.sender, m.text, m.kind) for m in history.messages] for history in histories]


def _check(holds: bool, description: str) -> None:
    if not holds:
        raise PropertyViolation(description)
