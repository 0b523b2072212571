"""Texts of the header, of the stepper, and of a page whose program is off."""

from __future__ import annotations

from typing import NamedTuple

from kakaobot.language import LANGUAGE, tr

QUIT = tr("끝내기")
STAY = tr("그대로 두기")
NOTIFY = tr("끝나면 알리기")
NOTIFY_DENIED = tr("브라우저가 알림을 막고 있습니다")
NOTIFY_FINISHED = tr("학습을 마쳤습니다.")
NOTIFY_FAILED = tr("학습이 멈췄습니다. 창에서 까닭을 볼 수 있습니다.")
TITLE_TRAINING = tr("학습 중")
QUIT_TITLE = tr("프로그램을 끝낼까요?")
QUIT_PAGES = tr("열린 창은 모두 쓸 수 없게 됩니다. 가져온 것과 배운 것은 그대로 남습니다.")
QUIT_LIVE = tr(
    "지금 하는 학습은 멈추지 않고 뒤에서 계속됩니다. 학습도 멈추려면 먼저 '3 학습'에서 "
    "멈춰 주세요. 프로그램을 다시 켜면 이어서 보입니다."
)
FAREWELL = tr("이 창은 닫아도 됩니다.")
FAREWELL_LIVE = tr(
    "{farewell} 학습은 뒤에서 계속되며, 프로그램을 다시 켜면 이어서 보입니다."
).format(farewell=FAREWELL)
OFF_TITLE = tr("프로그램이 꺼졌습니다")
OFF_TITLE_ELSEWHERE = tr("프로그램이 꺼졌거나 연결이 끊겼습니다")
OFF = tr("지금은 이 창에서 아무것도 할 수 없습니다.")
OFF_TRAINING = tr("하던 학습은 뒤에서 계속됩니다.")
OFF_AGAIN = tr("다시 켜려면 launch.py 를 실행하세요. 켜지면 이 창이 저절로 이어집니다.")
OFF_DRAFT = tr("쓰던 메시지는 남아 있습니다. 다시 켜고 비밀번호를 넣으면 돌아옵니다.")


class Language(NamedTuple):
    """What is said about changing to a language, in that language."""

    key: str
    name: str
    title: str
    lead: str
    stay: str
    confirm: str
    restart: str
    farewell: str


_LANGUAGES = {
    "ko": Language(
        "ko",
        "한국어",
        "한국어로 바꿀까요?",
        "창이 잠시 닫혔다가 몇 초 뒤 한국어로 다시 열립니다. 학습은 계속되고, "
        "대화는 비밀번호를 다시 넣으면 이어집니다. 만들거나 가져오거나 점검하던 것은 멈춥니다.",
        "그대로 두기",
        "한국어로 바꾸기",
        "다시 여는 중입니다",
        "몇 초 뒤 한국어로 다시 열립니다.",
    ),
    "en": Language(
        "en",
        "English",
        "Switch to English?",
        "The window closes and opens again in English after a few seconds. Training goes on, "
        "and chats continue once you enter the password again. Anything being built, imported or "
        "checked stops.",
        "Stay in Korean",
        "Switch to English",
        "Opening again",
        "The window opens again in English in a few seconds.",
    ),
}
OTHER_LANGUAGE = _LANGUAGES["en" if LANGUAGE == "ko" else "ko"]

CONTENTS = tr("이 화면의 차례")
LATE_TAB = tr("이 화면을 불러오고 있습니다 …")

# -- the stepper
STEPPER = tr("어디까지 왔나요")
STAGES = {
    "exports": tr("대화 파일"),
    "people": tr("사람"),
    "dataset": tr("배울 대화"),
    "training": tr("학습"),
    "chat": tr("대화"),
}
STAGE_STATES = {
    "todo": tr("아직"),
    "stopped": tr("멈춤"),
    "outdated": tr("다시 해야 함"),
    "live": tr("하는 중"),
    "done": tr("됨"),
}
NEXT_THING = tr("다음 할 일")
