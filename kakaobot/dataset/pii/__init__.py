"""Recognizers of personal data in Korean chats: text → spans. They never change the text."""
