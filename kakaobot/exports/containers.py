"""Files in an upload that may be chats: itself, or the contents of a mail, archive or folder.

Nothing is extracted to disk, so names inside an archive are never used as paths.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from pathlib import Path, PurePosixPath
from typing import IO

from kakaobot.errors import ExportError
from kakaobot.exports.contained_files import (
    HEAD_BYTES,
    MAX_BYTES,
    MAX_ENTRIES,
    ContainedFile,
    Container,
    has_suffix,
    has_text_suffix,
    is_metadata,
    looks_like_text,
    room_of_folders,
)
from kakaobot.exports.folders import open_folder
from kakaobot.exports.paths import base_name
from kakaobot.language import tr

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
_FIELD = rb"[A-Za-z][A-Za-z0-9-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
_MAIL = re.compile(rb"(?:%b){2}" % _FIELD)
_MAIL_FIELD = re.compile(rb"(?im)^(?:mime-version|content-type|received|from|message-id):")


def open_container(path: Path, name: str) -> Container:
    """Open one upload; its type is detected by content.

    Raises:
        ExportError: missing, too large, encrypted, damaged, or malicious.
    """
    try:
        if path.is_dir():
            return open_folder(path, name)
        if path.exists() and not path.is_file():
            raise ExportError(
                tr(
                    "'{name}' 은(는) 파일이 아니라 장치나 통로라서 읽지 않았습니다. 카카오톡에서 "
                    "내보낸 파일을 골라 주세요."
                ).format(name=name)
            )
        with path.open("rb") as file:
            if file.read(len(_ZIP)) in (_ZIP, _EMPTY_ZIP):
                return _require_text(_open_archive(file, name), name)
        if path.stat().st_size > MAX_BYTES:
            raise ExportError(
                tr(
                    "'{name}' 파일이 1GB보다 큽니다. 카카오톡에서 기간을 나누어 다시 내보내 주세요."
                ).format(name=name)
            )
        data = path.read_bytes()
    except OSError as error:
        raise ExportError(
            tr("'{name}' 파일을 열 수 없습니다. 파일이 있는지 확인하고 다시 올려 주세요.").format(
                name=name
            )
        ) from error
    if _is_mail(data):
        return _open_mail(data, name)
    room = room_of_folders([path.absolute().parent.name])
    return Container((ContainedFile(name, data, room),), is_wrapped=False)


def _require_text(container: Container, name: str) -> Container:
    """Raises ExportError if the archive has no text for a known reason."""
    if container.files:
        return container
    if container.archives:
        raise ExportError(
            tr(
                "'{name}' 압축 파일 안에 대화 대신 또 다른 압축 파일이 {archives}개 있습니다. "
                "압축을 한 번 풀고 안에 있던 압축 파일을 올려 주세요."
            ).format(name=name, archives=container.archives)
        )
    if not container.skipped:
        raise ExportError(
            tr(
                "'{name}' 압축 파일이 비어 있어 대화가 없습니다. 카카오톡 채팅방의 '대화 "
                "내보내기'로 만든 파일을 담아 올려 주세요."
            ).format(name=name)
        )
    return container


def _is_mail(data: bytes) -> bool:
    head = data[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    return bool(_MAIL.match(head) and _MAIL_FIELD.search(head))


def _open_mail(data: bytes, name: str) -> Container:
    """The text parts of a mail and its text attachments."""
    files: list[ContainedFile] = []
    skipped = 0
    try:
        parts = list(message_from_bytes(data).walk())
    except RecursionError as error:
        raise ExportError(
            tr(
                "'{name}' 메일의 짜임이 너무 복잡해 열지 않았습니다. 메일에서 대화 파일만 "
                "저장해 올려 주세요."
            ).format(name=name)
        ) from error
    for part in parts:
        content = part.get_payload(decode=True)
        kind = part.get_content_type()
        if part.is_multipart() or not isinstance(content, bytes) or kind == "text/html":
            continue
        attached = base_name(_attachment_name(part))
        if content.startswith(_ZIP):
            inner = _open_archive(io.BytesIO(content), attached or name)
            files += inner.files
            skipped += inner.skipped
        elif kind == "text/plain" or has_text_suffix(attached):
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
            entries = [entry for entry in archive.infolist() if not _is_ignored(entry)]
            texts = [entry for entry in entries if has_text_suffix(_entry_name(entry))]
            _reject_harmful(entries, texts, name)
            texts += [entry for entry in entries if _may_be_text(entry, archive)]
            _reject_harmful(entries, texts, name)
            _reject_encrypted(texts or entries, name)
            contents = [
                ContainedFile(
                    base_name(_entry_name(entry)), archive.read(entry), _room_of(entry, name)
                )
                for entry in texts
            ]
    except (*_BROKEN, OSError) as error:
        raise ExportError(
            tr(
                "'{name}' 압축 파일이 손상되었거나 모르는 방식으로 압축되어 있습니다. 압축을 "
                "풀어 그 안의 대화 파일을 올려 주세요."
            ).format(name=name)
        ) from error
    files: list[ContainedFile] = []
    skipped = len(entries) - len(texts)
    for file in contents:
        mail = _open_mail(file.data, file.name) if _is_mail(file.data) else None
        files += mail.files if mail else [file]
        skipped += mail.skipped if mail else 0
    archives = sum(_entry_name(entry).lower().endswith(".zip") for entry in entries)
    return Container(tuple(files), skipped, archives)


def _room_of(entry: zipfile.ZipInfo, archive_name: str) -> str:
    """The room that a folder in the archive, or else the archive itself, is named after."""
    folders = PurePosixPath(_entry_name(entry)).parts[:-1]
    return room_of_folders([PurePosixPath(archive_name).stem, *folders])


def _may_be_text(entry: zipfile.ZipInfo, archive: zipfile.ZipFile) -> bool:
    """Whether a file without a suffix starts like text."""
    if has_suffix(base_name(_entry_name(entry))) or entry.flag_bits & 1:
        return False
    try:
        with archive.open(entry) as file:
            head = file.read(HEAD_BYTES)
    except (*_BROKEN, OSError):
        return False
    return looks_like_text(head)


def _reject_harmful(
    entries: Sequence[zipfile.ZipInfo], texts: Sequence[zipfile.ZipInfo], name: str
) -> None:
    """Check declared sizes only, as zipfile reads no further than those.

    Raises:
        ExportError: the archive looks malicious.
    """
    if any(_escapes_folder(entry) for entry in entries):
        raise ExportError(
            tr(
                "'{name}' 압축 파일에 바깥 폴더를 가리키는 파일이 있어 열지 않았습니다. 대화 "
                "파일만 다시 압축해 올려 주세요."
            ).format(name=name)
        )
    total = sum(entry.file_size for entry in texts)
    compressed = sum(entry.compress_size for entry in texts)
    is_bomb = total > max(_MIN_BOMB, compressed * MAX_RATIO)
    if len(entries) > MAX_ENTRIES or total > MAX_BYTES or is_bomb:
        raise ExportError(
            tr(
                "'{name}' 압축 파일에 든 것이 너무 많거나 커서 열지 않았습니다. 대화 파일만 "
                "다시 압축해 올려 주세요."
            ).format(name=name)
        )


def _reject_encrypted(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Raises ExportError if a password is needed."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise ExportError(
            tr(
                "'{name}' 압축 파일에 암호가 걸려 있습니다. 암호 없이 다시 압축해 올려 주세요."
            ).format(name=name)
        )


def _is_ignored(entry: zipfile.ZipInfo) -> bool:
    """Folders, and the files macOS adds."""
    is_folder = entry.filename.rsplit("/", 1)[-1] == ""
    return is_folder or is_metadata(PurePosixPath(entry.filename))


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
