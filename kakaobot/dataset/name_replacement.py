"""Where people are named in what is said, and another name in those places. Pure.

It knows neither which names are invented nor whose they are, and finds no nicknames: `담이` for
`도담` is a word like any other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

Kind = Literal["long", "short", "common", "mention"]
"""How sure a form of a name is to be one where it is said, surest first."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지"
    "엄채원천방공현함변염여추도소석선설마길연위표명기반라왕금옥육인맹제모탁국어은편용"
)
_LONG_SURNAMES = _words("남궁 황보 제갈 선우 독고 사공 서문 동방")
_TITLES = _words(
    "씨 님 군 양 쌤 샘 선생님 선생 오빠 언니 누나 형 형님 선배 선배님 후배 이모 삼촌 엄마 아빠 "
    "팀장 팀장님 과장 과장님 대리 대리님 부장 부장님 사장님 대표님 교수님 매니저님"
)
_PARTICLES = _words(
    "이 가 은 는 을 를 과 와 아 야 이랑 랑 한테 한테서 에게 에게서 께 께서 의 도 만 로 으로 까지 "
    "부터 보다 처럼 만큼 하고 마저 조차 밖에 네 꺼 이나 이라 이라고 라고 이라도 라도 이면 이고 "
    "이며 이다 이에요 예요 에요 입니다 이야 인데 인가 인지 이네 이랑은 잖아"
)
_COMMON = frozenset(
    _words("우리 하나 이제 지금 사람 모두 정말 진짜 조금 아주 미리 자기 이런 그런 시간 오늘 내일")
)
"""Words of every day that are names as well: only `하나 씨` and `하나언니` mean somebody."""

_HANGUL = "가-힣"
_PERSON = re.compile(
    rf"[^{_HANGUL}\w]*((?:{'|'.join(_LONG_SURNAMES)})[{_HANGUL}]{{2}}|[{_SURNAMES}][{_HANGUL}]{{2}})"
    rf"(?:\s*(?:{'|'.join(_TITLES)})\b.*|\s*[^\s{_HANGUL}].*|\s*)",
    re.DOTALL,
)
"""A surname and two syllables, with nothing behind but a title, brackets, figures or pictures."""
_SHORT = re.compile(rf"[{_HANGUL}]{{2}}")
_LETTER = re.compile(r"[^\W\d_ㄱ-ㆎ]")
"""What makes a word of a name: `ㅇㅇ` and `1004` are names that everybody says all day."""
_MOST_FORMS = 5
_FRAME = re.compile(r"^[\W_]+|[\W_]+$")

_ROMAN = "0-9A-Za-z"
_BEHIND = "|".join(sorted((*_TITLES, *_PARTICLES), key=len, reverse=True))
_TITLE = "|".join(sorted(_TITLES, key=len, reverse=True))
_END = f"(?![{_HANGUL}])"
_PLACES: Mapping[Kind, str] = {
    # Anywhere but within a Roman word, where the name begins or ends with Roman letters.
    "long": f"(?:(?<![{_ROMAN}])|(?![{_ROMAN}])){{}}(?:(?![{_ROMAN}])|(?<![{_ROMAN}]))",
    "short": f"(?<![{_HANGUL}]){{}}(?=(?:{_BEHIND}){{{{0,4}}}}{_END})",
    "common": f"(?<![{_HANGUL}]){{}}(?=\\s?(?:{_TITLE})(?:{_BEHIND}){{{{0,3}}}}{_END})",
    "mention": r"(?<=@){}(?!\w)",
}
_AFTER_CONSONANT = {
    "예요": "이에요", "가": "이", "는": "은", "를": "을", "와": "과", "야": "아", "랑": "이랑",
    "라고": "이라고", "라도": "이라도", "네": "이네",
}  # fmt: skip
_AFTER_VOWEL = {"이에요": "예요", "이": "", "은": "는", "을": "를", "과": "와", "아": "야"}


