"""KakaoTalk's own notices are nobody's words, in any wording and layout."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kakaobot.exports.formats import CSV_FORMAT
from kakaobot.exports.notices import NOTICE, OFFICIAL
from kakaobot.exports.reader import Export
from tests.exports.rooms import TEXT_FORMATS, android, contents, csv_table, read, windows
from tests.patience import spends_less_than

LAW = (
    "그룹 오픈채팅방에서 동영상・압축파일 전송 시 전기통신사업법에 따라 방송통신심의위원회에서 "
    "불법촬영물등으로 심의・의결한 정보에 해당하는지를 비교・식별 후 전송을 제한하는 조치가 "
    "적용됩니다."
)
LAW_PENALTY = (
    "불법촬영물등을 전송할 경우 관련 법령에 따라 처벌받을 수 있사오니 서비스 이용 시 유의하여 "
    "주시기 바랍니다."
)
POLICY = "운영정책을 위반한 메시지로 신고 접수 시 카카오톡 이용에 제한이 있을 수 있습니다."
FRAUD = "타인, 기관 등의 사칭에 유의해 주세요."
MONEY = "금전 또는개인정보를 요구 받을 경우 신고해 주시기 바랍니다."

OFFICIAL_TEXTS = (
    "불법촬영물등 식별 및 게재제한 조치 안내",
    "불법촬영물 등 식별 및 게재제한 조치 안내",
    "불법촬영물 식별 및 게재제한 안내",
    "불법촬영물의 식별 및 게재 제한 조치 안내",
    LAW,
    f"{LAW} {LAW_PENALTY}",
    LAW.replace("동영상・압축파일", "이미지·동영상 또는 압축파일"),
    LAW.replace("방송통신심의위원회", "방송미디어통신심의위원회"),
    LAW_PENALTY,
    "전기통신사업법에 따라 알립니다",
    POLICY,
    FRAUD,
    MONEY,
    "금전 또는 개인정보를 요구 받을 경우 신고해 주시기 바랍니다.",
    f"{FRAUD} {MONEY}{POLICY} ",
    f"{POLICY} 운영정책 보기",
)
"""Wordings without a name, which nobody but KakaoTalk writes."""

NOTICES = (
    *OFFICIAL_TEXTS,
    "솔새님이 들어왔습니다.",
    "솔새님이 채팅방에 들어왔습니다.",
    f"솔새님이 들어왔습니다.{POLICY}",
    f"솔새님이 들어왔습니다. {FRAUD}",
    f"솔새님이 들어왔습니다.{FRAUD} {MONEY}{POLICY} ",
    f"솔새님이 들어왔습니다. {POLICY} 운영정책 보기",
    "솔새님이 나갔습니다.",
    "솔새님이 채팅방을 나갔습니다.",
    "솔새님이 대화방을 나갔습니다.",
    "솔새님이 퇴장했습니다.",
    "솔새님을 내보냈습니다.",
    "솔새님을보냈습니다.",
    "마루님이 솔새님을 초대했습니다.",
    "마루님이 솔새님과 박새님을 초대하였습니다.",
    "마루님이 솔새님을 채팅방에 초대했습니다.",
    "솔새님을 초대하였습니다.",
    "솔새님이 방장이 되었습니다.",
    "솔새님이 부방장이 되었습니다.",
    "솔새님이 부방장에서 해제되었습니다.",
    "방장이 마루님에서 솔새님으로 변경되었습니다.",
    "방장이 변경되었습니다.",
    "솔새님은 참여자 관리와 채팅방 관리에 신경써주세요!",
    "방장이 나간 채팅방에 남게됩니다.",
    "관리자만 말하기 기능이 활성화되었습니다.",
    "관리자만 말하기 기능이 해제되었습니다.",
    "마루님이 채팅방 이름을 '별 보는 밤'으로 변경했습니다.",
    "채팅방 이름이 '별 보는 밤'으로 변경되었습니다.",
    "팀 이름이 변경되었습니다.",
    "마루님이 채팅방 커버를 변경했습니다.",
    "마루님이 공지를 등록했습니다.",
    "솔새님의 프로필이 박새로 변경되었습니다.",
    "마루님이 채팅방 링크를 공유했습니다.",
    "선물게임이 종료되었습니다",
    "선착순 선물 게임이 종료되었습니다.",
    "메시지가 삭제되었습니다.",
    "메시지가 가려졌습니다.",
    "가려진 메시지입니다.",
    "관리자가 메시지를 가렸습니다.",
    "채팅방 관리자가 메시지를 가렸습니다.",
    "방장이 메시지를 가렸습니다.",
    "세이프봇이 메시지를 가렸습니다.",
    "솔새님이 메시지를 가렸습니다.",
    "3개의 메시지를 가렸습니다.",
    "Wren joined this chatroom.",
    "Wren left this chatroom.",
    "Wren has been removed from this chatroom.",
    "Wren was removed from this chatroom.",
    "Wren has been assigned as the admin.",
    "The host has been reassigned to Wren.",
    "마루 invited Wren and Tit.",
    "마루 left.",
    "Chat Loss",
    "This message was deleted.",
    "The message has been deleted.",
    "This message has been hidden by the chatroom managers.",
    "마루さんが退室しました。",
    "마루さんがWrenさんを招待しました。",
    "마루离开了聊天室。",
    "마루 邀請 Wren 加入聊天室。",
)  # fmt: skip

WORDS = (
    "참새님이 들어왔습니다 라고 뜨던데 누구예요?",
    "참새님이 들어왔습니다",
    "운영정책을 위반한 사람은 신고할게요.",
    "운영정책을 위반한 메시지로 신고했습니다.",
    "운영정책 보기",
    "운영정책이 바뀐대요. 운영정책 보기 눌러 보세요.",
    "타인, 기관 등의 사칭에 유의하라는 말 봤어?",
    "불법촬영물 식별 및 게재제한 안내가 또 떴네",
    "불법촬영물은 신고해야 합니다.",
    "저희는 전기통신사업법에 따라 신고한 업체예요",
    "우리 회사도 전기통신사업법에 따라 운영됩니다.",
    "참여자님이 분석한 결과입니다.",
    "메시지를 가렸습니다.",
    "프로필을 변경했습니다.",
    "방장이 바뀌었어요",
    "She left.",
    "Everyone left.",
    "My boss invited us.",
    "I left this for you.",
    "chat loss is bad",
)
"""Words about such things, which stay a person's."""


