"""Texts of the blind test "진짜는 누구?"."""

from __future__ import annotations

from kakaobot.language import tr

QUIZ_TAB = tr("진짜는 누구?")
LOCKED = tr("비밀번호를 넣으면 문제를 풀 수 있습니다.")
HINT = tr("같은 대화 뒤에 이어진 두 대답 가운데 하나만 실제로 한 말입니다. 진짜를 고르세요.")
HINT_DETAIL = tr(
    "배울 때 쓰지 않은 대화에서 묻습니다. 다른 사람에게 이 화면을 보여 주고 풀게 해도 됩니다."
)
RUN = tr("누구")
WHOLE_ROOM = tr("방 전체")
UNREADABLE = tr("읽을 수 없는 학습")
TURNS = tr("몇 번 주고받나")
TURNS_CHOICES = ((tr("한 번"), 1), (tr("세 번"), 3))
ASK_KNOWS = tr("{name} 님을 아나요?")
ASK_KNOWS_ROOM = tr("이 방 사람들을 아나요?")
KNOWS, KNOWS_NOT = tr("네, 압니다"), tr("아니요, 모릅니다")
SIDES = (tr("가"), tr("나"))
PICK = tr("'{side}'가 진짜")
NEXT = tr("다음 문제")
NEW_JUDGE = tr("그만두고 다른 사람이 풀기")
CONTEXT = tr("앞선 대화")
QUESTION = tr("문제 {number}")
WAITING = tr("문제를 준비하고 있습니다.")
REAL, IMITATED = tr("실제로 한 말"), tr("AI가 지어낸 말")
RIGHT = tr("맞혔습니다. 진짜는 '{side}'입니다.")
WRONG = tr("속았습니다. 진짜는 '{side}'입니다.")
END = tr("더 물을 것이 없습니다.")
THIS_JUDGE = tr("이번에 속은 비율")
RESULT_NOTE = tr("50%면 진짜와 구별하지 못하는 것입니다.")
