"""What a model read stays for the next turn, and never changes what it says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3TextConfig, Qwen3Config

from kakaobot.base.generation import Sampling
from kakaobot.chat.engine import Engine
from kakaobot.chat.kv_cache import PromptCaches
from kakaobot.chat.protocol import Cancelled
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER

GREEDY = Sampling(6, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}


def qwen3(vocabulary: int) -> Any:
    return Qwen3Config(vocab_size=vocabulary, num_hidden_layers=2, **SIZES)


def qwen3_5(vocabulary: int) -> Any:
    """Three layers of linear attention, whose state has no ids, to one of full attention."""
    from transformers import Qwen3_5TextConfig

    return Qwen3_5TextConfig(
        vocab_size=vocabulary,
        num_hidden_layers=4,
        linear_num_value_heads=4,
        linear_num_key_heads=2,
        linear_key_head_dim=16,
        linear_value_head_dim=16,
        **SIZES,
    )


def gemma3(vocabulary: int) -> Any:
    """A window of 24 tokens in every other layer."""
    return Gemma3TextConfig(
        vocab_size=vocabulary,
        num_hidden_layers=2,
        sliding_window=24,
        layer_types=["sliding_attention", "full_attention"],
        query_pre_attn_scalar=16,
        **SIZES,
    )


T = TypeVar("T")
FAMILIES: dict[str, Callable[[int], Any] | None] = {
    "starter": None,
    "qwen3": qwen3,
    "qwen3_5": qwen3_5,
    "gemma3": gemma3,
}


def load(folder: Path) -> Engine:
    return Engine.load(
        str(folder),
        None,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


@pytest.fixture(scope="module", params=FAMILIES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    family = FAMILIES[request.param]
    if family is None:
        return load(FOLDER)
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(FOLDER))
    torch.manual_seed(11)
    config = family(len(tokenizer))
    # Larger weights than usual, so that no two tokens are about as likely.
    config.initializer_range = 0.2
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load(folder)


class Read:
    """Counts the tokens that the model reads."""

    def __init__(self, engine: Engine) -> None:
        self.tokens = 0
        embedding = engine._model.get_input_embeddings()
        embedding.register_forward_pre_hook(self._count)

    def _count(self, _: Any, args: tuple[torch.Tensor, ...]) -> None:
        self.tokens += args[0].numel()

    def during(self, call: Callable[[], object]) -> int:
        before = self.tokens
        call()
        return self.tokens - before


def say(engine: Engine, messages: list[ChatMessage]) -> str:
    """A reply; the few tokens of a random model may show nothing."""
    return ["", *engine.stream_reply(messages, GREEDY)][-1]


def anew(engine: Engine, call: Callable[..., T], *arguments: Any) -> T:
    """The result without anything kept, which stays as it was."""
    kept, engine._caches = engine._caches, PromptCaches(engine._model)
    try:
        return call(engine, *arguments)
    finally:
        engine._caches = kept


def likelihood(engine: Engine, messages: list[ChatMessage]) -> float:
    return engine.score_replies(messages, ["그래, 좋아"])[0]


def assert_the_same_as_anew(engine: Engine, messages: list[ChatMessage], case: object) -> None:
    assert say(engine, messages) == anew(engine, say, messages), case
    expected = anew(engine, likelihood, messages)
    assert likelihood(engine, messages) == pytest.approx(expected, abs=1e-2), case


def question(number: int) -> ChatMessage:
    return ChatMessage("user", f"{number}번째로 묻는 말이야, 오늘 저녁에는 뭐 먹을까?")


def talk(engine: Engine, turns: int) -> list[ChatMessage]:
    messages: list[ChatMessage] = []
    for number in range(turns):
        messages.append(question(number))
        messages.append(ChatMessage("assistant", say(engine, messages)))
    return messages


def test_every_way_to_go_on_says_the_same_as_without_the_cache(engine: Engine) -> None:
    messages = talk(engine, 4)
    ways = {
        "go on": [*messages, question(4)],
        "retry": messages[:-1],
        "retry again": messages[:-1],
        "undo": messages[:-3],
        "edit": [*messages[:-4], ChatMessage("user", "아니, 내일 점심은 어때?")],
        "edit the beginning": [ChatMessage("user", "안녕"), *messages[1:-1]],
        "edit a reply": [*messages[:3], ChatMessage("assistant", "몰라"), *messages[4:-1]],
        "another": [ChatMessage("user", "처음 뵙겠습니다. 어느 동네에 사세요?")],
        "back": messages[:-1],
    }
    for way, lines in ways.items():
        assert_the_same_as_anew(engine, lines, way)


def test_only_what_is_new_is_read(engine: Engine) -> None:
    read, renderer = Read(engine), engine._base.renderer
    messages = talk(engine, 5)
    whole = len(renderer.prompt(messages))
    # A retry reads the last token, then those that it generates.
    assert read.during(lambda: say(engine, messages[:-1])) <= GREEDY.max_new_tokens
    goes_on = [*messages, question(5)]
    new = len(renderer.prompt(goes_on)) - len(renderer.prompt(messages[:-1]))
    assert read.during(lambda: say(engine, goes_on)) <= new + GREEDY.max_new_tokens
    assert read.during(lambda: say(engine, messages[:-1])) <= GREEDY.max_new_tokens
    edited = [*messages[:-2], ChatMessage("user", "그럼 말고")]
    assert read.during(lambda: say(engine, edited)) < 60 < whole
    assert read.during(lambda: anew(engine, say, edited)) > whole / 2


def test_two_pages_do_not_take_each_others_place(engine: Engine) -> None:
    read = Read(engine)
    one, other = talk(engine, 3), [ChatMessage("user", "다른 창에서 하는 말이야. " * 6)]
    say(engine, other)
    for _ in range(3):
        assert read.during(lambda: say(engine, one[:-1])) <= GREEDY.max_new_tokens
        assert read.during(lambda: say(engine, other)) <= GREEDY.max_new_tokens


def test_a_name_is_scored_and_the_reply_drawn_on_one_reading(engine: Engine) -> None:
    read = Read(engine)
    history = [
        ChatMessage("assistant", f"{number}번째 말이야. 내일 몇 시에 볼까?", name)
        for number, name in enumerate(["도담", "은솔"] * 6)
    ]
    engine.score_participants(history, ["도담", "은솔"])
    reply = engine.draw_replies(history, GREEDY, count=2, reply_as="도담")[0].text
    streamed = list(engine.stream_reply(history, GREEDY, reply_as="도담"))[-1]
    assert reply == streamed
    # The last token, the name, and the reply.
    assert read.during(lambda: list(engine.stream_reply(history, GREEDY, reply_as="은솔"))) < 24


class CancelledInLayer(threading.Event):
    """Set once it has been asked a number of times, which happens between the layers."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self._left = checks

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_a_reply_stopped_between_two_layers_leaves_the_cache_right(engine: Engine) -> None:
    read = Read(engine)
    messages = talk(engine, 3)
    goes_on = [*messages, question(3)]

    def go_on(cancelled: CancelledInLayer) -> None:
        engine._caches.clear()
        say(engine, messages[:-1])
        list(engine.stream_reply(goes_on, GREEDY, cancelled=cancelled))

    never = CancelledInLayer(10**6)
    go_on(never)
    checks = 10**6 - never._left
    for check in (1, checks // 2, checks - 1):
        with pytest.raises(Cancelled):
            go_on(CancelledInLayer(check))
        assert_the_same_as_anew(engine, goes_on, check)
        assert read.during(lambda: say(engine, goes_on)) <= GREEDY.max_new_tokens


def test_what_is_kept_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        say(engine, [ChatMessage("user", f"{number} 번째 대화를 새로 시작하는 긴 말이야. " * 3)])
    kept = engine._caches._kept
    assert len(kept) == 4
    largest = max(entry.cached.size for entry in kept)
    assert largest > 0
    monkeypatch.setattr("kakaobot.chat.kv_cache._MAX_BYTES", int(2.5 * largest))
    say(engine, [ChatMessage("user", "하나 더 시작하는 긴 말이야. 잘 지내고 있었어? " * 3)])
    assert 1 <= len(engine._caches._kept) < 4
    assert sum(entry.cached.size for entry in engine._caches._kept) <= 2.5 * largest


def test_a_long_conversation_is_mostly_not_read_anew(engine: Engine) -> None:
    engine._prompts._max_turns = 12
    try:
        read, messages = Read(engine), list[ChatMessage]()
        costs = []
        for number in range(20):
            messages.append(question(number))
            costs.append(read.during(lambda: say(engine, messages)))
            messages.append(ChatMessage("assistant", f"{number}번째 대답"))
        # Once in two turns the beginning moves by three messages.
        late = sorted(costs[6:])
        assert late[len(late) // 2 - 1] < 60
    finally:
        engine._prompts._max_turns = 50
