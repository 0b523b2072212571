"""The one request that this program sends: a late answer, to KakaoTalk's server only."""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import SplitResult, urlsplit

from kakaobot.hosts import is_loopback
from kakaobot.language import tr
from kakaobot.outgoing import purpose

_HOSTS = ("kakao.com", "kakaoenterprise.com")
"""Of the platform, with all names below them."""
_NAME, _URL = re.compile(r"[a-z0-9.-]+"), re.compile(r"[!-?A-\[\]-~]+")
"""Of an address: neither a user nor what programs read in different ways."""
_TIMEOUT = 5.0
_PURPOSE = tr("카카오톡 채널에 늦은 대답 보내기")


class Callback:
    """Checks and calls callback addresses. Nothing is followed to another address."""

    def __init__(self, *, allows_loopback: bool = False) -> None:
        """`allows_loopback`: whether a server of this machine may be called, without encryption."""
        self._allows_loopback = allows_loopback

    def is_allowed(self, url: str) -> bool:
        """Whether it is an address of the platform."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if not _URL.fullmatch(url) or not (_NAME.fullmatch(host) or self._allows_loopback):
            return False
        if self._allows_loopback and parts.scheme == "http" and is_loopback(host):
            return True
        is_known = any(host == known or host.endswith(f".{known}") for known in _HOSTS)
        return parts.scheme == "https" and is_known and port in (None, 443)

    def send(self, url: str, answer: dict[str, object]) -> bool:
        """Post an answer once; returns whether it was taken."""
        if not self.is_allowed(url):
            return False
        parts = urlsplit(url)
        body = json.dumps(answer, ensure_ascii=False).encode()
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        with purpose(_PURPOSE):
            connection = _connection(parts)
            try:
                headers = {"content-type": "application/json; charset=utf-8"}
                connection.request("POST", target, body, headers)
                return 200 <= connection.getresponse().status < 300
            except (OSError, http.client.HTTPException):
                return False
            finally:
                connection.close()


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT)
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
