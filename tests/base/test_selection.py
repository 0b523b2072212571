from __future__ import annotations

import http.server
import threading
from pathlib import Path

import pytest

from kakaobot.base.hub import hub_reachable
from kakaobot.base.selection import (
    BaseModelChoice,
    Hardware,
    choose,
    located,
    one_gpu,
    parse_hardware,
    torch_cuda,
)
from kakaobot.errors import BaseModelError
from kakaobot.starter import FOLDER

GIB = 2**30


def auto(
    free: float = 0, *, gpu: str = "", cached: bool = False, online: bool = True
) -> BaseModelChoice:
    return choose(
        "auto",
        hardware=lambda: Hardware(gpu, int(free * GIB)),
        cached=lambda name: cached,
        reachable=lambda: online,
    )


@pytest.mark.parametrize(
    ("free", "name"),
    [
        (23.5, "Qwen/Qwen3-8B"),
        (11.0, "Qwen/Qwen3-4B-Instruct-2507"),
        (7.2, "Qwen/Qwen3-1.7B"),
        (3.0, "Qwen/Qwen3-0.6B"),
    ],
)
def test_free_graphics_memory_decides_and_is_named_as_the_reason(free: float, name: str) -> None:
    choice = auto(free, gpu="GeForce")
    assert choice.name == name
    assert "GeForce" in choice.reason
    assert f"{free:.1f}GB" in choice.reason
    assert not choice.practice


def test_without_a_gpu_a_small_model_is_chosen() -> None:
    assert auto().name == "Qwen/Qwen3-0.6B"


def test_without_hub_and_cache_the_starter_says_it_is_for_practice() -> None:
    choice = auto(online=False)
    assert choice.practice
    assert located(choice.name) == str(FOLDER)
    assert "연습용" in choice.reason


def test_a_cached_model_needs_no_hub() -> None:
    assert not auto(online=False, cached=True).practice


def test_the_starter_can_be_asked_for() -> None:
    assert choose("starter").practice


def test_a_folder_or_a_name_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert choose(str(tmp_path)).name == str(tmp_path)
    assert choose("Qwen/Qwen2.5-0.5B").name == "Qwen/Qwen2.5-0.5B"


@pytest.mark.parametrize("wanted", ["./없는 폴더", "/없는/폴더", "모델.gguf", "그냥이름", "a/b/c"])
def test_what_is_not_there_is_a_sentence_with_what_may_stand_there(wanted: str) -> None:
    with pytest.raises(BaseModelError, match="starter"):
        choose(wanted)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"config\.json"):
        choose(str(tmp_path))


def test_the_card_with_most_free_memory_counts() -> None:
    said = "0, 1024, 581.42, GeForce A\n1, [N/A], 이상한 줄\n2, 8000, 581.42, GeForce, B\n"
    assert parse_hardware(said, "13.0") == Hardware("GeForce, B", 8000 * 2**20, "2")
    assert parse_hardware("No devices were found", "13.0") == Hardware()


@pytest.mark.parametrize(
    ("driver", "cuda", "usable"),
    [
        ("581.42", "13.0", True),
        ("560.1", "13.0", False),
        ("560.1", "12.6", True),
        ("581", "", False),
    ],
)
def test_a_card_that_pytorch_cannot_use_chooses_nothing_and_is_explained(
    driver: str, cuda: str, usable: bool
) -> None:
    card = parse_hardware(f"0, 24000, {driver}, GeForce\n", cuda)
    assert bool(card.gpu) is usable
    choice = choose("auto", hardware=lambda: card, cached=lambda name: True)
    assert (choice.name == "Qwen/Qwen3-8B") is usable
    assert "GeForce" in choice.reason
    assert ("드라이버" in choice.reason) is not usable


def test_the_installed_pytorch_says_what_it_was_built_for() -> None:
    import torch

    assert torch_cuda() == (torch.version.cuda or "")


def test_a_worker_sees_one_card_unless_the_user_chose() -> None:
    def two() -> Hardware:
        return Hardware("GeForce", GIB, "2")

    assert one_gpu({}, two)["CUDA_VISIBLE_DEVICES"] == "2"
    assert one_gpu({"CUDA_VISIBLE_DEVICES": "0,1"}, two) == {}
    assert one_gpu({}, Hardware) == {}


def test_the_hub_is_asked_only_where_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert not hub_reachable()
    assert asked == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert hub_reachable()
    assert len(asked) == 1
    server.shutdown()
    server.server_close()
    assert not hub_reachable(timeout=0.5)
