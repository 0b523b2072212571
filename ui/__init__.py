"""The window. Gradio lives here and only here; what is done is done by `kakaobot.app`."""
