"""Texts of the tab "4 대화"."""

from __future__ import annotations

from kakaobot.language import tr

CONVERSATION_TAB = tr("대화하기")
STOP = tr("멈추기")

# --- header
HEADER_BASE = tr("바탕")
HEADER_ADAPTER = tr("배운 것")
HEADER_DATA = tr("데이터")
ADAPTER_NAMES = {"best": tr("가장 좋은 때"), "latest": tr("가장 최근")}
AT_STEP = tr("{kind} ({step:,}단계)")
ALL_ROOMS = tr("가져온 모든 방")
LEARNED_REPLIES = tr("배운 대답 {count:,}개")

# --- comparison
COMPARE_TAB = tr("비교")
COMPARE_HINT = tr(
    "같은 말에 바탕 모델과 배운 말투가 각각 어떻게 대답하는지 나란히 봅니다. 배운 것이 없는 "
    "바탕 모델의 대답과 다르지 않다면, 아직 덜 배운 것입니다."
)
COMPARE_MESSAGE = tr("건넬 말")
COMPARE_PLACEHOLDER = tr("오늘 저녁에 뭐 먹을까?")
COMPARE_START = tr("둘에게 물어보기")
COMPARE_BASE = tr("바탕 모델")
COMPARE_BASE_NOTE = tr("배운 것을 끄고 대답합니다.")
COMPARE_ADAPTER = tr("배운 말투")
COMPARE_ADAPTER_NOTE = tr("배운 것을 켜고 대답합니다.")
COMPARE_WAITING = tr("대답을 기다리는 중")
COMPARE_EMPTY = tr("건넬 말을 적어 주세요.")
COMPARE_RUN = tr("어느 학습")
COMPARE_LOCKED = tr("비밀번호를 넣으면 비교할 수 있습니다.")

# --- audit
AUDIT_TAB = tr("외운 말 점검")
AUDIT_HINT = tr(
    "배운 말투가 방의 말을 그대로 외웠는지, 개인정보를 말하는지 바탕 모델과 견주어 봅니다. "
    "몇 분에서, 큰 모델은 한 시간까지 걸리고 그동안 대화는 차례를 기다립니다."
)
AUDIT_START = tr("점검하기")
AUDIT_STOPPED = tr("점검을 멈췄습니다.")
AUDIT_NONE = tr("아직 점검하지 않았습니다.")
AUDIT_NONE_HINT = tr("'점검하기'를 누르면 결과가 여기에 나옵니다.")
AUDIT_LOCKED = tr("비밀번호를 넣으면 점검할 수 있습니다.")
AUDIT_TITLE = tr("점검 결과")
AUDIT_OF = "{time} · {kind}"
AUDIT_OUTDATED = tr("점검한 뒤 더 배웠습니다. 다시 점검하세요.")
AUDIT_LINES = tr("외운 줄 {count:,}개 보기")
AUDIT_LINES_MORE = tr("모두 {count:,}개 가운데 앞의 것만 보입니다.")
AUDIT_LINE_KNOWN = tr("끝의 {count:,}자를 외웠습니다.")

# --- copies
COPY_FOUND = tr("이 대답의 {letters:,}자({share} %)가 배운 대답 하나와 그대로 같습니다.")
COPY_UNKNOWN = tr("대답에 베낀 말이 있는지 알 수 없습니다. {reason}")
COPY_SHOW = tr("원래 줄 보기")
COPY_TITLE = tr("배운 데이터에 있는 줄")
COPY_GONE = tr("배운 데이터가 바뀌어 원래 줄을 찾지 못했습니다.")

# --- strength
STRENGTH = tr("말투 세기")
STRENGTH_HINT = tr("0이면 바탕 모델, 1이면 배운 그대로, 더 크면 과장합니다.")

# --- bubbles
NOTE_MARK = "\u2063"
"""Begins a note of the program, by which window.css knows it; invisible."""
TYPING = f"{NOTE_MARK}…"
"""Somebody types; window.css shows three moving dots."""
AT_ONCE = tr("바로 보기")
GO_ON = tr("방 돌려보기")

# --- with whom
MEMBERS = tr("누구와")
MEMBERS_HINT = tr("여러 명을 고르면 함께 이야기합니다.")
WHOLE_ROOM = tr("방 전체")
WHOLE_ROOM_SIGN = tr("방")
ABOUT_RUN = tr("학습 고르기")

# -- kept conversations
CONVERSATIONS = tr("저장한 대화")
SEARCH = tr("대화 찾기")
SEARCH_HINT = tr("이름, 제목, 말로 찾기")
NEW_CONVERSATION = tr("새 대화")
NO_CONVERSATIONS = tr("아직 저장한 대화가 없습니다.")
NOTHING_FOUND = tr("그 말이 든 대화가 없습니다.")
NO_REPLY_YET = tr("아직 대답 없음")
MORE_CONVERSATIONS = tr("그 밖에 {count}개가 더 있습니다. 찾기로 좁혀 보세요.")
SHOW_CONVERSATIONS = tr("저장한 대화 보기")
RENAME = tr("이름 바꾸기")
NEW_TITLE = tr("새 이름")
SAVE_TITLE = tr("저장")
EXPORT = tr("내보내기")
DELETE = tr("지우기")
DELETE_QUESTION = tr("이 대화를 지우면 되돌릴 수 없습니다.")
DELETE_NOW = tr("아주 지우기")
CANCEL = tr("그만두기")
PRIVATE = tr("저장하지 않기")
PRIVATE_HINT = tr("켜면 이 대화는 창을 닫을 때 사라지고, 저장해 둔 것도 지웁니다.")
EXPORT_NAME = tr("카카오봇 AI 기록.txt")
BRANCH = tr("갈래 {number}/{count}")

# --- model in memory
MEMORY_LOADED = tr("'{run}' 모델이 메모리에 있습니다 (약 {size}).")
MEMORY_EMPTY = tr("모델은 지금 메모리에 없습니다. 대답할 차례가 되면 올립니다.")
MEMORY_AWAITED = tr("모델을 올려 대답하고 있습니다.")
GIVE_BACK = tr("메모리 비우기")
GIVEN_BACK = tr("메모리를 비웠습니다. 다음에 말을 걸면 다시 올립니다.")
GIVEN_BACK_SOON = tr("지금 하는 대답이 끝나면 메모리를 비웁니다.")
NEWER_ADAPTER = tr("'{run}' 의 더 나은 말투가 나왔습니다. 지금 대화는 전의 말투로 이어집니다.")
NEWER_RUN = tr("같은 사람을 새로 배운 '{run}' 이 있습니다. 지금 대화는 전의 말투로 이어집니다.")
TAKE_NEWER = tr("바꾸기")
TAKEN = tr("다음 말부터 새로 배운 말투로 대답합니다.")
