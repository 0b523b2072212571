"""Korean texts of the tab "5 설정"; the settings themselves are in `kakaobot.settings`."""

from __future__ import annotations

from kakaobot.language import tr

LEAD = tr("대부분은 그대로 두면 됩니다. 바꾼 것은 '저장'을 눌러야 적힙니다.")
CONTENTS = tr("설정 묶음")
EXPERT = tr("전문가 설정")
EXPERT_HINT = tr("뜻을 아는 것만 바꾸세요. 그대로 두면 컴퓨터와 방에 맞춥니다.")
SET_BACK = tr("기본값으로")
SET_BACK_NAMED = tr("{name} 기본값으로")
WAS_SET_BACK = tr("기본값을 채웠습니다. '저장'을 누르면 적힙니다.")
PROBLEM = tr("아무것도 저장하지 않았습니다. 고칠 설정: {names}")
CHOICE = "{name} ({value})"
