"""Texts of the tab "4 대화"."""

from __future__ import annotations

CONVERSATION_TAB = "대화하기"
