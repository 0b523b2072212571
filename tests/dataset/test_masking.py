"""The masking settings apply to training turns, and masked spans are counted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from kakaobot.dataset.sessions import masked_turns
from kakaobot.schema import Message
from kakaobot.settings import DataSettings

TEXT = "도담아 010-0000-1234 https://example.com/a 봐"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "도담아 <전화번호> <링크> 봐"),
        ({"mask_urls": False}, "도담아 <전화번호> https://example.com/a 봐"),
        ({"mask_private": False}, "도담아 010-0000-1234 <링크> 봐"),
        ({"mask_words": ("도담",)}, "<가린말>아 <전화번호> <링크> 봐"),
        ({"mask_private": False, "mask_urls": False}, TEXT),
    ],
)
def test_turns_are_masked_as_configured(settings: dict[str, Any], expected: str) -> None:
    masked = Counter[str]()
    message = Message(datetime(2024, 5, 1), "가", TEXT, "text", "방", "a.txt", 1)
    (turn,) = masked_turns([message], DataSettings(**settings), counts=masked)
    assert turn.text == expected
    assert masked.total() == expected.count("<")
