"""Korean texts of the window itself; see also `console_text` and `request_text`."""

from __future__ import annotations

from kakaobot.chat.lines import AI_MARK as AI_MARK
from kakaobot.chat.lines import UNKNOWN_NAME as UNKNOWN_NAME
from kakaobot.likeness import LIKENESS_TITLE
from kakaobot.runs.exit_reason import LAST_LINE_LABEL
from kakaobot.runs.labels import STATE_LABELS

APP = "카카오봇"
TITLE = "카카오봇 · 우리 방 말투"
SLOGAN = "우리 방 말투를 배우는 챗봇"
NOTICE = "알림"
ERROR_TITLE = "문제가 생겼습니다"
ACTIONS = "할 수 있는 일"
"""The head of a column of buttons, for screen readers only."""

# -- the window as a whole
UNAUTHORIZED_TITLE = "열쇠가 없는 주소입니다"
UNAUTHORIZED = (
    "다른 사람이 들여다보지 못하도록 프로그램이 열어 준 창에서만 쓸 수 있습니다. "
    "launch.py 를 다시 실행하면 이 창이 바로 열립니다."
)
OPENING_TITLE = "창을 열고 있습니다"
OPENING = "잠시만 기다려 주세요."
NO_SERVER = "프로그램이 꺼져 있습니다. launch.py 를 실행하면 창이 다시 열립니다."

# -- the password bar
LOCK_NOTE = "대화 내용은 잠겨 있습니다. 비밀번호를 아는 사람만 볼 수 있습니다."
UNLOCKED_NOTE = "대화 내용이 열려 있습니다."
WORDS_LOCKED = "배우는 대화의 예와 말투"
LOCKED_HINT = "맨 위 칸에 비밀번호를 넣으면 보입니다."
UNLOCKING = "여는 중입니다…"
PASSWORD = "비밀번호"
ENTER = "열기"
LOCK = "다시 잠그기"

