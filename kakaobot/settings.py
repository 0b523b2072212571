"""Every setting, declared once: Korean name, type, default, range and description.

The form, the README table, the comments in `configs/sft.yaml` and the error messages are generated
from here. The docstring of a group is its Korean title.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kakaobot.language import tr
from kakaobot.setting_types import File, Folder, Model, Name, Names, Number, Switch

PRIVATE, EXPERT, CHOICES = "private", "expert", "choices"
"""Keys of what a setting declares besides its rules; see `_plain`."""


def _plain(
    name: str,
    default: object,
    *,
    private: bool = False,
    expert: bool = False,
    choices: Mapping[str, str] | None = None,
    **rules: Any,
) -> Any:
    """Declare a setting.

    Args:
        name: what people call it.
        default: its value in a new file.
        private: whether its value is as private as the words of the room.
        expert: whether most people leave it alone.
        choices: what its values are called.
        rules: of pydantic, such as `ge`.
    """
    extra: dict[str, Any] = {PRIVATE: private, EXPERT: expert, CHOICES: dict(choices or {})}
    return Field(default, title=name, json_schema_extra=extra, **rules)


def _expert(name: str, default: object, **rules: Any) -> Any:
    """Declare a setting that most people leave alone; arguments as of `_plain`."""
    return _plain(name, default, expert=True, **rules)


_AUTO = {"auto": "알아서"}


class KeyFault(ValueError):
    """What is wrong with one setting of a group that is checked as a whole."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


