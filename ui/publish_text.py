"""Texts of the inner tab "내보내기"."""

from __future__ import annotations

from kakaobot.conversion.quantization import Quant
from kakaobot.language import tr
from kakaobot.publish.plan import Kind

TAB = tr("내보내기")
LOCKED = tr("비밀번호를 넣으면 배운 말투를 내보낼 수 있습니다.")
HINT = tr(
    "배운 말투를 다른 프로그램에서도 쓰게 폴더로 만듭니다. 폴더는 이 컴퓨터에만 생깁니다. 그 안에 "
    "방 사람들의 말투가 들어 있으니 대화 파일처럼 다뤄 주세요."
)
KIND = tr("어디에 쓸까요?")
KINDS: dict[Kind, str] = {
    "ollama": tr("Ollama"),
    "gguf": tr("llama.cpp, LM Studio"),
    "merged": tr("transformers 등 다른 도구"),
    "vllm": tr("vLLM 서버"),
}
QUANT = tr("크기와 정밀함")
QUANTS: dict[Quant, str] = {
    "q8_0": tr("보통 (q8_0)"),
    "f16": tr("정밀하고 크게 (f16)"),
    "q4_0": tr("작고 빠르지만 거칠게 (q4_0)"),
}
START = tr("내보내기 시작")
STOP = tr("그만두기")
STOPPING = tr("그만두는 중…")
NEED_TITLE = tr("내보내면")
FAILED = tr("내보내지 못했습니다")
DONE = tr("내보냈습니다")
FOLDER = tr("폴더")
UNEXPECTED = tr("예상하지 못한 문제로 멈췄습니다. 다시 해 보세요.")
