"""Korean texts of the question before a new training; see also `text`."""

from __future__ import annotations

from kakaobot.language import tr

NEW_TITLE = tr("처음부터 새로 배울까요?")
KEPT = tr("'{run}' 은(는) 지우지 않습니다. '지난 학습'에 남아 있어 그대로 대화할 수 있습니다.")
KEPT_UNFINISHED = tr("'{run}' 은(는) 지우지 않고 '지난 학습'에 남겨 둡니다.")
NOT_RESUMED = tr("다만 {step:,}단계부터 이어서 배우는 것은 그만둡니다.")
CONFIRM = tr("네, 새로 배웁니다")
STAY = tr("그만두기")
