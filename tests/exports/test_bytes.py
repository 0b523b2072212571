"""Which bytes are accepted as an export, and the errors for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.errors import ExportError
from kakaobot.exports.reader import MAX_BYTES, read_export

CHAT = """마루 님과 카카오톡 대화
저장한 날짜 : 2026-11-03 10:44:52

--------------- 2026년 6월 28일 일요일 ---------------
[마루] [오전 1:01] 안녕
[도담] [오전 1:02] 응
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_every_common_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(CHAT.replace("\n", "\r\n").encode(encoding))
    export = read_export(path)
    assert (export.room, [message.text for message in export.messages]) == ("마루", ["안녕", "응"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "비어 있습니다"),
        (b"\xef\xbb\xbf\r\n \n", "비어 있습니다"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "글이 아닙니다"),
        (b"PK\x03\x04rest", "압축"),
        (b"abc\0def", "글이 아닙니다"),
        (b"\xff\xfe\xff", "인코딩"),
        (b"\x81\x20\xff\xff abc", "인코딩"),
        ("장보기 목록\n- 우유\n- 달걀\n".encode(), "카카오톡 대화가 아닙니다"),
        (b"name,price\nmilk,3\n", "카카오톡 대화가 아닙니다"),
        (b"Date,User,Message\n", "메시지를 찾지 못했습니다"),
        (b"Date,User,Message\nyesterday,a,b\n", "메시지를 찾지 못했습니다"),
        (
            "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n".encode(),
            "읽을 수 있는 메시지가",
        ),
        ("[마루] [오전 9:01] 언제\n".encode(), "메시지를 찾지 못했습니다"),
        ("[선배] 이번 주 모임\n[후배] 네\n".encode(), "카카오톡 대화가 아닙니다"),
    ],
)
def test_unreadable_data_raises_a_korean_message(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "어떤 것.txt"
    path.write_bytes(data)
    with pytest.raises(ExportError, match=message) as error:
        read_export(path)
    assert "어떤 것.txt" in str(error.value)
    assert str(error.value).endswith("주세요.")


def test_missing_and_oversized_files_raise(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="열 수 없습니다"):
        read_export(tmp_path / "없음.txt")
    with (tmp_path / "큰것.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ExportError, match="1GB"):
        read_export(tmp_path / "큰것.txt")


def test_errors_name_the_original_file(tmp_path: Path) -> None:
    (tmp_path / "ab12.txt").write_bytes(b"")
    with pytest.raises(ExportError, match="우리방"):
        read_export(tmp_path / "ab12.txt", name="우리방.txt")
