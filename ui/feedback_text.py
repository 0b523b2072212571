"""Texts of the inner tab "고친 말" and of the buttons under the conversation."""

from __future__ import annotations

from kakaobot.language import tr

FEEDBACK_TAB = tr("고친 말")
GOOD, BAD = "👍", "👎"
EDIT = tr("이 사람이라면 이렇게")
NEVER = tr("이 말은 하지 마")
WANTED = tr("이 사람이라면 뭐라고 했을까요?")
WANTED_INFO = tr("말풍선마다 한 줄씩 적으세요.")
SAVE, CANCEL = tr("적어 두기"), tr("그만두기")
NO_REPLY = tr("고칠 대답이 없습니다. 먼저 대답을 받으세요.")
NOTED_GOOD = tr("좋은 대답으로 적어 두었습니다.")
NOTED_BAD = tr("아쉬운 대답으로 적어 두었습니다. 뭐라고 했을지 알려 주면 더 잘 배웁니다.")
NOTED_EDIT = tr("적어 두었습니다. '고친 말'에서 다시 배울 수 있습니다.")
NOTED_NEVER = tr("앞으로 이 말은 하지 않습니다. '고친 말'에서 되돌릴 수 있습니다.")
CHOSEN = tr("고치거나 지울 것")
CHANGE, DELETE = tr("고쳐 적기"), tr("아주 지우기")
CHANGED = tr("고쳐 적었습니다.")
DELETE_TITLE = tr("고른 것을 아주 지울까요?")
DELETE_QUESTION = tr("이것으로 다시 배우려고 만든 것까지 지우며, 되돌릴 수 없습니다.")
DELETE_NOW = tr("네, 아주 지웁니다")
DELETED = tr("아주 지웠습니다. 되돌릴 수 없습니다.")
REFINE = tr("고친 {count}개로 다시 배우기")
REFINE_ON = tr("고친 {count}개로 이어서 배우기")
STARTED = tr("'{run}' 이라는 이름으로 다시 배우기 시작했습니다. '학습'에서 지켜볼 수 있습니다.")
REFINE_TITLE = tr("고친 말로 다시 배우기")
REFINE_HOW = tr(
    "지금 쓰는 것에서 시작해, 고친 말을 다른 말들과 섞어 배웁니다. "
    "고친 말을 따르고 다른 말의 말투가 그대로일 때만 새로 배운 것으로 대화합니다."
)
HELD_OUT = tr("{count}개는 배우지 않고, 배운 것이 다른 말에도 통하는지 확인하는 데 씁니다.")
LEFT_OUT = tr("{reason}: {count}개는 배우지 않습니다.")
LAST = tr("지난번({run}): {reason}")
EMPTY_TITLE = tr("아직 고친 말이 없습니다")
EMPTY_HINT = tr(
    "'대화하기'에서 대답을 받은 뒤 아래의 👍, 👎, '이 사람이라면 이렇게', '이 말은 하지 마'를 "
    "누르세요."
)
COLUMNS = (tr("무엇"), tr("앞의 말"), tr("대답"), tr("이 사람이라면"), tr("때"))
