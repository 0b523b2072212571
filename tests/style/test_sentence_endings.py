"""Labeled last words for the rules and their exceptions."""

from __future__ import annotations

import pytest

from kakaobot.style.features import FEATURES
from kakaobot.style.sentence_endings import ENDINGS, classify_ending

LABELED = {
    "합니다체": "합니다 갔습니다 뵙죠는아닙니다 합니까 오십시오 드십쇼 갑시다 감사합니당",
    "해요체": (
        "해요 먹었어요 그렇죠 오세요 할게요 있더라고요 저요 했어여 좋아용 갈까요 네 넵 아뇨 예"
    ),
    "반말": (
        "먹었어 좋아 없어 그래 해줘 가자 먹자 했지 그렇지 맞지 좋네 춥네 뭐하냐 했니 한다 갔다"
        " 좋다 예쁘다 할까 갈게 할래 온대 가재 그런데도좋은데 했거든 맞잖아 귀엽더라 하지마 가라"
        " 봐라 뭐야 거야 응 아니 했닼 고마워 바빠 기다려 알려줘 있나 건가 했당 뭐라고 어때"
    ),
    "음슴체": "먹음 있음 갔음 함 됨 봄 탐 이김 추움 아님 그런듯 갈듯 듯 모르겠음 감기걸림",
    "모름": (
        "피자 여자 의자 바다 사이다 강아지 편지 까지 언니 어머니 동네 영어 단어 사람 마음 게임"
        " 점심 처음 노잼 필요 드라마 엄마 분야 오해 반대 하나 노래 커피 토요일 김밥 3시 OK 30"
        " 부엌 근데 좀 밤 꿈 작품 관심"
    ),
    "말 없음": "",
}


@pytest.mark.parametrize(
    ("word", "level"),
    [(word, level) for level, words in LABELED.items() for word in words.split() or [""]],
)
def test_classify_ending_returns_the_level(word: str, level: str) -> None:
    assert classify_ending(word)[1] == level


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("갔습니다", "니다"),
        ("먹었어요", "요"),
        ("그렇죠", "죠"),
        ("춥네", "네"),
        ("이김", "음"),
        ("뭐하냐", "냐"),
        ("가자", "자"),
        ("갈까", "까"),
        ("그렇지", "지"),
        ("김밥", "모름"),
    ],
)
def test_classify_ending_returns_the_ending(word: str, ending: str) -> None:
    assert classify_ending(word)[0] == ending


def test_every_ending_is_a_class_of_its_feature() -> None:
    endings = {classify_ending(word)[0] for words in LABELED.values() for word in words.split()}
    assert endings <= set(ENDINGS)
    assert len(set(ENDINGS)) == len(ENDINGS)
    assert FEATURES["ending"].classes == ENDINGS
