"""Texts of the tab "4 대화"."""

from __future__ import annotations

CONVERSATION_TAB = "대화하기"
STOP = "멈추기"

# --- header
HEADER_BASE = "바탕"
HEADER_ADAPTER = "배운 것"
HEADER_DATA = "데이터"
ADAPTER_NAMES = {"best": "가장 좋은 때", "latest": "가장 최근"}
AT_STEP = "{kind} ({step:,}단계)"
ALL_ROOMS = "가져온 모든 방"
LEARNED_REPLIES = "대답 {count:,}개"

# --- comparison
COMPARE_TAB = "비교"
COMPARE_HINT = (
    "같은 말에 바탕 모델과 배운 말투가 각각 어떻게 대답하는지 나란히 봅니다. 배운 것이 없는 "
    "바탕 모델의 대답과 다르지 않다면, 아직 덜 배운 것입니다."
)
COMPARE_MESSAGE = "건넬 말"
COMPARE_PLACEHOLDER = "오늘 저녁에 뭐 먹을까?"
COMPARE_START = "둘에게 물어보기"
COMPARE_BASE = "바탕 모델"
COMPARE_BASE_NOTE = "배운 것을 끄고 대답합니다."
COMPARE_ADAPTER = "배운 말투"
COMPARE_ADAPTER_NOTE = "배운 것을 켜고 대답합니다."
COMPARE_WAITING = "대답을 기다리는 중"
COMPARE_EMPTY = "건넬 말을 적어 주세요."
COMPARE_RUN = "어느 학습"
COMPARE_LOCKED = "비밀번호를 넣으면 비교할 수 있습니다."

# --- audit
AUDIT_TAB = "외운 말 점검"
AUDIT_HINT = (
    "배운 말투가 방의 말을 그대로 외웠는지, 개인정보를 말하는지 바탕 모델과 견주어 봅니다. "
    "몇 분에서, 큰 모델은 한 시간까지 걸리고 그동안 대화는 차례를 기다립니다."
)
AUDIT_START = "점검하기"
AUDIT_STOPPED = "점검을 멈췄습니다."
AUDIT_NONE = "아직 점검하지 않았습니다."
AUDIT_NONE_HINT = "'점검하기'를 누르면 결과가 여기에 나옵니다."
AUDIT_LOCKED = "비밀번호를 넣으면 점검할 수 있습니다."
AUDIT_TITLE = "점검 결과"
AUDIT_OF = "{time} · {kind}"
AUDIT_OUTDATED = "점검한 뒤 더 배웠습니다. 다시 점검하세요."
AUDIT_LINES = "외운 줄 {count:,}개 보기"
AUDIT_LINES_MORE = "모두 {count:,}개 가운데 앞의 것만 보입니다."
AUDIT_LINE_KNOWN = "끝의 {count:,}자를 외웠습니다."

# --- copies
COPY_FOUND = "이 대답의 {letters:,}자({share} %)가 배운 대답 하나와 그대로 같습니다."
COPY_UNKNOWN = "대답에 베낀 말이 있는지 알 수 없습니다. {reason}"
COPY_SHOW = "원래 줄 보기"
COPY_TITLE = "배운 데이터에 있는 줄"
COPY_GONE = "배운 데이터가 바뀌어 원래 줄을 찾지 못했습니다."

# --- strength
STRENGTH = "말투 세기"
STRENGTH_HINT = "0이면 바탕 모델, 1이면 배운 그대로, 더 크면 과장합니다."

# --- bubbles
NOTE_MARK = "\u2063"
"""Begins a note of the program, by which window.css knows it; invisible."""
TYPING = f"{NOTE_MARK}…"
"""Somebody types; window.css shows three moving dots."""
AT_ONCE = "바로 보기"
GO_ON = "방 돌려보기"

# --- with whom
MEMBERS = "누구와"
MEMBERS_HINT = "여러 명을 고르면 함께 이야기합니다."
WHOLE_ROOM = "방 전체"
WHOLE_ROOM_SIGN = "방"
ABOUT_RUN = "학습 고르기"

# -- kept conversations
CONVERSATIONS = "저장한 대화"
SEARCH = "대화 찾기"
SEARCH_HINT = "이름, 제목, 말로 찾기"
NEW_CONVERSATION = "새 대화"
NO_CONVERSATIONS = "아직 저장한 대화가 없습니다."
NOTHING_FOUND = "그 말이 든 대화가 없습니다."
NO_REPLY_YET = "아직 대답 없음"
MORE_CONVERSATIONS = "그 밖에 {count}개가 더 있습니다. 찾기로 좁혀 보세요."
SHOW_CONVERSATIONS = "저장한 대화 보기"
RENAME = "이름 바꾸기"
NEW_TITLE = "새 이름"
SAVE_TITLE = "저장"
EXPORT = "내보내기"
DELETE = "지우기"
DELETE_QUESTION = "이 대화를 지우면 되돌릴 수 없습니다."
DELETE_NOW = "아주 지우기"
CANCEL = "그만두기"
PRIVATE = "저장하지 않기"
PRIVATE_HINT = "켜면 이 대화는 창을 닫을 때 사라지고, 저장해 둔 것도 지웁니다."
EXPORT_NAME = "카카오봇 AI 기록.txt"
BRANCH = "갈래 {number}/{count}"

# --- model in memory
MEMORY_LOADED = "'{run}' 모델이 메모리에 있습니다 (약 {size})."
MEMORY_EMPTY = "모델은 지금 메모리에 없습니다. 대답할 차례가 되면 올립니다."
GIVE_BACK = "메모리 비우기"
GIVEN_BACK = "메모리를 비웠습니다. 다음에 말을 걸면 다시 올립니다."
GIVEN_BACK_SOON = "지금 하는 대답이 끝나면 메모리를 비웁니다."
NEWER_ADAPTER = "'{run}' 의 더 나은 말투가 나왔습니다. 지금 대화는 전의 말투로 이어집니다."
NEWER_RUN = "같은 사람을 새로 배운 '{run}' 이 있습니다. 지금 대화는 전의 말투로 이어집니다."
TAKE_NEWER = "바꾸기"
TAKEN = "다음 말부터 새로 배운 말투로 대답합니다."
