"""Mutations of lines, encodings, archives and mails, independent of the fuzzer.

Random bit flips reach little: they break the checksums of archives and never spell a Korean date.
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
_MAX_SIZE = 4096
"""Bytes; small inputs run faster and break just as well."""
_ENTRY = re.compile(r'^"(.*)"$', re.MULTILINE)
_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|([nrt"\\]))')
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


def tokens(dictionary: str) -> list[bytes]:
    """Unescaped entries of a libFuzzer dictionary."""
    return [
        _ESCAPE.sub(
            lambda match: bytes([int(match[1], 16)]) if match[1] else _ESCAPED[match[2]],
            entry.encode(),
        )
        for entry in _ENTRY.findall(dictionary)
    ]


def escaped(tokens: Sequence[bytes]) -> str:
    """A libFuzzer dictionary in ASCII."""
    entries = ("".join(f"\\x{byte:02x}" for byte in token) for token in tokens)
    return "".join(f'"{entry}"\n' for entry in entries)


class Mutator:
    """Mutates inputs, deterministically for a given RNG."""

    def __init__(self, dictionary: Sequence[bytes], seeds: Sequence[bytes]) -> None:
        self._tokens = list(dictionary)
        self._seeds = list(seeds)
        self._lines = sorted({line for seed in seeds for line in _lines(seed) if line.strip()})

    def mutate(self, data: bytes, rng: random.Random) -> bytes:
        if len(data) > _MAX_SIZE and rng.random() < 0.9:
            data = _sample_lines(data, rng)
        if data.startswith(b"PK\x03\x04") and rng.random() < 0.7:
            return self._mutate_archive(data, rng)
        for _ in range(rng.choice((1, 1, 2, 3, 6))):
            data = rng.choice(self._MUTATIONS)(self, data, rng)
        if rng.random() < 0.06:
            data = _reencode(data, rng)
        if rng.random() < 0.01:
            data = self._flood(data, rng)
        if rng.random() < 0.04:
            data = _wrap_in_archive(data, rng)
        if rng.random() < 0.04:
            data = _wrap_in_mail(data, rng)
        return data

    def _splice(self, data: bytes, rng: random.Random) -> bytes:
        """Insert lines of a seed."""
        other = _lines(rng.choice(self._seeds))
        first = rng.randrange(len(other))
        inserted = other[first : first + rng.choice((1, 2, 5, 20))]
        lines = _lines(data)
        place = rng.randrange(len(lines) + 1)
        return b"".join([*lines[:place], *inserted, *lines[place:]])

    def _insert_line(self, data: bytes, rng: random.Random) -> bytes:
        lines = _lines(data)
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(self._lines))
        return b"".join(lines)

    def _insert_token(self, data: bytes, rng: random.Random) -> bytes:
        place = _offset(data, rng)
        return data[:place] + rng.choice(self._tokens) + data[place:]

    def _prepend_token(self, data: bytes, rng: random.Random) -> bytes:
        """Most tokens only matter at the start of a line."""
        lines = _lines(data)
        place = rng.randrange(len(lines))
        lines[place] = rng.choice(self._tokens) + lines[place]
        return b"".join(lines)

    def _replace_token(self, data: bytes, rng: random.Random) -> bytes:
        present = [token for token in self._tokens if token in data]
        if not present:
            return self._insert_token(data, rng)
        return data.replace(rng.choice(present), rng.choice(self._tokens), rng.choice((1, -1)))

    def _move_lines(self, data: bytes, rng: random.Random) -> bytes:
        lines = _lines(data)
        first = rng.randrange(len(lines))
        moved = lines[first : first + rng.choice((1, 1, 2, 5))]
        match rng.randrange(4):
            case 0:
                del lines[first : first + len(moved)]
            case 1:
                lines[first:first] = moved * rng.choice((1, 2, 10))
            case 2:
                del lines[first : first + len(moved)]
                place = rng.randrange(len(lines) + 1)
                lines[place:place] = moved
            case _:
                rng.shuffle(moved)
                lines[first : first + len(moved)] = moved
        return b"".join(lines)

    def _replace_line_ends(self, data: bytes, rng: random.Random) -> bytes:
        end = rng.choice(_ENDS)
        lines = _lines(data)
        if rng.random() < 0.5:
            place = rng.randrange(len(lines))
            lines[place] = lines[place].rstrip(b"\r\n") + end
            return b"".join(lines)
        return b"".join(line.rstrip(b"\r\n") + (end or b"\n") for line in lines)

    def _replace_number(self, data: bytes, rng: random.Random) -> bytes:
        present = list(_DIGITS.finditer(data))
        if not present:
            return data
        match = rng.choice(present)
        return data[: match.start()] + rng.choice(_NUMBERS) + data[match.end() :]

    def _cut(self, data: bytes, rng: random.Random) -> bytes:
        first, last = sorted(_offset(data, rng) for _ in range(2))
        return data[:first] + data[last if last - first < 100 else _offset(data, rng, first) :]

    def _pair(self, data: bytes, rng: random.Random) -> bytes:
        """Two texts to merge: the input and a near copy, or another seed."""
        text = data.partition(CUT)[0]
        other = rng.choice((text, self._insert_line(text, rng), rng.choice(self._seeds)))
        return text + CUT + other

    def _flood(self, data: bytes, rng: random.Random) -> bytes:
        """Repeat something small thousands of times to provoke quadratic time."""
        times = rng.choice((50, 500, 3000))
        if rng.random() < 0.5:
            pattern = b"".join(rng.choice(self._tokens) for _ in range(rng.choice((1, 2))))
            place = _offset(data, rng)
            return data[:place] + pattern * times + data[place:]
        lines = _lines(data)
        pattern = b"".join(rng.choice(lines) for _ in range(rng.choice((1, 2, 3))))
        return data + pattern * times

    def _mutate_archive(self, data: bytes, rng: random.Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                files = {entry.filename: archive.read(entry) for entry in archive.infolist()[:20]}
        except Exception:  # noqa: BLE001  (zipfile raises many types on such bytes)
            files = {}
        if not files:
            return _wrap_in_archive(rng.choice(self._seeds), rng)
        name = rng.choice(list(files))
        files[name] = self.mutate(files[name][:_MAX_SIZE], rng)
        if rng.random() < 0.2:
            token = rng.choice(self._tokens).decode("utf-8", "ignore").replace("\0", "")
            files[token + name] = files.pop(name)
        return _make_zip(files, rng)

    _MUTATIONS: tuple[Callable[[Mutator, bytes, random.Random], bytes], ...] = (
        _splice,
        _splice,
        _insert_line,
        _insert_line,
        _insert_token,
        _prepend_token,
        _prepend_token,
        _replace_token,
        _replace_token,
        _move_lines,
        _move_lines,
        _replace_line_ends,
        _replace_number,
        _replace_number,
        _cut,
        _cut,
        _pair,
        _pair,
    )


def read_seeds(folder: Path) -> dict[str, bytes]:
    """Path below `folder` → bytes, in a fixed order."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _lines(data: bytes) -> list[bytes]:
    """With line ends; at least one."""
    return [line for line in _LINE.findall(data) if line] or [b""]


