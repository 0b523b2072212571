"""Finds the window that runs from a home, and shows it.

Standard library only: `launch.py` needs it before anything is installed. `ui.app` shares it.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kakaobot.language import tr
from scripts.open_page import proof_of
from scripts.pip_progress import say


def running_window(home: Path) -> str | None:
    """An address that opens the window running from `home` once; None if none responds."""
    try:
        record = json.loads((home / ".kakaobot" / "instance.json").read_text(encoding="utf-8"))
        host, port, token = str(record["host"]), int(record["port"]), str(record["token"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    # Another program on this port must not see the token, nor lead to a page of its own.
    challenge = secrets.token_hex(16)
    health = _request(host, port, "GET", f"/health?challenge={challenge}", {})
    if health.get("proof") != proof_of(token, challenge):
        return None
    authorization = {"Authorization": f"Bearer {token}"}
    code = _request(host, port, "POST", "/open/new", authorization).get("code")
    if not isinstance(code, str):
        return None
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/open#{code}"


def _request(
    host: str, port: int, method: str, path: str, headers: Mapping[str, str]
) -> dict[str, object]:
    """The JSON object that this address responds; empty if it does not."""
    # Imported here because most starts find no window. Unlike urllib it ignores proxies, which must
    # not be used for a local address.
    import http.client

    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request(method, path, headers=dict(headers))
        value = json.loads(connection.getresponse().read(4096))
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return value if isinstance(value, dict) else {}


def show_window(address: str, show: Callable[[str], bool] | None) -> int:
    """Print `address`, the only output on stdout, and open it with `show`."""
    sys.stdout.write(address + "\n")
    sys.stdout.flush()
    if show is None:
        say(tr("이미 열려 있습니다. 위 주소로 접속하세요."))
    elif show(address):
        say(tr("이미 열려 있어 그 창을 보여 드립니다."))
    else:
        say(tr("이미 열려 있지만 브라우저를 열지 못했습니다. 위 주소를 브라우저에 붙여 넣으세요."))
    return 0
