"""Korean texts of "내 대화는 어디에"."""

from __future__ import annotations

from kakaobot.language import tr

TITLE = tr("내 대화는 어디에")
LINK = tr("내 대화는 어디에 — 자리와 크기, 영원히 지우기")
LEAD = tr("이 프로그램이 적어 둔 모든 것입니다. 모두 이 컴퓨터에만 있습니다.")
HOME = tr("프로그램 폴더")
TOTAL = tr("모두 {size}")
COPY_PATH = tr("경로 복사")
COPIED = tr("복사했습니다")
FILES = tr("파일 {count:,}개")
ERASE = tr("영원히 지우기")
ERASE_NAMED = tr("{title} 영원히 지우기")
ERASE_ALL = tr("모두 영원히 지우기")
ERASE_ALL_HINT = tr(
    "누군가의 말이 들었거나 그것으로 만든 것을 모두 지웁니다. 설정(configs/sft.yaml)과 "
    "비밀번호(.env), 내려받은 바탕 모델은 그대로 둡니다."
)
NOTHING_PERSONAL = tr("지울 대화가 없습니다.")
CONFIRM = tr("네, 영원히 지웁니다")
CANCEL = tr("그만두기")
CLOSE = tr("닫기")
LAST = tr("마지막으로 지운 것: {sentence}")
STAYING = tr("지우지 않는 것")

OUTGOING_TITLE = tr("밖으로 나간 요청")
OUTGOING_COUNT = tr("{count:,}번")
OUTGOING_NONE = tr("창을 연 뒤로 이 프로그램은 다른 컴퓨터에 아무것도 묻거나 보내지 않았습니다.")
OUTGOING_SOME = tr(
    "창을 연 뒤로 다른 컴퓨터에 연결한 횟수입니다. 바탕 모델을 찾고 내려받을 때와, 이어 둔 "
    "카카오톡 채널에 늦은 대답을 보낼 때만 나갑니다."
)
OUTGOING_TIMES = tr("{count:,}번, 마지막 {at}")

CONSENT_TITLE = tr("동의")
CONSENT_STATEMENTS = tr("확인할 것")
