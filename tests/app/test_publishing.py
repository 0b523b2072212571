"""A run leaves this program for others, and answers there as here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from kakaobot.app.auth import PasswordGate
from kakaobot.app.publishing import Published, Publishing
from kakaobot.app.storage import Storage, files_of, size_of
from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.config import Home, save
from kakaobot.conversion.families import NoGguf
from kakaobot.conversion.quantization import Quant
from kakaobot.errors import AccessDenied, RunError
from kakaobot.publish.plan import Kind
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage, no_progress
from tests.conversion.llama_cpp import llama_cpp
from tests.conversion.tiny_models import greedy, save_lora, save_tiny
from tests.lasting_gate import lasting_gate
from tests.publish.go_renderer import render

pytestmark = pytest.mark.slow
GATE = lasting_gate("귤")
PASS = GATE.authenticate("귤")
ME, YOU = "달빛여우", "이웃집고래"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("qwen3", tmp_path_factory.mktemp("base") / "base")


def create_run(home: Home, base: Path, *, persona: str = YOU, **lora: Any) -> Run:
    """A run with an adapter that speaks as a participant, or as the whole room."""
    run = Runs(home.folder("checkpoints_lora")).get("main")
    data = {"room": "", "persona": persona, "people": [ME, YOU], "named": True}
    run.create(
        {
            "base": {"name": str(base), "label": "바탕", "reason": "", "practice": True},
            "data": {**data, "fingerprint": "0123abcd"},
        }
    )
    run.checkpoints.replace_adapter("best", lambda folder: void(save_lora(base, folder, **lora)))
    return run


def void(value: object) -> None:
    """Nothing."""


def publish(home: Home, kind: Kind, quant: Quant = "f16", to: Path | None = None) -> Published:
    publishing = Publishing(home, GATE)
    publication = publishing.plan(PASS, kind, quant=quant, to=to, progress=no_progress)
    plan = publication.plan
    places = [publication.source.cache, plan.target]
    before = size_of(files_of(places))
    published = publishing.publish(PASS, publication, no_progress)
    # What was told beforehand covers what was written.
    assert size_of(files_of(places)) - before <= plan.target_bytes + plan.cache_bytes
    return published


@pytest.mark.parametrize("persona", [YOU, ""])
def test_an_ollama_folder_answers_as_here(persona: str, home: Home, base: Path) -> None:
    run = create_run(home, base, persona=persona, use_rslora=True)
    folder = publish(home, "ollama").folder
    lines = (folder / "Modelfile").read_text(encoding="utf-8")
    files = dict(re.findall(r"^(FROM|ADAPTER) \./(\S+)$", lines, re.MULTILINE))
    template = re.findall(r'TEMPLATE """(.*?)"""', lines, re.DOTALL)[0]
    said = ["뭐 해? ㅋㅋ", "그냥 있어", "나와\n떡볶이 먹자"]
    if persona:
        names, roles = (ME, "", ME), ("user", "assistant", "user")
        spoken: Any = ("user", "assistant", "user")
    else:
        names, roles, spoken = (ME, YOU, ME), ("user", "assistant", "user"), ["assistant"] * 3
    messages = [ChatMessage(*part) for part in zip(spoken, said, names, strict=True)]
    content = [f"[{name}] {text}" if name else text for name, text in zip(names, said, strict=True)]
    prompt = render(
        template,
        [{"role": role, "content": text} for role, text in zip(roles, content, strict=True)],
    )
    renderer = renderer_for(load_tokenizer(str(base)))
    model: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, str(run.checkpoints.adapter_folder("best")))
    ids = renderer.prompt(messages)
    with llama_cpp(folder / files["FROM"], folder / files["ADAPTER"]) as engine:
        assert tuple(engine.ids(prompt)) == ids
        assert engine.greedy(prompt, 12) == greedy(adapted, ids, 12, renderer.end_id)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\d\. ", readme, re.MULTILINE)) == 3
    assert "ollama create kakaobot -f Modelfile" in readme


@pytest.mark.parametrize("kind", ["gguf", "ollama", "merged", "vllm"])
def test_a_card_tells_what_it_is_and_nobody_is_named(kind: Kind, home: Home, base: Path) -> None:
    create_run(home, base)
    folder = publish(home, kind).folder
    card = (folder / "README.md").read_text(encoding="utf-8")
    for told in ("| 바탕 모델 | 바탕 |", "사용권", "`0123abcd`", "AI가 지어낸", "쓰면 안 됩니다"):
        assert told in card
    secrets = [ME, YOU, str(home.root), str(base.parent)]
    for file in folder.rglob("*"):
        raw = file.read_bytes() if file.is_file() else b""
        assert not [secret for secret in secrets if secret.encode() in raw], file


def test_base_files_are_shared(home: Home, base: Path, tmp_path: Path) -> None:
    create_run(home, base)
    first = publish(home, "gguf", "q8_0").folder
    second = publish(home, "ollama", "q8_0", tmp_path / "밖").folder
    kept = list(home.folder("data/converted").iterdir())
    assert len(kept) == 1
    assert all(kept[0].samefile(folder / "base-q8_0.gguf") for folder in (first, second))
    publish(home, "gguf", "q4_0")
    assert {file.name for file in first.iterdir()} >= {"base-q4_0.gguf", "adapter.gguf"}
    assert not (first / "base-q8_0.gguf").exists()


@pytest.mark.parametrize("kind", ["gguf", "vllm"])
def test_trained_embeddings_are_merged(kind: Kind, home: Home, base: Path) -> None:
    create_run(home, base, modules_to_save=["embed_tokens"])
    publishing = Publishing(home, GATE)
    publication = publishing.plan(PASS, kind, progress=no_progress)
    assert "통째로 배운 층" in publication.sentences[1]
    folder = publishing.publish(PASS, publication, no_progress).folder
    names = {path.name for path in folder.iterdir()}
    assert ("merged-q8_0.gguf" if kind == "gguf" else "model.safetensors") in names
    assert not {"adapter.gguf", "merged", "adapter"} & names


def test_vllm_is_told_rank_and_template(home: Home, base: Path) -> None:
    create_run(home, base, r=9)
    published = publish(home, "vllm")
    assert f"vllm serve {base} " in published.usage[1]
    for option in (
        "--enable-lora --lora-modules kakaobot=. --max-lora-rank 16",
        "--chat-template chat_template.jinja",
    ):
        assert option in published.usage[1]
        assert option in (published.folder / "README.md").read_text(encoding="utf-8")
    assert {"adapter_config.json", "adapter_model.safetensors", "chat_template.jinja"} <= {
        path.name for path in published.folder.iterdir()
    }


def test_ranks_by_layer_are_merged_for_vllm(home: Home, base: Path) -> None:
    create_run(home, base, rank_pattern={"q_proj": 2})
    publication = Publishing(home, GATE).plan(PASS, "vllm", progress=no_progress)
    assert publication.plan.merges
    assert not Publishing(home, GATE).plan(PASS, "gguf", progress=no_progress).plan.merges


def test_another_family_is_refused_as_gguf_and_merged(home: Home, tmp_path: Path) -> None:
    from transformers import MistralConfig

    other = save_other(MistralConfig, tmp_path / "mistral")
    create_run(home, other)
    with pytest.raises(NoGguf, match="합친 모델"):
        publish(home, "gguf")
    assert not home.folder("data/published").exists()
    assert (publish(home, "merged").folder / "model.safetensors").is_file()
    assert publish(home, "vllm").folder.is_dir()


def save_other(config_type: Any, folder: Path) -> Path:
    tokenizer: Any = load_tokenizer(str(Path("kakaobot/starter/model").absolute()))
    config = config_type(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_nothing_is_published_without_a_pass(home: Home, base: Path) -> None:
    create_run(home, base)
    other = PasswordGate("귤").authenticate("귤")
    for access in (None, other):
        with pytest.raises(AccessDenied):
            Publishing(home, GATE).plan(access, "gguf", progress=no_progress)
    publication = Publishing(home, GATE).plan(PASS, "gguf", progress=no_progress)
    with pytest.raises(AccessDenied):
        Publishing(home, GATE).publish(other, publication, no_progress)
    assert not home.folder("data/published").exists()


def test_without_an_adapter_there_is_a_sentence(home: Home) -> None:
    with pytest.raises(RunError, match="아직 배운 것이 없습니다"):
        publish(home, "merged")


def test_what_is_stored_is_listed(home: Home, base: Path) -> None:
    create_run(home, base)
    publish(home, "gguf")
    (home.folder("data/published") / "내 폴더").mkdir()
    (home.folder("data/published") / "내 폴더" / "메모").touch()
    things = {thing.kind: thing for thing in Storage(home).things()}
    assert things["published"].roots == (home.folder("data/published") / "main-gguf",)
    assert things["published"].is_personal
    assert things["converted"].files == 1
    assert not things["converted"].is_personal


def test_a_stop_leaves_nothing(home: Home, base: Path) -> None:
    create_run(home, base)
    save(home.settings_file, {"generation.temperature": 0.5})
    publishing = Publishing(home, GATE)
    publication = publishing.plan(PASS, "merged", progress=no_progress)

    def stop(share: float, text: str) -> None:
        if share >= 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publishing.publish(PASS, publication, stop)
    assert list(home.folder("data/published").iterdir()) == []