# -- 1 exports
EXPORTS_TAB = "1 가져오기"
EXPORTS_LEAD = "카카오톡에서 내보낸 대화 파일을 넣어 주세요. 여러 개를 한꺼번에 넣어도 됩니다."
UPLOAD = "대화 파일 (.txt, .csv, .zip, .eml)"
NOTHING_UPLOADED = "받은 파일이 없습니다. 대화 파일을 골라 다시 넣어 주세요."
DROP_HINT = "파일을 여기에 끌어다 놓거나 눌러서 고르세요"
SAMPLE_ROOM = "샘플 방으로 해 보기"
SAMPLE_ROOM_NOTE = "아직 파일이 없다면, 지어낸 대화방으로 처음부터 끝까지 따라 해 볼 수 있습니다."
PRIVACY = "파일과 대화는 이 컴퓨터 밖으로 나가지 않습니다."
CONSENT = "함께 대화한 사람의 말도 배우게 됩니다. 미리 알리고 동의를 받아 주세요."
FILES_EMPTY = "아직 가져온 파일이 없습니다."
FILES_EMPTY_HINT = "위에 파일을 넣거나 '샘플 방으로 해 보기'를 누르세요."
FILES_TITLE = "가져온 파일"
FILES_HEAD = ("파일", "방", "사람", "기간", "메시지", "이해하지 못한 줄", ACTIONS)
REMOVE = "빼기"
REMOVED = "목록에서 뺐습니다. 원본은 {place} 에 보관했습니다."
IMPORTED = "파일 {count}개를 가져왔습니다."
DIAGNOSE = "진단"
LINE_REPORT_TITLE = "가져오기 진단"
CAPTIONS = "사진·이모티콘에 붙은 말: {captions}"
CLOSE = "닫기"
LINE_KIND_NOTES = {
    "messages": "사람이 보낸 말의 첫 줄",
    "continuations": "여러 줄로 쓴 말의 나머지",
    "headers": "방 이름과 저장한 날짜",
    "dates": "날이 바뀌는 줄",
    "system": "들어옴·나감·삭제 같은 알림",
    "blank": "아무것도 없는 줄",
    "not_understood": "읽지 않고 남겨 둔 줄",
}
ALL_PARSED = "모든 줄을 이해했습니다."
UNPARSED_TITLE = "이해하지 못한 줄 {count:,}개"
UNPARSED_HINT = (
    "대개 시각이나 날짜가 카카오톡이 쓰는 모양과 다른 줄, 첫 날짜보다 앞에 있는 줄, 손으로 덧붙인 "
    "줄입니다. 이 줄들만 배우지 않으며, 원본 파일은 그대로 있어 잃은 것은 없습니다."
)
UNPARSED_MORE = "나머지 {count:,}줄은 여기에 보이지 않습니다."
ROOMS_TITLE = "방마다 합친 결과"
ROOMS_HEAD = ("방", "파일", "합친 메시지", "겹쳐서 한 번만 셈", "사람", "기간")
COUNT = "{count:,}개"
PEOPLE_COUNT = "{count:,}명"
PEOPLE_TITLE = "사람 정리"
ASK_EXPORTER = "'{name}' 이름은 파일을 내보낸 사람 자신을 가리킵니다. 방에서 누구인가요?"
OTHER_NAME = "다른 이름"
THIS_NAME = "이 이름으로"
ASK_SPELLING = "{names} — 같은 사람인가요?"
ANSWER_SPELLING = "'{name}' 하나로 합치기"
ASK_BOT = "{names} — 사람이 아니라 봇인 것 같습니다 (메시지 {count:,}개)."
ANSWER_BOT = "배우지 않기"
EXCLUDED_CHIP = "{name} · 배우지 않음"
REVERT = "되돌리기"
NAMES_MERGED = "'{name}' 이름으로 합쳤습니다. 원본 파일은 그대로이고 언제든 되돌릴 수 있습니다."
ALIAS_REMOVED = "'{name}' 이름을 다시 나누었습니다."
EXCLUDED = "이제 배우지 않습니다: {names}"
INCLUDED = "다시 배웁니다: {names}"
REBUILD_HINT = "배울 대화에 넣으려면 '2 데이터 준비'에서 다시 만들어 주세요."
MERGE_TITLE = "같은 사람 합치기 — 이름을 바꾼 사람이 둘로 보일 때"
MERGE_ROOM = "방"
MERGE_NAMES = "같은 사람의 이름들"
MERGE_TARGET = "부를 이름 (비우면 첫 이름)"
MERGE = "합치기"
MERGE_TOO_FEW = "같은 사람의 이름을 두 개 이상 고르거나, 부를 이름을 다르게 적어 주세요."
PARTICIPANT_LABEL = "{name} ({count:,}개)"
LINE_NUMBERS = "{count}줄 ({lines})"
MORE_PEOPLE = "{names} 외 {count}명"
EXPORT_FORMATS = {"W": "Windows", "A": "Android", "I": "iPhone", "M": "Mac · CSV"}
HELP_TITLE = "카카오톡에서 대화 파일을 만드는 방법"
HELP = (
    ("Windows", "대화방 오른쪽 위 메뉴(≡) → 대화 내용 → 대화 내보내기 → 저장한 .txt 파일"),
    (
        "Android",
        "대화방 메뉴(≡) → 설정(톱니바퀴) → 대화 내용 관리 → 대화 내용 저장 → .txt 또는 .csv",
    ),
    ("iPhone · iPad", "대화방 메뉴(≡) → 설정(톱니바퀴) → 대화 내용 내보내기 → 파일에 저장"),
    ("Mac", "대화방 메뉴(≡) → 설정 → 대화 내용 관리 → 대화 내용 저장 → .csv 파일"),
)
HELP_NOTE = (
    "사진과 동영상은 배우지 않으니 '텍스트만' 내보내면 됩니다. "
    "메뉴 이름은 판마다 조금 다를 수 있습니다."
)
TO_DATASET = "다음: 데이터 준비"

