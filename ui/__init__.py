"""The window. Gradio lives here and only here; everything that is done is done by `kakaobot.app`."""
