"""Writes a base model as a GGUF file, one tensor at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from gguf import GGML_QUANT_VERSION, GGMLQuantizationType, GGUFWriter

from kakaobot.atomic_io import retry_rename, with_drafts
from kakaobot.base import resolve
from kakaobot.base.files import weight_files
from kakaobot.base.gguf_header import is_complete
from kakaobot.base.hub import CONFIG, readable_errors
from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.families import (
    ROPE_FACTORS,
    Family,
    NoGguf,
    add_metadata,
    family_of,
    rope_factors,
)
from kakaobot.conversion.gguf_tokens import add_tokenizer
from kakaobot.conversion.quantization import FILE_TYPES, Quant, encode, tensor_bytes, tensor_type
from kakaobot.conversion.weights import HEAD, BaseWeights
from kakaobot.language import tr
from kakaobot.schema import Progress, no_progress

FORMAT = 1
"""Changes with what a written file depends on besides the base."""
_SAMPLES, _SAMPLE_BYTES = 64, 4096
"""Parts of the weights that a fingerprint reads."""
_SMALL_FILES = (CONFIG, "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


class _Tensor(NamedTuple):
    name: str
    """In the GGUF file."""
    kind: GGMLQuantizationType
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray[Any, Any]]
    """The values in float32, as llama.cpp expects them."""

    @property
    def size(self) -> int:
        return tensor_bytes(self.shape, self.kind)


class BaseSource:
    """A base model's folder as the tensors of a GGUF file."""

    def __init__(self, folder: Path) -> None:
        """Read config and headers.

        Raises:
            NoGguf: llama.cpp cannot run it.
            BaseModelError: files are missing or damaged.
        """
        from transformers import AutoConfig

        self.folder = folder
        with readable_errors(str(folder)):
            self.config: Any = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
            self.family: Family = family_of(self.config)
            self.weights = BaseWeights(folder)
        self.text: Any = self.config.get_text_config()

    def gguf_name(self, name: str) -> str:
        """The name of a tensor in the file; empty if there is none.

        Raises:
            NoGguf: the architecture has no such tensor.
        """
        if name == HEAD and self.ties_embeddings:
            return ""
        # Saved by old versions; computed anew.
        if name.endswith("rotary_emb.inv_freq"):
            return ""
        found = self.family.tensor_name(name, self.text.num_hidden_layers)
        if not found:
            raise NoGguf(
                tr(
                    "바탕 모델의 {name} 은 GGUF 로 바꿀 수 없습니다. 합친 모델(merged)이나 vllm "
                    "으로 내보내세요."
                ).format(name=name)
            )
        return found

    @property
    def ties_embeddings(self) -> bool:
        return bool(getattr(self.config, "tie_word_embeddings", False)) or (
            HEAD not in self.weights.names()
        )

    def tensors(self, quant: Quant) -> list[_Tensor]:
        """All tensors, in the order in which they are written."""
        found = []
        factors = rope_factors(self.config)
        if factors is not None:
            exact = GGMLQuantizationType.F32
            found.append(_Tensor(ROPE_FACTORS, exact, factors.shape, lambda: factors))
        for name in self.weights.names():
            if own := self.gguf_name(name):
                shape = self.weights.shape(name)
                kind = tensor_type(own, shape, quant)
                found.append(_Tensor(own, kind, shape, self._reader(name)))
        return found

    def size(self, quant: Quant) -> int:
        """Bytes of the weights in the file."""
        return sum(tensor.size for tensor in self.tensors(quant))

    def _reader(self, name: str) -> Callable[[], np.ndarray[Any, Any]]:
        def read() -> np.ndarray[Any, Any]:
            values: np.ndarray[Any, Any] = self.family.convert(
                name, self.weights.read(name), self.text
            )
            return values

        return read


def write_base_gguf(
    base: Path, target: Path, quant: Quant, progress: Progress = no_progress
) -> None:
    """Write a base model as a GGUF file.

    Args:
        base: folder of the model, as `transformers` reads it.
        target: appears, or is replaced, once it is complete.
        quant: precision of the weights.
        progress: is told of every tensor. If it raises, nothing is written.

    Raises:
        NoGguf: llama.cpp cannot run this model, or would run it differently.
        BaseModelError: files are missing or damaged.
        OSError: the target cannot be written.
    """
    source = BaseSource(base)
    tokenizer = load_tokenizer(str(base))
    renderer = renderer_for(tokenizer)
    tensors = source.tensors(quant)
    total = sum(tensor.size for tensor in tensors) or 1
    with draft_of(target) as draft, closing_writer(draft, source.family.arch_name) as writer:
        writer.add_quantization_version(GGML_QUANT_VERSION)
        writer.add_file_type(FILE_TYPES[quant])
        context = resolve.context(getattr(source.text, "max_position_embeddings", None))
        add_metadata(writer, source.family, source.config, context)
        add_tokenizer(writer, tokenizer, renderer, source.text.vocab_size)
        for tensor in tensors:
            writer.add_tensor_info(
                tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, tensor.kind
            )
        write_head(writer)
        written = 0
        for tensor in tensors:
            progress(written / total, tr("바탕 모델을 GGUF 로 바꾸는 중"))
            writer.write_tensor_data(encode(tensor.read(), tensor.kind))
            written += tensor.size
    progress(1.0, tr("바탕 모델을 GGUF 로 바꿨습니다"))


def cached_base_gguf(
    base: Path, quant: Quant, folder: Path, progress: Progress = no_progress
) -> Path:
    """The GGUF file of a base model in a folder that all runs share; written if it is not there.

    Raises:
        As `write_base_gguf`.
    """
    file = cached_gguf_file(base, quant, folder)
    if not (file.is_file() and is_complete(file)):
        folder.mkdir(parents=True, exist_ok=True)
        write_base_gguf(base, file, quant, progress)
    return file


def cached_gguf_file(base: Path, quant: Quant, folder: Path) -> Path:
    """Where `cached_base_gguf` keeps the file; its name depends on the contents of the base."""
    return folder / f"{fingerprint(base)}-{quant}.gguf"


def fingerprint(base: Path) -> str:
    """A digest of a base model, from its small files and samples of its weights."""
    digest = hashlib.sha256(f"{FORMAT}".encode())
    for name in _SMALL_FILES:
        if (base / name).is_file():
            digest.update(name.encode() + (base / name).read_bytes())
    for file in weight_files(base):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as stream:
            for number in range(_SAMPLES):
                stream.seek(size * number // _SAMPLES)
                digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:16]


@contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """A file to write, that is moved to `target` if the block succeeds and deleted if not."""
    remove_stale_drafts(target)
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        yield draft
        retry_rename(lambda: draft.replace(target))
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def remove_stale_drafts(target: Path) -> None:
    """Delete what a killed process has left."""
    for draft in with_drafts(target):
        pid = draft.name.removeprefix(f"{target.name}.").removesuffix(".new")
        if draft != target and pid.isdigit() and not psutil.pid_exists(int(pid)):
            draft.unlink(missing_ok=True)


@contextmanager
def closing_writer(file: Path, arch: str) -> Iterator[GGUFWriter]:
    """A writer of one file, closed at the end."""
    writer = GGUFWriter(file, arch)
    try:
        yield writer
    finally:
        writer.close()


def write_head(writer: GGUFWriter) -> None:
    """Write all that comes before the values of tensors."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
