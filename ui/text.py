"""Korean texts of the window itself; see also `console_text` and `request_text`."""

from __future__ import annotations

from kakaobot.chat.lines import AI_MARK as AI_MARK
from kakaobot.chat.lines import UNKNOWN_NAME as UNKNOWN_NAME
from kakaobot.language import tr
from kakaobot.likeness import LIKENESS_TITLE
from kakaobot.runs.exit_reason import LAST_LINE_LABEL
from kakaobot.runs.labels import STATE_LABELS

APP = tr("카카오봇")
TITLE = tr("카카오봇 · 우리 방 말투")
SLOGAN = tr("우리 방 말투를 배우는 챗봇")
NOTICE = tr("알림")
ERROR_TITLE = tr("문제가 생겼습니다")
ACTIONS = tr("할 수 있는 일")
"""The head of a column of buttons, for screen readers only."""

# -- the window as a whole
UNAUTHORIZED_TITLE = tr("열쇠가 없는 주소입니다")
UNAUTHORIZED = tr(
    "다른 사람이 들여다보지 못하도록 프로그램이 열어 준 창에서만 쓸 수 있습니다. "
    "launch.py 를 다시 실행하면 이 창이 바로 열립니다."
)
OPENING_TITLE = tr("창을 열고 있습니다")
OPENING = tr("잠시만 기다려 주세요.")
NO_SERVER = tr("프로그램이 꺼져 있습니다. launch.py 를 실행하면 창이 다시 열립니다.")

# -- the password bar
LOCK_NOTE = tr("대화 내용은 잠겨 있습니다. 비밀번호를 아는 사람만 볼 수 있습니다.")
UNLOCKED_NOTE = tr("대화 내용이 열려 있습니다.")
WORDS_LOCKED = tr("배우는 대화의 예와 말투")
LOCKED_HINT = tr("맨 위 칸에 비밀번호를 넣으면 보입니다.")
UNLOCKING = tr("여는 중입니다…")
PASSWORD = tr("비밀번호")
ENTER = tr("열기")
LOCK = tr("다시 잠그기")

