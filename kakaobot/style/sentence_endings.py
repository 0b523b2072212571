"""Classifies the last word of a bubble by sentence ending and speech level.

Suffix rules with exception lists, not a parser: lists separate the noun 피자 from the verb form
하자; the ambiguous 봄 ("spring" or "saw") counts as 음슴체. A word that matches no rule is unknown
(모름). The share of unknown words is itself a style feature, since some people end in nouns.
Labeled examples: `tests/style/test_sentence_endings.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

SpeechLevel = Literal["합니다체", "해요체", "반말", "음슴체", "모름", "말 없음"]
POLITE: tuple[SpeechLevel, ...] = ("합니다체", "해요체")

_FINALS = {"none": 0, "ㄴ": 4, "ㄹ": 8, "ㅁ": 16, "ㅂ": 17, "ㅆ": 20}


def _ends_in(*finals: str) -> str:
    """Regex character class of the syllables with one of these final consonants."""
    codes = [
        code for code in range(0xAC00, 0xD7A4) if (code - 0xAC00) % 28 in map(_FINALS.get, finals)
    ]
    return "[" + "".join(map(chr, codes)) + "]"


_CLOSED = "[" + "".join(chr(code) for code in range(0xAC00, 0xD7A4) if (code - 0xAC00) % 28) + "]"
_NOUNS = (
    # Nouns and particles that look like a sentence ending.
    r"(?:필요|중요|수요|담요|민요|동요|강요|개요|주요"
    r"|바다|사이다|판다|캐나다|소다|수다|마다|보다|에다"
    r"|가운데|군데|근데|그런데|아닌데도"
    r"|까지|바지|편지|돼지|먼지|메시지|페이지|강아지|아버지|거지|토지|복지|휴지|반지|단지"
    r"|언니|어머니|할머니|주머니|비니|미니|지니"
    r"|동네|그네|안네|올해|새해|피해|방해|오해|이해|손해|동해|서해|남해|위해|통해|대해|의해"
    r"|영어|언어|단어|연어|인어|상어|광어|용어|국어|장어|농어|반대|현대|군대|연대|빨래"
    r"|나라|콜라|카메라|샤워|파워|타워|분야|시야|평야|드라마|엄마|이마|가마"
    r"|사람|마음|처음|지금|요즘|게임|점심|아침|이름|여름|구름|그림|느낌|모임|다음|웃음|얼음|기침|가슴|걸음"
    r"|시스템|[그오]램|아이템|크림|조금|소금|방금|현금|[보시경위모]험|품|썸|잼|혐|[관진욕양중결핵조안열]심"
    r"|[장공영호신소]감|하나|책임|무한대)"
)
# Laughter merged into the last syllable: 했닼ㅋㅋ. 부엌 and 녘 are real words.
_MERGED_LAUGHTER = re.compile(
    "["
    + "".join(chr(code) for code in range(0xAC00 + 24, 0xD7A4, 28) if chr(code) not in "엌녘")
    + r"]\Z"
)
_YES = re.compile(r"네+|넵+|넹|넴|넨|예|옙|넵넵|네엡|네넵|아뇨|아니요|아니오")
_CASUAL_WORDS = re.compile(r"응+|웅+|엉|어+|아니|그래|가|마|자|해|써|커|안녕|미안|잘자|야")
# One-syllable words that end in ㅁ but are not nominalized verbs (as 감, 봄, 함 are).
_SHORT_NOUNS = frozenset("좀참밤꿈놈힘흠몸섬팀김금점밈뺨땀암곰뱀음")

_RULES: tuple[tuple[str, SpeechLevel, str], ...] = (
    ("니다", "합니다체", rf"{_ends_in('ㅂ')}(?:니다|니당|시다)|십시오|십쇼|시오"),
    ("니까", "합니다체", rf"{_ends_in('ㅂ')}니까"),
    ("죠", "해요체", r"[죠쥬]"),
    ("요", "해요체", r"[요욥욧]"),
    ("요", "해요체", r"(?:어|아|해|네|세|예|에|데|까|게|래|돼|져|지|고|거든|구|군)[여염욤용]"),
    ("듯", "음슴체", rf"(?:{_ends_in('ㄴ', 'ㄹ')}|\A)듯"),
    ("음", "음슴체", _ends_in("ㅁ")),
    ("다", "반말", rf"다|(?:{_ends_in('ㄴ', 'ㅆ')}|[하있없좋싶같])당"),
    ("까", "반말", rf"{_ends_in('ㄹ')}까"),
    ("게", "반말", rf"{_ends_in('ㄹ')}[게께]"),
    (
        "래",
        "반말",
        rf"{_ends_in('ㄹ')}래|하래|어때|{_ends_in('ㄴ', 'ㅆ')}대|[싶없있좋같]대"
        r"|[하가보먹자오]재",
    ),
    (
        "지",
        "반말",
        rf"(?:{_ends_in('ㅆ')}|[하이렇맞좋없되같않싶많당연거뭐알르크싸낫웃기운쉽렵들야쩌])지",
    ),
    ("네", "반말", r"[가-힣][네넹]"),
    (
        "나",
        "반말",
        rf"(?:{_ends_in('ㅆ')}|[하되없오가보인려])나|(?:[건인은는런던]|려)가|짜증나|생각나|화나",
    ),
    (
        "냐",
        "반말",
        rf"냐|(?:{_ends_in('ㅆ')}|[하없가오먹좋맞되같이싶])니",
    ),
    (
        "자",
        "반말",
        r"(?:[하가보먹놀오쉬치타말찍걷자내잡들넘]|만나|마시|시키|그러|끝내)자",
    ),
    (
        "데",
        "반말",
        rf"{_ends_in('ㄴ')}데|거든|잖아|구나|구만|군|더라|[다라냐]고|{_ends_in('ㄴ', 'ㄹ')}걸",
    ),
    ("라", "반말", r"(?:[아어해와봐줘마거려가]라|[몰골놀]라|지마)"),
    ("야", "반말", r"야"),
    (
        "어",
        "반말",
        rf"{_CLOSED}[어아]|[돼봐줘와둬춰뤄쳐져려겨껴켜셔펴텨해워]|{_ends_in('ㅆ')}엉|[좋많]앙",
    ),
    (
        "어",
        "반말",
        r"(?:같애|비싸|만나|아파|고파|나빠|바빠|예뻐|이뻐|기뻐|슬퍼|불러|들러|서둘러|빨라|달라|졸려|나가|들어가|돌아가|올라가|먼저가|안써|못써)",
    ),
)
_COMPILED = tuple((ending, level, re.compile(f"(?:{rule})\\Z")) for ending, level, rule in _RULES)
_NOUN_SUFFIX = re.compile(_NOUNS + r"\Z")

ENDINGS: tuple[str, ...] = (
    *dict.fromkeys(ending for ending, _, _ in _RULES),
    "네(대답)",
    "모름",
    "말 없음",
)
"""Labels of `classify_ending` in display order; 네(대답) is a polite yes or no."""


@lru_cache(maxsize=1 << 16)
def classify_ending(word: str) -> tuple[str, SpeechLevel]:
    """Return the ending's label and speech level.

    Args:
        word: last eojeol of a bubble without trailing characters (맛있다 for 맛있다ㅋㅋ!).

    Returns:
        말 없음 for an empty word, 모름 if no rule matches or the word does not end in Hangul.
    """
    if not word:
        return "말 없음", "말 없음"
    hangul = re.search(r"[가-힣]+\Z", word)
    if not hangul:
        return "모름", "모름"
    word = _MERGED_LAUGHTER.sub(lambda match: chr(ord(match[0]) - 24), hangul[0])
    if _YES.fullmatch(word):
        return "네(대답)", "해요체"
    if _CASUAL_WORDS.fullmatch(word):
        return "어", "반말"
    if word in _SHORT_NOUNS or _NOUN_SUFFIX.search(word):
        return "모름", "모름"
    for ending, level, rule in _COMPILED:
        if rule.search(word):
            return ending, level
    return "모름", "모름"
