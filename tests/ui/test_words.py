"""The words of the window are those of people, or explained."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import ui
from kakaobot.setting_fields import setting_fields, with_names
from ui import glossary_text
from ui.words import told

WORKSHOP = re.compile(
    r"어댑터|데이터 지문|하이퍼|에폭|체크포인트|옵티마이저|학습률|W-KO|preprocess|sft|jsonl"
    r"|\bLoRA\b|--new|명령 [a-z]|\b[a-z]+_[a-z_]+\b"
)
"""Words of those who made it."""
EXPLAINED = ("손실", "토큰", "말투 지문", "저장본", "바탕 모델")
NOT_OF_THE_WINDOW = {"console_text", "gradio_text"}


def texts() -> Iterator[tuple[str, str]]:
    """All texts of the window, by module and name."""
    for module in pkgutil.iter_modules(ui.__path__):
        is_text = module.name == "text" or module.name.endswith("_text")
        if is_text and module.name not in NOT_OF_THE_WINDOW:
            values = vars(importlib.import_module(f"ui.{module.name}"))
            for name, value in values.items():
                if name.isupper():
                    yield from ((f"{module.name}.{name}", text) for text in strings(value))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield re.sub(r"\{[^}]*\}", "", value)
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in strings(part))
    elif isinstance(value, tuple | list):
        yield from (text for part in value for text in strings(part))


def test_texts_of_the_window_have_no_words_of_the_workshop() -> None:
    found = list(texts())
    assert len(found) > 400
    files = re.compile(r"configs/sft\.yaml|data/\w+")
    assert [(name, text) for name, text in found if WORKSHOP.search(files.sub("", text))] == []


def test_settings_have_no_words_of_the_workshop() -> None:
    for field in setting_fields():
        for text in (field.name, field.description, *field.choice_names.values()):
            assert not WORKSHOP.search(text), (field.path, text)


@pytest.mark.parametrize("word", EXPLAINED)
def test_a_word_that_stays_is_explained(word: str) -> None:
    assert any(word in text for _, text in texts())
    explained = {term for term, _ in (*glossary_text.DATASET, *glossary_text.TRAINING)}
    assert word in explained


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "처음부터 배우려면 '새 학습'(train --new)을 누르세요.",
            "처음부터 배우려면 '새 학습'을 누르세요.",
        ),
        ("'데이터 준비'(preprocess)를 다시 하세요.", "'데이터 준비'를 다시 하세요."),
        (
            "training.epochs 를 줄이거나 data.mask_words 에 적으세요.",
            "'되풀이해 배울 횟수(training.epochs)' 를 줄이거나 "
            "'늘 가릴 말(data.mask_words)' 에 적으세요.",
        ),
        ("늘 가릴 말(data.mask_words): 목록", "늘 가릴 말(data.mask_words): 목록"),
        ("my.model.base_model.bak, lora.rnak", "my.model.base_model.bak, lora.rnak"),
    ],
)
def test_a_shared_sentence_is_told_in_the_words_of_the_window(sentence: str, shown: str) -> None:
    assert told(sentence) == shown


@pytest.mark.parametrize("field", setting_fields(), ids=lambda field: field.path)
def test_every_setting_is_named(field: object) -> None:
    path, title = getattr(field, "path", ""), getattr(field, "title", "")
    assert with_names(f"{path} 를 고치세요.") == f"'{title}' 를 고치세요."
