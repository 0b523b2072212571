"""A chatbot that talks like one KakaoTalk room. Library and command line; no window here."""

__version__ = "0.1.0"
