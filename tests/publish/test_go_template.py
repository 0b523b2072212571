"""Ollama renders what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kakaobot.chat_format import CHATML, ChatFormat
from kakaobot.chat_template import Renderer, renderer_for
from kakaobot.publish.go_template import go_template
from kakaobot.publish.modelfile import ModelfileParts, modelfile, stops
from kakaobot.schema import ChatMessage
from kakaobot.settings import GenerationSettings
from tests.publish.go_renderer import render

PERSON = [
    ChatMessage("system", "짧게 말해"),
    ChatMessage("user", "내일 시간 돼?", "마루"),
    ChatMessage("assistant", '응 "왜"\n뭐하게?'),
    ChatMessage("user", "영화 {{ .Content }} 보러 가자", "하늘 (부산)"),
]
ROOM = [
    ChatMessage("assistant", "오늘 뭐 먹지", "마루"),
    ChatMessage("assistant", "떡볶이!", "도담"),
    ChatMessage("assistant", "좋아", "마루"),
]
TURN_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<turn>{{ m.role }}\n{{ m.content }}<end>\n{% endfor %}"
)


@pytest.fixture(params=["chatml", "template", "transcript"])
def renderer(request: pytest.FixtureRequest, tokenizer_of: Callable[..., Any]) -> Renderer:
    made = {
        "chatml": lambda: tokenizer_of("<|im_start|>", "<|im_end|>"),
        "template": lambda: tokenizer_of(
            *("<bos>", "<turn>", "<end>"), template=TURN_TEMPLATE, bos_token="<bos>"
        ),
        "transcript": lambda: tokenizer_of("<eos>", "<bos>", eos_token="<eos>", bos_token="<bos>"),
    }[request.param]()
    renderer = renderer_for(made)
    assert renderer.chat_format.kind == request.param
    return renderer


def sent(messages: list[ChatMessage], *, roles: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """As a client of Ollama sends them: without a field for the name."""
    return [
        {
            "role": role or message.role,
            "content": f"[{message.name}] {message.content}" if message.name else message.content,
        }
        for message, role in zip(messages, roles or [""] * len(messages), strict=True)
    ]


def trained(renderer: Renderer, messages: list[ChatMessage]) -> str:
    text = "".join(segment.text for segment in renderer.segments(messages))
    before = renderer.chat_format.before["assistant"].rstrip(" ")
    return text + before


def test_a_conversation_with_one_participant(renderer: Renderer) -> None:
    template = go_template(renderer.chat_format, whole_room=False, prefix=True)
    assert render(template, sent(PERSON)) == trained(renderer, PERSON)
    assert render(template, sent(PERSON[1:2])) == trained(renderer, PERSON[1:2])


def test_people_write_as_the_assistant_where_a_whole_room_was_learned(renderer: Renderer) -> None:
    template = go_template(renderer.chat_format, whole_room=True, prefix=True)
    messages = sent(ROOM, roles=("user", "assistant", "user"))
    assert render(template, messages) == trained(renderer, ROOM)


def test_a_begun_reply_goes_on(renderer: Renderer) -> None:
    template = go_template(renderer.chat_format, whole_room=False, prefix=True)
    messages = [*sent(PERSON[1:2]), {"role": "assistant", "content": "음 그"}]
    before = renderer.chat_format.before["assistant"]
    whole = trained(renderer, PERSON[1:2]).removesuffix(before.rstrip(" "))
    assert render(template, messages) == f"{whole}{before}음 그"


def test_the_prefix_is_left_to_llama_cpp(renderer: Renderer) -> None:
    chat_format = renderer.chat_format
    with_it, without = (
        render(go_template(chat_format, whole_room=False, prefix=prefix), sent(PERSON))
        for prefix in (True, False)
    )
    assert with_it == chat_format.prefix + without


def test_quotes_and_letters_of_a_chat_format_survive() -> None:
    odd = ChatFormat(
        kind="template",
        prefix="",
        before=dict.fromkeys(CHATML.before, '"말"\\ {{'),
        end="끝",
        after=dict.fromkeys(CHATML.after, "끝\t"),
    )
    template = go_template(odd, whole_room=False, prefix=False)
    assert render(template, [{"role": "user", "content": "a"}]) == '"말"\\ {{a끝\t"말"\\ {{'


def test_the_modelfile_has_files_template_and_decoding() -> None:
    parts = ModelfileParts("base-q8_0.gguf", "adapter.gguf", "{{- .Content }}", 8192, "Apache-2.0")
    generation = GenerationSettings(temperature=0.4, max_new_tokens=77, repetition_penalty=1.3)
    lines = modelfile(parts, CHATML, generation).splitlines()
    assert lines[:3] == [
        "FROM ./base-q8_0.gguf",
        "ADAPTER ./adapter.gguf",
        'TEMPLATE """{{- .Content }}"""',
    ]
    assert {
        "PARAMETER num_ctx 4096",
        "PARAMETER num_predict 77",
        "PARAMETER temperature 0.4",
        "PARAMETER repeat_penalty 1.3",
        'PARAMETER stop "<|im_end|>"',
        'PARAMETER stop "<|im_start|>"',
        'LICENSE """Apache-2.0"""',
    } <= set(lines)
    merged = ModelfileParts("merged.gguf", "", "", 300, "")
    lines = modelfile(merged, CHATML, generation).splitlines()
    assert not [line for line in lines if line.startswith(("ADAPTER", "LICENSE"))]
    assert "PARAMETER num_ctx 300" in lines


def test_a_transcript_stops_at_its_end_alone(tokenizer_of: Callable[..., Any]) -> None:
    renderer = renderer_for(tokenizer_of("<eos>", eos_token="<eos>"))
    # People write "상대:" themselves.
    assert stops(renderer.chat_format) == ["<eos>"]
