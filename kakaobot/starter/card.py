"""Writes the model card of the starter, with unedited answers to held-out questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.schema import ChatMessage
from kakaobot.starter.corpus import Pair, chat_renderer

_QUESTIONS = 20
_SEED = 20261123

_CARD = """\
---
language: ko
license: mit
library_name: transformers
pipeline_tag: text-generation
---

# kakaobot starter

연습용으로 함께 들어 있는 아주 작은 한국어 모델입니다. 인터넷도 그래픽카드도 없이 1~2분 안에 가져오기 →
전처리 → 학습 → 대화를 모두 눌러 볼 수 있게 하려고 만들었습니다. **실제 챗봇 품질을 기대하지 마세요.**

| | |
|---|---|
| 구조 | `Qwen3ForCausalLM`, {parameters:,} 파라미터, 묶인 임베딩, bf16 |
| 토크나이저 | 바이트 단위 BPE 8,192개, ChatML 특수 토큰 |
| 문맥 | 512 토큰 |
| 학습 | CPU에서 {minutes}분, {tokens_seen:,} 토큰, {step:,} 단계 |
| 검증 손실 | {held_out_loss} nats/token (따로 둔 질문 {held_out_pairs}개의 대답) |

만든 방법: `python -m kakaobot.starter.build --corpus 폴더`

## 배운 글

| 글 | 사용권 | 출처 |
|---|---|---|
| 짧은 영화평 60만 문장 | CC0 1.0 | Naver sentiment movie corpus (e9t/nsmc) 의 원본 부분에서 욕설을 거른 것 |
| 일상 질문과 대답 {learnt_pairs:,}쌍 (나머지 {held_out_pairs}쌍은 검증용) | MIT | songys/Chatbot_data (꾸며 쓴 대화) |

## 한계

- 사실을 모릅니다. 영화평 말투가 섞이고, 질문과 어긋난 대답을 자주 합니다.
- 한국어만 조금 합니다. 512 토큰보다 긴 대화는 읽지 못합니다.
- 사람이 쓴 글의 편견이 남아 있을 수 있습니다. 서비스에 쓰지 마세요.

## 따로 둔 질문 {shown}개와 대답

배우지 않은 질문이고, 대답은 고르거나 고치지 않았습니다 (temperature 0.7, top_p 0.9, 씨앗 {seed}).

| 질문 | 대답 |
|---|---|
{answers}
"""


def write_card(folder: Path, held_out: Sequence[Pair]) -> None:
    """Write README.md, with answers of the exported model to evenly spaced held-out questions."""
    figures = parse_json((folder / "figures.json").read_text(encoding="utf-8"))
    step = max(1, len(held_out) // _QUESTIONS)
    questions = [pair.question for pair in held_out[::step][:_QUESTIONS]]
    answers = _generate(folder, questions)
    text = _CARD.format(
        **figures,
        shown=len(questions),
        seed=_SEED,
        answers="\n".join(f"| {_cell(q)} | {_cell(a)} |" for q, a in answers),
    )
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def _generate(folder: Path, questions: Sequence[str]) -> list[tuple[str, str]]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, trust_remote_code=False
    )
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    renderer = chat_renderer(tokenizer.backend_tokenizer)
    torch.manual_seed(_SEED)
    answers = []
    for question in questions:
        ids = torch.tensor([renderer.prompt([ChatMessage("user", question)])])
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=0.7,
            top_p=0.9,
            max_new_tokens=60,
            eos_token_id=renderer.end_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        text = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        answers.append((question, text.strip()))
    return answers


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
