"""Counts tokens of conversations and replies with the tokenizer of the base model."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kakaobot.app.chat import ChatService
from kakaobot.app.personas import chat_messages
from kakaobot.base.selection import location_of
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.chat.lines import ChatLine
from kakaobot.chat_template import Renderer
from kakaobot.errors import KakaobotError
from kakaobot.schema import ChatMessage
from kakaobot.serve.completion import TokenUsage
from kakaobot.serve.talkers import Talker
from kakaobot.train.run_config import base_of


class UsageCounter:
    """Keeps the tokenizers of the bases that it has counted with."""

    def __init__(self, chat: ChatService) -> None:
        self._chat = chat
        self._renderers: dict[str, Renderer] = {}
        self._lock = threading.Lock()

    def usage(
        self, talker: Talker, lines: Sequence[ChatLine], user_name: str, text: str
    ) -> TokenUsage:
        """Tokens of a whole conversation, and of the reply to it; 0 without a tokenizer."""
        try:
            renderer = self._renderer(talker)
        except (KakaobotError, OSError):
            return TokenUsage(0, 0)
        messages = chat_messages(lines, talker.persona, user_name=user_name)
        participant = talker.member if not talker.persona.name else ""
        prompt = len(renderer.prompt(messages, participant=participant))
        size = renderer.sizes([ChatMessage("assistant", text, is_target=True)])[0]
        # Without the end of the turn.
        return TokenUsage(prompt, max(0, size.target_tokens - 1) if text else 0)

    def _renderer(self, talker: Talker) -> Renderer:
        base = base_of(self._chat.personas.find(talker.persona.run)).name
        with self._lock:
            if base not in self._renderers:
                self._renderers[base] = read_tokenizer_info(location_of(base)).renderer
            return self._renderers[base]
