"""Finds participants' names in texts and replaces them, Korean particles included.

Nicknames are not replaced: `담이` for `도담` looks like any other word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

_FormKind = Literal["long", "short", "common", "mention"]
"""How safely a form can be taken for a name wherever it occurs, safest first."""


def split_words(text: str) -> tuple[str, ...]:
    """A word list written as one string."""
    return tuple(text.split())


_SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지"
    "엄채원천방공현함변염여추도소석선설마길연위표명기반라왕금옥육인맹제모탁국어은편용"
)
_LONG_SURNAMES = split_words("남궁 황보 제갈 선우 독고 사공 서문 동방")
_TITLES = split_words(
    "씨 님 군 양 쌤 샘 선생님 선생 오빠 언니 누나 형 형님 선배 선배님 후배 이모 삼촌 엄마 아빠 "
    "팀장 팀장님 과장 과장님 대리 대리님 부장 부장님 사장님 대표님 교수님 매니저님"
)
_PARTICLES = split_words(
    "이 가 은 는 을 를 과 와 아 야 이랑 랑 한테 한테서 에게 에게서 께 께서 의 도 만 로 으로 까지 "
    "부터 보다 처럼 만큼 하고 마저 조차 밖에 네 꺼 이나 이라 이라고 라고 이라도 라도 이면 이고 "
    "이며 이다 이에요 예요 에요 입니다 이야 인데 인가 인지 이네 이랑은 잖아"
)
_COMMON = frozenset(
    split_words(
        "우리 하나 이제 지금 사람 모두 정말 진짜 조금 아주 미리 자기 이런 그런 시간 오늘 내일"
    )
)
"""Everyday words that are also names; only `하나 씨` or `하나언니` is a person."""

_HANGUL = "가-힣"
_PERSON = re.compile(
    rf"[^{_HANGUL}\w]*((?:{'|'.join(_LONG_SURNAMES)})[{_HANGUL}]{{2}}|[{_SURNAMES}][{_HANGUL}]{{2}})"
    rf"(?:\s*(?:{'|'.join(_TITLES)})\b.*|\s*[^\s{_HANGUL}].*|\s*)",
    re.DOTALL,
)
"""Surname and two syllables, followed by nothing but a title, brackets, digits or emoji."""
_SHORT = re.compile(rf"[{_HANGUL}]{{2}}")
_NAME_LETTER = re.compile(r"[^\W\d_ㄱ-ㆎ]")
"""A name without such letters, like `ㅇㅇ` or `1004`, occurs all day in ordinary text."""
_MAX_FORMS = 5
_FRAME = re.compile(r"^[\W_]+|[\W_]+$")

_ROMAN = "0-9A-Za-z"
_SUFFIX = "|".join(sorted((*_TITLES, *_PARTICLES), key=len, reverse=True))
_TITLE = "|".join(sorted(_TITLES, key=len, reverse=True))
_END = f"(?![{_HANGUL}])"
_PLACES: Mapping[_FormKind, str] = {
    # Anywhere, but a Roman letter at either end of the name must also end the word.
    "long": f"(?:(?<![{_ROMAN}])|(?![{_ROMAN}])){{}}(?:(?![{_ROMAN}])|(?<![{_ROMAN}]))",
    "short": f"(?<![{_HANGUL}]){{}}(?=(?:{_SUFFIX}){{{{0,4}}}}{_END})",
    "common": f"(?<![{_HANGUL}]){{}}(?=\\s?(?:{_TITLE})(?:{_SUFFIX}){{{{0,3}}}}{_END})",
    "mention": r"(?<=@){}(?!\w)",
}
_AFTER_CONSONANT = {
    "예요": "이에요", "가": "이", "는": "은", "를": "을", "와": "과", "야": "아", "랑": "이랑",
    "라고": "이라고", "라도": "이라도", "네": "이네",
}  # fmt: skip
_AFTER_VOWEL = {"이에요": "예요", "이": "", "은": "는", "을": "를", "과": "와", "아": "야"}


class NameReplacer:
    """Replaces names with other names, as senders and within texts."""

    def __init__(self, names: Mapping[str, str], *, ignored: Collection[str] = ()) -> None:
        """Compile the pattern of all forms in which the names occur in texts.

        Args:
            names: display name → replacement; several names may share one.
            ignored: words to leave alone in texts, such as 회원님 for the exporter.
        """
        self._replacements = dict(names)
        self._name_of_form = _name_of_form((name for name in names if name not in ignored), ignored)
        self._pattern = _compile(self._name_of_form)

    def replace_name(self, name: str) -> str:
        """The replacement of a display name; the name itself if it has none."""
        return self._replacements.get(name, name)

    def replace(self, text: str) -> str:
        """Replace every name in a text and adjust the particle after it.

        Two Korean syllables, such as the given name of a Korean full name, are found only at the
        start of a word that continues with nothing but particles or a title; names without two
        letters only after an `@`; all others anywhere.
        """
        return self._pattern.sub(self._replace_match, text) if self._pattern else text

    def _replace_match(self, match: re.Match[str]) -> str:
        form = match["long"] or match["short"] or match["common"] or match["mention"]
        replacement = self._replacements[self._name_of_form[form]]
        return replacement + adjust_particle(match["particles"] or "", replacement)


def adjust_particle(particles: str, name: str) -> str:
    """Make the particles after a name agree with this name: `이가` → `가` after `마루`."""
    code = ord(name[-1]) - ord("가")
    if particles.startswith(_TITLES) or not 0 <= code <= ord("힣") - ord("가"):
        return particles
    final = code % 28
    if particles.startswith(("로", "으로")):
        # 로 follows a final ㄹ (8) like a vowel.
        return ("로" if final in (0, 8) else "으로") + particles.partition("로")[2]
    for before, after in (_AFTER_CONSONANT if final else _AFTER_VOWEL).items():
        if particles.startswith(before):
            return after + particles[len(before) :]
    return particles


def _name_of_form(names: Iterable[str], ignored: Collection[str]) -> dict[str, str]:
    """Form → display name; a fuller form takes precedence over another name's shorter one."""
    name_of_form: dict[str, str] = {}
    ordered = sorted(names)
    for rank in range(_MAX_FORMS):
        for name in ordered:
            forms = list(_forms(name))
            if rank < len(forms) and forms[rank].strip() and forms[rank] not in ignored:
                name_of_form.setdefault(forms[rank], name)
    return name_of_form