# -- 1 exports
EXPORTS_TAB = tr("1 가져오기")
EXPORTS_LEAD = tr("카카오톡에서 내보낸 대화 파일을 넣어 주세요. 여러 개를 한꺼번에 넣어도 됩니다.")
UPLOAD = tr("대화 파일 (.txt, .csv, .zip, .eml)")
NOTHING_UPLOADED = tr("받은 파일이 없습니다. 대화 파일을 골라 다시 넣어 주세요.")
DROP_HINT = tr("파일을 여기에 끌어다 놓거나 눌러서 고르세요")
SAMPLE_ROOM = tr("예제 방으로 해 보기")
SAMPLE_ROOM_NOTE = tr(
    "아직 파일이 없다면, 지어낸 대화방으로 처음부터 끝까지 따라 해 볼 수 있습니다."
)
PRIVACY = tr("파일과 대화는 이 컴퓨터 밖으로 나가지 않습니다.")
CONSENT = tr("함께 대화한 사람의 말도 배우게 됩니다. 미리 알리고 동의를 받아 주세요.")
FILES_EMPTY = tr("아직 가져온 파일이 없습니다.")
FILES_EMPTY_HINT = tr("위에 파일을 넣거나 '예제 방으로 해 보기'를 누르세요.")
FILES_TITLE = tr("가져온 파일")
FILES_HEAD = (
    tr("파일"),
    tr("방"),
    tr("사람"),
    tr("기간"),
    tr("메시지"),
    tr("이해하지 못한 줄"),
    ACTIONS,
)
REMOVE = tr("빼기")
REMOVED = tr("목록에서 뺐습니다. 원본은 {place} 에 보관했습니다.")
RESTORED = tr("목록에 다시 넣었습니다.")
IMPORTED = tr("파일 {count}개를 가져왔습니다.")
DIAGNOSE = tr("진단")
LINE_REPORT_TITLE = tr("가져오기 진단")
CAPTIONS = tr("사진·이모티콘에 붙은 말: {captions}")
CLOSE = tr("닫기")
LINE_KIND_NOTES = {
    "messages": tr("사람이 보낸 말의 첫 줄"),
    "continuations": tr("여러 줄로 쓴 말의 나머지"),
    "headers": tr("방 이름과 저장한 날짜"),
    "dates": tr("날이 바뀌는 줄"),
    "system": tr("들어옴·나감·삭제 같은 알림"),
    "blank": tr("아무것도 없는 줄"),
    "not_understood": tr("읽지 않고 남겨 둔 줄"),
}
ALL_PARSED = tr("모든 줄을 이해했습니다.")
UNPARSED_TITLE = tr("이해하지 못한 줄 {count:,}개")
UNPARSED_HINT = tr(
    "대개 시각이나 날짜가 카카오톡이 쓰는 모양과 다른 줄, 첫 날짜보다 앞에 있는 줄, 손으로 덧붙인 "
    "줄입니다. 이 줄들만 배우지 않으며, 원본 파일은 그대로 있어 잃은 것은 없습니다."
)
UNPARSED_MORE = tr("나머지 {count:,}줄은 여기에 보이지 않습니다.")
ROOMS_TITLE = tr("방마다 합친 결과")
ROOMS_HEAD = (
    tr("방"),
    tr("파일"),
    tr("합친 메시지"),
    tr("겹쳐서 한 번만 셈"),
    tr("사람"),
    tr("기간"),
)
COUNT = tr("{count:,}개")
PEOPLE_COUNT = tr("{count:,}명")
PEOPLE_TITLE = tr("사람 정리")
ASK_EXPORTER = tr("'{name}' 이름은 파일을 내보낸 사람 자신을 가리킵니다. 방에서 누구인가요?")
OTHER_NAME = tr("다른 이름")
THIS_NAME = tr("이 이름으로")
ASK_SPELLING = tr("{names} — 같은 사람인가요?")
ANSWER_SPELLING = tr("'{name}' 하나로 합치기")
ASK_BOT = tr("{names} — 사람이 아니라 봇인 것 같습니다 (메시지 {count:,}개).")
ANSWER_BOT = tr("배우지 않기")
EXCLUDED_CHIP = tr("{name} · 배우지 않음")
REVERT = tr("되돌리기")
NAMES_MERGED = tr("'{name}' 이름으로 합쳤습니다. 원본 파일은 그대로이고 언제든 되돌릴 수 있습니다.")
ALIAS_REMOVED = tr("'{name}' 이름을 다시 나누었습니다.")
EXCLUDED = tr("이제 배우지 않습니다: {names}")
INCLUDED = tr("다시 배웁니다: {names}")
REBUILD_HINT = tr("배울 대화에 넣으려면 '2 데이터 준비'에서 다시 만들어 주세요.")
MERGE_TITLE = tr("같은 사람 합치기 — 이름을 바꾼 사람이 둘로 보일 때")
MERGE_ROOM = tr("방")
MERGE_NAMES = tr("같은 사람의 이름들")
MERGE_TARGET = tr("부를 이름 (비우면 첫 이름)")
MERGE = tr("합치기")
MERGE_TOO_FEW = tr("같은 사람의 이름을 두 개 이상 고르거나, 부를 이름을 다르게 적어 주세요.")
PARTICIPANT_LABEL = tr("{name} ({count:,}개)")
LINE_NUMBERS = tr("{count}줄 ({lines})")
MORE_PEOPLE = tr("{names} 외 {count}명")
EXPORT_FORMATS = {"W": "Windows", "A": "Android", "I": "iPhone", "M": "Mac · CSV"}
HELP_TITLE = tr("카카오톡에서 대화 파일을 만드는 방법")
HELP = (
    ("Windows", tr("대화방 오른쪽 위 메뉴(≡) → 대화 내용 → 대화 내보내기 → 저장한 .txt 파일")),
    (
        "Android",
        tr("대화방 메뉴(≡) → 설정(톱니바퀴) → 대화 내용 관리 → 대화 내용 저장 → .txt 또는 .csv"),
    ),
    ("iPhone · iPad", tr("대화방 메뉴(≡) → 설정(톱니바퀴) → 대화 내용 내보내기 → 파일에 저장")),
    ("Mac", tr("대화방 메뉴(≡) → 설정 → 대화 내용 관리 → 대화 내용 저장 → .csv 파일")),
)
HELP_NOTE = tr(
    "사진과 동영상은 배우지 않으니 '텍스트만' 내보내면 됩니다. "
    "메뉴 이름은 판마다 조금 다를 수 있습니다."
)
TO_DATASET = tr("다음: 데이터 준비")