def below_a_message(format: str, lines: str) -> Export:
    """A room in which `lines` stand between two messages, without a time."""
    at = datetime(2026, 6, 28, 9, 1)
    sent = [(at, "마루", f"첫말\n{lines}"), (at + timedelta(minutes=1), "도담", "다음 말")]
    return read(TEXT_FORMATS[format].render(sent))


def words_of(export: Export) -> list[str]:
    return [message.text for message in export.messages if message.kind == "text"]


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("format", ["W-KO", "W-24", "W-EN", "W-MIX"])
def test_an_untimed_notice_in_a_windows_export_is_not_glued_to_a_message(
    format: str, notice: str
) -> None:
    export = below_a_message(format, notice)
    assert words_of(export) == ["첫말", "다음 말"]
    assert contents(export)[1][:2] == ("", notice)
    assert export.counts.system == 1


@pytest.mark.parametrize("notice", OFFICIAL_TEXTS)
@pytest.mark.parametrize("format", [name for name in TEXT_FORMATS if name[0] != "W"])
def test_an_untimed_notice_of_a_policy_is_not_glued_in_a_phone_export(
    format: str, notice: str
) -> None:
    assert words_of(below_a_message(format, notice)) == ["첫말", "다음 말"]


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("sender", ["", "마루", "시스템"])
def test_a_notice_in_a_row_of_a_table_is_nobodys(sender: str, notice: str) -> None:
    at = datetime(2026, 6, 28, 9, 1)
    export = read(csv_table([(at, sender, notice), (at, "마루", "응")]), "chat.csv")
    assert words_of(export) == ["응"]


def test_the_second_line_of_a_notice_in_a_table_belongs_to_it() -> None:
    at = datetime(2026, 6, 28, 9, 1)
    joined = f"솔새님이 들어왔습니다.\n{FRAUD} {MONEY}\n{POLICY}\n운영정책 보기"
    glued = f"응\n\n불법촬영물등 식별 및 게재제한 조치 안내\n{LAW}"
    export = read(
        csv_table([(at, "솔새", joined), (at, "마루", glued), (at, "마루", "끝")]), "a.csv"
    )
    assert [(m.sender, m.kind, m.line) for m in export.messages] == [
        ("", "system", 2), ("마루", "text", 6), ("", "system", 8), ("마루", "text", 10),
    ]  # fmt: skip
    assert words_of(export) == ["응", "끝"]


@pytest.mark.parametrize("notice", OFFICIAL_TEXTS)
def test_a_policy_under_the_name_of_a_person_is_not_words(notice: str) -> None:
    assert words_of(windows(f"[마루] [오전 9:01] {notice}\n[마루] [오전 9:02] 응\n")) == ["응"]
    assert words_of(android(f"2026년 2월 5일 오전 1:33, 마루 : {notice}\n")) == []


