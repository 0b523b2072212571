"""Requests and answers of a KakaoTalk channel's skill, version 2.0. Pure.

Limits of the platform: 3 outputs, 1,000 characters in a simple text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pydantic import BaseModel, Field, ValidationError

from kakaobot.chat.lines import AI_MARK, Reply
from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.serve.faults import ApiFault

MAX_OUTPUTS = 3
MAX_TEXT = 1000
FETCH = tr("답변 확인")
"""What the button says in the name of the user."""
_CUT = "…"
_NO_REPLY = tr("(대답이 비어 있습니다)")


class SkillUserProperties(BaseModel):
    bot_user_key: str = Field("", alias="botUserKey")


class SkillUser(BaseModel):
    id: str = ""
    properties: SkillUserProperties = SkillUserProperties()


class SkillUserRequest(BaseModel):
    utterance: str
    user: SkillUser
    callback_url: str = Field("", alias="callbackUrl")


class SkillBody(BaseModel):
    user_request: SkillUserRequest = Field(alias="userRequest")

    @property
    def user_key(self) -> str:
        """Who asks: the same for one user of one bot."""
        user = self.user_request.user
        return user.properties.bot_user_key or user.id

    @property
    def said(self) -> str:
        return unicodedata.normalize("NFC", self.user_request.utterance).strip()


def parse_skill(value: object) -> SkillBody:
    """Read a body.

    Raises:
        ApiFault: it is not one.
    """
    try:
        return SkillBody.model_validate(value)
    except ValidationError as error:
        param = ".".join(str(part) for part in error.errors()[0]["loc"]) or "body"
        raise ApiFault(
            400, tr("'{param}' 을(를) 알아볼 수 없습니다.").format(param=param), param=param
        ) from error


def skill_answer(texts: Sequence[str], *, has_button: bool = False) -> dict[str, object]:
    """An answer with each text as a bubble, and the button that fetches a kept answer."""
    template: dict[str, object] = {"outputs": [{"simpleText": {"text": text}} for text in texts]}
    if has_button:
        template["quickReplies"] = [{"label": FETCH, "action": "message", "messageText": FETCH}]
    return {"version": "2.0", "template": template}


def callback_answer(text: str) -> dict[str, object]:
    """Announces that the answer comes to the callback; `text` is shown meanwhile."""
    return {"version": "2.0", "useCallback": True, "data": {"text": text}}


def bubbles_of(turns: Sequence[Reply]) -> list[str]:
    """The turns of a reply as texts within the limits, each turn marked as that of an AI.

    What does not fit into the last text is cut.
    """
    texts: list[str] = []
    for turn in turns:
        name = display_name(turn.name)
        mark = f"{name} ({AI_MARK})" if name else AI_MARK
        texts += _pieces(f"{mark}\n" + "\n".join(turn.bubbles))
    if not texts:
        return [f"{AI_MARK}\n{_NO_REPLY}"]
    last = texts[MAX_OUTPUTS - 1 :]
    if len(last) > 1:
        texts = [*texts[: MAX_OUTPUTS - 1], _shortened("\n\n".join(last))]
    return texts


def _pieces(text: str) -> list[str]:
    """A text in pieces that a bubble holds, cut at a line or a space where there is one."""
    pieces = []
    while len(text) > MAX_TEXT:
        places = [text.rfind(mark, MAX_TEXT // 2, MAX_TEXT) for mark in ("\n", " ")]
        end = next((place for place in places if place > 0), MAX_TEXT)
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*pieces, text] if text else pieces


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + _CUT