def _sample_lines(data: bytes, rng: random.Random) -> bytes:
    """A few lines, including the first ones, which determine the format."""
    lines = _lines(data)
    first = rng.randrange(len(lines))
    return b"".join([*lines[:4], *lines[max(4, first) : first + 20]])[:_MAX_SIZE]


def _offset(data: bytes, rng: random.Random, first: int = 0) -> int:
    """A random offset; rarely inside a character, as that breaks the whole input."""
    place = rng.randrange(first, len(data) + 1)
    if rng.random() < 0.02:
        return place
    while place > first and data[place : place + 1] and 0x80 <= data[place] < 0xC0:
        place -= 1
    return place


def _reencode(data: bytes, rng: random.Random) -> bytes:
    for encoding in ("utf-16", "utf-8-sig") if data[:1] in b"\xff\xfe" else ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.encode(rng.choice(_ENCODINGS), "replace")
    return data


def _wrap_in_archive(data: bytes, rng: random.Random) -> bytes:
    names = rng.sample(_FILES, rng.choice((1, 1, 2, 4)))
    return _make_zip(dict.fromkeys(names, data), rng)


def _make_zip(files: dict[str, bytes], rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice(_METHODS)) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, rng.choice(_METHODS))
    packed = bytearray(out.getvalue())
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 1, 3))):
            packed[rng.randrange(len(packed))] = rng.choice((0, 1, 0xFF, rng.randrange(256)))
    return bytes(packed)


def _wrap_in_mail(data: bytes, rng: random.Random) -> bytes:
    coding, body = rng.choice((
        (b"base64", base64.encodebytes(data)),
        (b"quoted-printable", data.replace(b"=", b"=3D")),
        (b"8bit", data),
    ))  # fmt: skip
    coding = rng.choice((coding, coding, coding, b"x-uuencode", b"base64"))
    return (
        b"From: maru@example.com\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
        b"Content-Type: application/octet-stream\n"
        b"Content-Transfer-Encoding: " + coding + b"\n"
        b'Content-Disposition: attachment; filename="a.txt"\n\n' + body + b"\n--b--\n"
    )