# -- 2 dataset
DATASET_TAB = "2 데이터 준비"
DATASET_LEAD = "어느 방에서 누구의 말투를 배울지 고르고, 배울 대화를 만듭니다."
ROOM = "채팅방"
ALL_ROOMS = "가져온 모든 방"
PERSONA = "말투를 배울 사람"
WHOLE_ROOM = "방 전체"
PERSONA_LABEL = "{name} (대답 {replies:,}개{advice})"
ADVICE = {"enough": "", "few": " · 배우기엔 적음", "bot": " · 봇으로 보임"}
PARTICIPANTS_TITLE = "누구를 배울 수 있나요"
PARTICIPANTS_HINT = (
    "글자 수는 대답 길이의 가운데 값, '이어 말함'은 다른 사람의 말에 이어 말한 몫, "
    "'잡음'은 링크·퍼 온 글·되풀이·봇의 말·너무 많은 짧은 반응처럼 배우지 않는 말의 몫입니다."
)
PARTICIPANTS_HEAD = ("이름", "배울 대답", "글자 수", "이어 말함", "잡음", "조언", ACTIONS)
PARTICIPANTS_MORE = "나머지 {count:,}명 보기"
PARTICIPANTS_HIDDEN = (
    "그 밖의 {count:,}명은 여기에 보이지 않습니다. 명령 people 로는 모두 볼 수 있습니다."
)
PARTICIPANT_EXCLUDED = "빼기로 함"
PSEUDONYM = "데이터에서는 {name}"
CHARS = "{count:g}자"
TRAIN_ON = "이 사람 배우기"
EXCLUDE = "이 사람 빼기"
INCLUDE = "다시 넣기"
OUTDATED = "다시 만들어야 합니다"
BUILD = "배울 대화 만들기"
BUILT = "배울 대화를 만들었습니다."
DATASET_EMPTY = "아직 만든 데이터가 없습니다."
DATASET_EMPTY_HINT = "방과 사람을 고르고 '배울 대화 만들기'를 누르세요."
NO_ROOMS = "가져온 대화가 없습니다. 먼저 '1 가져오기'에서 파일을 넣어 주세요."
DATASET_TITLE = "무엇을 배우나요"
DROPPED_TITLE = "배우지 않는 메시지"
MASKED_TITLE = "가린 개인정보"
STYLES_TITLE = "말투 지문"
NOTHING_DROPPED = "배우지 않는 메시지가 없습니다."
BUILT_AT = "{room} · {persona} · {at} 에 만듦"
BUILT_WITH_PSEUDONYMS = " · 사람 이름은 모두 지어낸 이름"
DATASET_FACTS = {
    "messages": "읽은 메시지",
    "sessions": "대화 묶음",
    "replies": "배울 대답",
    "val": "검증용 대답",
    "tokens": "배울 토큰",
    "longest": "가장 긴 대화",
}
TOKEN_COUNTS = "{target_tokens:,} / {tokens:,}"
LONGEST_ROW = "{longest:,} / {limit:,} 토큰"
EXAMPLES_TITLE = "이렇게 배웁니다"
EXAMPLES_LEGEND = ("배우는 말", "앞 대화로만 보는 말")
SPLITS = {"train": "학습용", "val": "검증용"}
TO_TRAINING = "다음: 학습"
ESTIMATE_TITLE = "지금 학습하면"
ESTIMATE_TITLE_NEW_RUN = "처음부터 새로 학습하면"
ESTIMATE_BASE = "바탕 모델 {base}"

