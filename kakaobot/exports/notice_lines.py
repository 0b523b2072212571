"""Decides which untimed lines below a message are notices, and which are the person's words.

KakaoTalk writes a notice after the message above, so nothing but notices follows until the next
record: `참새님이 들어왔습니다.` in the middle of a message is quoted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property

from kakaobot.exports.notices import ADDENDUM, NOTICE, actor_of
from kakaobot.exports.unicode import decode_utf8

_SENDER = re.compile(rb"^\[([^\r\n]*?)\] \[[^\]\r\n]{0,12}\d{1,2}:\d\d", re.MULTILINE)
_NAMING_LINE = re.compile(
    r"^([^\[\r\n][^\r\n]{0,400}(?: invited |chat ?room\.|님이 |님을 )[^\r\n]{0,400})".encode(),
    re.MULTILINE,
)
_NAMED = re.compile(
    r"(?P<en>.+?) (?:(?:has )?(?:joined|left)|(?:has been|was) removed from) "
    r"(?:this|the) chat ?room\.|"
    r"(?P<ko>.+?)님[이을] "
)
_ENGLISH = re.compile(
    rb"with KakaoTalk Chats|^Date Saved :| (?:joined|left) this chatroom\.", re.MULTILINE
)
_SENTENCE_STARTS = frozenset(
    re.findall(
        r"\w+",
        "he she they we i you it who what that this these those there then and but so my your his "
        "her our their its the a an all both everyone everybody someone somebody nobody none no "
        "one mom dad people only just already nothing something time",
    )
)
"""Words with which a sentence about leaving starts, but hardly a name; in lower case."""
_MAX_WORDS = 5
"""Words of a name nobody else in the file confirms."""


class FileNames:
    """Names in a whole file, collected when an ambiguous notice first asks for them."""

    def __init__(self, data: bytes) -> None:
        """`data`: UTF-8."""
        self._data = data

    def has_actor(self, notice: re.Match[str]) -> bool:
        """Whether a notice that may be a message, such as `Stone left.`, is about a participant.

        A name that no other line confirms must at least look like one, in an English export.
        """
        actor = actor_of(notice)
        if not actor or actor in self._names:
            return True
        invitees = _split_invitees(notice.groupdict().get("invitees") or "")
        return self._is_english and all(map(_looks_like_name, [actor, *invitees]))

    @cached_property
    def _is_english(self) -> bool:
        return _ENGLISH.search(self._data) is not None

    @cached_property
    def _names(self) -> set[str]:
        """Senders, those named by unambiguous notices, and everyone these invited."""
        names = {decode_utf8(name).strip() for name in set(_SENDER.findall(self._data))}
        invited = defaultdict[str, list[str]](list)
        for line in set(_NAMING_LINE.findall(self._data)):
            text = decode_utf8(line).strip()
            notice = NOTICE.fullmatch(text)
            if notice is None:
                continue
            if notice["inviter"]:
                invited[notice["inviter"]] += _split_invitees(notice["invitees"])
            elif named := _NAMED.match(text):
                names.add(named["en"] or named["ko"])
        found = list(names)
        while found:
            newcomers = set(invited.pop(found.pop(), ())) - names
            names |= newcomers
            found += newcomers
        return names


def _split_invitees(text: str) -> list[str]:
    return [name for name in re.split(r", | and |,$", text.strip()) if name.strip()]


def _looks_like_name(text: str) -> bool:
    words = text.split()
    return (
        0 < len(words) <= _MAX_WORDS
        and words[0].lower() not in _SENTENCE_STARTS
        and not any(word[0].islower() for word in words)
    )


def trailing_notices(
    lines: Sequence[str], is_notice: Callable[[str], bool], is_end: Callable[[str], bool]
) -> list[bool]:
    """Which lines below a message are notices: those that nothing but notices follows.

    Args:
        lines: all lines up to the next record.
        is_notice: whether a line has the wording of a notice.
        is_end: whether a line ends the message, as a date line does.
    """
    result = [False] * len(lines)
    is_tail = True
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if is_end(line):
            is_tail = True
        elif is_tail and line.strip():
            result[index] = is_notice(line)
            is_tail = result[index] or ADDENDUM.fullmatch(line.strip()) is not None
    return result
