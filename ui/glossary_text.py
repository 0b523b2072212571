"""Words of the window that need an explanation, by tab."""

from __future__ import annotations

from kakaobot.language import tr
from ui import text

TITLE = tr("무슨 뜻인가요?")
_TOKEN = (
    tr("토큰"),
    tr("모델이 글을 나누는 조각입니다. 대개 한글 한두 글자가 한 토큰입니다."),
)
DATASET = (
    _TOKEN,
    (
        text.SPLITS["val"],
        tr("배우지 않고 떼어 둔 대화입니다. 잘 배우고 있는지 여기서 확인합니다."),
    ),
    (
        text.STYLES_TITLE,
        tr("한 사람의 대답을 세어 본 것입니다. 길이, 웃음, 높임, 끝말 같은 것입니다."),
    ),
)
TRAINING = (
    (
        text.LOSS_CHART["loss_axis"],
        tr("실제로 한 말을 얼마나 못 맞히는지입니다. 낮을수록 잘 배운 것입니다."),
    ),
    (
        text.RUN_FACTS["loss"],
        tr("배우고 있는 대화에서 잰 손실입니다. 배울수록 내려갑니다."),
    ),
    (
        text.RUN_FACTS["eval"],
        tr(
            "배우지 않고 떼어 둔 대화(검증용)에서 잰 손실입니다. 다시 오르면 통째로 외우기 시작한 "
            "것이라, 가장 낮은 때에 배운 것을 씁니다."
        ),
    ),
    (text.RUN_FACTS["step"], tr("대화 몇 줄을 배우고 한 번 고치는 것입니다.")),
    _TOKEN,
    (
        text.BASE_MODEL,
        tr("말투를 배우기 전의 공개 모델입니다. 배운 말투는 그 위에 얹는 작은 파일에 담깁니다."),
    ),
    (tr("저장본"), tr("멈춘 자리에서 이어 배울 수 있게 저장한 것입니다.")),
    (
        text.DATA_FINGERPRINT,
        tr(
            "같은 대화로 만든 데이터는 번호가 같습니다. 번호가 같은 학습끼리만 손실을 견줄 수 "
            "있습니다."
        ),
    ),
)