# -- 2 dataset
DATASET_TAB = tr("2 데이터 준비")
DATASET_LEAD = tr("어느 방에서 누구의 말투를 배울지 고르고, 배울 대화를 만듭니다.")
ROOM = tr("채팅방")
ALL_ROOMS = tr("가져온 모든 방")
PERSONA = tr("말투를 배울 사람")
WHOLE_ROOM = tr("방 전체")
PERSONA_LABEL = tr("{name} (대답 {replies:,}개{advice})")
ADVICE = {"enough": "", "few": tr(" · 배우기엔 적음"), "bot": tr(" · 봇으로 보임")}
PARTICIPANTS_TITLE = tr("누구를 배울 수 있나요")
PARTICIPANTS_HINT = tr(
    "글자 수는 대답 길이의 가운데 값, '이어 말함'은 다른 사람의 말에 이어 말한 몫, "
    "'잡음'은 링크·퍼 온 글·되풀이·봇의 말·너무 많은 짧은 반응처럼 배우지 않는 말의 몫입니다."
)
PARTICIPANTS_HEAD = (
    tr("이름"),
    tr("배울 대답"),
    tr("글자 수"),
    tr("이어 말함"),
    tr("잡음"),
    tr("조언"),
    ACTIONS,
)
PARTICIPANTS_MORE = tr("나머지 {count:,}명 보기")
PARTICIPANTS_HIDDEN = tr("그 밖의 {count:,}명은 여기에 보이지 않습니다.")
PARTICIPANT_EXCLUDED = tr("빼기로 함")
PSEUDONYM = tr("데이터에서는 {name}")
CHARS = tr("{count:g}자")
TRAIN_ON = tr("이 사람 배우기")
EXCLUDE = tr("이 사람 빼기")
INCLUDE = tr("다시 넣기")
OUTDATED = tr("다시 만들어야 합니다")
BUILD = tr("배울 대화 만들기")
BUILT = tr("배울 대화를 만들었습니다.")
BUILD_CANCEL = tr("그만두기")
BUILD_SHARE = tr("{message} · {percent}%")
BUILD_FAILED = tr("배울 대화를 만들지 못했습니다")
BUILD_AGAIN = tr("고친 뒤 '배울 대화 만들기'를 다시 누르세요.")
DATASET_EMPTY = tr("아직 만든 데이터가 없습니다.")
DATASET_EMPTY_HINT = tr("방과 사람을 고르고 '배울 대화 만들기'를 누르세요.")
NO_ROOMS = tr("가져온 대화가 없습니다. 먼저 '1 가져오기'에서 파일을 넣어 주세요.")
DATASET_TITLE = tr("무엇을 배우나요")
DROPPED_TITLE = tr("배우지 않는 메시지")
MASKED_TITLE = tr("가린 개인정보")
STYLES_TITLE = tr("말투 지문")
NOTHING_DROPPED = tr("배우지 않는 메시지가 없습니다.")
BUILT_AT = tr("{room} · {persona} · {at} 에 만듦")
BUILT_WITH_PSEUDONYMS = tr(" · 사람 이름은 모두 지어낸 이름")
DATASET_FACTS = {
    "messages": tr("읽은 메시지"),
    "sessions": tr("대화 묶음"),
    "replies": tr("대답"),
    "tokens": tr("배울 토큰"),
    "longest": tr("가장 긴 대화"),
}
REPLY_COUNTS = tr("{replies:,} (검증에 쓸 {held_out:,} 포함)")
TOKEN_COUNTS = "{target_tokens:,} / {tokens:,}"
LONGEST_ROW = tr("{longest:,} / {limit:,} 토큰")
EXAMPLES_TITLE = tr("이렇게 배웁니다")
EXAMPLES_LEGEND = (tr("배우는 말"), tr("앞 대화로만 보는 말"))
SPLITS = {"train": tr("학습용"), "val": tr("검증용")}
TO_TRAINING = tr("다음: 학습")
ESTIMATE_TITLE = tr("지금 학습하면")
ESTIMATE_TITLE_NEW_RUN = tr("처음부터 새로 학습하면")
ESTIMATE_BASE = tr("바탕 모델 {base}")