class SettingsGroup(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ProjectSettings(SettingsGroup):
    """학습의 이름"""

    run_name: Name = _plain(
        "학습 이름", "main", pattern=r"^[0-9A-Za-z가-힣][0-9A-Za-z가-힣._-]{0,59}$"
    )
    """학습한 것을 이 이름으로 저장합니다."""
    seed: int = _expert("우연의 씨앗", 42, ge=0, le=1_000_000_000)
    """같은 값이면 같은 순서로 배웁니다."""


class PathSettings(SettingsGroup):
    """폴더"""

    raw: Folder = _expert("대화 파일 폴더", "data/raw")
    """가져온 대화 파일을 두는 곳입니다."""
    sft: Folder = _expert("배울 대화 폴더", "data/sft")
    """만들어 둔 배울 대화를 두는 곳입니다."""
    archive: Folder = _expert("보관 폴더", "data/archive")
    """보관한 것을 옮겨 두는 곳입니다."""
    chats: Folder = _expert("나눈 대화 폴더", "data/chats")
    """저장한 대화를 두는 곳입니다."""
    runs: Folder = _expert("학습 결과 폴더", "checkpoints_lora")
    """학습한 것을 두는 곳입니다."""

    @model_validator(mode="after")
    def _check_disjoint(self) -> PathSettings:
        """Each folder is archived or removed without the others."""
        paths = {key: PurePath(path) for key, path in self.model_dump().items()}
        for key, path in paths.items():
            if not path.parts or ".." in path.parts or path == PurePath(path.anchor):
                reason = tr("폴더 이름을 하나씩 적으세요. 비우거나 '..' 를 쓸 수 없습니다.")
                raise KeyFault(key, reason)
        for one, (key, other) in itertools.product(paths.items(), paths.items()):
            if one[0] != key and (one[1] == other or one[1] in other.parents):
                reason = tr("'{other}' 이 '{one}' 안에 있습니다. 서로 다른 폴더를 적으세요.")
                raise KeyFault(key, reason.format(other=other, one=one[1]))
        return self


class DataSettings(SettingsGroup):
    """무엇을 배울지"""

    room: str = _plain("배울 채팅방", "")
    """비워 두면 가져온 모든 방을 배웁니다."""
    persona: str = _plain("말투를 배울 사람", "")
    """비워 두면 방 전체를 배웁니다."""
    exclude_people: tuple[str, ...] = _plain("배우지 않을 사람", ())
    """대화에서 빼고 싶은 사람의 이름입니다 (봇 등)."""
    pseudonyms: bool = _plain("지어낸 이름 쓰기", False)
    """사람 이름을 '파란 고래' 같은 지어낸 이름으로 바꿔 배웁니다. 별명까지 찾지는 못합니다."""
    val_ratio: Number = _expert("확인용으로 떼어 둘 몫", 0.1, ge=0.01, le=0.5)
    """배우지 않고 떼어 두었다가 잘 배우고 있는지 확인합니다. 가장 최근 대화부터 뗍니다."""
    session_gap_minutes: int = _expert("새 대화로 보는 조용함 (분)", 60, ge=1, le=10080)
    """이만큼 조용하면 새 대화로 봅니다."""
    merge_gap_minutes: Number = _expert("한 차례로 묶는 시간 (분)", 3, ge=0, le=1440)
    """같은 사람이 이 시간 안에 이어 보낸 말은 한 차례로 묶습니다."""
    context_turns: int = _expert("앞 대화의 최소 차례", 4, ge=0, le=64)
    """대답 하나를 배울 때 앞에 적어도 이만큼의 차례를 보여 줍니다."""
    min_target_chars: int = _expert("배울 말의 최소 글자 수", 1, ge=1, le=200)
    """이보다 짧은 말은 배우지 않습니다. 1이면 ㅋ 한 글자도 배웁니다."""
    drop_low_signal: bool = _plain("짧은 반응 빼기", False)
    """켜면 ㅋㅋㅋ, ㅇㅇ 같은 짧은 반응을 배우지 않습니다. 말투이므로 기본은 남겨 둡니다."""
    low_signal_share: float = _expert("짧은 반응의 최대 몫", 0.3, ge=0, le=1)
    """배울 대답 가운데 ㅋㅋㅋ, ㅇㅇ, 헐 같은 짧은 반응은 이 몫까지만 둡니다. 1이면 모두 둡니다."""
    mask_urls: bool = _plain("인터넷 주소 가리기", True)
    """인터넷 주소를 <링크> 로 바꿉니다."""
    mask_private: bool = _plain("개인정보 가리기", True)
    """전화번호·계좌·주소·비밀번호 같은 것을 <전화번호> 처럼 바꿉니다. 모두 찾지는 못합니다."""
    mask_words: tuple[str, ...] = _plain("늘 가릴 말", (), private=True)
    """이름, 학교, 회사처럼 늘 <가린말> 로 바꿀 말입니다."""
    canaries: int = _expert("심어 둘 비밀 수", 0, ge=0, le=20)
    """배울 대화에 지어낸 비밀을 이만큼 심고 '외운 말 점검'으로 잽니다. 0이면 심지 않습니다."""


class ModelSettings(SettingsGroup):
    """바탕 모델"""

    base_model: Model = _plain("바탕 모델", "auto")
    """auto(장치에 맞게 고름), starter(연습용), Hugging Face 이름, 폴더, .gguf 파일 가운데 하나"""
    load_in_4bit: Switch = _expert("4비트로 읽기", "auto")
    """그래픽 메모리를 아낍니다. 알아서(auto)는 NVIDIA 그래픽 카드에서만 켭니다."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = _expert(
        "계산 정밀도", "auto", choices=_AUTO
    )
    """숫자를 얼마나 정밀하게 다룰지. 알아서(auto)는 장치에 맞춥니다."""
    attn_implementation: Literal["auto", "sdpa", "eager", "flash_attention_2"] = _expert(
        "앞말을 살피는 계산", "auto", choices=_AUTO
    )
    """모델이 앞의 말들을 견주는 계산(어텐션)을 무엇으로 할지. 알아서(auto)는 장치에 맞춥니다."""
    chat_engine: Literal["auto", "transformers", "llama.cpp"] = _expert(
        "대답을 계산하는 프로그램", "auto", choices=_AUTO
    )
    """llama.cpp 는 xllamacpp 를 설치해야 쓰고, 알아서(auto)는 CPU 에서 더 빠를 때만 씁니다."""
    gradient_checkpointing: Switch = _expert("느리게, 메모리 아끼기", "auto")
    """메모리를 아끼는 대신 느려집니다. 알아서(auto)는 GPU 에서 큰 모델을 배울 때만 켭니다."""


class LoraSettings(SettingsGroup):
    """배운 말투를 담는 파일 (LoRA)"""

    r: int = _expert("배운 것을 담는 크기", 16, ge=1, le=256)
    """두 배로 늘리면 더 많이 담고 파일도 두 배가 됩니다."""
    alpha: int = _expert("배운 것을 반영하는 세기", 32, ge=1, le=1024)
    """이 값을 '배운 것을 담는 크기'로 나눈 만큼 반영합니다."""
    dropout: Number = _expert("쉬게 하는 비율", 0.05, ge=0, le=0.9)
    """배우는 동안 이 비율을 무작위로 꺼서 통째로 외우지 않게 합니다."""
    target_modules: Names = _expert("덧붙일 층", "all-linear")
    """바탕 모델의 어느 층에 덧붙일지. all-linear 는 모든 선형 층입니다."""


class TrainingSettings(SettingsGroup):
    """학습"""

    max_steps: int = _expert("최대 단계 수", 0, ge=0)
    """0이면 '되풀이해 배울 횟수'로 정합니다."""
    epochs: Number = _plain("되풀이해 배울 횟수", 0, ge=0, le=1000)
    """대화 전체를 몇 번 배울지. 0이면 방 크기에 맞춥니다 (대화 100개까지 8번, 그 위로 5번)."""
    learning_rate: Number = _expert("한 번에 고치는 크기", 0, ge=0, le=1)
    """크면 빨리 배우지만 흐트러집니다. 0이면 모델에 맞춥니다 (연습용 0.002, 큰 모델 0.0002)."""
    scheduler: Literal["cosine", "linear", "constant", "constant_with_warmup"] = _expert(
        "고치는 크기가 줄어드는 모양",
        "cosine",
        choices={
            "cosine": "곡선",
            "linear": "직선",
            "constant": "줄이지 않음",
            "constant_with_warmup": "천천히 올린 뒤 줄이지 않음",
        },
    )
    """뒤로 갈수록 '한 번에 고치는 크기'를 어떻게 줄일지 정합니다."""
    warmup_ratio: Number = _expert("천천히 시작하는 몫", 0.05, ge=0, le=0.9)
    """처음 이 비율 동안 '한 번에 고치는 크기'를 천천히 올립니다."""
    batch: int = _plain("한 번에 배우는 대화 수", 0, ge=0, le=512)
    """줄이면 메모리를 덜 씁니다. 0이면 방 크기에 맞춥니다 (대화 500개까지 2, 그 위로 4)."""
    accumulation: int = _expert("모아서 배우는 횟수", 1, ge=1, le=1024)
    """이만큼 모아서 한 단계로 셉니다."""
    max_seq_len: int = _expert("대화 한 줄의 최대 길이", 1024, ge=64, le=131072)
    """글 조각(토큰)의 수입니다. 모델의 한계보다 크면 한계에 맞춥니다."""
    logging_steps: int = _expert("기록하는 간격 (단계)", 1, ge=1)
    """몇 단계마다 그래프에 점을 찍을지"""
    eval_steps: int = _expert("확인하는 간격 (단계)", 0, ge=0)
    """몇 단계마다 잘 배우고 있는지 확인할지. 0이면 알아서 정합니다."""
    save_steps: int = _expert("저장하는 간격 (단계)", 0, ge=0)
    """몇 단계마다 저장할지. 0이면 확인할 때마다 저장합니다."""
    save_total_limit: int = _expert("남길 저장본 수", 2, ge=2, le=100)
    """이어서 학습할 수 있는 저장본을 이만큼 남깁니다."""
    early_stopping_patience: int = _expert("좋아지기를 기다리는 횟수", 5, ge=0)
    """이만큼 확인해도 더 좋아지지 않으면 끝냅니다. 0이면 끝까지 합니다."""
    best_metric: Literal["eval_loss", "voice", "both"] = _expert(
        "가장 좋은 때를 고르는 기준",
        "eval_loss",
        choices={
            "eval_loss": "실제로 한 말을 잘 맞히는 때",
            "voice": "말투가 가장 닮은 때",
            "both": "둘 다",
        },
    )
    """대화할 때는 배우는 동안 가장 좋았던 때의 것을 씁니다."""
    sample_replies: int = _expert("말투를 재는 대답 수", 16, ge=0, le=200)
    """확인할 때(작은 방은 몇 번에 한 번) 이만큼 대답해 보고 말투를 잽니다. 0이면 하지 않습니다."""
    max_grad_norm: Number = _expert("너무 크게 고치지 않는 한도", 1.0, ge=0.01)
    """한 단계에서 이보다 크게 고치게 되면 이만큼으로 줄입니다."""
    num_processes: int = _expert("함께 배울 프로세스 수", 1, ge=1, le=64)
    """그래픽 카드가 여럿일 때 그 수를 적고, 보통은 1로 둡니다."""
    accelerate_config: File = _expert("여러 컴퓨터로 배우는 설정 파일", "")
    """여러 컴퓨터로 배우거나 모델을 나눠 들 때 쓸 accelerate 설정 파일. data 폴더 옆에 둡니다."""


class GenerationSettings(SettingsGroup):
    """대화"""

    max_new_tokens: int = _plain("대답의 최대 길이", 128, ge=1, le=4096)
    """글 조각(토큰)의 수입니다. 대개 한글 한두 글자가 한 조각입니다."""
    temperature: Number = _plain("대답의 엉뚱함", 0.7, ge=0, le=2)
    """높을수록 엉뚱해지고, 0이면 늘 같은 대답을 합니다."""
    top_p: Number = _expert("고를 말의 폭", 0.9, ge=0.01, le=1)
    """가능성이 높은 것부터 이 비율까지만 고릅니다."""
    top_k: int = _expert("고를 말의 수", 40, ge=0, le=1000)
    """가능성이 높은 이만큼만 고릅니다. 0이면 쓰지 않습니다."""
    min_p: Number = _expert("드문 말 버리기", 0.02, ge=0, le=1)
    """가장 가능성이 높은 것의 이 비율에 못 미치는 것은 고르지 않습니다. 0이면 쓰지 않습니다."""
    repetition_penalty: Number = _plain("되풀이 줄이기", 1.1, ge=1, le=2)
    """1보다 크면 같은 말을 덜 되풀이합니다."""
    candidates: int = _plain("대답 후보 수", 4, ge=1, le=16)
    """이만큼 만들어 가장 어울리는 것을 보냅니다. 1이면 고르지 않고 바로 보여 줍니다."""
    relevance: Number = _expert("흔한 말 미루기", 0.75, ge=0, le=1)
    """후보를 고를 때 어디에나 어울리는 흔한 말을 얼마나 뒤로 미룰지. 0이면 미루지 않습니다."""
    max_history_turns: int = _plain("기억하는 앞 대화", 12, ge=1, le=200)
    """대답할 때 앞의 대화를 몇 차례까지 볼지"""


class AccessSettings(SettingsGroup):
    """비밀번호"""

    scope: Literal["everything", "chat"] = _plain(
        "비밀번호를 물을 곳",
        "everything",
        choices={"everything": "대화 내용이 보이는 모든 곳", "chat": "대화 탭만"},
    )
    """대화 탭만 물으면 다른 탭의 대화 내용은 누구에게나 보입니다."""
    idle_minutes: Number = _plain("다시 잠그는 시간 (분)", 30, ge=0, le=1440)
    """이만큼 아무것도 누르지 않으면 다시 잠급니다. 0이면 잠그지 않습니다."""


class ServeSettings(SettingsGroup):
    """다른 프로그램과 카카오톡 채널"""

    kakao_model: str = _plain("카카오톡 채널에서 대답할 모델", "")
    """학습 이름, 또는 '학습 이름/사람'. 비워 두면 가장 새 학습이 대답합니다."""
    kakao_users: tuple[str, ...] = _plain("허락한 카카오톡 사용자", (), private=True)
    """여기 적힌 botUserKey 에만 대답합니다. 비워 두면 아무에게도 대답하지 않습니다."""
    host: str = _expert("API 를 여는 주소", "127.0.0.1", min_length=1)
    """127.0.0.1 이면 이 컴퓨터의 프로그램만 씁니다."""
    port: int = _expert("API 를 여는 포트", 8765, ge=1024, le=65535)
    """다른 프로그램이 찾아올 번호입니다."""
    domains: tuple[str, ...] = _expert("API 의 바깥 이름", ())
    """터널이나 프록시로 이어 줄 때, 그 인터넷 이름입니다. 다른 이름으로 온 요청은 거절합니다."""
    requests_per_minute: int = _expert("키 하나가 1분에 청할 수", 30, ge=1, le=6000)
    """한 키로 이보다 자주 청하면 잠시 거절합니다."""


class WindowSettings(SettingsGroup):
    """창과 명령줄"""

    language: Literal["ko", "en"] = _plain("언어", "ko", choices={"ko": "한국어", "en": "English"})
    """창과 명령줄에서 쓰는 말입니다. 다시 켤 때부터 바뀝니다."""


class SmokeSettings(SettingsGroup):
    """점검"""

    prompts: tuple[str, ...] = _expert(
        "점검할 때 묻는 말",
        ("오늘 뭐 해?", "저녁 뭐 먹을까?", "주말에 시간 돼?"),
        min_length=1,
        max_length=20,
    )
    """명령줄의 점검(smoke)이 배운 모델에게 묻는 말입니다."""


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
    serve: ServeSettings = ServeSettings()
    window: WindowSettings = WindowSettings()
    smoke: SmokeSettings = SmokeSettings()
