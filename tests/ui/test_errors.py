import inspect
import logging

import gradio as gr
import pytest

from kakaobot.errors import RunError
from ui import request_text, text
from ui.errors import show_errors


def test_an_expected_error_becomes_a_toast_and_is_not_logged(caplog):
    @show_errors
    def handler():
        raise RunError("먼저 학습하세요.")

    with pytest.raises(gr.Error) as caught:
        handler()
    assert caught.value.message == "먼저 학습하세요."
    assert caught.value.title == text.NOTICE
    assert not caught.value.print_exception
    assert not caplog.records


def test_an_unexpected_error_is_logged_and_shown_in_general_terms(caplog):
    @show_errors
    def handler():
        raise ZeroDivisionError("비밀 대화")

    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        handler()
    assert caught.value.message == request_text.UNEXPECTED_ERROR
    assert "ZeroDivisionError" in caplog.text


def test_a_decorated_generator_stays_one_and_can_be_closed():
    closed = []

    @show_errors
    def handler():
        try:
            yield 1
            raise RunError("끊겼습니다.")
        finally:
            closed.append(True)

    assert inspect.isgeneratorfunction(handler)
    stream = handler()
    assert next(stream) == 1
    stream.close()
    assert closed
    with pytest.raises(gr.Error, match="끊겼습니다"):
        list(handler())


def test_the_log_does_not_quote_an_unexpected_error(caplog):
    @show_errors
    def handler(message):
        raise KeyError(message)

    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error):
        handler("비밀 대화")
    assert "KeyError" in caplog.text
    assert "handler" in caplog.text
    assert "비밀 대화" not in caplog.text
