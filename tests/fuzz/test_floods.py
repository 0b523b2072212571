"""Small patterns repeated thousands of times must not take quadratic time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.fuzz_exports import MAX_SECONDS
from tests.fuzz.properties import CUT, NAMES, UPLOADS, check_pair, check_text, check_upload
from tests.patience import spends_less_than

pytestmark = pytest.mark.slow

ANDROID = "방 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"
WINDOWS = "--------------- 2026년 6월 28일 일요일 ---------------\n[마루] [오전 1:01] 응\n"
RECORD = "[마루] [오전 1:02] "
WHEN = "2026년 6월 28일 오전 1:33"
TABLE = "Date,User,Message\n"
ROW = "2026-07-09 20:34:26,마루,"
MARKS = "\u0301\u0323"
SPLIT_MARKS = "\u0301\x08\u0323"
PART = "Talk_2026.2.10 08:50-1.txt\n저장한 날짜 : 2026. 2. 10\n"
MAIL = "From: maru@example.com\nMIME-Version: 1.0\n"


def same_minute(*texts: str) -> str:
    """Messages within one minute, and a system line."""
    records = "".join(f"[마루] [오전 1:01] {text}\n" for text in texts)
    return f"{ANDROID}{WINDOWS}도담님이 나갔습니다.\n{records}"


FLOODS = {
    "combining marks": WINDOWS + "a" + MARKS * 100_000 + "\n",
    "combining marks in a name": f"{WINDOWS}[a{SPLIT_MARKS * 50_000}] [오전 1:02] 응\n",
    "sent within a minute": same_minute(*"ㅋㅎ" * 950) + CUT.decode() + same_minute(*"ㅋㅠ" * 950),
    "equal messages within a minute": same_minute(*"ㅋ" * 8_000),
    "names with a colon": ANDROID
    + "".join(f"{WHEN}, a : {n}님이 들어왔습니다.\n{WHEN}, {n} : 응\n" for n in range(1_000)),
    "commas and colons": f"{ANDROID}{WHEN}, 마루 : 응\n{', : ' * 15_000}님이 들어왔습니다.\n",
    "brackets": WINDOWS + "[" * 999 + "] [" * 50_000 + "\n",
    "lines of brackets": WINDOWS + ("[" + "] [" * 300 + "\n") * 100,
    "keywords of notices": WINDOWS + ("채팅방 이름을 " * 28 + "습니다\n") * 500,
    "keywords of gifts": WINDOWS + f"{RECORD}{'님이 선물을 ' * 30}보냈습니다\n" * 300,
    "dots": WINDOWS + f"{RECORD}사{'.' * 199}jpgx\n" * 1_000,
    "headers": (ANDROID + "응\n") * 2_000 + WINDOWS,
    "parts": f"{PART}2026. 2. 1 20:30, 마루 : 응\n" * 4_000,
    "days": f"{ANDROID}{WHEN}, 마루 : 응\n" + "2026년 6월 29일 오전 1:33\n\n" * 5_000,
    "blank lines": f"{ANDROID}{WHEN}, 마루 : 응\n" + "\n" * 50_000,
    "both line ends": ANDROID.replace("\n", "\r\n") + f"{WHEN}, 마루 : 응\n네\r\n" * 2_000,
    "quotes": TABLE + f'{ROW}"\n' * 5_000,
    "an open quote": TABLE + f'{ROW}"' + f"{ROW}응\n" * 8_000,
    "broken quotes": TABLE + (f'{ROW}"\n' + ",,\n" * 30 + '"x\n') * 1_000,
    "nested mails": (MAIL + "Content-Type: message/rfc822\n\n") * 2_000,
    "nested parts": MAIL
    + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1_200)),
    "parts of a mail": f"{MAIL}Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\n" * 5_000,
    "fields of a mail": MAIL + "Content-Type: text/plain;" + ";" * 60_000 + "\n\n응",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_read_or_rejected_in_time(flood: str, tmp_path: Path) -> None:
    text = FLOODS[flood]
    data = text.encode()
    with spends_less_than(MAX_SECONDS):
        if text.startswith(MAIL):
            check_upload(data, name=UPLOADS[-1], folder=tmp_path)
        elif CUT in data:
            check_pair(data)
        else:
            check_text(data, name=NAMES[0])
