"""How names are shown, wherever they come from."""

import json
import unicodedata

import pytest

from kakaobot.display_name import (
    INVISIBLE_NAME,
    MAX_NAME,
    display_name,
    display_sentence,
    inert_json,
    inert_text,
)

BIDI = [
    chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]


@pytest.mark.parametrize(
    "name",
    [
        "도담",
        "마루 🐰",
        "은솔-2",
        "👨‍👩‍👧 가족방",
        "1️⃣ 공지",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "Zoë",
        "हिन्दी",
        "ภาษาไทย ที่",
        "KakaoTalk_Chat_우리 동네 보드게임 모임_2026-05-01-12-30-00.csv",
        "O'Neil <b>",
        "ㅤ도담ㅤ",
    ],
)
def test_an_ordinary_name_is_shown_as_it_is(name):
    assert display_name(name) == name


@pytest.mark.parametrize("control", BIDI, ids=lambda control: f"U+{ord(control):04X}")
def test_bidi_controls_are_not_shown(control):
    assert display_name(f"마{control}루{control}") == "마루"
    assert inert_text(f"가\n{control}나") == "가\n나"


@pytest.mark.parametrize("name", ["שלום", "مرحبا", "도담 שלום"])
def test_a_right_to_left_name_is_isolated(name):
    assert display_name(name) == f"\u2068{name}\u2069"
    assert inert_text(display_name(name)) == display_name(name)


@pytest.mark.parametrize(
    "text",
    ["\u2068가", "가\u2069", "\u2068\u202e가\u2069", "\u2068가\n나\u2069", "\u2067가\u2069"],
    ids=ascii,
)
def test_only_closed_isolates_are_shown(text):
    assert not set(inert_text(text)) & set(BIDI)


@pytest.mark.parametrize("length", [61, 300, 3_000, 1_000_000])
@pytest.mark.parametrize("character", ["가", "a", "🐰", "﷽"])
def test_a_long_name_is_shortened(character, length):
    shown = display_name(character * length + ".txt")
    assert len(shown.strip("\u2068\u2069")) <= MAX_NAME
    assert "…" in shown
    assert shown.strip("\u2068\u2069").endswith(".txt")


@pytest.mark.parametrize("mark", ["\u0301", "\u0489", "\u20dd", "\u1dc4", "\u0e49"])
def test_stacked_marks_are_cut(mark):
    shown = display_name(f"도{mark * 500}담{mark * 500}")
    assert sum(unicodedata.category(character)[0] == "M" for character in shown) <= 8
    assert shown[0] == "도"
    assert "담" in shown


@pytest.mark.parametrize(
    "name",
    [
        " ",
        "\u3000",
        "\u200b",
        "\u200b\u200d\ufeff",
        "\u3164",
        "\u115f\u1160",
        "\uffa0",
        "\u2800",
        "\u202e",
        "\u2066\u2069",
        "\u00ad",
        "\x00",
        "\n\t",
        "\ufe0f",
        "\U000e0020",
        "\u034f",
    ],
    ids=ascii,
)
def test_an_invisible_name_gets_a_placeholder(name):
    assert display_name(name) == INVISIBLE_NAME


def test_no_name_stays_empty():
    assert display_name("") == ""


def test_a_name_stays_on_one_line_without_control_characters():
    assert display_name("가\r\n나\t다\x1b[31m라\x85\u2028마") == "가 나 다[31m라마"


def test_a_decomposed_name_is_composed():
    assert display_name(unicodedata.normalize("NFD", "도담.txt")) == "도담.txt"


def test_half_a_surrogate_pair_can_be_encoded():
    assert display_name("가\udcff").encode() == "가\ufffd".encode()


def test_a_sentence_keeps_its_advice_after_a_long_name():
    advice = "카카오톡에서 다시 내보내 주세요."
    shown = display_sentence(f"'{'가' * 3_000}' 파일이 비어 있습니다. {advice}")
    assert shown.endswith(advice)
    assert len(shown) < 150
    spaced = display_sentence(f"'{'가 나 ' * 1_000}' 파일이 비어 있습니다. {advice}")
    assert spaced.endswith(advice)
    assert len(spaced) <= 600


def test_a_short_sentence_is_unchanged():
    sentence = (
        "사람을 합쳐 둔 파일 /home/사용자/아주 긴/폴더/data/raw/people.json 을 읽을 수 없습니다."
    )
    assert display_sentence(sentence) == sentence


@pytest.mark.parametrize(
    "name", ["가\u202e나", "\u200b", "\ufeff도담", "\x1b\x85", "\udcff", "도담"]
)
def test_json_is_inert_and_keeps_the_name(name):
    written = inert_json([name])
    assert json.loads(written) == [name]
    assert inert_text(written) == written
