"""Recognizes boilerplate (퍼 온 글): text copied from news, notices or advertisements.

A weighted sum of indicators. Those that nobody types by hand (a byline with an address, 무단 전재,
[Web발신]) suffice alone; those that people use as well (출처:, a list, an agency's name) only count
together. Casual language (ㅋㅋ, ㅠㅠ, 반말) lowers the score.
"""

from __future__ import annotations

import re

THRESHOLD = 3.0
"""Minimum score of boilerplate."""
MIN_CHARS = 30
"""Shorter texts are never boilerplate: a single word would decide."""

_PRESS = (
    r"[가-힣A-Za-z]{0,10}"
    r"(?:뉴스|일보|신문|통신|경제|헤럴드|데일리|타임스|투데이|뉴시스|방송|미디어)"
)
_NAME = r"[가-힣]{2,4}\s?(?:선임|인턴|수습)?(?:기자|특파원|논설위원|앵커)"
_INDICATORS: tuple[tuple[float, re.Pattern[str]], ...] = tuple(
    (weight, re.compile(pattern, re.MULTILINE | re.IGNORECASE))
    for weight, pattern in (
        # Copyright, byline and dateline of an article.
        (3, r"무단\s?(?:전재|복제|배포|도용)|재배포\s?(?:및\s?\S+\s?)?금지|저작권자\s?[(<]?[ⓒ©c]"),
        (3, r"all rights reserved|copyright\s?[ⓒ©(]"),
        (3, r"^\s*[(\[【<][가-힣A-Za-z·]{1,12}\s?=\s?[가-힣A-Za-z0-9· ]{2,16}[)\]】>]"),
        (3, _NAME + r"\s?=\s"),
        (3, _NAME + r"\s*[(<\[]?\s*(?:[\w.+-]+@[\w-]+\.|이메일>)"),
        (3, r"^\s*[(\[【<][^)\]】>\n]{0,20}" + _NAME + r"\s?[)\]】>]"),
        (3, r"(?:사진|글|영상|그래픽)\s?=\s?[가-힣]+"),
        (3, r"^\W{0,3}(?:기사\s?입력|최종\s?수정)|^입력\s*\d{4}[-.]"),
        (3, r"^\[(?:앵커|기자|리포트|인터뷰)\]"),
        (3, _PRESS + r"[가-힣 ]{0,6}\s" + _NAME + r"(?:입니다)?\.?\s*$"),
        (3, _PRESS + r"[가-힣 ]{0,6}\s" + _NAME + r"입니다"),
        (2, r"(?:^|/|[.]\s)\s*" + _NAME + r"(?:입니다)?\s*[.]?\s*$"),
        (2, r"^\W{0,3}(?:자료\s?)?출처\s?[:：=]"),
        (3, r"\(\s?(?:\S+@\S+|<이메일>)\s?\)\s?입니다"),
        (2, r"\|\s?(?:네이버|다음|구글|네이트)\b|^\W{0,3}오늘의\s(?:주요\s뉴스|운세|헤드라인)"),
        (2, r"(?:조간|석간|뉴스|아침|증시)\s?브리핑"),
        (
            2,
            r"^\[[가-힣]{1,10}(?:구청|시청|군청|도청|은행|카드|경찰서|소방서|세무서|보건소|택배)\]",
        ),
        (2, r"기사\s?제보|기사\s?원문|기사\s?전문\s?보기|제보는\s"),
        (1.5, r"^\s*[(\[【<〈]\s?" + _PRESS),
        # Automated messages and bulk mailings.
        (3, r"\[(?:web|국제|국외)\s?발신\]|^\s*\(광고\)|무료\s?(?:수신\s?)?거부|발신\s?전용"),
        (3, r"^\W{0,2}[(\[<【]\s?(?:받은\s?글|퍼온\s?글|펌|퍼옴|스크랩)\s?[)\]>】]"),
        (
            2,
            r"^\W{0,3}[(\[<【★*※＊]+\s?[^)\]>】\n]{0,14}"
            r"(?:공지|공지사항|안내|알림|공고|필독|긴급|부고|운세|모집)[^)\]>】\n]{0,4}[)\]>】★*※＊]",
        ),
        (
            1.5,
            r"^\s*[(\[【<](?:속보|단독|종합|날씨|사설|칼럼|르포|기자수첩|문화|사회|경제|정치)"
            r"[^)\]】>\n]{0,6}[)\]】>]",
        ),
        (
            1.5,
            r"(?:다고|라고|다며|라며)[\"”]?\s?(?:\d+일\s?)?(?:밝혔|말했|전했|설명했|강조했|덧붙였)",
        ),
        (1.5, r"[\"”](?:고|라고|며|라며)\s?(?:\d+일\s?)?(?:밝혔|말했|전했|설명했|강조했|덧붙였)"),
        (1, r"(?:것으로|계획이라고|방침이라고)\s(?:내다봤|예보|확인|예상|나타났|알려졌|전망)"),
        (1, r"에\s따르면|전년\s(?:같은|동)|전\s거래일|관계자는|당국은"),
        (1, r"(?:하여|해|여해)\s?주시기\s?바|시기\s?바랍니다|하오니|되오니|오니\s"),
        (1, r"불편을\s드려|양해\s?(?:를\s)?부탁|협조\s?부탁|많은\s(?:관심|참석|참여)|널리\s알"),
        (1, r"(?:알려|안내)\s?드립니다|다음과\s같이|아래와\s같이|자세한\s(?:사항|내용)은"),
        (1, r"고객님|회원\s여러분|시민\s여러분|주민\s여러분|고객센터|드림\s*$|삼가\s고인"),
        (1, r"제한됩니다|제한됨을|중단됩니다|시행됩니다|발효됩니다|발송되었|실시하|전달\s부탁"),
        (1, r"^\W{0,4}[가-힣]{2,10}(?:센터|본부|사무국|사무소|지원팀|위원회|총무\s드림)\W{0,4}$"),
        (1, r"전해\s?드(?:렸습니다|립니다)|구독과\s알림|예보(?:됐|되었)습니다"),
        (0.5, r"[가-힣]…\s?[가-힣]"),
        (1, r"https?://|www\.|[<\[]링크[>\]]"),
    )
)
# Prefilter, 20 times faster than the patterns.
_HINTS = (
    *"([【<〈★※＊=@ⓒ©|:：\n",
    *("니다", "기자", "특파원", "논설위원", "기사", "무단", "배포", "수정", "입력", "발신", "거부"),
    *("브리핑", "따르면", "관계자", "당국", "바라", "바랍", "드림", "명복", "밝혔", "말했", "전했"),
    *("설명했", "강조했", "덧붙였", "것으로", "주시기", "rights", "Rights", "opyright", "COPY"),
)
_BULLET = re.compile(r"^\s*(?:[■-◿☀-➿⬀-⯿※\U0001F300-\U0001FAFF]️?\s?\S)", re.MULTILINE)
_NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.)]|[가-하]\.|[-·•*])\s?\S", re.MULTILINE)
_FIELD = re.compile(
    r"^\W{0,5}(?:\d\.\s?|[가-하]\.\s?)?(?:일\s?시|장\s?소|대상|기간|문의|방법|신청|안건|회비|혜택|주최|"
    r"관람료|예매|참가비|빈소|발인|장지|급여|모집|대회일|집결|준비물|상품|만기일|유의사항|기준)"
    r"[가-힣 ]{0,4}\s?[:：]",
    re.MULTILINE,
)
_STATEMENT = re.compile(r"[가-힣]다\.(?:\s|$)")
_CASUAL = re.compile(
    r"[ㅋㅎㅠㅜ]{2}|[ㅋㅠㅜ](?:\s|$)"
    # Only endings that nouns of headlines (금지, 확대, 기자) do not share.
    r"|[가-힣](?:어|아|야|래|까|냐|돼|줘|걸|더라|잖아|거든|다며|세요|어요|아요"
    r"|[하거렇았었겠]지|[하보가먹]자|[한온간된난인준쓴]대|[었았있없]음|[인는은한]데)\s?(?:[?!~.]|$)",
    re.MULTILINE,
)


def is_boilerplate(text: str) -> bool:
    """Whether the score reaches `THRESHOLD`, with prefilters for speed."""
    if len(text) < MIN_CHARS or not any(hint in text for hint in _HINTS):
        return False
    return boilerplate_score(text) >= THRESHOLD


def boilerplate_score(text: str) -> float:
    """Return the sum of all indicators: about 0 for typed messages, 3 or more for boilerplate."""
    score = sum(weight for weight, pattern in _INDICATORS if pattern.search(text))
    bullets, numbers = len(_BULLET.findall(text)), len(_NUMBERED.findall(text))
    fields = len(_FIELD.findall(text))
    score += 2 if bullets >= 3 else 0
    score += 1 if numbers >= 3 and not bullets else 0
    score += min(2, fields) if fields >= 2 else 0
    score += 1 if len(_STATEMENT.findall(text)) >= 3 else 0
    return score - (2 if _CASUAL.search(text) else 0)
