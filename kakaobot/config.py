"""Every setting, declared once: type, default, range, Korean description. Knows sft.yaml and .env.

The form, the README table, the comments in `configs/sft.yaml` and the error messages all come from
the classes below. Below the use cases in `kakaobot.app` functions take plain arguments instead.
"""

from __future__ import annotations

import difflib
import os
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kakaobot.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
HOME_VARIABLE = "KAKAOBOT_HOME"
PASSWORD_VARIABLE = "CHATBOT_PASSWORD"


def _number(value: object) -> object:
    """YAML 1.1 reads `2e-4` as a string; pydantic in strict mode would refuse it."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


Number = Annotated[float, BeforeValidator(_number)]
Switch = bool | Literal["auto"]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ProjectSettings(_Group):
    """이름과 난수"""

    run_name: str = Field("main", pattern=r"^[0-9A-Za-z가-힣][0-9A-Za-z가-힣._-]{0,59}$")
    """학습 이름. checkpoints_lora 아래 같은 이름의 폴더에 저장됩니다."""
    seed: int = Field(42, ge=0, le=2**31 - 1)
    """난수 씨앗. 같은 값이면 같은 순서로 학습합니다."""


class PathSettings(_Group):
    """폴더"""

    raw: str = "data/raw"
    """가져온 대화 파일이 있는 폴더"""
    sft: str = "data/sft"
    """전처리 결과가 있는 폴더"""
    archive: str = "data/archive"
    """보관한 것을 옮겨 두는 폴더"""
    runs: str = "checkpoints_lora"
    """학습 결과가 있는 폴더"""


class DataSettings(_Group):
    """무엇을 배울지"""

    room: str = ""
    """배울 채팅방 이름. 비워 두면 가져온 모든 방을 배웁니다."""
    persona: str = ""
    """말투를 배울 사람. 비워 두면 방 전체를 배웁니다."""
    exclude_people: tuple[str, ...] = ()
    """대화에서 빼고 싶은 사람 이름 목록 (봇 등)"""
    val_ratio: Number = Field(0.1, gt=0, le=0.5)
    """검증에 쓸 몫. 가장 최근 대화부터 떼어 둡니다."""
    session_gap_minutes: int = Field(60, ge=1, le=10080)
    """이만큼(분) 조용하면 새 대화로 봅니다."""
    merge_gap_minutes: Number = Field(3, ge=0, le=1440)
    """같은 사람이 이 시간(분) 안에 이어 보낸 말은 한 차례로 묶습니다."""
    context_turns: int = Field(4, ge=0, le=64)
    """대답 하나를 배울 때 앞에 적어도 이만큼의 차례를 보여 줍니다."""
    min_target_chars: int = Field(1, ge=1, le=200)
    """이보다 짧은 말은 배우지 않습니다. 1이면 ㅋ 한 글자도 배웁니다."""
    drop_low_signal: bool = False
    """ㅋㅋㅋ, ㅇㅇ 같은 짧은 반응을 빼려면 true. 말투이므로 기본은 남겨 둡니다."""
    mask_urls: bool = True
    """인터넷 주소를 <링크> 로 바꿉니다."""


class ModelSettings(_Group):
    """바탕 모델"""

    base_model: str = Field("auto", min_length=1)
    """auto(장치에 맞게 고름), starter(연습용), Hugging Face 이름, 폴더, .gguf 파일 가운데 하나"""
    load_in_4bit: Switch = "auto"
    """4비트로 읽어 그래픽 메모리를 아낍니다. auto 는 NVIDIA GPU 에서만 켭니다."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """계산 정밀도"""
    attn_implementation: Literal["auto", "sdpa", "eager", "flash_attention_2"] = "auto"
    """어텐션 계산 방식"""
    gradient_checkpointing: Switch = "auto"
    """메모리를 아끼는 대신 느려집니다. auto 는 10억 개 넘는 모델을 GPU 에서 배울 때 켭니다."""


class LoraSettings(_Group):
    """LoRA 어댑터"""

    r: int = Field(16, ge=1, le=256)
    """어댑터의 크기. 두 배로 늘리면 파일도 두 배가 됩니다."""
    alpha: int = Field(32, ge=1, le=1024)
    """반영 세기. 가중치 변화량에 alpha / r 를 곱합니다."""
    dropout: Number = Field(0.05, ge=0, lt=1)
    """학습 중 무작위로 끄는 비율"""
    target_modules: str | tuple[str, ...] = "all-linear"
    """어댑터를 붙일 층. all-linear 는 모든 선형 층입니다."""


class TrainingSettings(_Group):
    """학습"""

    max_steps: int = Field(0, ge=0)
    """최대 단계 수. 0이면 epochs 로 정합니다."""
    epochs: Number = Field(5, gt=0, le=1000)
    """전체 대화를 몇 번 되풀이해 배울지"""
    learning_rate: Number = Field(3e-4, gt=0, le=1)
    """학습률"""
    scheduler: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    """학습률이 줄어드는 모양"""
    warmup_ratio: Number = Field(0.05, ge=0, lt=1)
    """처음 이 비율 동안 학습률을 천천히 올립니다."""
    batch: int = Field(4, ge=1, le=512)
    """한 번에 배우는 대화 수. 메모리가 모자라면 줄이세요."""
    accumulation: int = Field(1, ge=1, le=1024)
    """이만큼 모아서 한 단계로 셉니다."""
    max_seq_len: int = Field(1024, ge=64, le=131072)
    """대화 하나의 최대 토큰 수. 모델의 한계보다 크면 한계에 맞춥니다."""
    logging_steps: int = Field(1, ge=1)
    """몇 단계마다 손실을 적을지"""
    eval_steps: int = Field(0, ge=0)
    """몇 단계마다 검증할지. 0이면 알아서 정합니다."""
    save_steps: int = Field(0, ge=0)
    """몇 단계마다 저장할지. 0이면 검증할 때마다 저장합니다."""
    save_total_limit: int = Field(2, ge=1, le=100)
    """이어서 학습할 수 있는 저장본을 몇 개 남길지"""
    early_stopping_patience: int = Field(5, ge=0)
    """검증 손실이 이 횟수만큼 이어서 나아지지 않으면 끝냅니다. 0이면 끝까지 합니다."""
    max_grad_norm: Number = Field(1.0, gt=0)
    """기울기 크기의 한도"""


class GenerationSettings(_Group):
    """대화"""

    max_new_tokens: int = Field(128, ge=1, le=4096)
    """대답의 최대 토큰 수"""
    temperature: Number = Field(0.7, ge=0, le=2)
    """높을수록 엉뚱해지고, 0이면 늘 같은 대답을 합니다."""
    top_p: Number = Field(0.9, gt=0, le=1)
    """가능성이 높은 것부터 이 비율까지만 고릅니다."""
    top_k: int = Field(40, ge=0, le=1000)
    """가능성이 높은 이만큼만 고릅니다. 0이면 쓰지 않습니다."""
    repetition_penalty: Number = Field(1.1, ge=1, le=2)
    """1보다 크면 같은 말을 덜 되풀이합니다."""
    max_history_turns: int = Field(12, ge=1, le=200)
    """대답할 때 앞의 대화를 몇 차례까지 볼지"""


class SmokeSettings(_Group):
    """점검"""

    prompts: tuple[str, ...] = Field(
        ("오늘 뭐 해?", "저녁 뭐 먹을까?", "주말에 시간 돼?"), min_length=1, max_length=20
    )
    """smoke 명령이 어댑터에게 물어보는 말"""


class Settings(_Group):
    """모든 설정"""

    project: ProjectSettings = ProjectSettings()
    paths: PathSettings = PathSettings()
    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    lora: LoraSettings = LoraSettings()
    training: TrainingSettings = TrainingSettings()
    generation: GenerationSettings = GenerationSettings()
    smoke: SmokeSettings = SmokeSettings()


@dataclass(frozen=True)
class Home:
    """Where this user's settings, data and runs are."""

    root: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Home:
        """`KAKAOBOT_HOME`, else the folder of the program."""
        return cls(Path(environ.get(HOME_VARIABLE) or ROOT).expanduser().resolve())

    @property
    def settings_file(self) -> Path:
        return self.root / "configs" / "sft.yaml"

    def settings(self) -> Settings:
        """Read afresh; the file is written with the defaults where there is none.

        Raises:
            ConfigError: see `load_settings`.
        """
        if not self.settings_file.exists():
            self.settings_file.parent.mkdir(parents=True, exist_ok=True)
            self.settings_file.write_text(render(Settings()), encoding="utf-8")
        return load_settings(self.settings_file)

    def folder(self, path: str) -> Path:
        """A path of the settings, relative to the root unless it is absolute."""
        return self.root / path

    def password(self, environ: Mapping[str, str] = os.environ) -> str:
        """`CHATBOT_PASSWORD` of the environment or of `.env`; empty where it is not set."""
        return environ.get(PASSWORD_VARIABLE) or (
            dotenv_values(self.root / ".env", encoding="utf-8-sig").get(PASSWORD_VARIABLE) or ""
        )