# -- 3 training
TRAINING_TAB = tr("3 학습")
STATES = {
    "new": tr("아직 학습하지 않았습니다"),
    "starting": tr("학습을 준비하고 있습니다"),
    "running": tr("학습하고 있습니다"),
    "stopped": tr("멈췄습니다"),
    "finished": tr("학습을 마쳤습니다"),
    "failed": tr("학습이 실패했습니다"),
}
SHORT_STATES = {**STATE_LABELS, "new": tr("학습 전"), "finished": tr("마침")}
STOPPING = tr("멈추고 있습니다. 여기까지 배운 것을 저장하는 중입니다")
START = tr("학습 시작")
RESUME = tr("이어서 학습 ({step:,}단계부터)")
STOP = tr("멈추기")
KILL = tr("강제로 끝내기")
NEW_RUN = tr("새 학습")
START_NEW = tr("새로 학습 시작")
VIEWED_RUN = tr("지난 학습 '{run}' 을(를) 보고 있습니다")
CURRENT_AGAIN = tr("지금 학습으로 돌아가기")
TALK_TO_RUN = tr("이 학습과 대화")
WILL_LEARN = tr("배울 것: {dataset}")
LEARNED = tr("배운 것: {dataset}")
OUTDATED_RUN = tr("지금 만들어 둔 대화를 아직 배우지 않았습니다")
STOP_REQUESTED = tr("멈추라고 했습니다. 지금 단계를 마치고 저장합니다.")
KILLED = tr("강제로 끝냈습니다. 저장해 둔 것이 있으면 거기부터 이어서 학습할 수 있습니다.")
RESUMED_AT = tr("{step:,}단계에서 이어서 배우고 있습니다.")
SAVED_AT = tr("{step:,}단계까지 저장했습니다.")
CAN_RESUME = tr("'이어서 학습'을 누르면 {step:,}단계부터 계속합니다.")
CAN_CHAT_HINT = tr("'4 대화'에서 지금 대화할 수 있습니다.")
FAILED_HINT = tr("까닭을 고친 뒤 다시 시작하세요. 자세한 내용은 아래 '기록'에 있습니다.")
SILENT = tr(
    "{time} 동안 소식이 없습니다. 느린 컴퓨터에서는 한 단계나 저장에 몇 분이 걸리기도 합니다. "
    "계속 그대로면 멈춘 뒤 다시 시작해 주세요."
)
LAST_LINES = LAST_LINE_LABEL
PRACTICE = tr("연습용 모델입니다")
PRACTICE_HINT = tr(
    "사용법을 익히기 위한 아주 작은 모델이라 말이 어색합니다. 실제로 쓰려면 인터넷에 연결하거나 "
    "'5 설정'의 바탕 모델에 다른 모델을 적어 주세요."
)
BASE_MODEL = tr("바탕 모델")
RUN_FACTS = {
    "step": tr("단계"),
    "loss": tr("학습 손실"),
    "eval": tr("검증 손실"),
    "best": tr("가장 좋은 검증 손실"),
    "best_step": tr("가장 좋은 단계의 손실"),
    "likeness": LIKENESS_TITLE,
    "speed": tr("빠르기"),
    "eta": tr("남은 시간"),
}
LIKENESS = LIKENESS_TITLE
STEP_COUNT = "{step:,} / {max_steps:,}"
BEST_LOSS = tr("{loss:.3f} ({step:,}단계)")
SPEED = tr("{speed:,.0f} 토큰/초")
APPROXIMATELY = tr("약 {time}")
DASH = "–"
LOSS_CHART = {
    "title": tr("손실 그래프"),
    "loss": tr("학습 손실"),
    "eval": tr("검증 손실"),
    "best": tr("가장 좋은 단계"),
    "loss_axis": tr("손실"),
    "step": tr("단계"),
    "step_at": tr("{step}단계"),
    "empty": tr("학습을 시작하면 여기에 손실이 그려집니다"),
}
LIKENESS_CHART = {
    "title": tr("{likeness_title} 그래프").format(likeness_title=LIKENESS_TITLE),
    "loss": "",
    "eval": LIKENESS_TITLE,
    "best": tr("이 학습의 값"),
    "loss_axis": "",
    "step": tr("단계"),
    "step_at": tr("{step}단계"),
    "empty": "",
    "percent": "1",
}
LIKENESS_LEGEND = tr(
    "{likeness_title} (0% 가장 비슷한 다른 사람, 100% 그 사람, 세로선 95% 구간)"
).format(likeness_title=LIKENESS_TITLE)
LIKENESS_LEGEND_OF_BASE = tr(
    "{likeness_title} (0% 배우기 전, 100% 그 사람, 세로선 95% 구간)"
).format(likeness_title=LIKENESS_TITLE)
EVAL_SAMPLES_TITLE = tr("같은 말에 어떻게 대답했나")
EVAL_SAMPLES_HINT = tr(
    "배우는 동안 같은 말을 여러 번 건네 받은 대답입니다. "
    "AI가 지어낸 말이며, 맨 오른쪽만 실제로 한 말입니다."
)
EVAL_PROMPT = tr("건넨 말")
EVAL_REFERENCE = tr("방에서 실제로 한 말")
EVAL_BASE = tr("배우기 전")
EVAL_BEST = tr("가장 좋은 때")
EVAL_LATEST = tr("가장 최근")
EVAL_SAMPLES_MORE = tr("나머지 {count:,}개 보기")
EVAL_REPLY_OF = tr("{name}의 대답")
EVAL_OPENING = tr("대화의 첫마디")
LOG = tr("기록")
LOG_EMPTY = tr("아직 기록이 없습니다.")
RUNS_TITLE = tr("지난 학습")
RUN_CHOICE = tr("볼 학습")
CURRENT_RUN = tr("지금 하는 학습 (없으면 가장 최근)")
RUNS_EMPTY = tr("아직 학습한 적이 없습니다.")
RUNS_NOT_COMPARABLE = tr(
    "배운 데이터가 다르면 손실을 서로 견줄 수 없습니다. 그래서 배운 데이터마다 따로 묶었습니다."
)
RUNS_OLDER = tr("이전 학습 {count}개 보기")
BASES_NOT_COMPARABLE = tr(
    "바탕 모델이 다르면 글을 자르는 단위가 달라 손실을 서로 견줄 수 없습니다."
)
RUN_DATA = tr("{room} · {persona} · 배운 대답 {replies:,}개")
RUN_DATA_UNKNOWN = tr("무엇을 배웠는지 알 수 없는 학습")
LOWEST_LOSS = tr("가장 낮은 손실")
LOWEST_LOSS_OF_BASE = tr("이 바탕에서 가장 낮은 손실")
CAN_CHAT = tr("대화할 수 있음")
STEPS_DONE = tr("{step:,} / {max_steps:,}단계")
STEPS_TOTAL = tr("모두 {max_steps:,}단계")
NO_STEPS = tr("한 단계도 배우지 않음")
AT_STEP = tr("{step:,}단계")
NOT_EVALUATED = tr("검증 전")
SPARKLINE = tr("검증 손실 {count}번: 처음 {first:.3f}, 마지막 {last:.3f}")
SPARKLINE_BEST = tr(", 가장 낮은 때 {step:,}단계 {loss:.3f}")
TRAINED_REPLIES = tr("배운 대답")
DATA_FINGERPRINT = tr("배운 대화의 번호")
EVALUATIONS = tr("검증")
EVALUATION_COUNT = tr("{count:,}번")
CHANGED_SETTINGS = tr("기본값과 다른 설정")
ALL_DEFAULTS = tr("모두 기본값입니다.")
CHANGED_SINCE = tr("앞 학습 '{name}' 과 다른 설정")
UNCHANGED_SINCE = tr("앞 학습과 설정이 같습니다.")
PREVIOUS_VALUE = tr("앞에서는 {value}")
RUN_LABEL = "{name} ({state})"
TO_CHAT = tr("다음: 대화")
STATUS_STEP = tr("{step:,}/{max_steps:,}단계 ({percent}%)")