# -- 3 training
TRAINING_TAB = "3 학습"
STATES = {
    "new": "아직 학습하지 않았습니다",
    "starting": "학습을 준비하고 있습니다",
    "running": "학습하고 있습니다",
    "stopped": "멈췄습니다",
    "finished": "학습을 마쳤습니다",
    "failed": "학습이 실패했습니다",
}
SHORT_STATES = {**STATE_LABELS, "new": "학습 전", "finished": "마침"}
STOPPING = "멈추고 있습니다. 여기까지 배운 것을 저장하는 중입니다"
START = "학습 시작"
RESUME = "이어서 학습 ({step:,}단계부터)"
STOP = "멈추기"
KILL = "강제로 끝내기"
NEW_RUN = "새 학습"
START_NEW = "새로 학습 시작"
VIEWED_RUN = "지난 학습 '{run}' 을(를) 보고 있습니다"
CURRENT_AGAIN = "지금 학습으로 돌아가기"
TALK_TO_RUN = "이 학습과 대화"
WILL_LEARN = "배울 것: {dataset}"
LEARNED = "배운 것: {dataset}"
OUTDATED_RUN = "지금 만들어 둔 대화를 아직 배우지 않았습니다"
STOP_REQUESTED = "멈추라고 했습니다. 지금 단계를 마치고 저장합니다."
KILLED = "강제로 끝냈습니다. 저장해 둔 것이 있으면 거기부터 이어서 학습할 수 있습니다."
RESUMED_AT = "{step:,}단계에서 이어서 배우고 있습니다."
SAVED_AT = "{step:,}단계까지 저장했습니다."
CAN_RESUME = "'이어서 학습'을 누르면 {step:,}단계부터 계속합니다."
CAN_CHAT_HINT = "'4 대화'에서 지금 대화할 수 있습니다."
FAILED_HINT = "까닭을 고친 뒤 다시 시작하세요. 자세한 내용은 아래 '기록'에 있습니다."
SILENT = (
    "{time} 동안 소식이 없습니다. 느린 컴퓨터에서는 한 단계나 저장에 몇 분이 걸리기도 합니다. "
    "계속 그대로면 멈춘 뒤 다시 시작해 주세요."
)
LAST_LINES = LAST_LINE_LABEL
PRACTICE = "연습용 모델입니다"
PRACTICE_HINT = (
    "사용법을 익히기 위한 아주 작은 모델이라 말이 어색합니다. 실제로 쓰려면 인터넷에 연결하거나 "
    "'5 설정'의 바탕 모델에 다른 모델을 적어 주세요."
)
BASE_MODEL = "바탕 모델"
RUN_FACTS = {
    "step": "단계",
    "loss": "학습 손실",
    "eval": "검증 손실",
    "best": "가장 좋은 검증 손실",
    "best_step": "가장 좋은 단계의 손실",
    "likeness": LIKENESS_TITLE,
    "speed": "빠르기",
    "eta": "남은 시간",
}
LIKENESS = LIKENESS_TITLE
STEP_COUNT = "{step:,} / {max_steps:,}"
BEST_LOSS = "{loss:.3f} ({step:,}단계)"
SPEED = "{speed:,.0f} 토큰/초"
APPROXIMATELY = "약 {time}"
DASH = "–"
LOSS_CHART = {
    "title": "손실 그래프",
    "loss": "학습 손실",
    "eval": "검증 손실",
    "best": "가장 좋은 단계",
    "loss_axis": "손실",
    "step": "단계",
    "step_unit": "단계",
    "empty": "학습을 시작하면 여기에 손실이 그려집니다",
}
LIKENESS_CHART = {
    "title": f"{LIKENESS_TITLE} 그래프",
    "loss": "",
    "eval": LIKENESS_TITLE,
    "best": "이 학습의 값",
    "loss_axis": "",
    "step": "단계",
    "step_unit": "단계",
    "empty": "",
    "percent": "1",
}
LIKENESS_LEGEND = f"{LIKENESS_TITLE} (0% 가장 비슷한 다른 사람, 100% 그 사람, 세로선 95% 구간)"
LIKENESS_LEGEND_OF_BASE = f"{LIKENESS_TITLE} (0% 배우기 전, 100% 그 사람, 세로선 95% 구간)"
EVAL_SAMPLES_TITLE = "같은 말에 어떻게 대답했나"
EVAL_SAMPLES_HINT = (
    "배우는 동안 같은 말을 여러 번 건네 받은 대답입니다. "
    "AI가 지어낸 말이며, 맨 오른쪽만 실제로 한 말입니다."
)
EVAL_PROMPT = "건넨 말"
EVAL_REFERENCE = "방에서 실제로 한 말"
EVAL_BASE = "배우기 전"
EVAL_BEST = "가장 좋은 때"
EVAL_LATEST = "가장 최근"
EVAL_SAMPLES_MORE = "나머지 {count:,}개 보기"
EVAL_REPLY_OF = "{name}의 대답"
EVAL_OPENING = "대화의 첫마디"
LOG = "기록"
LOG_EMPTY = "아직 기록이 없습니다."
RUNS_TITLE = "지난 학습"
RUN_CHOICE = "볼 학습"
CURRENT_RUN = "지금 하는 학습 (없으면 가장 최근)"
RUNS_EMPTY = "아직 학습한 적이 없습니다."
RUNS_NOT_COMPARABLE = (
    "배운 데이터가 다르면 손실을 서로 견줄 수 없습니다. 그래서 배운 데이터마다 따로 묶었습니다."
)
RUNS_OLDER = "이전 학습 {count}개 보기"
BASES_NOT_COMPARABLE = "바탕 모델이 다르면 글을 자르는 단위가 달라 손실을 서로 견줄 수 없습니다."
RUN_DATA = "{room} · {persona} · 대답 {replies:,}개"
RUN_DATA_UNKNOWN = "무엇을 배웠는지 알 수 없는 학습"
LOWEST_LOSS = "가장 낮은 손실"
LOWEST_LOSS_OF_BASE = "이 바탕에서 가장 낮은 손실"
CAN_CHAT = "대화할 수 있음"
STEPS_DONE = "{step:,} / {max_steps:,}단계"
STEPS_TOTAL = "모두 {max_steps:,}단계"
NO_STEPS = "한 단계도 배우지 않음"
AT_STEP = "{step:,}단계"
NOT_EVALUATED = "검증 전"
SPARKLINE = "검증 손실 {count}번: 처음 {first:.3f}, 마지막 {last:.3f}"
SPARKLINE_BEST = ", 가장 낮은 때 {step:,}단계 {loss:.3f}"
TRAINED_REPLIES = "배운 대답"
DATA_FINGERPRINT = "데이터 지문"
EVALUATIONS = "검증"
EVALUATION_COUNT = "{count:,}번"
CHANGED_SETTINGS = "기본값과 다른 설정"
ALL_DEFAULTS = "모두 기본값입니다."
CHANGED_SINCE = "앞 학습 '{name}' 과 다른 설정"
UNCHANGED_SINCE = "앞 학습과 설정이 같습니다."
PREVIOUS_VALUE = "앞에서는 {value}"
RUN_LABEL = "{name} ({state})"
TO_CHAT = "다음: 대화"
STATUS_STEP = "{step:,}/{max_steps:,}단계 ({percent}%)"