@dataclass(frozen=True)
class Entry:
    """One setting as a form or a table shows it."""

    group: str
    key: str
    default: Any
    description: str
    kind: Literal["int", "float", "bool", "switch", "choice", "text", "list"]
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def path(self) -> str:
        return f"{self.group}.{self.key}"


def entries() -> list[Entry]:
    """Every setting in the order of the file."""
    return [
        _entry(group, key, field)
        for group, model in _groups().items()
        for key, field in model.model_fields.items()
    ]


def load_settings(file: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: the file is no YAML, a key is unknown (the nearest one is named), or a value is
            of the wrong type or out of range.
    """
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" {mark.line + 1}번째 줄" if mark else ""
        raise ConfigError(
            f"설정 파일{where}을 읽을 수 없습니다. 들여쓰기와 따옴표를 확인하세요: {file}"
        ) from error
    except OSError as error:
        raise ConfigError(f"설정 파일을 열 수 없습니다: {file}") from error
    return parse(given)


def parse(given: object) -> Settings:
    """Settings from what YAML gave.

    Raises:
        ConfigError: as `load_settings`.
    """
    if not isinstance(given, dict):
        raise ConfigError("설정 파일은 'training:' 같은 묶음들로 이루어져야 합니다.")
    # An empty group in YAML ("smoke:") is None, which means its defaults.
    given = {key: {} if value is None else value for key, value in given.items()}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_sentence(error.errors()[0])) from error


def render(settings: Settings) -> str:
    """The settings as commented YAML."""
    lines = ["# kakaobot 설정. 값을 바꾸고 저장하면 다음 실행부터 쓰입니다.", ""]
    for group, model in _groups().items():
        lines += [f"# {model.__doc__}", f"{group}:"]
        values = getattr(settings, group)
        for key, field in model.model_fields.items():
            lines.append(f"  # {field.description}")
            lines.append(f"  {key}: {_yaml_value(getattr(values, key))}")
        lines.append("")
    return "\n".join(lines)


def save(file: Path, changes: Mapping[str, object]) -> Settings:
    """Change some values (`{"lora.r": 8}`) in the file; its comments and its order stay.

    Raises:
        ConfigError: the result would not be valid; the file is left as it was.
    """
    from ruamel.yaml import YAML

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 4096
    document = writer.load(file.read_text(encoding="utf-8-sig")) or {}
    for path, value in changes.items():
        group, key = path.split(".")
        document.setdefault(group, {})
        if document[group] is None:
            document[group] = {}
        document[group][key] = list(value) if isinstance(value, tuple) else value
    draft = file.with_suffix(".yaml.new")
    with draft.open("w", encoding="utf-8", newline="\n") as stream:
        writer.dump(document, stream)
    try:
        settings = load_settings(draft)
    except ConfigError:
        draft.unlink()
        raise
    draft.replace(file)
    return settings


def _groups() -> dict[str, type[_Group]]:
    return {
        name: typing.cast("type[_Group]", field.annotation)
        for name, field in Settings.model_fields.items()
    }


def _entry(group: str, key: str, field: FieldInfo) -> Entry:
    annotation = field.annotation
    choices = tuple(str(choice) for choice in _choices(annotation))
    kind: Any = "text"
    if annotation == Switch:
        kind, choices = "switch", ("auto", "true", "false")
    elif choices:
        kind = "choice"
    elif annotation in (int, float, bool):
        kind = typing.cast("type", annotation).__name__
    elif "tuple" in str(annotation) and not isinstance(field.default, str):
        kind = "list"
    limits: dict[str, float] = {}
    for rule in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(rule, name, None) is not None:
                limits[name] = float(getattr(rule, name))
    return Entry(
        group,
        key,
        field.default,
        field.description or "",
        kind,
        choices,
        limits.get("ge", limits.get("gt")),
        limits.get("le", limits.get("lt")),
    )


def _choices(annotation: object) -> Iterator[object]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    elif isinstance(annotation, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _choices(part)


def _yaml_value(value: object) -> str:
    if isinstance(value, tuple):
        value = list(value)
    # "auto" needs no quotes, an empty string and a list do; YAML itself knows which.
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=4096)
    return text.removesuffix("\n").removesuffix("...").strip()


_SENTENCES = {
    "greater_than_equal": "{path} 는 {ge} 이상이어야 합니다. 지금 값: {given}",
    "greater_than": "{path} 는 {gt} 보다 커야 합니다. 지금 값: {given}",
    "less_than_equal": "{path} 는 {le} 이하여야 합니다. 지금 값: {given}",
    "less_than": "{path} 는 {lt} 보다 작아야 합니다. 지금 값: {given}",
    "literal_error": "{path} 에는 {expected} 가운데 하나를 적으세요. 지금 값: {given}",
    "int_parsing": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "int_type": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "int_from_float": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "float_parsing": "{path} 에는 숫자를 적으세요. 지금 값: {given}",
    "float_type": "{path} 에는 숫자를 적으세요. 지금 값: {given}",
    "finite_number": "{path} 에는 유한한 숫자를 적으세요. 지금 값: {given}",
    "bool_parsing": "{path} 에는 true 나 false 를 적으세요. 지금 값: {given}",
    "bool_type": "{path} 에는 true 나 false 를 적으세요. 지금 값: {given}",
    "string_type": "{path} 에는 글자를 적으세요. 숫자라면 따옴표로 감싸세요. 지금 값: {given}",
    "string_pattern_mismatch": "{path} 에는 글자, 숫자, '.', '_', '-' 만 60자까지 쓸 수 있습니다. "
    "지금 값: {given}",
    "tuple_type": "{path} 에는 [가, 나] 같은 목록을 적으세요. 지금 값: {given}",
    "model_type": "{path} 는 '키: 값' 들의 묶음이어야 합니다. 지금 값: {given}",
}


def _sentence(error: ErrorDetails) -> str:
    parts = [
        str(part) for part in error["loc"] if isinstance(part, int) or str(part).isidentifier()
    ]
    path = ".".join(parts[:2]) or "설정"
    if error["type"] == "extra_forbidden":
        return f"모르는 설정입니다: {path}.{_nearest(path)} 설정 파일에서 고치거나 지우세요."
    given = error.get("input")
    if error["type"] in ("bool_parsing", "bool_type", "literal_error") and path in {
        entry.path for entry in entries() if entry.kind == "switch"
    }:
        return f"{path} 에는 true, false, auto 가운데 하나를 적으세요. 지금 값: {given}"
    form = _SENTENCES.get(error["type"], "{path} 의 값이 알맞지 않습니다. 지금 값: {given}")
    limits = {
        key: f"{value:g}" if isinstance(value, int | float) else value
        for key, value in error.get("ctx", {}).items()
    }
    return form.format(path=path, given=given, **limits)


def _nearest(path: str) -> str:
    known = [entry.path for entry in entries()] + list(_groups())
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    return f" 혹시 {near[0]} 인가요?" if near else ""
