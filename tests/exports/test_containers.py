"""Exports in archives and mails; malicious archives are rejected without side effects."""

from __future__ import annotations

import stat
import struct
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from kakaobot.errors import ExportError
from kakaobot.exports import containers, folders
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.reader import read_export, read_exports, read_upload
from tests.exports.rooms import load_all


def chat(text: str = "안녕", room: str = "우리방") -> str:
    return (
        f"{room} 님과 카카오톡 대화\r\n저장한 날짜 : 2026년 11월 3일 오전 11:29\r\n\r\n"
        f"2026년 2월 5일 오전 1:33, 마루 : {text}\r\n"
    )


def make_zip(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def korean_windows_zip(path: Path, name: str, content: str) -> Path:
    """As Korean Windows writes it: the name in CP949, without the UTF-8 flag."""
    raw = name.encode("cp949")
    placeholder = "x" * len(raw)
    make_zip(path, {placeholder: content})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), raw))
    return path


def mail(**content: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "KakaoTalk Chats"
    message["From"] = "maru@example.com"
    message.set_content(
        content["body"], cte=content["cte"], charset=content.get("charset", "utf-8")
    )
    return message


def test_every_chat_in_an_archive_is_read_and_other_files_are_counted(
    tmp_path: Path,
) -> None:
    archive = make_zip(
        tmp_path / "백업.zip",
        {
            "KakaoTalk/Chats/하나/KakaoTalkChats.txt": chat("가"),
            "KakaoTalk/Chats/하나/0a1b.jpg": b"\xff\xd8\xff",
            "KakaoTalk/Chats/둘/깊이/KakaoTalk_Chat_옆방_2026-04-22-12-40-45.csv": (
                "Date,User,Message\n2026-07-09 20:34:26,도담,나\n"
            ),
            "장보기.txt": "우유\n달걀\n",
            "__MACOSX/KakaoTalkChats.txt": b"\0\5\x16\7",
            "KakaoTalk/._KakaoTalkChats.txt": b"\0\5\x16\7",
            ".DS_Store": b"\0",
        },
    )
    upload = read_upload(archive)
    rooms = [result.export.room for result in upload.results if result.export]
    assert (rooms, upload.skipped) == (["우리방", "옆방"], 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_chat_in_an_archive_may_be_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a.txt": chat().encode(encoding)})
    assert read_export(archive).messages[0].text == "안녕"


def test_cp949_names_in_an_archive_are_decoded(tmp_path: Path) -> None:
    archive = korean_windows_zip(tmp_path / "a.zip", "폴더/우리 대화.txt", chat())
    assert read_export(archive).file == "우리 대화.txt"


def test_a_damaged_chat_in_an_archive_does_not_affect_the_others(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"빈것.txt": b"", "대화.txt": chat()})
    assert [bool(result.error) for result in read_upload(archive).results] == [True, False]
    assert read_export(archive).file == "대화.txt"


def test_read_export_rejects_several_chats(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a.txt": chat("가"), "b.txt": chat("나")})
    assert len(read_exports(archive)) == 2
    with pytest.raises(ExportError, match=r"대화가 2개.*주세요\.$"):
        read_export(archive)


def assert_rejected(path: Path, message: str) -> None:
    with pytest.raises(ExportError, match=message) as error:
        read_exports(path)
    assert path.name in str(error.value)
    assert str(error.value).endswith("주세요.")
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name]


def test_an_archive_without_a_chat_is_rejected(tmp_path: Path) -> None:
    assert_rejected(make_zip(tmp_path / "사진.zip", {"a.jpg": b"\xff\xd8"}), "대화가 없습니다")


def test_an_encrypted_archive_is_rejected(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": chat()})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert_rejected(path, "암호가 걸려")


def test_an_encrypted_picture_next_to_a_chat_is_skipped(
    tmp_path: Path,
) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.jpg": b"\xff\xd8", "a.txt": chat()})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    upload = read_upload(path)
    assert (len(upload.results), upload.skipped) == (1, 1)


def test_empty_and_nested_archives_are_explained(tmp_path: Path) -> None:
    assert_rejected(make_zip(tmp_path / "a.zip", {}), "비어 있어")
    assert_rejected(make_zip(tmp_path / "a.zip", {"폴더/": ""}), "비어 있어")
    inner = make_zip(tmp_path / "a.zip", {"a.txt": chat()}).read_bytes()
    assert_rejected(
        make_zip(tmp_path / "a.zip", {"안.zip": inner, "a.jpg": b"\xff"}), "또 다른 압축 파일이 1개"
    )
    upload = read_upload(make_zip(tmp_path / "a.zip", {"안.zip": inner, "a.txt": chat()}))
    assert (len(upload.results), upload.skipped) == (1, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_only_chats_are_read_of_archived_files_without_suffix(
    tmp_path: Path, encoding: str
) -> None:
    files: dict[str, str | bytes] = {
        "a/KakaoTalkChats": (chat() * 2000).encode(encoding),
        "Talk_2026.4.25 10:20": chat("나").encode(encoding),
        "LICENSE": "우유\n달걀\n",
        "그림": b"\x89PNG\x0d\x0a\x1a\x0a",
        "빈것": b"",
        "묶음": b"\xff\xfd" * 50,
    }
    upload = read_upload(make_zip(tmp_path / "a.zip", files))
    assert [result.error for result in upload.results] == ["", ""]
    assert upload.skipped == 4


@pytest.mark.parametrize(
    "name", ["../밖.txt", "a/../../밖.txt", "/etc/밖.txt", "C:/밖.txt", "..\\밖.txt", "../a.jpg"]
)
def test_an_archive_with_paths_outside_its_folder_is_rejected(tmp_path: Path, name: str) -> None:
    assert_rejected(make_zip(tmp_path / "a.zip", {"a.txt": chat(), name: chat()}), "바깥 폴더")


def test_an_archive_with_a_symlink_is_rejected(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("a.txt")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert_rejected(tmp_path / "a.zip", "바깥 폴더")


def test_a_zip_bomb_is_rejected_unread(tmp_path: Path) -> None:
    assert_rejected(make_zip(tmp_path / "a.zip", {"a.txt": b"0" * (8 << 20)}), "너무 많거나 커서")


def test_an_archive_with_too_many_files_or_too_much_text_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "a.zip", {f"{n}.txt": chat() for n in range(9)})
    monkeypatch.setattr(containers, "MAX_ENTRIES", 8)
    assert_rejected(path, "너무 많거나 커서")
    monkeypatch.undo()
    monkeypatch.setattr(containers, "MAX_BYTES", 300)
    assert_rejected(path, "너무 많거나 커서")


def test_an_archive_that_declares_false_sizes_is_rejected(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": chat("가" * 50_000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 100)
    path.write_bytes(data)
    assert_rejected(path, "손상되었거나")


def test_an_archive_of_nameless_files_is_rejected(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": chat()})
    path.write_bytes(path.read_bytes().replace(b"x", b"\0"))
    assert_rejected(path, "대화가 없습니다")


@pytest.mark.parametrize("end", [200, -1, -30])
def test_a_truncated_archive_is_rejected(tmp_path: Path, end: int) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.txt": chat()})
    path.write_bytes(path.read_bytes()[:end])
    assert_rejected(path, "손상되었거나")


@pytest.mark.parametrize("cte", ["base64", "quoted-printable", "8bit"])
def test_a_mail_is_read_in_every_transfer_encoding(tmp_path: Path, cte: str) -> None:
    path = tmp_path / "KakaoTalk Chats_2023-2026.eml"
    path.write_bytes(mail(body=chat("긴 말 = " * 40).replace("\r", ""), cte=cte).as_bytes())
    export = read_export(path)
    assert (export.file, export.room) == ("KakaoTalk Chats_2023-2026.txt", "우리방")
    assert export.messages[0].text == "긴 말 = " * 40


def test_a_mail_in_an_unknown_charset_is_read(tmp_path: Path) -> None:
    data = mail(body=chat(), cte="base64").as_bytes()
    (tmp_path / "a.eml").write_bytes(data.replace(b'charset="utf-8"', b'charset="x\0y"'))
    assert read_export(tmp_path / "a.eml").messages[0].text == "안녕"


def test_a_mail_in_a_rare_charset_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail(body=chat(), cte="base64", charset="iso-2022-kr").as_bytes())
    assert read_export(path).messages[0].text == "안녕"


def test_a_chat_attached_to_a_mail_is_read_and_the_body_is_skipped(
    tmp_path: Path,
) -> None:
    message = mail(body="대화를 보내요\n", cte="base64")
    message.add_attachment(chat().encode(), "text", "plain", filename="우리 대화.txt")
    message.add_attachment(b"\xff\xd8", "image", "jpeg", filename="a.jpg")
    (tmp_path / "a.eml").write_bytes(message.as_bytes())
    upload = read_upload(tmp_path / "a.eml")
    assert [result.file.name for result in upload.results] == ["우리 대화.txt"]
    assert upload.skipped == 2


def test_archives_in_mails_and_mails_in_archives_are_opened(tmp_path: Path) -> None:
    inner = mail(body=chat(), cte="base64").as_bytes()
    archive = make_zip(tmp_path / "a.zip", {"편지.eml": inner, "b.txt": chat("나")})
    assert {export.file for export in read_exports(archive)} == {"편지.txt", "b.txt"}
    message = mail(body="보내요\n", cte="base64")
    content = archive.read_bytes()
    message.add_attachment(content, "application", "zip", filename="a.zip")
    (tmp_path / "b.eml").write_bytes(message.as_bytes())
    assert {export.file for export in read_exports(tmp_path / "b.eml")} == {"편지.txt", "b.txt"}


def test_a_chat_that_quotes_mail_fields_is_not_a_mail(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "2026년 2월 5일 오전 1:33, 마루 : 봐\nFrom: 나\nContent-Type: text/plain\n",
        encoding="utf-8",
    )
    assert read_export(tmp_path / "a.txt").messages[0].text.startswith("봐\nFrom")


def test_chats_of_one_upload_are_stored_separately(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "raw")
    archive = make_zip(
        tmp_path / "백업.zip",
        {"a/대화.txt": chat("가"), "b/대화.txt": chat("나"), "c.txt": b"", "사진.jpg": b"\xff"},
    )
    one, two, empty = store.add([archive])
    assert (one.skipped, two.skipped) == (1, 0)
    assert empty.error
    assert "비어 있습니다" in empty.error
    assert [export.messages[0].text for export in load_all(store)] == ["가", "나"]
    assert all(result.is_duplicate for result in store.add([archive])[:2])
    (tmp_path / "그대로.txt").write_bytes(chat("가").encode())
    assert store.add([tmp_path / "그대로.txt"])[0].is_duplicate


def test_every_chat_in_a_folder_is_read_and_other_files_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "모음"
    files = {
        "하나/KakaoTalkChats.txt": chat("가"),
        "하나/0a1b.jpg": "\0",
        "둘/Talk_2026.4.25 10:20": chat("나"),
        "둘/사진": "\0\1",
        "__MACOSX/KakaoTalkChats.txt": "\0",
        "._a.txt": "\0",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "밖").symlink_to(tmp_path)
    upload = read_upload(folder)
    assert [result.file.name for result in upload.results] == [
        "Talk_2026.4.25 10:20",
        "KakaoTalkChats.txt",
    ]
    assert upload.skipped == 2


def test_a_folder_without_a_chat_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "빈 것").mkdir()
    assert_rejected(tmp_path / "빈 것", "대화가 없습니다")


def test_a_folder_with_too_many_files_or_too_much_text_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "모음"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text(chat(), encoding="utf-8")
    monkeypatch.setattr(folders, "MAX_ENTRIES", 8)
    assert_rejected(folder, "너무 많거나 커서")
    monkeypatch.undo()
    monkeypatch.setattr(folders, "MAX_BYTES", 300)
    assert_rejected(folder, "너무 많거나 커서")
