"""The window, on gradio, which no other package imports. Use cases are in `kakaobot.app`."""
