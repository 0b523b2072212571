"""A placeholder before the words of a message is taken off, in the wording of every app."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from kakaobot.app.exports import Exports
from kakaobot.cli import main
from kakaobot.config import Home
from kakaobot.exports.captions import CaptionCounts
from kakaobot.exports.reader import Export
from tests.exports.rooms import TEXT_FORMATS, contents, read, windows

PHONE = (
    "Talk_2023.3.23 02:10-1.txt\n저장한 날짜 : 2023. 3. 23. 오전 2:10\n\n2023년 1월 2일 월요일\n"
)


def phone(*texts: str) -> Export:
    return read(PHONE + records(*texts))


def records(*texts: str) -> str:
    return "".join(f"2023. 1. 2. 오후 3:{n:02d}, 마루 : {text}\n" for n, text in enumerate(texts))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(이모티콘)축하해!!", "축하해!!"),
        ("(이모티콘) 고마워", "고마워"),
        ("(이모티콘)  (이모티콘) 두 개", "두 개"),
        ("(이모티콘)\n아래 줄\n끝", "아래 줄\n끝"),
        ("<이모티콘> 응", "응"),
        ("[이모티콘] 응", "응"),
        ("(스티커)응", "응"),
        ("(사진) 여기", "여기"),
        ("<사진> 여기", "여기"),
        ("(사진 3장) 여기", "여기"),
        ("(동영상)봐", "봐"),
        ("(음성메시지) 들어 봐", "들어 봐"),
        ("(파일) 받아", "받아"),
        ("(Emoticon) see you", "see you"),
        ("(emoticon) thank you", "thank you"),
        ("(Emoticons) hi", "hi"),
        ("(Sticker) hi", "hi"),
        ("(Photo) here", "here"),
        ("<Photo> here", "here"),
        ("(2 photos) here", "here"),
        ("(Video) look", "look"),
        ("(Voice Note) listen", "listen"),
        ("(File) take it", "take it"),
        ("파일: 회의록.pdf\n확인해 줘", "확인해 줘"),
        ("File: plan.docx\nplease read", "please read"),
        ("사진 3장\n어제 찍었어", "어제 찍었어"),
        ("3 photos\nfrom yesterday", "from yesterday"),
    ],
)
@pytest.mark.parametrize("format", ["W-KO", "W-EN", "A-KO", "I-KO", "I-EN3"])
def test_words_behind_a_placeholder_are_kept_without_it(format: str, text: str, words: str) -> None:
    export = read(TEXT_FORMATS[format].render([(datetime(2026, 6, 28, 9, 1), "마루", text)]))
    assert contents(export) == [("마루", words, "text")]
    assert export.captions == CaptionCounts(marked=1)


@pytest.mark.parametrize(
    "text",
    [
        "이모티콘 쓰면 (emoticon)이렇게 떠", "축하해 (이모티콘)", "사진 보내 줘", "동영상 봤어?",
        "파일 받았어?", "파일: 여기\n있어", "사진\n보내 줘", "Photo of the day", "(웃음) 그래",
        "[사진] 공모전 안내", "[마루] (이모티콘) 응", "이모티콘도 샀어", "스티커는 없어",
    ],
)  # fmt: skip
def test_words_about_a_placeholder_are_kept_whole(text: str) -> None:
    export = windows(f"[마루] [오전 9:01] {text}\n[마루] [오전 9:02] 이모티콘\n")
    assert contents(export)[0] == ("마루", text, "text")


def test_two_placeholders_and_nothing_else_are_media() -> None:
    assert contents(phone("(이모티콘)(이모티콘)", "(이모티콘) 사진"))[0][2] == "media"


def test_a_bare_emoticon_is_taken_off_where_emoticons_stand_alone_with_a_blank() -> None:
    export = phone(
        "이모티콘 ", "이모티콘 그럼 내일 보자", "스티커 고마워", "Emoticon see you", "사진 여기"
    )
    assert [text for _, text, _ in contents(export)] == [
        "이모티콘 ", "그럼 내일 보자", "고마워", "see you", "사진 여기",
    ]  # fmt: skip
    assert export.captions == CaptionCounts(guessed=3)
    assert export.messages[1].text == "그럼 내일 보자"


@pytest.mark.parametrize(
    "alone",
    [
        (),
        ("이모티콘",),
        ("이모티콘 ", "이모티콘", "이모티콘"),
    ],
)
def test_a_bare_emoticon_is_a_word_where_no_emoticon_stands_like_this(
    alone: tuple[str, ...],
) -> None:
    export = phone(*alone, "이모티콘 새로 나왔어")
    assert contents(export)[-1] == ("마루", "이모티콘 새로 나왔어", "text")
    assert export.captions == CaptionCounts(kept=1)


def test_a_bare_emoticon_is_a_word_in_a_room_about_emoticons() -> None:
    export = phone("이모티콘 ", *(f"이모티콘 {number}번 시안" for number in range(5)))
    assert export.captions == CaptionCounts(kept=5)
    assert contents(export)[-1][1] == "이모티콘 4번 시안"


def test_inspect_tells_how_many_were_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "방.txt"
    text = PHONE + records("이모티콘 ", "이모티콘 응", "(이모티콘)응")
    file.write_text(text, encoding="utf-8")
    (report,) = Exports(Home(tmp_path)).inspect([file])
    assert report.captions == CaptionCounts(marked=1, guessed=1)
    assert main(["inspect", str(file)]) == 0
    out = capsys.readouterr().out
    assert "2개에서 말만 남겼습니다. 그중 1개는 괄호가 없어" in out
