"""Korean texts of the section for other programs."""

from __future__ import annotations

from kakaobot.language import tr

TITLE = tr("다른 프로그램에서 쓰기 (API)")
HINT = tr(
    "켜 두면 키가 있는 프로그램이 배운 말투의 대답을 받습니다. 창을 끝내면 꺼집니다. 카카오톡 "
    "채널에 잇는 법은 docs/serving.md 에 있습니다."
)
LOCKED = tr("비밀번호를 넣으면 켜고 키를 만들 수 있습니다.")
IS_ON = tr("켜져 있습니다")
IS_OFF = tr("꺼져 있습니다")
IS_LOCKED = tr("비밀번호가 바뀌어 아무에게도 대답하지 않습니다. 다시 켜세요.")
OPEN_TO_OTHERS = tr("같은 네트워크의 다른 기기도 키가 있으면 쓸 수 있습니다.")
START = tr("API 켜기")
STOP = tr("API 끄기")
NAME = tr("새 키의 이름")
NAME_HINT = tr("예: 노트북의 채팅 프로그램")
KIND = tr("쓰는 곳")
MAKE = tr("새 키 만들기")
MADE = tr("새 키 (지금 한 번만 보입니다. 옮겨 적으세요)")
KEYS = tr("만든 키")
NO_KEYS = tr("만든 키가 없습니다.")
HEAD = (tr("번호"), tr("이름"), tr("쓰는 곳"), tr("만든 때"), tr("마지막으로 쓴 때"))
NEVER = tr("쓴 적 없음")
CHOOSE = tr("없앨 키")
REVOKE = tr("키 없애기")
REVOKE_TITLE = tr("고른 키를 없앨까요?")
REVOKE_HINT = tr("그 키를 쓰는 프로그램은 바로 대답을 받지 못합니다. 되돌릴 수 없습니다.")
REVOKE_STAY = tr("그대로 두기")
REVOKE_NOW = tr("네, 없앱니다")
NOT_CHOSEN = tr("없앨 키를 먼저 고르세요.")
REVOKED = tr("'{name}' 키를 없앴습니다.")
