"""Texts of the first page."""

from __future__ import annotations

from kakaobot.language import tr

TITLE = tr("파일 하나면 됩니다")
LEAD = tr("카카오톡 대화 파일을 놓고, 누구를 배울지 고르면 나머지는 알아서 합니다.")
PRIVACY = tr("파일과 대화는 이 컴퓨터 밖으로 나가지 않습니다.")
DETAILS = tr("자세히 (단계마다 직접 하기)")
FILE_STEP = tr("1. 대화 파일을 놓으세요")
SAMPLE = tr("예제 방으로 해 보기")
PERSON_STEP = tr("2. 누구를 배울까요?")
PERSON_HINT = tr("대답이 많은 사람일수록 더 닮습니다.")
WHOLE_ROOM = tr("방 전체")
WHOLE_ROOM_HINT = tr("모두의 말투를 배워, 방이 하는 것처럼 이야기합니다.")
REPLIES = tr("배울 대답 {replies:,}개")
ADVICE = {"enough": tr("충분"), "few": tr("부족")}
LINES_LOCKED = tr("비밀번호를 넣으면 이 사람의 말이 보입니다.")
NOBODY = tr("배울 만한 말을 한 사람이 없습니다. 더 긴 대화 파일을 놓아 주세요.")
PROMISE_STEP = tr("3. 약속하고 시작하기")
PROMISE = tr("위의 것을 확인했고 지키겠습니다.")
PROMISE_MISSING = tr("확인했으면 여기를 눌러 주세요.")
PASSWORD = tr("대화를 열 비밀번호")
PASSWORD_HINT = tr("다른 사람이 대화를 보지 못하게 합니다. 잊으면 .env 파일에서 볼 수 있습니다.")
PERSON_MISSING = tr("먼저 누구를 배울지 골라 주세요.")
BEGIN = tr("배우고 대화하기")
STARTED = tr("배우기 시작했습니다. 첫 말투가 나오면 대화를 엽니다.")
CHAT_READY = tr("이제 대화할 수 있습니다.")
LOCKED = tr("먼저 맨 위 칸에 비밀번호를 넣어 주세요.")
