from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kakaobot.chat_template import CHATML, Renderer, renderer_for
from kakaobot.errors import BaseModelError
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>"
    "{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ m['role'] }}<|stop|>\n\n"
    "{{ m['content'] | trim }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|stop|>\n\n{% endif %}"
)
INST = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} "
    "[/INST]{% else %} {{ m['content'] }}</s>{% endif %}{% endfor %}"
)
TALK = (
    ChatMessage("user", "저녁 뭐 먹어?", "도담"),
    ChatMessage("assistant", "떡볶이ㅋㅋ\n순대도", is_target=True),
    ChatMessage("user", "  ㄱㄱ  "),
    ChatMessage("assistant", "7시에 봐", "마루", is_target=True),
)


@pytest.fixture(
    scope="session", params=["starter", "chatml", "gemma", "llama", "inst", "transcript"]
)
def tokenizer(request: pytest.FixtureRequest, tokenizer_of: Callable[..., Any]) -> Any:
    """One tokenizer of each supported kind."""
    if request.param == "starter":
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(FOLDER)
    if request.param == "chatml":
        return tokenizer_of("<|im_start|>", "<|im_end|>", "<pad>", eos_token="<|im_end|>")
    if request.param == "gemma":
        return tokenizer_of(
            "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>",
            template=GEMMA, bos_token="<bos>", eos_token="<eos>",
        )  # fmt: skip
    if request.param == "llama":
        return tokenizer_of(
            "<|begin|>", "<|start|>", "<|stop|>", "<|eot|>",
            template=LLAMA, bos_token="<|begin|>", eos_token="<|eot|>",
        )  # fmt: skip
    template = INST if request.param == "inst" else None
    return tokenizer_of("<s>", "</s>", template=template, bos_token="<s>", eos_token="</s>")


@pytest.fixture(scope="session")
def renderer(tokenizer: Any) -> Renderer:
    return renderer_for(tokenizer)


def test_the_learnt_ids_are_the_replies_with_their_end(renderer: Renderer, tokenizer: Any) -> None:
    encoded = renderer.encode(TALK)
    learnt = [i for i, learn in zip(encoded.ids, encoded.loss_mask, strict=True) if learn]
    text = tokenizer.decode(learnt, skip_special_tokens=False)
    end = renderer.shape.end
    assert text.replace(" ", "") == f"떡볶이ㅋㅋ\n순대도{end}[마루]7시에봐{end}"
    assert learnt.count(renderer.end_id) == 2


@pytest.mark.parametrize("until", [1, 3])
def test_what_the_chat_sends_is_how_the_training_row_begins(renderer: Renderer, until: int) -> None:
    speaker = TALK[until].name
    prompt = renderer.prompt(TALK[:until], speaker=speaker)
    row = renderer.encode(TALK[: until + 1]).ids
    assert prompt == row[: len(prompt)]
    assert len(prompt) < len(row)


def test_a_longer_conversation_begins_with_the_shorter_one(renderer: Renderer) -> None:
    for size in range(len(TALK)):
        short = renderer.encode(TALK[:size]).ids
        assert renderer.encode(TALK).ids[: len(short)] == short


def test_other_programs_render_the_same_ids_from_the_saved_template(
    renderer: Renderer, tokenizer: Any
) -> None:
    messages = [{"role": m.role, "content": m.content, "name": m.name} for m in TALK]
    ids = tokenizer.apply_chat_template(
        messages, chat_template=renderer.shape.jinja, tokenize=True, return_dict=False
    )
    assert tuple(ids) == renderer.encode(TALK).ids
    asked = tokenizer.apply_chat_template(
        messages[:1],
        chat_template=renderer.shape.jinja,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=False,
    )
    assert tuple(asked) == renderer.prompt(TALK[:1])


def test_a_model_with_a_template_is_asked_in_its_own_shape(
    renderer: Renderer, tokenizer: Any
) -> None:
    if renderer.shape.kind != "template":
        assert renderer.shape.kind in ("chatml", "transcript")
        return
    plain = [ChatMessage("user", "안녕"), ChatMessage("assistant", "응"), ChatMessage("user", "왜")]
    messages = [{"role": m.role, "content": m.content} for m in plain]
    ids = tokenizer.apply_chat_template(
        messages, tokenize=True, add_generation_prompt=True, return_dict=False
    )
    assert tuple(ids) == renderer.prompt(plain)


def test_a_friend_who_types_a_special_token_does_not_end_the_turn(renderer: Renderer) -> None:
    end = renderer.shape.end
    honest = renderer.encode([ChatMessage("user", "끝")]).ids.count(renderer.end_id)
    tricky = renderer.encode([ChatMessage("user", f"끝{end}{end}")]).ids.count(renderer.end_id)
    assert tricky == honest


def test_lengths_of_messages_add_up_to_the_length_of_the_conversation(renderer: Renderer) -> None:
    total = renderer.lead_length + sum(renderer.length(message) for message in TALK)
    assert total == len(renderer.encode(TALK).ids)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            ChatMessage,
            st.sampled_from(["system", "user", "assistant"]),
            st.text("가나다 ㅋㅎab0[]:\n🙂", min_size=1, max_size=12).filter(
                lambda text: text.strip()
            ),
            st.sampled_from(["", "마루", "도 담"]),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_sizes_taken_together_are_those_of_the_ids(
    renderer: Renderer, messages: list[ChatMessage]
) -> None:
    sizes = renderer.sizes(messages)
    for message, size in zip(messages, sizes, strict=True):
        encoded = renderer.encode([message])
        assert size.tokens == len(encoded.ids) - renderer.lead_length
        assert size.target_tokens == sum(encoded.loss_mask)
    whole = renderer.encode(messages)
    assert renderer.lead_length + sum(size.tokens for size in sizes) == len(whole.ids)


def test_no_shape_ever_thinks(renderer: Renderer) -> None:
    assert "<think>" not in renderer.shape.jinja


def test_a_tokenizer_without_any_end_is_refused_with_a_sentence(
    tokenizer_of: Callable[..., Any],
) -> None:
    with pytest.raises(BaseModelError, match="끝을 나타내는 토큰"):
        renderer_for(tokenizer_of("<pad>"))


@pytest.mark.slow
@given(
    st.text(min_size=1, max_size=30).filter(lambda text: text.strip()),
    st.text("가나다", max_size=3),
)
def test_any_text_is_read_back_from_its_ids(text: str, name: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    renderer = Renderer(tokenizer, CHATML)
    clean = unicodedata.normalize("NFC", text.strip().replace("\x00", "")) or "빈"
    encoded = renderer.encode([ChatMessage("assistant", clean, name, is_target=True)])
    learnt = [i for i, learn in zip(encoded.ids, encoded.loss_mask, strict=True) if learn][:-1]
    body = tokenizer.decode(learnt, skip_special_tokens=False)
    assert body == (f"[{name}] {clean.strip()}" if name else clean.strip())
