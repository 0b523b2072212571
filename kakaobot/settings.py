"""Every setting, declared once: type, default, range and Korean description.

The form, the README table, the comments in `configs/sft.yaml` and the error messages are generated
from here. The docstring of a group is its Korean title.
"""

from __future__ import annotations

import itertools
import re
from pathlib import PurePath, PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from kakaobot.errors import quote
from kakaobot.file_names import refusal_of

_HUB_NAME = re.compile(r"(?!.*(?:--|\.\.))\w(?:[\w.-]{0,94}\w)?(?<!\.git)")
"""What the hub accepts on either side of the slash."""


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


def _model(name: str) -> str:
    """Check the name of a base model: words, a hub's name, or a path that looks like one."""
    is_path = (
        name.startswith((".", "~", "/"))
        or name.endswith(".gguf")
        or "\\" in name
        or PureWindowsPath(name).is_absolute()
    )
    is_too_long = any(len(part.encode()) > 255 for part in re.split(r"[/\\]", name))
    is_hub_name = all(map(_HUB_NAME.fullmatch, name.split("/")))
    if not name.isprintable() or is_too_long or not (is_path or is_hub_name):
        raise ValueError(
            f"'{quote(name)}' 은 모델 이름이 될 수 없습니다. auto, starter, Hugging Face 이름"
            "(예: Qwen/Qwen3-0.6B)이나 './' 로 시작하는 폴더를 적으세요."
        )
    return name


# Before the pattern, which has a reason for nothing.
def _printable(path: str) -> str:
    if not path.isprintable():
        raise ValueError("눈에 보이지 않는 제어 문자가 있습니다. 새로 적으세요.")
    return path


PRIVATE: dict[str, Any] = {"private": True}
"""Marks a setting whose value is as private as the words of the room."""

Name = Annotated[str, BeforeValidator(_creatable)]
Folder = Annotated[str, AfterValidator(_creatable_folder)]
File = Annotated[str, AfterValidator(_printable)]
Model = Annotated[str, AfterValidator(_model)]
Names = Annotated[str | tuple[str, ...], BeforeValidator(_names)]
Number = Annotated[float, BeforeValidator(_number)]
Switch = bool | Literal["auto"]


