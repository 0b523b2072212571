"""Korean texts of the questions of the training tab; see also `text`."""

from __future__ import annotations

from kakaobot.language import tr

NEW_TITLE = tr("처음부터 새로 배울까요?")
KEPT = tr("'{run}' 은(는) 지우지 않습니다. '지난 학습'에 남아 있어 그대로 대화할 수 있습니다.")
KEPT_UNFINISHED = tr("'{run}' 은(는) 지우지 않고 '지난 학습'에 남겨 둡니다.")
NOT_RESUMED = tr("다만 {step:,}단계부터 이어서 배우는 것은 그만둡니다.")
CONFIRM = tr("네, 새로 배웁니다")
STAY = tr("그만두기")

KILL_TITLE = tr("학습을 강제로 끝낼까요?")
KILL_SAVED = tr("{step:,}단계까지는 저장해 두었습니다. 그 뒤에 배운 것은 사라집니다.")
KILL_UNSAVED = tr("아직 저장한 것이 없어서, 이번에 배운 것이 모두 사라집니다.")
KILL_WAITS = tr("더 기다리면 여기까지 배운 것을 저장하고 멈출 수 있습니다.")
KILL_CONFIRM = tr("네, 강제로 끝냅니다")
KILL_STAY = tr("기다리기")
