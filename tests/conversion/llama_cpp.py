"""llama.cpp in this process, asked by its own server for ids, greedy tokens and templates."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xllamacpp


class LlamaCpp:
    """One loaded GGUF file."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ids(self, text: str) -> list[int]:
        """Of a text with its special tokens, and what the file says belongs in front."""
        answer = self._ask("/tokenize", content=text, parse_special=True, add_special=True)
        return list(answer["tokens"])

    def greedy(self, prompt: Sequence[int] | str, count: int) -> list[int]:
        """The likeliest continuation, as ids; without the end of the turn."""
        answer = self._ask(
            "/completion",
            prompt=prompt if isinstance(prompt, str) else list(prompt),
            n_predict=count,
            temperature=0,
            samplers=["top_k"],
            top_k=1,
            repeat_penalty=1.0,
            cache_prompt=False,
            return_tokens=True,
        )
        return list(answer["tokens"])

    def rendered(self, messages: list[dict[str, str]]) -> str:
        """Messages through the chat template of the file."""
        return str(self._ask("/apply-template", messages=messages)["prompt"])

    def _ask(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            self._address + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=600) as response:
            return json.load(response)


@contextmanager
def llama_cpp(base: Path, adapter: Path | None = None, *, context: int = 512) -> Iterator[LlamaCpp]:
    """A base, and an adapter at full strength."""
    params = xllamacpp.CommonParams()
    params.model.path = str(base)
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = context, 1, 2
    # Kept prompts of another strength would answer in its place.
    params.cache_ram_mib, params.warmup, params.verbosity = 0, False, 0
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    if adapter is not None:
        lora = xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)
        params.lora_adapters = [lora]
    server = xllamacpp.Server(params)
    yield LlamaCpp(server.listening_address)
    del server
