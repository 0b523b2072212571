"""CPU detection without torch."""

from __future__ import annotations

from pathlib import Path

import torch

from kakaobot.base.cpu import Cpu, detect_cpu, linux_flags


def test_flags_are_those_of_the_first_core(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\nflags\t\t: fpu\n", "utf-8")
    assert linux_flags(file) == {"fpu", "avx2", "amx_bf16"}
    file.write_text("processor\t: 0\nFeatures\t: fp asimd\n", "utf-8")
    assert linux_flags(file) == linux_flags(tmp_path / "nothing") == frozenset()


def test_bfloat16_needs_its_instructions() -> None:
    assert Cpu(frozenset(("avx512f", "avx512_bf16"))).has_bf16
    assert Cpu(frozenset(("amx_bf16",))).has_bf16
    assert not Cpu(frozenset(("avx2", "avx512f"))).has_bf16


def test_detected_flags_agree_with_torch() -> None:
    cpu, capabilities = detect_cpu(), torch.cpu.get_capabilities()
    assert cpu.cores >= 1
    if cpu.flags:
        assert ("avx2" in cpu.flags) == capabilities.get("avx2", False)
        assert cpu.has_bf16 == bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