def test_a_join_under_the_name_of_the_joiner_or_the_system_is_not_words() -> None:
    export = windows(
        f"[솔새] [오전 9:01] 솔새님이 들어왔습니다.{POLICY}\n"
        "[시스템] [오전 9:01] 박새님이 나갔습니다.\n[솔새] [오전 9:02] 박새님이 나갔습니다.\n"
    )
    assert words_of(export) == ["박새님이 나갔습니다."]


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("format", [*TEXT_FORMATS, CSV_FORMAT.id])
def test_talking_about_notices_stays_words(format: str, text: str) -> None:
    at = datetime(2026, 6, 28, 9, 1)
    sent = [(at, "마루", text), (at, "도담", f"첫 줄\n{text}"), (at, "마루", "끝")]
    is_table = format == CSV_FORMAT.id
    export = read(csv_table(sent) if is_table else TEXT_FORMATS[format].render(sent))
    assert words_of(export) == [text for _, _, text in sent]


@pytest.mark.parametrize("quoted", ["참새님이 들어왔습니다.", "솔새님을 내보냈습니다.", POLICY])
@pytest.mark.parametrize("format", ["W-KO", "A-KO", "I-KO"])
def test_a_notice_quoted_in_mid_message_stays_words(format: str, quoted: str) -> None:
    export = below_a_message(format, f"{quoted}\n이라고 떴는데 봤어?")
    assert words_of(export) == [f"첫말\n{quoted}\n이라고 떴는데 봤어?", "다음 말"]


def test_several_notices_and_unknown_lines_of_theirs_are_nobodys() -> None:
    export = windows(
        "[마루] [오전 9:01] 첫말\n둘째 줄\n솔새님이 들어왔습니다.\n"
        f"{FRAUD}\n{POLICY}\n운영정책 보기\n\n불법촬영물등 식별 및 게재제한 조치 안내\n{LAW}\n"
        "그룹 채팅방의 새 기능을 알려 드립니다.\n"
        "[도담] [오전 9:02] 다음 말\n솔새님이 나갔습니다.\n\n"
        "--------------- 2026년 6월 29일 월요일 ---------------\n박새님이 나갔습니다.\n"
        "[도담] [오전 9:02] 끝\n"
    )
    assert words_of(export) == ["첫말\n둘째 줄", "다음 말", "끝"]
    assert export.counts.system == 5
    assert export.not_understood == ()


SILENT = """밤하늘 with KakaoTalk Chats
Date Saved : 2026-08-03 00:47:14

--------------- Saturday, August 1, 2026 ---------------
[Fall] [2:37 PM] hello
brook left.
[Fall] [2:38 PM] bye
Fall invited brook and pebble.
[Fall] [2:39 PM] oh
pebble left.
mere invited tarn.
[Fall] [2:40 PM] hm
tarn left.
mere joined this chatroom.
[dune] [2:41 PM] hi
"""


def test_notices_of_silent_people_are_found_by_any_line_that_names_them() -> None:
    export = read(SILENT)
    assert words_of(export) == ["hello", "bye", "oh", "hm", "hi"]
    assert export.counts.system == 6


@pytest.mark.parametrize(
    ("line", "is_notice"),
    [
        ("dune left.", True), ("Stranger left.", True), ("Night Owl 77 left.", True),
        ("은솔 left.", True), ("Stranger invited Far Owl.", True), ("someone left.", False),
        ("Somebody left.", False), ("We left.", False), ("The cat left.", False),
        ("Stranger invited us.", False), ("so many people left.", False),
    ],
)  # fmt: skip
def test_a_notice_of_an_unknown_name_must_read_like_one(line: str, is_notice: bool) -> None:
    export = read(SILENT.replace("[dune]", f"[Fall] [2:41 PM] then\n{line}\n[dune]"))
    assert (f"then\n{line}" not in words_of(export)) == is_notice


def test_english_words_in_a_korean_export_need_a_known_name() -> None:
    export = windows(
        "[마루] [오전 9:01] 번역:\nSarah left.\n[마루] [오전 9:02] 다음:\n마루 left.\n"
    )
    assert words_of(export) == ["번역:\nSarah left.", "다음:"]


@pytest.mark.parametrize(
    "text",
    [
        f"{POLICY} " * 60 + "!", f"{FRAUD}\n" * 60 + "!", f"{LAW}\n" * 20 + "!", "님이 " * 400,
        "전기통신사업법에 따라 알립니다 " * 40 + "!", "방장이 " + "님에서 " * 300 + "습니다",
        "さんが" * 300 + "しました!", "邀請 " * 300, " invited " * 100 + "left",
    ],
)  # fmt: skip
def test_no_wording_takes_long_to_reject(text: str) -> None:
    with spends_less_than(1):
        for pattern in (NOTICE, OFFICIAL):
            pattern.fullmatch(text)


def test_a_long_chain_of_invitations_takes_no_long_time() -> None:
    chain = "".join(f"guest{n} invited guest{n + 1}.\n" for n in range(20_000))
    text = SILENT.replace("[dune]", f"[guest0] [2:41 PM] in\n{chain}guest20000 left.\n[dune]")
    with spends_less_than(10):
        export = read(text)
    assert export.counts.system == 6 + 20_001