# -- 4 chat
CHAT_TAB = tr("4 대화")
GATE_TITLE = tr("대화는 잠겨 있습니다")
GATE_LEAD = tr("맨 위 칸에 비밀번호를 넣으면 대화할 수 있습니다.")
GATE_NOT_SET_TITLE = tr("먼저 비밀번호를 정해 주세요")
GATE_NOT_SET = tr("맨 위의 '비밀번호 정하기'를 누르면 바로 정하고 대화할 수 있습니다.")
CHAT_RUN = tr("말할 학습")
CHAT_USER_NAME = tr("내 이름")
CHAT_USER_NAME_INFO = tr("방에서 쓰던 이름을 고르거나 적으면 더 자연스럽습니다.")
NO_NAME = tr("이름 없이")
MESSAGE = tr("메시지")
MESSAGE_HINT = tr("메시지 (Shift+Enter 줄 바꿈)")
SEND = tr("보내기")
STOP_REPLY = tr("멈추기")
RETRY = tr("다시 대답")
UNDO = tr("한 번 되돌리기")
CHAT_EMPTY = tr("먼저 말을 걸어 보세요")
CHAT_BOX = tr("대화")
AI_NOTE = tr("AI가 지어낸 말입니다. 그 사람이 실제로 한 말이 아닙니다.")
NOTHING_TO_SEND = tr("보낼 말을 먼저 입력하세요.")
NOTHING_TO_RETRY = tr("다시 대답할 말이 없습니다. 먼저 메시지를 보내세요.")
STILL_REPLYING = tr("아직 대답하고 있습니다. 대답이 끝나거나 '멈춤'을 누른 뒤에 보내세요.")
EMPTY_REPLY = tr("이번에는 아무 말도 하지 않았습니다. '다시 대답'을 눌러 보세요.")

# -- 5 settings
SETTINGS_TAB = tr("5 설정")
SAVE = tr("저장")
RELOAD = tr("파일에서 다시 읽기")
RESET = tr("이 묶음을 기본값으로")
SAVED = tr("설정 {count}개를 저장했습니다.")
UNCHANGED = tr("바뀐 설정이 없습니다.")
RELOADED = tr("파일에서 다시 읽었습니다.")
RESET_DONE = tr("기본값을 채웠습니다. '저장'을 눌러야 파일에 적힙니다.")
ENV_TITLE = tr("비밀번호 파일(.env)")
CLOSE_ENV = tr("나만 읽게 바꾸기")
ENV_CLOSED = tr("이제 나만 읽을 수 있습니다.")
SWITCHES = {"auto": tr("알아서"), "true": tr("켬"), "false": tr("끔")}
RANGE = {"both": "{low}~{high}", "low": tr("{low} 이상"), "high": tr("{high} 이하")}
DEFAULT_VALUE = tr("기본값 {value}")
EMPTY_VALUE = tr("비움")
ONE_PER_LINE = tr("한 줄에 하나씩")
