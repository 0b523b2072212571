"""Texts of the password bar, of the form in which a password is set or changed, and of its file."""

from __future__ import annotations

from kakaobot.app.password_rules import MIN_LENGTH
from kakaobot.language import tr

# -- the bar
UNSET_NOTE = tr("아직 비밀번호가 없습니다. 정하면 대화할 수 있고, 대화 내용은 아는 사람만 봅니다.")
SHOW = tr("보이기")
HANGUL_HINT = tr("한글 비밀번호라면 '보이기'를 켜고 적어 보세요.")

# -- the form
SET = tr("비밀번호 정하기")
CHANGE = tr("비밀번호 바꾸기")
SET_LEAD = tr("바로 쓰이고, 이 컴퓨터의 .env 파일에만 적힙니다. 잊으면 그 파일에서 볼 수 있습니다.")
CHANGE_LEAD = tr("바꾸면 열려 있던 다른 창은 모두 잠깁니다.")
OLD = tr("지금 비밀번호")
NEW = tr("새 비밀번호")
AGAIN = tr("한 번 더")
RULE = tr("{min_length}자 이상이면 됩니다. 한글로 정하려면 '보이기'를 켜고 적으세요.").format(
    min_length=MIN_LENGTH
)
SAVE = tr("정하기")
SAVE_CHANGE = tr("바꾸기")
CANCEL = tr("그만두기")
NOT_THE_SAME = tr("위에 적은 것과 다릅니다. 다시 적어 주세요.")
OLD_MISSING = tr("지금 비밀번호를 적어 주세요.")
SET_DONE = tr("비밀번호를 정했습니다. 지금부터 쓰입니다.")
CHANGE_DONE = tr("비밀번호를 바꿨습니다. 다른 창은 모두 잠겼습니다.")
OR_SET_HERE = tr("여기서 새로 정해도 됩니다.")

# -- the file
ENV_EXPOSED = tr("이 컴퓨터의 다른 사용자도 비밀번호 파일을 읽을 수 있습니다.")
