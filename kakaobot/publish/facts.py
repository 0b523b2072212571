"""What a published folder says about its model. Nobody's name is among it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kakaobot.language import tr

_README = "README.md"
_LICENCE = re.compile(r"^license(?:_name)?: *[\"']?([\w .+-]+)", re.MULTILINE)
_BY_PREFIX = (
    ("Qwen/Qwen2.5-3B", "Qwen Research License"),
    ("Qwen/Qwen2.5-72B", "Qwen License"),
    ("Qwen/", "Apache-2.0"),
    ("HuggingFaceTB/SmolLM", "Apache-2.0"),
    ("google/gemma-3", "Gemma Terms of Use"),
    ("meta-llama/", "Llama Community License"),
)
"""Start of a hub id → licence, for a base whose own card was not downloaded."""


@dataclass(frozen=True)
class ModelFacts:
    """One run and its base."""

    base_label: str
    base_id: str
    """Of the hub; empty for a model from elsewhere."""
    licence: str
    """Of the base; empty if unknown."""
    fingerprint: str
    """Of the data that was learned."""
    step: int | None
    whole_room: bool
    """Whether everybody of the room was learned, and not one participant."""
    shows_names: bool
    """Whether messages of others begin with `[이름] `."""
    audited: bool
    """Whether it was examined for what it has memorized."""


def licence_of(name: str, folder: Path) -> str:
    """The licence of a base, by its own card or its hub id; empty if unknown.

    Args:
        name: hub id, folder or file.
        folder: its files.
    """
    card = folder / _README
    if card.is_file():
        head = card.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
        if match := _LICENCE.search(head):
            return match[1].strip()
    return next((licence for prefix, licence in _BY_PREFIX if name.startswith(prefix)), "")


def model_card(facts: ModelFacts) -> str:
    """What it is, where it comes from, and what must not be done with it."""
    licence = facts.licence or tr("모름. 바탕 모델을 받은 곳에서 확인하세요.")
    learned = tr("한 방의 모두") if facts.whole_room else tr("한 방의 한 사람")
    audit = (
        tr("외운 말을 점검했습니다. 점검은 남은 것이 없다는 보장이 아닙니다.")
        if facts.audited
        else tr("외운 말을 점검하지 않았습니다. 남에게 주기 전에 audit 으로 점검하세요.")
    )
    rows = (
        (tr("바탕 모델"), facts.base_id or facts.base_label),
        (tr("바탕 모델의 사용권"), licence),
        (tr("배운 말투"), learned),
        (tr("배운 데이터의 지문"), f"`{facts.fingerprint}`" if facts.fingerprint else tr("모름")),
        (tr("배운 단계"), f"{facts.step:,}" if facts.step else tr("모름")),
        (tr("외운 말"), audit),
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    mark = tr(
        "**AI가 지어낸 말입니다.** 이 모델의 대답은 카카오톡 대화에서 말투를 배운 AI가 지어낸 "
        "것이고, 그 사람이 한 말이 아닙니다. 대답을 보이는 곳마다 AI라고 밝히세요."
    )
    forbidden = (
        tr("그 사람인 척하거나, 남을 속이거나 괴롭히는 데"),
        tr("대답을 그 사람이 한 말이나 그 사람의 뜻으로, 증거로 내보이는 데"),
        tr("말투를 배운 사람의 동의 없이 남에게 주거나 공개하는 데"),
        tr("건강, 법, 돈처럼 틀리면 누가 다치는 일에 답하는 데"),
    )
    return "\n".join(
        (
            f"## {tr('모델 카드')}\n",
            f"{mark}\n",
            f"| | |\n|---|---|\n{table}\n",
            f"{tr('이런 데 쓰면 안 됩니다.')}\n",
            *(f"- {line}" for line in forbidden),
            "",
            tr("바탕 모델의 사용권은 이 모델에도 그대로 미칩니다. 배운 대화처럼 다루세요."),
            "",
        )
    )


def front_matter(facts: ModelFacts) -> str:
    """What the hub and other tools read of a card."""
    lines = ["---", "language: ko", "pipeline_tag: text-generation"]
    lines += [f"base_model: {facts.base_id}"] if facts.base_id else []
    return "\n".join([*lines, "tags: [kakaobot, ai-generated]", "---", "", ""])