class NameReplacer:
    """Names → the names that stand there instead, for who says something as for what is said."""

    def __init__(self, names: Mapping[str, str], *, unsaid: Collection[str] = ()) -> None:
        """Find names by all the forms in which people say them.

        Args:
            names: display name → another. Two may have the same, being one person's.
            unsaid: words that mean nobody when they are said, such as what phones call their owner.
        """
        self._names = dict(names)
        self._said = _said((name for name in names if name not in unsaid), unsaid)
        self._places = _pattern(self._said)

    def of(self, name: str) -> str:
        """What a sender is called; who has no other name keeps this one."""
        return self._names.get(name, name)

    def within(self, text: str) -> str:
        """The text with every name that is said in it replaced, and its particle made to fit.

        A display name of three letters or more is found wherever it stands; one of two Korean
        syllables, and the given name in a Korean full name, at the start of a word that goes on
        with nothing but particles or a title; any other only behind an `@`.
        """
        return self._places.sub(self._replaced, text) if self._places else text

    def _replaced(self, found: re.Match[str]) -> str:
        form = found["long"] or found["short"] or found["common"] or found["mention"]
        name = self._names[self._said[form]]
        return name + adjust_particle(found["behind"] or "", name)


def adjust_particle(particles: str, name: str) -> str:
    """What stands behind some name, as it must be behind this one: `이가` → `가` behind `마루`."""
    code = ord(name[-1]) - ord("가")
    if particles.startswith(_TITLES) or not 0 <= code <= ord("힣") - ord("가"):
        return particles
    final = code % 28
    if particles.startswith(("로", "으로")):
        # ㄹ is like a vowel to this one.
        return ("로" if final in (0, 8) else "으로") + particles.partition("로")[2]
    for before, after in (_AFTER_CONSONANT if final else _AFTER_VOWEL).items():
        if particles.startswith(before):
            return after + particles[len(before) :]
    return particles


def _said(names: Iterable[str], unsaid: Collection[str]) -> dict[str, str]:
    """Form that is said → display name; what is somebody's display name means that one."""
    said: dict[str, str] = {}
    everybody = sorted(names)
    for place in range(_MOST_FORMS):
        for name in everybody:
            forms = list(_forms(name))
            if place < len(forms) and forms[place].strip() and forms[place] not in unsaid:
                said.setdefault(forms[place], name)
    return said


def _forms(name: str) -> Iterator[str]:
    """How somebody with this display name is called, fullest first."""
    yield name
    yield _FRAME.sub("", name)
    yield "".join(name.split())
    if found := _PERSON.fullmatch(name):
        yield found[1]
        yield found[1][-2:]


def _kind(form: str) -> Kind:
    if _SHORT.fullmatch(form):
        return "common" if form in _COMMON else "short"
    return "long" if len(_LETTER.findall(form)) >= 2 else "mention"


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Where any of the forms is said, by its kind, and in `behind` the particles after it."""
    kinds: dict[Kind, list[str]] = {kind: [] for kind in _PLACES}
    for form in forms:
        kinds[_kind(form)].append(form)
    firsts = {form[0] for some in kinds.values() for form in some}
    if not firsts:
        return None
    nothing = "(?!)"
    places = "|".join(
        _PLACES[kind].format(f"(?P<{kind}>{_any(some) if some else nothing})")
        for kind, some in kinds.items()
    )
    # Most letters of a text begin no name, which is told fastest beforehand.
    return re.compile(
        f"(?=[{re.escape(''.join(sorted(firsts)))}])(?:{places})"
        f"(?:(?P<behind>(?:{_BEHIND}){{1,4}}){_END})?"
    )


def _any(forms: Iterable[str]) -> str:
    """The longest of these that fits; by first letter, for rooms of a thousand people."""
    rests: dict[str, list[str]] = defaultdict(list)
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        rests[form[0]].append(re.escape(form[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(some)})" for first, some in rests.items())
