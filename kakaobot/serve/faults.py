"""What a request is refused for, in OpenAI's form."""

from __future__ import annotations

from kakaobot.chat.line import LineFull
from kakaobot.errors import AccessDenied, KakaobotError
from kakaobot.language import tr

_RETRY = 5
"""Seconds after which a client tries again when the line is full."""
UNEXPECTED = tr("예상하지 못한 문제로 대답하지 못했습니다. 다시 청해 보세요.")
_BUSY = tr("지금 기다리는 대화가 많습니다. 잠시 뒤 다시 청하세요.")
_LOCKED = tr("비밀번호가 바뀌었거나 잠겨 있어 대답하지 않습니다. 주인이 API 를 다시 켜야 합니다.")


class ApiFault(Exception):
    """A request is refused. The message is Korean."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.kind, self.param = status, code, kind, param
        self.headers = {"retry-after": str(retry_after)} if retry_after else {}

    @property
    def json(self) -> dict[str, object]:
        """As OpenAI's clients read it."""
        return {
            "error": {
                "message": str(self),
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def fault_of(error: Exception) -> ApiFault:
    """What a client is told of an error while it is answered."""
    if isinstance(error, ApiFault):
        return error
    if isinstance(error, LineFull):
        return ApiFault(503, _BUSY, "overloaded", kind="server_error", retry_after=_RETRY)
    if isinstance(error, AccessDenied):
        return ApiFault(403, _LOCKED, "locked", kind="permission_error")
    if isinstance(error, KakaobotError):
        return ApiFault(503, str(error), "unavailable", kind="server_error")
    return ApiFault(500, UNEXPECTED, "internal_error", kind="server_error")
