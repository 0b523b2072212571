from __future__ import annotations

import http.server
import threading
from pathlib import Path

import pytest

from kakaobot.base.hub import hub_reachable
from kakaobot.base.known_bases import KNOWN_BASES, BaseFacts
from kakaobot.base.selection import (
    BaseModelChoice,
    Hardware,
    choose,
    location_of,
    next_smaller,
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
def test_auto_chooses_by_free_vram_and_names_it_as_the_reason(free: float, name: str) -> None:
    choice = auto(free, gpu="GeForce")
    assert choice.name == name
    assert "GeForce" in choice.reason
    assert f"{free:.1f}GB" in choice.reason
    assert not choice.practice


def test_auto_chooses_a_small_model_without_a_gpu() -> None:
    assert auto().name == "Qwen/Qwen3-0.6B"


def test_auto_falls_back_to_the_starter_without_hub_and_cache() -> None:
    choice = auto(online=False)
    assert choice.practice
    assert location_of(choice.name) == str(FOLDER)
    assert "연습용" in choice.reason


def test_auto_needs_no_hub_for_a_cached_model() -> None:
    assert not auto(online=False, cached=True).practice


@pytest.mark.parametrize("base", KNOWN_BASES, ids=lambda base: base.name)
def test_auto_chooses_a_known_base_unless_there_is_a_reason_not_to(base: BaseFacts) -> None:
    chosen = {auto(free, gpu="GeForce").name for free in range(40)}
    assert (base.name in chosen) is (not base.note)
    # Weights in 4 bits leave room for what else a training needs.
    assert base.free_vram is None or base.quantized_bytes < max(base.free_vram, 2 * GIB)
    assert base.note in choose(base.name).reason


def test_the_starter_can_be_requested() -> None:
    assert choose("starter").practice


def test_a_folder_or_hub_id_is_taken_literally(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert choose(str(tmp_path)).name == str(tmp_path)
    assert choose("Qwen/Qwen2.5-0.5B").name == "Qwen/Qwen2.5-0.5B"


@pytest.mark.parametrize(
    "requested", ["./없는 폴더", "/없는/폴더", "모델.gguf", "그냥이름", "a/b/c"]
)
def test_a_missing_path_is_an_error_with_valid_values(requested: str) -> None:
    with pytest.raises(BaseModelError, match="starter"):
        choose(requested)


def test_a_folder_without_config_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"config\.json"):
        choose(str(tmp_path))


def test_parse_hardware_returns_the_gpu_with_most_free_memory() -> None:
    output = "0, 1024, 581.42, GeForce A\n1, [N/A], 이상한 줄\n2, 8000, 581.42, GeForce, B\n"
    assert parse_hardware(output, "13.0") == Hardware("GeForce, B", 8000 * 2**20, "2")
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
def test_a_gpu_pytorch_cannot_use_is_ignored_with_an_explanation(
    driver: str, cuda: str, usable: bool
) -> None:
    hardware = parse_hardware(f"0, 24000, {driver}, GeForce\n", cuda)
    assert bool(hardware.gpu) is usable
    choice = choose("auto", hardware=lambda: hardware, cached=lambda name: True)
    assert (choice.name == "Qwen/Qwen3-8B") is usable
    assert "GeForce" in choice.reason
    assert ("드라이버" in choice.reason) is not usable


def test_torch_cuda_is_read_without_importing_torch() -> None:
    import torch

    assert torch_cuda() == (torch.version.cuda or "")


def test_a_worker_sees_one_gpu_unless_the_user_selected_some() -> None:
    def two() -> Hardware:
        return Hardware("GeForce", GIB, "2")

    assert one_gpu({}, two)["CUDA_VISIBLE_DEVICES"] == "2"
    assert one_gpu({"CUDA_VISIBLE_DEVICES": "0,1"}, two) == {}
    assert one_gpu({}, Hardware) == {}


def test_hub_reachable_sends_no_request_in_offline_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = []

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert not hub_reachable()
    assert requests == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert hub_reachable()
    assert len(requests) == 1
    server.shutdown()
    server.server_close()
    assert not hub_reachable(timeout=0.5)


@pytest.mark.parametrize(
    ("name", "smaller"),
    [
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-4B-Instruct-2507"),
        ("Qwen/Qwen3-1.7B", "Qwen/Qwen3-0.6B"),
        ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
        ("someone/else", "Qwen/Qwen3-0.6B"),
    ],
)
def test_next_smaller(name: str, smaller: str) -> None:
    assert next_smaller(name) == smaller
