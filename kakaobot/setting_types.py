"""The types of settings: what each accepts, and how it is read from text."""

from __future__ import annotations

import re
from pathlib import PurePath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from kakaobot.errors import quote
from kakaobot.file_names import refusal_of
from kakaobot.language import tr

_MODEL_NAME = r"(?!.*(?:--|\.\.))\w(?:[\w.-]{0,94}\w)?(?<!\.git)"
_HUB_PART, _FOLDER_PART = re.compile(_MODEL_NAME, re.ASCII), re.compile(_MODEL_NAME)
"""What the hub accepts on either side of the slash, and the same in any script."""


def _number(value: object) -> object:
    """YAML 1.1 reads `2e-4` as a string."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _names(value: object) -> object:
    """`q_proj, v_proj` → a tuple; a single name stays text, as `all-linear` is one."""
    if isinstance(value, str) and re.search(r"[,\s]", value.strip()):
        return tuple(part for part in re.split(r"[,\s]+", value) if part)
    return value


def _creatable(name: object) -> object:
    if isinstance(name, str) and (reason := refusal_of(name)):
        raise ValueError(reason)
    return name


def _creatable_folder(path: str) -> str:
    """Check every folder of a path; only the last of an absolute one, which exists already."""
    pure = PurePath(path)
    parts = pure.parts[-1:] if pure.is_absolute() else pure.parts
    for name in parts:
        # `_check_disjoint` refuses these in their own words.
        if name not in ("..", pure.anchor):
            _creatable(name)
    return path


def is_hub_name(name: str) -> bool:
    """Whether a base model is one of the hub, `owner/name`; any other is on this machine."""
    parts = name.split("/")
    return len(parts) == 2 and not _looks_local(name) and all(map(_HUB_PART.fullmatch, parts))


def _looks_local(name: str) -> bool:
    return (
        name.startswith((".", "~", "/"))
        or name.endswith(".gguf")
        or "\\" in name
        or PureWindowsPath(name).is_absolute()
    )


def _model(name: str) -> str:
    """Check the name of a base model: words, a hub's name, or a path that looks like one."""
    parts = name.split("/")
    is_word_or_folders = len(parts) != 2 and all(map(_FOLDER_PART.fullmatch, parts))
    is_name = _looks_local(name) or is_hub_name(name) or is_word_or_folders
    is_too_long = any(len(part.encode()) > 255 for part in PurePath(name).parts)
    if not name.isprintable() or is_too_long or not is_name:
        raise ValueError(
            tr(
                "'{name}' 은 모델 이름이 될 수 없습니다. auto, starter, Hugging Face 이름(예: "
                "Qwen/Qwen3-0.6B)이나 './' 로 시작하는 폴더를 적으세요."
            ).format(name=quote(name))
        )
    return name


# Before the pattern, which has a reason for nothing.
def _printable(path: str) -> str:
    if not path.isprintable():
        raise ValueError(tr("눈에 보이지 않는 제어 문자가 있습니다. 새로 적으세요."))
    return path


Name = Annotated[str, BeforeValidator(_creatable)]
Folder = Annotated[str, AfterValidator(_creatable_folder)]
File = Annotated[str, AfterValidator(_printable)]
Model = Annotated[str, AfterValidator(_model)]
Names = Annotated[str | tuple[str, ...], BeforeValidator(_names)]
Number = Annotated[float, BeforeValidator(_number)]
Switch = bool | Literal["auto"]
