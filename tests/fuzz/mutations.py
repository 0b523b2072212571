"""Changes to an input that know lines, layouts, encodings, archives and mails. Knows no fuzzer.

Bits alone lead nowhere here: a changed bit of an archive is a wrong checksum, and no run of them
spells a date in Korean.
"""

from __future__ import annotations

import base64
import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz.properties import CUT

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_DIGITS = re.compile(rb"\d+")
_ENDS = (b"\n", b"\r\n", b"\r", b"\r\r\n", b"")
_NUMBERS = (
    b"0",
    b"1",
    b"00",
    b"2",
    b"11",
    b"12",
    b"13",
    b"23",
    b"24",
    b"30",
    b"59",
    b"60",
    b"99",
    b"2026",
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_FILES = (
    "방.txt",
    "a/b.csv",
    "c.eml",
    "사진.jpg",
    "__MACOSX/._d.txt",
    "KakaoTalk_Chats_2.txt",
    "x",
)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp949")
_LARGE = 4096
"""Bytes; small inputs are tried faster, and hold what breaks as well."""
_ENTRY = re.compile(r'^"(.*)"$', re.MULTILINE)
_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|([nrt"\\]))')
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


def tokens(dictionary: str) -> list[bytes]:
    """The entries of a libFuzzer dictionary, their escapes undone."""
    return [
        _ESCAPE.sub(
            lambda found: bytes([int(found[1], 16)]) if found[1] else _ESCAPED[found[2]],
            entry.encode(),
        )
        for entry in _ENTRY.findall(dictionary)
    ]


def escaped(tokens: Sequence[bytes]) -> str:
    """A dictionary libFuzzer takes: nothing in it but ASCII."""
    entries = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens)
    return "".join(f'"{entry}"\n' for entry in entries)


class Mutator:
    """Changes inputs. Equal `random` objects make equal changes."""

    def __init__(self, dictionary: Sequence[bytes], seeds: Sequence[bytes]) -> None:
        self._tokens = list(dictionary)
        self._seeds = list(seeds)
        self._lines = sorted({line for seed in seeds for line in _lines(seed) if line.strip()})

    def changed(self, data: bytes, chance: random.Random) -> bytes:
        if len(data) > _LARGE and chance.random() < 0.9:
            data = _some_lines(data, chance)
        if data.startswith(b"PK\x03\x04") and chance.random() < 0.7:
            return self._repacked(data, chance)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            data = chance.choice(self._CHANGES)(self, data, chance)
        if chance.random() < 0.06:
            data = _recoded(data, chance)
        if chance.random() < 0.01:
            data = self._flood(data, chance)
        if chance.random() < 0.04:
            data = _archive(data, chance)
        if chance.random() < 0.04:
            data = _mail(data, chance)
        return data

    def _splice(self, data: bytes, chance: random.Random) -> bytes:
        """Lines of a seed, put between two of these."""
        other = _lines(chance.choice(self._seeds))
        first = chance.randrange(len(other))
        some = other[first : first + chance.choice((1, 2, 5, 20))]
        lines = _lines(data)
        place = chance.randrange(len(lines) + 1)
        return b"".join([*lines[:place], *some, *lines[place:]])

    def _line_in(self, data: bytes, chance: random.Random) -> bytes:
        lines = _lines(data)
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(self._lines))
        return b"".join(lines)

    def _token_in(self, data: bytes, chance: random.Random) -> bytes:
        place = _place(data, chance)
        return data[:place] + chance.choice(self._tokens) + data[place:]

    def _token_first(self, data: bytes, chance: random.Random) -> bytes:
        """Most tokens mean something only where a line begins."""
        lines = _lines(data)
        place = chance.randrange(len(lines))
        lines[place] = chance.choice(self._tokens) + lines[place]
        return b"".join(lines)

    def _token_for_token(self, data: bytes, chance: random.Random) -> bytes:
        there = [token for token in self._tokens if token in data]
        if not there:
            return self._token_in(data, chance)
        return data.replace(
            chance.choice(there), chance.choice(self._tokens), chance.choice((1, -1))
        )

    def _lines_moved(self, data: bytes, chance: random.Random) -> bytes:
        lines = _lines(data)
        first = chance.randrange(len(lines))
        some = lines[first : first + chance.choice((1, 1, 2, 5))]
        match chance.randrange(4):
            case 0:
                del lines[first : first + len(some)]
            case 1:
                lines[first:first] = some * chance.choice((1, 2, 10))
            case 2:
                del lines[first : first + len(some)]
                place = chance.randrange(len(lines) + 1)
                lines[place:place] = some
            case _:
                chance.shuffle(some)
                lines[first : first + len(some)] = some
        return b"".join(lines)

    def _ends_changed(self, data: bytes, chance: random.Random) -> bytes:
        end = chance.choice(_ENDS)
        lines = _lines(data)
        if chance.random() < 0.5:
            place = chance.randrange(len(lines))
            lines[place] = lines[place].rstrip(b"\r\n") + end
            return b"".join(lines)
        return b"".join(line.rstrip(b"\r\n") + (end or b"\n") for line in lines)

    def _number_changed(self, data: bytes, chance: random.Random) -> bytes:
        there = list(_DIGITS.finditer(data))
        if not there:
            return data
        found = chance.choice(there)
        return data[: found.start()] + chance.choice(_NUMBERS) + data[found.end() :]

    def _cut(self, data: bytes, chance: random.Random) -> bytes:
        first, last = sorted(_place(data, chance) for _ in range(2))
        return data[:first] + data[last if last - first < 100 else _place(data, chance, first) :]

    def _doubled(self, data: bytes, chance: random.Random) -> bytes:
        """Two texts to merge: this and nearly itself, or this and another."""
        some = data.partition(CUT)[0]
        other = chance.choice((some, self._line_in(some, chance), chance.choice(self._seeds)))
        return some + CUT + other

    def _flood(self, data: bytes, chance: random.Random) -> bytes:
        """What is quadratic shows when something small comes thousands of times."""
        times = chance.choice((50, 500, 3000))
        if chance.random() < 0.5:
            some = b"".join(chance.choice(self._tokens) for _ in range(chance.choice((1, 2))))
            place = _place(data, chance)
            return data[:place] + some * times + data[place:]
        lines = _lines(data)
        some = b"".join(chance.choice(lines) for _ in range(chance.choice((1, 2, 3))))
        return data + some * times

    def _repacked(self, data: bytes, chance: random.Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                files = {each.filename: archive.read(each) for each in archive.infolist()[:20]}
        except Exception:  # noqa: BLE001  (what zipfile raises on such bytes is found out here)
            files = {}
        if not files:
            return _archive(chance.choice(self._seeds), chance)
        name = chance.choice(list(files))
        files[name] = self.changed(files[name][:_LARGE], chance)
        if chance.random() < 0.2:
            token = chance.choice(self._tokens).decode("utf-8", "ignore").replace("\0", "")
            files[token + name] = files.pop(name)
        return _packed(files, chance)

    _CHANGES: tuple[Callable[[Mutator, bytes, random.Random], bytes], ...] = (
        _splice,
        _splice,
        _line_in,
        _line_in,
        _token_in,
        _token_first,
        _token_first,
        _token_for_token,
        _token_for_token,
        _lines_moved,
        _lines_moved,
        _ends_changed,
        _number_changed,
        _number_changed,
        _cut,
        _cut,
        _doubled,
        _doubled,
    )


def read_seeds(folder: Path) -> dict[str, bytes]:
    """Path below `folder` → bytes, in one order on every machine."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _lines(data: bytes) -> list[bytes]:
    """With their ends; at least one."""
    return [line for line in _LINE.findall(data) if line] or [b""]


def _some_lines(data: bytes, chance: random.Random) -> bytes:
    """Fewer of them, the first ones among them: those say what the rest is."""
    lines = _lines(data)
    first = chance.randrange(len(lines))
    return b"".join([*lines[:4], *lines[max(4, first) : first + 20]])[:_LARGE]


def _place(data: bytes, chance: random.Random, first: int = 0) -> int:
    """Somewhere in the input; in the middle of a character rarely, as that spoils all of it."""
    place = chance.randrange(first, len(data) + 1)
    if chance.random() < 0.02:
        return place
    while place > first and data[place : place + 1] and 0x80 <= data[place] < 0xC0:
        place -= 1
    return place


def _recoded(data: bytes, chance: random.Random) -> bytes:
    for encoding in ("utf-16", "utf-8-sig") if data[:1] in b"\xff\xfe" else ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.encode(chance.choice(_ENCODINGS), "replace")
    return data


def _archive(data: bytes, chance: random.Random) -> bytes:
    names = chance.sample(_FILES, chance.choice((1, 1, 2, 4)))
    return _packed(dict.fromkeys(names, data), chance)


def _packed(files: dict[str, bytes], chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", chance.choice(_METHODS)) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, chance.choice(_METHODS))
    packed = bytearray(out.getvalue())
    if chance.random() < 0.5:
        for _ in range(chance.choice((1, 1, 3))):
            packed[chance.randrange(len(packed))] = chance.choice(
                (0, 1, 0xFF, chance.randrange(256))
            )
    return bytes(packed)


def _mail(data: bytes, chance: random.Random) -> bytes:
    coding, body = chance.choice((
        (b"base64", base64.encodebytes(data)),
        (b"quoted-printable", data.replace(b"=", b"=3D")),
        (b"8bit", data),
    ))  # fmt: skip
    coding = chance.choice((coding, coding, coding, b"x-uuencode", b"base64"))
    return (
        b"From: maru@example.com\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
        b"Content-Type: application/octet-stream\n"
        b"Content-Transfer-Encoding: " + coding + b"\n"
        b'Content-Disposition: attachment; filename="a.txt"\n\n' + body + b"\n--b--\n"
    )
