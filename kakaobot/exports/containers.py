"""An upload → the files in it that may be chats: itself, or what a mail or an archive holds.

Knows no chat. Nothing is written to disk: what an archive calls its files is never a path here.
"""

from __future__ import annotations

import codecs
import io
import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from pathlib import Path, PurePosixPath
from typing import IO

from kakaobot.errors import ExportError

MAX_BYTES = 1 << 30
"""Of one file, and of all texts in one archive together."""
MAX_ENTRIES = 20_000
MAX_RATIO = 200
"""A chat shrinks to a tenth; only what was made to burst shrinks to a two-hundredth."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error) + (
    EOFError, NotImplementedError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""What zipfile raises on bytes that are no whole archive, found by feeding it such bytes."""
_SMALL = 1 << 20
"""Bytes below which no ratio is looked at."""
_ZIP = b"PK\x03\x04"
_ZIP_OF_NOTHING = b"PK\x05\x06"
_TEXTS = (".txt", ".csv", ".eml")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
"""What is one; the `.25` at the end of a date is none."""
_FIELD = rb"[A-Za-z][A-Za-z0-9-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
_MAIL = re.compile(rb"(?:%b){2}" % _FIELD)
_MAIL_FIELD = re.compile(rb"(?im)^(?:mime-version|content-type|received|from|message-id):")
_HEAD_BYTES = 65536
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class ContainedFile:
    name: str
    """File name without folders, as a person knows it."""
    data: bytes


@dataclass(frozen=True)
class Container:
    pieces: tuple[ContainedFile, ...]
    skipped: int = 0
    """Files beside them that are no text: pictures, videos and the like."""
    archives: int = 0
    """How many of those are archives themselves, which are not opened."""
    wrapped: bool = True
    """Whether the pieces lay in a mail or an archive."""


def open_container(path: Path, name: str) -> Container:
    """Look into one upload, found out by content.

    Raises:
        ExportError: missing, too large, encrypted, damaged, or made to do harm.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) in (_ZIP, _ZIP_OF_NOTHING):
                return _with_something(_of_archive(file, name), name)
        if path.stat().st_size > MAX_BYTES:
            raise ExportError(
                f"'{name}' 파일이 1GB보다 큽니다. 카카오톡에서 기간을 나누어 다시 내보내 주세요."
            )
        data = path.read_bytes()
    except OSError as error:
        raise ExportError(
            f"'{name}' 파일을 열 수 없습니다. 파일이 있는지 확인하고 다시 올려 주세요."
        ) from error
    if _is_mail(data):
        return _of_mail(data, name)
    return Container((ContainedFile(name, data),), wrapped=False)


def _with_something(parcel: Container, name: str) -> Container:
    """Raises ExportError where there is no text in it, and it can be said why."""
    if parcel.pieces:
        return parcel
    if parcel.archives:
        raise ExportError(
            f"'{name}' 압축 파일 안에 대화 대신 또 다른 압축 파일이 {parcel.archives}개 있습니다. "
            "압축을 한 번 풀고 안에 있던 압축 파일을 올려 주세요."
        )
    if not parcel.skipped:
        raise ExportError(
            f"'{name}' 압축 파일이 비어 있어 대화가 없습니다. "
            "카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 담아 올려 주세요."
        )
    return parcel


def _is_mail(data: bytes) -> bool:
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    return bool(_MAIL.match(head) and _MAIL_FIELD.search(head))


def _of_mail(data: bytes, name: str) -> Container:
    """The texts of a mail and those attached to it."""
    pieces: list[ContainedFile] = []
    others = 0
    try:
        parts = list(message_from_bytes(data).walk())
    except RecursionError as error:
        raise ExportError(
            f"'{name}' 메일의 짜임이 너무 복잡해 열지 않았습니다. "
            "메일에서 대화 파일만 저장해 올려 주세요."
        ) from error
    for part in parts:
        content = part.get_payload(decode=True)
        kind = part.get_content_type()
        if part.is_multipart() or not isinstance(content, bytes) or kind == "text/html":
            continue
        attached = _last_part(_attached_name(part))
        if content.startswith(_ZIP):
            inner = _of_archive(io.BytesIO(content), attached or name)
            pieces += inner.pieces
            others += inner.skipped
        elif kind == "text/plain" or attached.lower().endswith(_TEXTS):
            own = attached or f"{Path(name).stem}.txt"
            pieces.append(ContainedFile(own, _in_utf8(content, part.get_content_charset())))
        else:
            others += 1
    return Container(tuple(pieces), others)


def _attached_name(part: Mail) -> str:
    """Empty for the letter itself. Mail programs write Korean in more than one way."""
    name = part.get_filename() or ""
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _in_utf8(content: bytes, charset: str | None) -> bytes:
    """Rare character sets become UTF-8; what every text file may be in stays as it is."""
    if charset is None or charset.startswith(("utf-", "us-ascii", "euc-kr", "ks_c", "cp949")):
        return content
    try:
        return content.decode(charset).encode()
    except (LookupError, ValueError):
        return content


def _of_archive(file: IO[bytes], name: str) -> Container:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not _is_furniture(entry)]
            texts = [entry for entry in entries if _own_name(entry).lower().endswith(_TEXTS)]
            _refuse_harm(entries, texts, name)
            texts += [entry for entry in entries if _may_be_text(entry, archive)]
            _refuse_harm(entries, texts, name)
            _refuse_locked(texts or entries, name)
            found = [
                ContainedFile(_last_part(_own_name(entry)), archive.read(entry)) for entry in texts
            ]
    except (*_BROKEN, OSError) as error:
        raise ExportError(
            f"'{name}' 압축 파일이 손상되었거나 모르는 방식으로 압축되어 있습니다. "
            "압축을 풀어 그 안의 대화 파일을 올려 주세요."
        ) from error
    pieces: list[ContainedFile] = []
    others = len(entries) - len(texts)
    for piece in found:
        inner = _of_mail(piece.data, piece.name) if _is_mail(piece.data) else None
        pieces += inner.pieces if inner else [piece]
        others += inner.skipped if inner else 0
    archives = sum(_own_name(entry).lower().endswith(".zip") for entry in entries)
    return Container(tuple(pieces), others, archives)


def _may_be_text(entry: zipfile.ZipInfo, archive: zipfile.ZipFile) -> bool:
    """Whether a file that tells nothing by its suffix begins as a text does."""
    suffix = PurePosixPath(_last_part(_own_name(entry))).suffix
    if _SUFFIX.fullmatch(suffix) or entry.flag_bits & 1:
        return False
    try:
        with archive.open(entry) as file:
            head = file.read(_HEAD_BYTES)
    except (*_BROKEN, OSError):
        return False
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return bool(head.strip()) and any(
        _is_text(head, encoding) for encoding in ("utf-8-sig", "cp949")
    )


def _is_text(head: bytes, encoding: str) -> bool:
    """The head may end inside a character."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return not _BINARY.search(text)


