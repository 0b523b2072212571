"""Our words where gradio has its own in English only."""

from __future__ import annotations

from kakaobot.language import LANGUAGE as LANGUAGE
from kakaobot.language import tr
from ui import request_text, text

MISSING = {
    "chatbot": {"copy_message": tr("말 복사하기"), "copied_message": tr("말을 복사했습니다")},
    "common": {"complete": tr("다 됐습니다"), "progress": tr("진행"), "upload": tr("파일 넣기")},
    "status": {"queue_position": tr("차례를 기다립니다: {size} 가운데 {position}")},
}
"""What gradio would translate if it had the words: by section and key."""

WORDS = {
    "Click to upload or drop files": text.DROP_HINT,
    "File upload": tr("파일 고르기"),
    "Remove this file": tr("이 파일 빼기"),
    "More tabs": tr("다른 탭"),
    "Reset to default value": tr("처음 값으로 되돌리기"),
    "chatbot conversation": tr("주고받은 말"),
    "Scroll down": tr("맨 아래로"),
    "Loading response": tr("대답을 쓰고 있습니다"),
    "Loading content": tr("대답을 쓰고 있습니다"),
    "Close": text.CLOSE,
    "Info": text.NOTICE,
    "Warning": text.NOTICE,
    "Error": text.ERROR_TITLE,
}
"""What gradio shows, or has read out, and what the page shows instead."""

PATTERNS = (
    ("^number input for (.*)$", "$1"),
    ("^range slider for (.*)$", "$1"),
    ("^user's message: ", tr("내 말: ")),
    ("^bot's message: ", tr("대답: ")),
    (r"^Uploading (\d+) files?\.\.\.$", tr("파일 $1개를 올리고 있습니다…")),
)
"""As `WORDS`, as regular expressions."""

TOASTS: tuple[tuple[str, str], ...] = (
    (r"^HTTP \d+: (.*)$", "$1"),
    ("^Invalid file type.*$", request_text.WRONG_FILE_TYPE),
    ("^This application is currently busy.*$", request_text.BUSY),
    ("^(Connection|Lost connection|Could not get API info).*$", request_text.DISCONNECTED),
)
"""Patterns of gradio's own toasts, and what the page shows instead."""
if LANGUAGE == "ko":
    # In an English window this would be our own sentences, too.
    TOASTS = (*TOASTS, ("^[^가-힣]*[A-Za-z][^가-힣]*$", request_text.UNEXPECTED_ERROR))
