"""A file without readable messages is refused with the reason that is true for it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kakaobot.errors import ExportError
from kakaobot.exports.reader import parse_export, read_upload

ANOTHER_LANGUAGE = "카카오톡의 언어를 한국어로 두고"
UNKNOWN_STAMP = "알 수 없는 날짜 모양"
NO_MESSAGE = "머리말만 있고"
NO_DATE = "날짜 줄이 없어"
CUT = "앞부분이 잘리지 않았는지"
NO_CHAT = "카카오톡 대화가 아닙니다"


def reason(text: str, name: str = "방.txt") -> str:
    with pytest.raises(ExportError) as caught:
        parse_export(text, name)
    assert str(caught.value).endswith("주세요.")
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "森 さんとカカオトークでトーク\n保存した日付 : 2021-05-10 10:00:00\n\n"
        "--------------- 2021年5月1日土曜日 ---------------\n[森] [午後 2:37] やあ\n",
        "森林\n--------------- 2021年5月1日 星期六 ---------------\n[森林] [下午 2:37] 你好\n",
        "2021年5月1日 午後2:37, 森 : やあ\n2021年5月1日 午後2:38, 마루 : はい\n",
        "2021年5月1日 下午2:37, 森 : 你好\n2021年5月1日 下午2:38, 마루 : 好\n",
        "1 de mayo de 2021 14:37, Ana : hola\n1 de mayo de 2021 14:38, 마루 : sí\n",
        "1 de mayo de 2021, 2:37 p. m., Ana : hola\n1 de mayo de 2021, 2:38 p. m., Ana : sí\n",
        "1 de maio de 2021 14:37, Ana : olá\n1 de maio de 2021 14:38, Ana : sim\n",
        "1. Mai 2021 um 14:37, Anna : hallo\n1. Mai 2021 um 14:38, Anna : ja\n",
        "1 mai 2021 à 14:37, Anne : salut\n1 mai 2021 à 14:38, Anne : oui\n",
        "1 maggio 2021 14:37, Anna : ciao\n1 maggio 2021 14:38, Anna : sì\n",
        "1 мая 2021 г. 14:37, Аня : привет\n1 мая 2021 г. 14:38, Аня : да\n",
        "1 Mayıs 2021 14:37, Ada : selam\n1 Mayıs 2021 14:38, Ada : evet\n",
        "1 Mei 2021 14.37, Adi : hai\n1 Mei 2021 14.38, Adi : ya\n",
        "1 พฤษภาคม 2021 14:37, Fa : hi\n1 พฤษภาคม 2021 14:38, Fa : hi\n",
        "1 tháng 5, 2021 2:37 CH, An : chào\n1 tháng 5, 2021 2:38 CH, An : ừ\n",
        "日付,ユーザー,メッセージ\n2021-05-01 14:37:00,森,やあ\n2021-05-01 14:38:00,森,はい\n",
    ],
)
def test_an_export_in_another_language_is_told_to_switch_to_korean(text: str) -> None:
    assert ANOTHER_LANGUAGE in reason(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "방 님과 카카오톡 대화\n저장한 날짜 : 2026년 8월 9일 오전 9:00\n\n"
            "2026년 8월 7일 아침 9:06, 마루 : 응\n",
            "4번째 줄: 2026년 8월 7일 아침 9:06, 마루 : 응",
        ),
        (
            "2026년 8월 7일 새벽 3:06, 마루 : 응\n2026년 8월 7일 새벽 3:07, 도담 : 어\n",
            "1번째 줄: 2026년 8월 7일 새벽 3:06, 마루 : 응",
        ),
        (
            "방 님과 카카오톡 대화\n저장한 날짜 : 2026-08-09 10:00:00\n\n"
            "--- 2026/8/7 금요일 ---\n[마루] [저녁 9:06] 응\n",
            "4번째 줄: --- 2026/8/7 금요일 ---",
        ),
        (
            "KakaoTalk Chats with room\nDate Saved : May 3, 2026, 8:34 PM\n\n"
            "2026 May 3 8:34 PM, maru : hi\n",
            "4번째 줄: 2026 May 3 8:34 PM, maru : hi",
        ),
        (
            "방 님과 카카오톡 대화\n저장한 날짜 : 2026-08-09 10:00:00\n\n마루: 응\n도담: 어\n",
            "4번째 줄: 마루: 응",
        ),
    ],
)
def test_an_unknown_stamp_is_quoted_with_its_line(text: str, line: str) -> None:
    message = reason(text)
    assert f"{UNKNOWN_STAMP}이라 메시지를 찾지 못했습니다({line})" in message
    assert ANOTHER_LANGUAGE not in message


def test_a_quoted_line_is_short_and_printable() -> None:
    head = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-08-09 10:00:00\n"
    message = reason(f"{head}\u202e마루\x07: {'가' * 200}\n")
    assert message.isprintable()
    assert len(message) < 200


@pytest.mark.parametrize(
    ("text", "messenger"),
    [
        ("[LINE] 마루님과의 대화\n저장한 날짜: 2021/05/01 14:37\n\n2021.05.01 토요일\n", "LINE"),
        ("[LINE] 森とのトーク履歴\n保存日時：2021/05/01 14:37\n\n14:37\t森\tやあ\n", "LINE"),
        ("2021/05/01(Sat)\n14:37\tMaru\thello\n14:38\tDodam\thi\n", "LINE"),
        ("12/03/2026, 09:14 - Messages and calls are end-to-end encrypted.\n", "WhatsApp"),
        ("12/03/2026, 09:14 - Maru: hi\n12/03/2026, 09:15 - Dodam: hey\n", "WhatsApp"),
        ("16.09.25, 10:00 - Maru: hallo\n", "WhatsApp"),
        ("3/12/26, 9:14\u202fAM - Maru: hi\n", "WhatsApp"),
        ("[2026. 3. 12. 오전 9:14:02] 마루: 안녕\n", "WhatsApp"),
        ("[16.09.25, 10:00:00] Maru: hallo\n", "WhatsApp"),
        ('{\n "name": "Maru",\n "type": "personal_chat",\n "messages": []\n}\n', "Telegram"),
        ("Maru, [01.05.2021 14:37]\nhi\n", "Telegram"),
        ('{\n "messages": [\n {\n "sender_name": "Maru"\n', "Instagram이나 Facebook"),
        ("=====\nGuild: Club\nChannel: chat\n=====\n", "Discord"),
        ('<?xml version="1.0"?>\n<smses count="1">\n', "문자 메시지 앱"),
    ],
)  # fmt: skip
def test_an_export_of_another_messenger_is_called_by_its_name(text: str, messenger: str) -> None:
    assert f"{messenger}에서 내보낸 대화입니다" in reason(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Date,User,Message\n", "chat.csv"),
        ("날짜,사용자,메시지\n\n", "chat.csv"),
        ("방 님과 카카오톡 대화\n저장한 날짜 : 2026-08-09 10:00:00\n\n", "방.txt"),
        ("Talk_2026.2.10 08:50-1.txt\n저장한 날짜 : 2026. 2. 10. 오후 12:16\n", "방.txt"),
        ("KakaoTalk Chats with room\nDate Saved : May 3, 2026, 8:34 PM\n", "방.txt"),
    ],
)
def test_an_export_of_an_empty_room_has_no_message(text: str, name: str) -> None:
    assert NO_MESSAGE in reason(text, name)


def test_a_windows_export_without_its_start_has_no_date() -> None:
    message = reason("[마루] [오전 9:01] 응\n[도담] [오전 9:02] 어\n")
    assert NO_DATE in message
    assert CUT in message
    assert "1번째 줄: [마루] [오전 9:01] 응" in message


def test_a_table_without_its_start_has_no_column_names() -> None:
    message = reason('2026-01-05 14:37:00,"마루","응"\n2026-01-05 14:38:00,"도담","어"\n', "a.csv")
    assert "'Date,User,Message' 이 없습니다" in message
    assert CUT in message


@pytest.mark.parametrize(
    "text",
    [
        "우유\n달걀\n", "name,price\nmilk,3\n", "[선배] 이번 주 모임\n[후배] 네\n",
        "2026년 2월 10일 월요일\n마루 : 안녕\n", "회의 2026년 5월 1일 14:37, 장소 : 회의실\n",
        "hello\n--- 2021 ---\n", "{\n}\n", "14:37 출발\n15:20 도착\n",
    ],
)  # fmt: skip
def test_any_other_text_is_no_chat(text: str) -> None:
    assert NO_CHAT in reason(text)


def test_only_texts_that_are_no_chat_are_skipped_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "방.zip", "w") as archive:
        archive.writestr("장보기.txt", "우유\n달걀\n")
        archive.writestr("_chat.txt", "[16.09.25, 10:00:00] Maru: hallo\n")
        archive.writestr("방.txt", "2026년 2월 5일 오전 1:33, 마루 : 응\n")
    upload = read_upload(tmp_path / "방.zip")
    assert [result.error[:30] for result in upload.results if result.error] == [
        "'_chat.txt' 파일은 WhatsApp에서 내보낸"[:30]
    ]
    assert upload.skipped == 1
