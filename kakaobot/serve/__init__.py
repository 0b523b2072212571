"""The server of other programs: OpenAI's protocol, and the skill of a KakaoTalk channel."""
