"""Files in an upload that may be chats: the upload itself, or the contents of a mail or archive.

Nothing is extracted to disk, so names inside an archive are never used as paths.
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
"""Limit for one file, and for all texts in one archive together."""
MAX_ENTRIES = 20_000
MAX_RATIO = 200
"""A chat compresses to a tenth; only a zip bomb compresses to a two-hundredth."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error) + (
    EOFError, NotImplementedError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""Raised by zipfile for invalid archives; found by fuzzing it."""
_MIN_BOMB = 1 << 20
"""Bytes below which the ratio is ignored."""
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_TEXTS = (".txt", ".csv", ".eml")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
"""Does not match the `.25` at the end of a date."""
_FIELD = rb"[A-Za-z][A-Za-z0-9-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
_MAIL = re.compile(rb"(?:%b){2}" % _FIELD)
_MAIL_FIELD = re.compile(rb"(?im)^(?:mime-version|content-type|received|from|message-id):")
_HEAD_BYTES = 65536
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class ContainedFile:
    name: str
    """File name without folders."""
    data: bytes


@dataclass(frozen=True)
class Container:
    files: tuple[ContainedFile, ...]
    skipped: int = 0
    """Other files, which are not text: pictures, videos and the like."""
    archives: int = 0
    """Skipped files that are archives themselves, which are not opened."""
    is_wrapped: bool = True
    """Whether the files are in a mail or archive."""


def open_container(path: Path, name: str) -> Container:
    """Open one upload; its type is detected by content.

    Raises:
        ExportError: missing, too large, encrypted, damaged, or malicious.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) in (_ZIP, _EMPTY_ZIP):
                return _require_text(_open_archive(file, name), name)
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
        return _open_mail(data, name)
    return Container((ContainedFile(name, data),), is_wrapped=False)


def _require_text(container: Container, name: str) -> Container:
    """Raises ExportError if the archive has no text for a known reason."""
    if container.files:
        return container
    if container.archives:
        raise ExportError(
            f"'{name}' 압축 파일 안에 대화 대신 또 다른 압축 파일이 "
            f"{container.archives}개 있습니다. 압축을 한 번 풀고 안에 있던 압축 파일을 올려 주세요."
        )
    if not container.skipped:
        raise ExportError(
            f"'{name}' 압축 파일이 비어 있어 대화가 없습니다. "
            "카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 담아 올려 주세요."
        )
    return container


def _is_mail(data: bytes) -> bool:
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    return bool(_MAIL.match(head) and _MAIL_FIELD.search(head))


def _open_mail(data: bytes, name: str) -> Container:
    """The text parts of a mail and its text attachments."""
    files: list[ContainedFile] = []
    skipped = 0
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
        attached = _base_name(_attachment_name(part))
        if content.startswith(_ZIP):
            inner = _open_archive(io.BytesIO(content), attached or name)
            files += inner.files
            skipped += inner.skipped
        elif kind == "text/plain" or attached.lower().endswith(_TEXTS):
            file_name = attached or f"{Path(name).stem}.txt"
            files.append(ContainedFile(file_name, _to_utf8(content, part.get_content_charset())))
        else:
            skipped += 1
    return Container(tuple(files), skipped)


def _attachment_name(part: Mail) -> str:
    """Empty for the body. Mail programs encode Korean names in several ways."""
    name = part.get_filename() or ""
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _to_utf8(content: bytes, charset: str | None) -> bytes:
    """Convert rare charsets; the reader detects the common ones itself."""
    if charset is None or charset.startswith(("utf-", "us-ascii", "euc-kr", "ks_c", "cp949")):
        return content
    try:
        return content.decode(charset).encode()
    except (LookupError, ValueError):
        return content


def _open_archive(archive_file: IO[bytes], name: str) -> Container:
    try:
        with zipfile.ZipFile(archive_file) as archive:
            entries = [entry for entry in archive.infolist() if not _is_metadata(entry)]
            texts = [entry for entry in entries if _entry_name(entry).lower().endswith(_TEXTS)]
            _reject_harmful(entries, texts, name)
            texts += [entry for entry in entries if _may_be_text(entry, archive)]
            _reject_harmful(entries, texts, name)
            _reject_encrypted(texts or entries, name)
            contents = [
                ContainedFile(_base_name(_entry_name(entry)), archive.read(entry))
                for entry in texts
            ]
    except (*_BROKEN, OSError) as error:
        raise ExportError(
            f"'{name}' 압축 파일이 손상되었거나 모르는 방식으로 압축되어 있습니다. "
            "압축을 풀어 그 안의 대화 파일을 올려 주세요."
        ) from error
    files: list[ContainedFile] = []
    skipped = len(entries) - len(texts)
    for file in contents:
        mail = _open_mail(file.data, file.name) if _is_mail(file.data) else None
        files += mail.files if mail else [file]
        skipped += mail.skipped if mail else 0
    archives = sum(_entry_name(entry).lower().endswith(".zip") for entry in entries)
    return Container(tuple(files), skipped, archives)


def _may_be_text(entry: zipfile.ZipInfo, archive: zipfile.ZipFile) -> bool:
    """Whether a file without a suffix starts like text."""
    suffix = PurePosixPath(_base_name(_entry_name(entry))).suffix
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
    """Whether the head decodes without control characters; it may end inside a character."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return not _BINARY.search(text)


def _reject_harmful(
    entries: Sequence[zipfile.ZipInfo], texts: Sequence[zipfile.ZipInfo], name: str
) -> None:
    """Check declared sizes only, as zipfile reads no further than those.

    Raises:
        ExportError: the archive looks malicious.
    """
    if any(_escapes_folder(entry) for entry in entries):
        raise ExportError(
            f"'{name}' 압축 파일에 바깥 폴더를 가리키는 파일이 있어 열지 않았습니다. "
            "대화 파일만 다시 압축해 올려 주세요."
        )
    total = sum(entry.file_size for entry in texts)
    compressed = sum(entry.compress_size for entry in texts)
    is_bomb = total > max(_MIN_BOMB, compressed * MAX_RATIO)
    if len(entries) > MAX_ENTRIES or total > MAX_BYTES or is_bomb:
        raise ExportError(
            f"'{name}' 압축 파일에 든 것이 너무 많거나 커서 열지 않았습니다. "
            "대화 파일만 다시 압축해 올려 주세요."
        )


def _reject_encrypted(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Raises ExportError if a password is needed."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise ExportError(
            f"'{name}' 압축 파일에 암호가 걸려 있습니다. 암호 없이 다시 압축해 올려 주세요."
        )


def _is_metadata(entry: zipfile.ZipInfo) -> bool:
    """Folders, and the files macOS adds."""
    last = entry.filename.rsplit("/", 1)[-1]
    return (
        not last
        or entry.filename.startswith("__MACOSX/")
        or last.startswith("._")
        or last == ".DS_Store"
    )


def _escapes_folder(entry: zipfile.ZipInfo) -> bool:
    name = _entry_name(entry).replace("\\", "/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return is_link or name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """The path in the archive; zipfile decodes a name not flagged as UTF-8 as cp437."""
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


def _base_name(name: str) -> str:
    """File name without folders and control characters, safe to display."""
    last = re.split(r"[/\\]", name)[-1]
    return unicodedata.normalize("NFC", re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", last))
