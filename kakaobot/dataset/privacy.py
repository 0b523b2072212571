"""Replaces what must not be repeated by a typed tag. Never deletes a message."""

from __future__ import annotations

import re

LINK = "<링크>"
# Stops before Hangul, which people write right behind an address.
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'가-힣ㄱ-ㅎㅏ-ㅣ]+", re.IGNORECASE)


def mask_links(text: str) -> str:
    """`https://…` → `<링크>`."""
    return _URL.sub(LINK, text)
