"""The window. The only package that imports gradio; the use cases are in `kakaobot.app`."""