def _refuse_harm(
    entries: Sequence[zipfile.ZipInfo], texts: Sequence[zipfile.ZipInfo], name: str
) -> None:
    """Sizes are those the archive declares: zipfile reads no further than that.

    Raises:
        ExportError: the archive is like none that KakaoTalk or a person makes.
    """
    if any(_is_strange(entry) for entry in entries):
        raise ExportError(
            f"'{name}' 압축 파일에 바깥 폴더를 가리키는 파일이 있어 열지 않았습니다. "
            "대화 파일만 다시 압축해 올려 주세요."
        )
    total = sum(entry.file_size for entry in texts)
    packed = sum(entry.compress_size for entry in texts)
    burst = total > max(_SMALL, packed * MAX_RATIO)
    if len(entries) > MAX_ENTRIES or total > MAX_BYTES or burst:
        raise ExportError(
            f"'{name}' 압축 파일에 든 것이 너무 많거나 커서 열지 않았습니다. "
            "대화 파일만 다시 압축해 올려 주세요."
        )


def _refuse_locked(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Raises ExportError where a password is needed: pictures beside a chat may have one."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise ExportError(
            f"'{name}' 압축 파일에 암호가 걸려 있습니다. 암호 없이 다시 압축해 올려 주세요."
        )


def _is_furniture(entry: zipfile.ZipInfo) -> bool:
    """Folders, and what macOS puts beside every file."""
    last = entry.filename.rsplit("/", 1)[-1]
    return (
        not last
        or entry.filename.startswith("__MACOSX/")
        or last.startswith("._")
        or last == ".DS_Store"
    )


def _is_strange(entry: zipfile.ZipInfo) -> bool:
    name = _own_name(entry).replace("\\", "/")
    link = stat.S_ISLNK(entry.external_attr >> 16)
    return link or name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _own_name(entry: zipfile.ZipInfo) -> str:
    """The path in the archive. What is not marked as UTF-8 comes as if it were cp437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _last_part(name: str) -> str:
    """Without folders, line breaks and what else no file name on a screen should hold."""
    last = re.split(r"[/\\]", name)[-1]
    return unicodedata.normalize("NFC", re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", last))
