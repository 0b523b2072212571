"""Opens the window in the browser without showing its address to other accounts.

Every account of a machine can read the command line of a browser. It names a file that only this
user can read, which leads on to the address. `launch.py` and `ui.app` share this module.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import html
import json
import os
from collections.abc import Callable
from pathlib import Path

from kakaobot.language import tr
from scripts.app_window import open_app_window

PAGE = tr("""<!doctype html>
<html lang="ko">
  <meta charset="utf-8">
  <meta name="referrer" content="no-referrer">
  <title>카카오봇</title>
  <p><a href={attribute}>카카오봇 창 열기</a></p>
  <script>location.replace({string});</script>
</html>
""")


def open_page_file(home: Path) -> Path:
    """The redirect file. Not in a hidden folder, which sandboxed browsers cannot read."""
    return home / "data" / "open.html"


def open_in_browser(
    address: str,
    home: Path,
    show: Callable[[str], bool] | None = None,
    *,
    app_window: bool = False,
) -> bool:
    """Write the redirect file of an address and open it; returns whether a browser was found.

    Args:
        address: with a code.
        home: of the window.
        show: opens the file; by default in the user's browser.
        app_window: whether a window without tabs is tried first.

    Raises:
        OSError: the file cannot be written.
    """
    file = open_page_file(home)
    write_redirect(file, address)
    if app_window and open_app_window(file.resolve().as_uri()):
        return True
    if show is None:
        import webbrowser  # slow to import, and not needed by a first start

        show = webbrowser.open
    return show(file.resolve().as_uri())


def write_redirect(file: Path, address: str) -> None:
    """Write the redirect file anew, readable by this user only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_redirect(file)
    descriptor = os.open(str(file), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        # "<" could end the script.
        string = json.dumps(address).replace("<", "\\u003c")
        stream.write(PAGE.format(attribute=json.dumps(html.escape(address)), string=string))


def remove_redirect(file: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


def proof_of(token: str, challenge: str) -> str:
    """The answer to a challenge that only a window with this token can give, without the token."""
    return hmac.new(token.encode(), challenge.encode(), hashlib.sha256).hexdigest()