def _forms(name: str) -> Iterator[str]:
    """Ways to call somebody with this display name, fullest first."""
    yield name
    yield _FRAME.sub("", name)
    yield "".join(name.split())
    if match := _PERSON.fullmatch(name):
        yield match[1]
        yield match[1][-2:]


def _kind(form: str) -> _FormKind:
    if _SHORT.fullmatch(form):
        return "common" if form in _COMMON else "short"
    return "long" if len(_NAME_LETTER.findall(form)) >= 2 else "mention"


def _compile(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Pattern of all forms, with a group per kind and the group `particles` after them."""
    forms_of_kind: dict[_FormKind, list[str]] = {kind: [] for kind in _PLACES}
    for form in forms:
        forms_of_kind[_kind(form)].append(form)
    first_letters = {form[0] for group in forms_of_kind.values() for form in group}
    if not first_letters:
        return None
    never = "(?!)"
    places = "|".join(
        _PLACES[kind].format(f"(?P<{kind}>{_alternatives(group) if group else never})")
        for kind, group in forms_of_kind.items()
    )
    # The lookahead rejects most positions of a text cheaply.
    return re.compile(
        f"(?=[{re.escape(''.join(sorted(first_letters)))}])(?:{places})"
        f"(?:(?P<particles>(?:{_SUFFIX}){{1,4}}){_END})?"
    )


def _alternatives(forms: Iterable[str]) -> str:
    """Longest-match alternation, grouped by first letter for rooms of a thousand people."""
    rests: dict[str, list[str]] = defaultdict(list)
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        rests[form[0]].append(re.escape(form[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(group)})" for first, group in rests.items())
