"""Writes the folder of a published model."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.base.tokenizer import load_tokenizer, read_tokenizer_info
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.base_gguf import cached_base_gguf, write_base_gguf
from kakaobot.conversion.gguf_tokens import adds_bos
from kakaobot.conversion.lora_gguf import write_lora_gguf
from kakaobot.conversion.merge import write_merged
from kakaobot.language import tr
from kakaobot.publish.facts import ModelFacts, front_matter, model_card
from kakaobot.publish.go_template import go_template
from kakaobot.publish.modelfile import MODELFILE, ModelfileParts, modelfile
from kakaobot.publish.plan import PublishPlan, PublishSource, vllm_rank
from kakaobot.runs.checkpoints import ADAPTER_CONFIG, ADAPTER_FILES, CHAT_TEMPLATE
from kakaobot.schema import Progress
from kakaobot.settings import GenerationSettings

NAME = "kakaobot"
"""What the model is called in other programs."""
ADAPTER_GGUF = "adapter.gguf"
_README = "README.md"
_MERGING = 0.5
"""Share of the progress, where a merged model is converted."""


def write_published(
    source: PublishSource,
    plan: PublishPlan,
    facts: ModelFacts,
    generation: GenerationSettings,
    draft: Path,
    progress: Progress,
) -> list[str]:
    """Fill a folder with a model and its README.

    Returns:
        Lines that tell how to use it, in the folder.

    Raises:
        RunError, BaseModelError, OSError: a file cannot be read or written.
    """
    source = replace(source, adapter=_copied(source.adapter, draft))
    if plan.kind in ("gguf", "ollama"):
        base, adapter = _write_gguf(source, plan, draft, progress)
        if plan.kind == "ollama":
            _write_modelfile(source, facts, generation, draft, (base, adapter))
            usage = _ollama_usage(facts)
        else:
            usage = _llama_usage(base, adapter)
    elif plan.merges:
        write_merged(source.base, source.adapter, draft, progress)
        usage = _merged_usage()
    else:
        usage = vllm_usage(source.adapter, facts.base_id or "BASE")
        _write_adapter(source, facts, draft)
    shutil.rmtree(source.adapter)
    _write_readme(draft, facts, usage)
    return usage


def vllm_usage(adapter: Path, base: str) -> list[str]:
    """How vLLM serves an adapter.

    Args:
        adapter: its folder.
        base: hub id or folder of the base model.
    """
    rank = vllm_rank(adapter)
    note = "" if base != "BASE" else tr(" (BASE 는 바탕 모델의 폴더입니다)")
    return [
        tr("이 폴더에서 실행하세요{note}:").format(note=note),
        f"`vllm serve {base} --enable-lora --lora-modules {NAME}=. --max-lora-rank {rank} "
        f"--chat-template {CHAT_TEMPLATE}`",
        tr("대화를 보낼 때 model 은 {name}, 말한 사람의 이름은 name 에 적습니다.").format(
            name=NAME
        ),
    ]


def _copied(adapter: Path, draft: Path) -> Path:
    copy = draft / "adapter"
    copy.mkdir()
    for name in (*ADAPTER_FILES, CHAT_TEMPLATE):
        if (adapter / name).is_file():
            shutil.copyfile(adapter / name, copy / name)
    return copy


def _write_gguf(
    source: PublishSource, plan: PublishPlan, draft: Path, progress: Progress
) -> tuple[str, str]:
    """Names of the files of base and adapter; the latter is empty if they are one."""
    if plan.merges:
        name, merged = f"merged-{plan.quant}.gguf", draft / "merged"
        merged.mkdir()
        write_merged(source.base, source.adapter, merged, _part(progress, 0, _MERGING))
        write_base_gguf(merged, draft / name, plan.quant, _part(progress, _MERGING, 1))
        shutil.rmtree(merged)
        return name, ""
    name = f"base-{plan.quant}.gguf"
    kept = cached_base_gguf(
        source.base_folder, plan.quant, source.cache, _part(progress, 0, 1 - 0.1)
    )
    _link(kept, draft / name)
    last = _part(progress, 1 - 0.1, 1)
    write_lora_gguf(source.adapter, source.base_folder, draft / ADAPTER_GGUF, last)
    return name, ADAPTER_GGUF


def _link(file: Path, target: Path) -> None:
    """A second name, or a copy where the disk is another or has no such names."""
    with suppress(OSError, NotImplementedError):
        os.link(file, target)
        return
    shutil.copyfile(file, target)


def _write_modelfile(
    source: PublishSource,
    facts: ModelFacts,
    generation: GenerationSettings,
    draft: Path,
    files: tuple[str, str],
) -> None:
    tokenizer = load_tokenizer(source.base)
    renderer = renderer_for(tokenizer)
    chat_format = renderer.chat_format
    parts = ModelfileParts(
        base=files[0],
        adapter=files[1],
        template=go_template(
            chat_format,
            whole_room=facts.whole_room,
            prefix=not adds_bos(tokenizer, renderer),
        ),
        context=read_tokenizer_info(source.base).context,
        licence=facts.licence,
    )
    text = modelfile(parts, chat_format, generation)
    (draft / MODELFILE).write_text(text, encoding="utf-8", newline="\n")


def _write_adapter(source: PublishSource, facts: ModelFacts, draft: Path) -> None:
    for file in list(source.adapter.iterdir()):
        file.rename(draft / file.name)
    # It may hold a path of this machine.
    config = read_json_object(draft / ADAPTER_CONFIG) | {"base_model_name_or_path": facts.base_id}
    replace_text(draft / ADAPTER_CONFIG, json.dumps(config, ensure_ascii=False, indent=1))
    if not (draft / CHAT_TEMPLATE).exists():
        template = renderer_for(load_tokenizer(source.base)).chat_format.jinja
        (draft / CHAT_TEMPLATE).write_text(template, encoding="utf-8", newline="\n")


def _write_readme(draft: Path, facts: ModelFacts, usage: Sequence[str]) -> None:
    lines = "\n".join(f"{number}. {line}" for number, line in enumerate(usage, 1))
    text = f"{front_matter(facts)}# {NAME}\n\n{lines}\n\n{model_card(facts)}"
    (draft / _README).write_text(text, encoding="utf-8", newline="\n")


def _ollama_usage(facts: ModelFacts) -> list[str]:
    return [
        tr("이 폴더에서: `ollama create {name} -f {modelfile}`").format(
            name=NAME, modelfile=MODELFILE
        ),
        tr("그다음: `ollama run {name}`").format(name=NAME),
        _naming(facts),
    ]


def _naming(facts: ModelFacts) -> str:
    if facts.whole_room:
        return tr(
            "말 앞에 `[내 이름] ` 을 붙여 건네면 방의 누군가가 `[이름] ` 을 붙여 대답합니다. 맥의 "
            "파일 이름처럼 풀어쓴 한글은 알아듣지 못합니다."
        )
    if facts.shows_names:
        return tr(
            "방에 여럿이 있었으므로 말 앞에 `[내 이름] ` 을 붙여 건네세요. 맥의 파일 이름처럼 "
            "풀어쓴 한글은 알아듣지 못합니다."
        )
    return tr("이름은 붙이지 말고 건네세요. 맥의 파일 이름처럼 풀어쓴 한글은 알아듣지 못합니다.")


def _llama_usage(base: str, adapter: str) -> list[str]:
    lora = f" --lora {adapter}" if adapter else ""
    return [
        tr("llama.cpp 로 이 폴더에서: `llama-server -m {base}{lora} --jinja`").format(
            base=base, lora=lora
        ),
        tr("LM Studio, KoboldCpp 처럼 GGUF 를 읽는 다른 프로그램도 씁니다."),
        tr("풀어쓴 한글(NFD)은 알아듣지 못합니다. 모아쓴 것(NFC)으로 바꿔 건네세요."),
    ]


def _merged_usage() -> list[str]:
    return [
        tr("`transformers` 로 이 폴더를 그대로 읽습니다. 대화 틀은 chat_template.jinja 입니다."),
        tr("vLLM 으로 이 폴더에서: `vllm serve . --served-model-name {name}`").format(name=NAME),
        tr("말한 사람의 이름은 name 에 적습니다."),
    ]


def _part(progress: Progress, start: float, end: float) -> Callable[[float, str], None]:
    """Progress within a part of the whole."""
    return lambda share, text: progress(start + (end - start) * share, text)
