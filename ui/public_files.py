"""What the window's server gives to anybody: its name and its icons, which browsers request alone.

Browsers request the manifest of a page, and the icons in it, without the cookie.
"""

from __future__ import annotations

import functools
from pathlib import Path

from kakaobot.responses import Response

_STATIC = Path(__file__).parent / "static"
MANIFEST = "/manifest.webmanifest"
PUBLIC_FILES = {
    MANIFEST: "application/manifest+json",
    "/icon-192.png": "image/png",
    "/icon-512.png": "image/png",
    "/icon-maskable-192.png": "image/png",
    "/icon-maskable-512.png": "image/png",
}
"""Paths, which are also names in `ui/static`, and their types."""


@functools.cache
def public_file(path: str) -> Response:
    """The response of one of `PUBLIC_FILES`."""
    return Response(200, (_STATIC / path.lstrip("/")).read_bytes(), PUBLIC_FILES[path])