# -- 4 chat
CHAT_TAB = "4 대화"
GATE_TITLE = "대화는 잠겨 있습니다"
GATE_LEAD = "맨 위 칸에 비밀번호를 넣으면 대화할 수 있습니다."
GATE_NOT_SET_TITLE = "먼저 비밀번호를 정해 주세요"
GATE_NOT_SET = "맨 위의 '비밀번호 정하기'를 누르면 바로 정하고 대화할 수 있습니다."
CHAT_RUN = "말할 학습"
CHAT_USER_NAME = "내 이름"
CHAT_USER_NAME_INFO = "방에서 쓰던 이름을 고르거나 적으면 더 자연스럽습니다."
NO_NAME = "이름 없이"
MESSAGE = "메시지"
MESSAGE_HINT = "메시지를 입력하세요 (Enter 보내기, Shift+Enter 줄 바꿈)"
SEND = "보내기"
STOP_REPLY = "멈춤"
RETRY = "다시 대답"
UNDO = "한 번 되돌리기"
CHAT_EMPTY = "먼저 말을 걸어 보세요"
CHAT_BOX = "대화"
AI_NOTE = "AI가 지어낸 말입니다. 그 사람이 실제로 한 말이 아닙니다."
NOTHING_TO_SEND = "보낼 말을 먼저 입력하세요."
NOTHING_TO_RETRY = "다시 대답할 말이 없습니다. 먼저 메시지를 보내세요."
STILL_REPLYING = "아직 대답하고 있습니다. 대답이 끝나거나 '멈춤'을 누른 뒤에 보내세요."
EMPTY_REPLY = "이번에는 아무 말도 하지 않았습니다. '다시 대답'을 눌러 보세요."

# -- 5 settings
SETTINGS_TAB = "5 설정"
SAVE = "저장"
RELOAD = "파일에서 다시 읽기"
RESET = "이 묶음을 기본값으로"
SAVED = "설정 {count}개를 저장했습니다."
UNCHANGED = "바뀐 설정이 없습니다."
RELOADED = "파일에서 다시 읽었습니다."
RESET_DONE = "기본값을 채웠습니다. '저장'을 눌러야 파일에 적힙니다."
ENV_TITLE = "비밀번호 파일(.env)"
CLOSE_ENV = "나만 읽게 바꾸기"
ENV_CLOSED = "이제 나만 읽을 수 있습니다."
SWITCHES = {"auto": "알아서", "true": "켬", "false": "끔"}
RANGE = {"both": "{low}~{high}", "low": "{low} 이상", "high": "{high} 이하"}
DEFAULT_VALUE = "기본값 {value}"
EMPTY_VALUE = "비움"
ONE_PER_LINE = "한 줄에 하나씩"