class SettingsGroup(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ProjectSettings(SettingsGroup):
    """이름과 난수"""

    run_name: Name = Field("main", pattern=r"^[0-9A-Za-z가-힣][0-9A-Za-z가-힣._-]{0,59}$")
    """학습 이름. checkpoints_lora 아래 같은 이름의 폴더에 저장됩니다."""
    seed: int = Field(42, ge=0, le=1_000_000_000)
    """난수 씨앗. 같은 값이면 같은 순서로 학습합니다."""


class PathSettings(SettingsGroup):
    """폴더"""

    raw: Folder = "data/raw"
    """가져온 대화 파일이 있는 폴더"""
    sft: Folder = "data/sft"
    """전처리 결과가 있는 폴더"""
    archive: Folder = "data/archive"
    """보관한 것을 옮겨 두는 폴더"""
    chats: Folder = "data/chats"
    """저장한 대화가 있는 폴더"""
    runs: Folder = "checkpoints_lora"
    """학습 결과가 있는 폴더"""

    @model_validator(mode="after")
    def _check_disjoint(self) -> PathSettings:
        """Each folder is archived or removed without the others."""
        folders = (self.raw, self.sft, self.archive, self.chats, self.runs)
        paths = [PurePath(path) for path in folders]
        for path in paths:
            if not path.parts or ".." in path.parts or path == PurePath(path.anchor):
                raise ValueError("폴더 이름을 하나씩 적으세요. 비우거나 '..' 를 쓸 수 없습니다.")
        for one, other in itertools.permutations(paths, 2):
            if one == other or one in other.parents:
                raise ValueError(f"'{other}' 이 '{one}' 안에 있습니다. 서로 다른 폴더를 적으세요.")
        return self


class DataSettings(SettingsGroup):
    """무엇을 배울지"""

    room: str = ""
    """배울 채팅방 이름. 비워 두면 가져온 모든 방을 배웁니다."""
    persona: str = ""
    """말투를 배울 사람. 비워 두면 방 전체를 배웁니다."""
    exclude_people: tuple[str, ...] = ()
    """대화에서 빼고 싶은 사람 이름 목록 (봇 등)"""
    pseudonyms: bool = False
    """사람 이름을 '파란 고래' 같은 지어낸 이름으로 바꿔 배웁니다. 별명까지 찾지는 못합니다."""
    val_ratio: Number = Field(0.1, ge=0.01, le=0.5)
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
    low_signal_share: float = Field(0.3, ge=0, le=1)
    """배울 대답 가운데 ㅋㅋㅋ, ㅇㅇ, 헐 같은 짧은 반응이 차지할 수 있는 가장 큰 몫 (1이면 모두)"""
    mask_urls: bool = True
    """인터넷 주소를 <링크> 로 바꿉니다."""
    mask_private: bool = True
    """전화번호·계좌·주소·비밀번호 같은 것을 <전화번호> 처럼 바꿉니다. 모두 찾지는 못합니다."""
    mask_words: tuple[str, ...] = Field((), json_schema_extra=PRIVATE)
    """늘 <가린말> 로 바꿀 말 목록 (이름, 학교, 회사 등)"""
    canaries: int = Field(0, ge=0, le=20)
    """배울 대화에 지어낸 비밀을 이만큼 심어, 외우는지 audit 로 잽니다. 0이면 심지 않습니다."""


class ModelSettings(SettingsGroup):
    """바탕 모델"""

    base_model: Model = "auto"
    """auto(장치에 맞게 고름), starter(연습용), Hugging Face 이름, 폴더, .gguf 파일 가운데 하나"""
    load_in_4bit: Switch = "auto"
    """4비트로 읽어 그래픽 메모리를 아낍니다. auto 는 NVIDIA GPU 에서만 켭니다."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """계산 정밀도"""
    attn_implementation: Literal["auto", "sdpa", "eager", "flash_attention_2"] = "auto"
    """어텐션 계산 방식"""
    gradient_checkpointing: Switch = "auto"
    """메모리를 아끼는 대신 느려집니다. auto 는 10억 개 넘는 모델을 GPU 에서 배울 때 켭니다."""


class LoraSettings(SettingsGroup):
    """LoRA 어댑터"""

    r: int = Field(16, ge=1, le=256)
    """어댑터의 크기. 두 배로 늘리면 파일도 두 배가 됩니다."""
    alpha: int = Field(32, ge=1, le=1024)
    """반영 세기. 가중치 변화량에 alpha / r 를 곱합니다."""
    dropout: Number = Field(0.05, ge=0, le=0.9)
    """학습 중 무작위로 끄는 비율"""
    target_modules: Names = "all-linear"
    """어댑터를 붙일 층. all-linear 는 모든 선형 층입니다."""


class TrainingSettings(SettingsGroup):
    """학습"""

    max_steps: int = Field(0, ge=0)
    """최대 단계 수. 0이면 epochs 로 정합니다."""
    epochs: Number = Field(0, ge=0, le=1000)
    """전체를 몇 번 되풀이해 배울지. 0이면 방 크기에 맞춥니다 (대화 100개까지 8번, 그 위로 5번)."""
    learning_rate: Number = Field(0, ge=0, le=1)
    """학습률. 0이면 모델 크기에 맞춥니다 (연습용 모델 0.002, 3억 개 0.0003, 더 큰 모델 0.0002)."""
    scheduler: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    """학습률이 줄어드는 모양"""
    warmup_ratio: Number = Field(0.05, ge=0, le=0.9)
    """처음 이 비율 동안 학습률을 천천히 올립니다."""
    batch: int = Field(0, ge=0, le=512)
    """한 번에 배우는 대화 수. 0이면 방 크기에 맞춥니다 (대화 500개까지 2, 그 위로 4)."""
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
    save_total_limit: int = Field(2, ge=2, le=100)
    """이어서 학습할 수 있는 저장본을 몇 개 남길지"""
    early_stopping_patience: int = Field(5, ge=0)
    """이 횟수만큼 이어서 더 좋아지지 않으면 끝냅니다. 0이면 끝까지 합니다."""
    best_metric: Literal["eval_loss", "voice", "both"] = "eval_loss"
    """무엇으로 가장 좋은 어댑터를 고를지: eval_loss(검증 손실), voice(말투), both(둘 다)"""
    sample_replies: int = Field(16, ge=0, le=200)
    """검증할 때(작은 방은 몇 번에 한 번) 이만큼 대답해 보고 말투를 잽니다. 0이면 하지 않습니다."""
    max_grad_norm: Number = Field(1.0, ge=0.01)
    """기울기 크기의 한도"""
    num_processes: int = Field(1, ge=1, le=64)
    """함께 배울 프로세스 수. 그래픽 카드가 여럿일 때 그 수를 적고, 보통은 1로 둡니다."""
    accelerate_config: File = ""
    """여러 컴퓨터로 배우거나 모델을 나눠 들 때 쓸 accelerate 설정 파일. data 폴더 옆에 둡니다."""


class GenerationSettings(SettingsGroup):
    """대화"""

    max_new_tokens: int = Field(128, ge=1, le=4096)
    """대답의 최대 토큰 수"""
    temperature: Number = Field(0.7, ge=0, le=2)
    """높을수록 엉뚱해지고, 0이면 늘 같은 대답을 합니다."""
    top_p: Number = Field(0.9, ge=0.01, le=1)
    """가능성이 높은 것부터 이 비율까지만 고릅니다."""
    top_k: int = Field(40, ge=0, le=1000)
    """가능성이 높은 이만큼만 고릅니다. 0이면 쓰지 않습니다."""
    min_p: Number = Field(0.02, ge=0, le=1)
    """가장 가능성이 높은 것의 이 비율에 못 미치는 것은 고르지 않습니다. 0이면 쓰지 않습니다."""
    repetition_penalty: Number = Field(1.1, ge=1, le=2)
    """1보다 크면 같은 말을 덜 되풀이합니다."""
    candidates: int = Field(4, ge=1, le=16)
    """대답 후보를 이만큼 만들어 가장 어울리는 것을 보냅니다. 1이면 고르지 않고 바로 보여 줍니다."""
    relevance: Number = Field(0.75, ge=0, le=1)
    """후보를 고를 때 어디에나 어울리는 흔한 말을 얼마나 뒤로 미룰지. 0이면 미루지 않습니다."""
    max_history_turns: int = Field(12, ge=1, le=200)
    """대답할 때 앞의 대화를 몇 차례까지 볼지"""


class AccessSettings(SettingsGroup):
    """비밀번호"""

    scope: Literal["everything", "chat"] = "everything"
    """비밀번호를 물을 곳: everything(대화 내용이 보이는 모든 곳), chat(대화 탭만)"""
    idle_minutes: Number = Field(30, ge=0, le=1440)
    """이만큼(분) 아무것도 누르지 않으면 다시 잠급니다. 0이면 잠그지 않습니다."""


class SmokeSettings(SettingsGroup):
    """점검"""

    prompts: tuple[str, ...] = Field(
        ("오늘 뭐 해?", "저녁 뭐 먹을까?", "주말에 시간 돼?"), min_length=1, max_length=20
    )
    """smoke 명령이 어댑터에게 물어보는 말"""


class Settings(SettingsGroup):
    """모든 설정"""

    project: ProjectSettings = ProjectSettings()
    paths: PathSettings = PathSettings()
    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    lora: LoraSettings = LoraSettings()
    training: TrainingSettings = TrainingSettings()
    generation: GenerationSettings = GenerationSettings()
    access: AccessSettings = AccessSettings()
    smoke: SmokeSettings = SmokeSettings()
