"""A chat template that a model brings along can neither hang nor fill the memory."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kakaobot import foreign_template
from kakaobot.base.loading import load_base
from kakaobot.chat_format import CHATML, chat_format_of
from kakaobot.config import ROOT
from kakaobot.errors import BaseModelError
from kakaobot.foreign_template import EndlessTemplateError, render_foreign
from kakaobot.schema import ChatMessage
from kakaobot.settings import LoraSettings
from kakaobot.train.adapter import with_lora
from tests.base.damages import copy_base
from tests.test_chat_template import GEMMA, INST, LLAMA

CHAT = [{"role": "user", "content": "가가가"}, {"role": "assistant", "content": "나나나"}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
NESTED = "{% for a in range(99999) %}" * 4 + "{% endfor %}" * 4


@pytest.mark.parametrize("template", [GEMMA, LLAMA, INST])
def test_a_template_renders_as_in_transformers(
    tokenizer_of: Callable[..., Any], template: str
) -> None:
    tokenizer = tokenizer_of("<s>", "</s>", template=template, **TOKENS)
    expected = tokenizer.apply_chat_template(CHAT, tokenize=False)
    assert render_foreign(template, CHAT, TOKENS) == expected


def test_an_endless_template_is_stopped(
    tokenizer_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_template, "_MAX_SECONDS", 8.0)
    with pytest.raises(EndlessTemplateError):
        render_foreign(NESTED, CHAT, TOKENS)
    tokenizer = tokenizer_of("<s>", "</s>", template=NESTED, **TOKENS)
    with pytest.raises(BaseModelError, match="끝나지 않아 멈췄습니다"):
        chat_format_of(tokenizer)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 10000000000 }}",
        "{{ '%10000000000d' % 1 }}",
        "{% for",
        "{{ raise_exception('no') }}",
        "{{ messages[9].content }}",
        "{{ ''.__class__.__mro__ }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_that_cannot_render_is_not_used(
    tokenizer_of: Callable[..., Any], template: str
) -> None:
    assert "root" not in render_foreign(template, CHAT, TOKENS)
    tokenizer = tokenizer_of("<s>", "</s>", template=template, **TOKENS)
    assert chat_format_of(tokenizer).kind == "transcript"


def test_a_template_in_a_chatml_base_changes_nothing(tmp_path: Path) -> None:
    base = copy_base(tmp_path / "base")
    (base / "chat_template.jinja").write_text(NESTED, encoding="utf-8")
    loaded = load_base(str(base))
    assert loaded.renderer.chat_format == CHATML
    assert loaded.renderer.encode([ChatMessage("user", "안녕")]).ids
    adapter = tmp_path / "adapter"
    with_lora(loaded, LoraSettings(r=2), checkpointing=False).save_pretrained(adapter)
    assert not [file for file in adapter.rglob("*") if NESTED in file.read_text("latin-1")]


def test_a_huge_template_is_refused(tmp_path: Path) -> None:
    base = copy_base(tmp_path / "base")
    (base / "chat_template.jinja").write_text("가" * 200_000, encoding="utf-8")
    with pytest.raises(BaseModelError, match=r"chat_template\.jinja 파일이 너무 큽니다"):
        load_base(str(base))


def test_nothing_else_renders_templates_of_models() -> None:
    rendering = [
        str(file.relative_to(ROOT))
        for folder in ("kakaobot", "ui", "scripts")
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "apply_chat_template"
    ]
    assert rendering == []
