"""`LlamaEngine` beside `Engine`, on the same base and adapter: real files, a real llama.cpp."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kakaobot.base.generation import Sampling
from kakaobot.chat import llama_process
from kakaobot.chat.engine import Engine
from kakaobot.chat.llama_engine import LlamaEngine
from kakaobot.chat.llama_process import NOT_INSTALLED, LlamaError
from kakaobot.chat.llama_slots import DRAFTS
from kakaobot.chat.protocol import Cancelled
from kakaobot.conversion.base_gguf import write_base_gguf
from kakaobot.conversion.lora_gguf import write_lora_gguf
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from tests.conversion.tiny_models import PERSON, ROOM, save_lora, save_tiny

GREEDY = Sampling(20, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
PENALIZED = Sampling(20, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.3)
WARM = Sampling(16, temperature=1.0, top_p=0.95, top_k=40, repetition_penalty=1.1, min_p=0.02)
LONG = Sampling(400, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
HELLO = [ChatMessage("user", "안녕? 오늘 저녁에 시간 되면 같이 밥 먹자. 뭐 먹을지는 네가 골라 줘.")]
REPLIES = ["그래", "몰라 나 바빠", "뷁꿹쒧 😀", ""]
"""The third one has tokens that end within a character."""
STRENGTHS = (0.0, 0.5, 1.0)


class Pair(NamedTuple):
    first: Engine
    llama: LlamaEngine


class Requests:
    """What the engine asks of llama.cpp."""

    def __init__(self, engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[Any] = []
        ask = engine._process.ask

        def recorded(path: str, body: Any, cancelled: threading.Event) -> Any:
            answer = ask(path, body, cancelled)
            self.answers += answer if isinstance(answer, list) else [answer]
            return answer

        monkeypatch.setattr(engine._process, "ask", recorded)

    def read(self) -> int:
        """Tokens of prompts that were computed since the last look."""
        total = sum(answer["timings"]["prompt_n"] for answer in self.answers)
        self.answers.clear()
        return int(total)


def first_engine(base: Path, adapter: Path) -> Engine:
    return Engine.load(
        str(base),
        adapter,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


@pytest.fixture(scope="module", params=["starter", "qwen3"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    base = FOLDER if request.param == "starter" else save_tiny("qwen3", folder / "base")
    adapter = save_lora(base, folder / "adapter")
    write_base_gguf(base, folder / "base.gguf", "f16")
    write_lora_gguf(adapter, base, folder / "lora.gguf")
    engine = LlamaEngine.load(base, folder / "base.gguf", folder / "lora.gguf", max_turns=50)
    yield Pair(first_engine(base, adapter), engine)
    engine.close()


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """The starter with an adapter."""
    folder = tmp_path_factory.mktemp("llama")
    adapter = save_lora(FOLDER, folder / "adapter")
    write_base_gguf(FOLDER, folder / "base.gguf", "f16")
    write_lora_gguf(adapter, FOLDER, folder / "lora.gguf")
    engine = LlamaEngine.load(FOLDER, folder / "base.gguf", folder / "lora.gguf", max_turns=50)
    yield engine
    engine.close()


@pytest.mark.parametrize("sampling", [GREEDY, PENALIZED], ids=["plain", "penalized"])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_greedy_replies_equal_those_of_the_first_engine(
    pair: Pair, strength: float, sampling: Sampling
) -> None:
    for messages, name in ((HELLO, ""), (ROOM, "도담"), (PERSON, "")):
        first, second = (
            list(engine.stream_reply(messages, sampling, reply_as=name, strength=strength))
            for engine in pair
        )
        assert first == second
        assert first


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("messages", [HELLO, []], ids=["asked", "unasked"])
def test_scores_are_those_of_the_first_engine(
    pair: Pair, strength: float, messages: list[ChatMessage]
) -> None:
    for name in ("", "도담"):
        first, second = (
            engine.score_replies(messages, REPLIES, reply_as=name, strength=strength)
            for engine in pair
        )
        assert second == pytest.approx(first, rel=2e-3, abs=0.05)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_name_scores_are_those_of_the_first_engine(pair: Pair, strength: float) -> None:
    names = ["마루", "도담", "뷁꿹쒧"]
    first, second = (engine.score_participants(ROOM, names, strength=strength) for engine in pair)
    assert second == pytest.approx(first, rel=2e-3, abs=0.05)
    assert {pair.llama.draw_participant(ROOM, names) for _ in range(3)} <= set(names)


def test_the_recited_end_is_that_of_the_first_engine(pair: Pair) -> None:
    said = list(pair.first.stream_reply(HELLO, GREEDY))[-1]
    for text in (said, f"아니 {said}", "뭐라고", ""):
        assert pair.llama.recited_end(HELLO, text) == pair.first.recited_end(HELLO, text)


def test_a_reply_that_was_said_greedily_is_recited_to_its_end(llama: LlamaEngine) -> None:
    said = list(llama.stream_reply(HELLO, GREEDY))[-1]
    assert llama.recited_end(HELLO, said).endswith(said[-3:])


def test_decomposed_hangul_is_read_as_the_first_engine_reads_it(pair: Pair) -> None:
    typed = [ChatMessage("user", unicodedata.normalize("NFD", HELLO[0].content))]
    assert typed[0].content != HELLO[0].content
    first, second = (list(engine.stream_reply(typed, GREEDY))[-1] for engine in pair)
    assert first == second


def test_base_answers_after_adapter_answers_are_those_of_the_base_alone(
    tmp_path: Path, pair: Pair
) -> None:
    """What was read with the adapter must not answer for the base, nor the other way round."""
    questions = [
        [ChatMessage("user", text * 3)]
        for text in ("오늘 뭐 해? ", "밥은 먹었어? ", "주말에 시간 돼? ", "어제 영화 어땠어? ")
    ]
    base = Path(pair.first._base.tokenizer.name_or_path)
    write_base_gguf(base, tmp_path / "base.gguf", "f16")
    alone = LlamaEngine.load(base, tmp_path / "base.gguf", None, max_turns=50)
    expected = [list(alone.stream_reply(question, GREEDY)) for question in questions]
    alone.close()
    adapted = [list(pair.llama.stream_reply(question, GREEDY)) for question in questions]
    assert adapted != expected
    for _ in range(2):
        for question, with_adapter, without in zip(questions, adapted, expected, strict=True):
            assert list(pair.llama.stream_reply(question, GREEDY, strength=0.0)) == without
            assert list(pair.llama.stream_reply(question, GREEDY)) == with_adapter


def test_no_prompt_that_llama_cpp_keeps_answers_at_another_strength(
    llama: LlamaEngine,
) -> None:
    """Wherever it puts them: its cache in RAM does not know the scale of an adapter."""
    texts = ("오늘 뭐 해? ", "밥은 먹었어? ", "주말에 시간 돼? ", "어제 영화 어땠어? ", "잘 자 ")
    prompts = [
        llama._prompts.prompt([ChatMessage("user", text * 4)], "", reserved=20) for text in texts
    ]

    def answers(scale: float, **options: Any) -> list[list[int]]:
        body = {"temperature": 0, "n_predict": 12, "return_tokens": True, **options}
        body["lora"] = [{"id": 0, "scale": scale}]
        ask = llama._process.ask
        return [
            list(ask("/completion", {**body, "prompt": list(prompt)}, threading.Event())["tokens"])
            for prompt in prompts
        ]

    base, adapted = (answers(scale, cache_prompt=False) for scale in (0.0, 1.0))
    assert base != adapted
    for _ in range(3):
        assert answers(1.0) == adapted
        assert answers(0.0) == base


def test_drafts_have_the_probabilities_of_their_tokens(llama: LlamaEngine) -> None:
    drawn = llama.draw_replies(HELLO, WARM, count=DRAFTS + 1)
    assert len(drawn) == DRAFTS + 1
    assert len({candidate.text for candidate in drawn}) > 1
    assert all(candidate.tokens and candidate.log_prob < 0 for candidate in drawn)
    prompt = llama._prompts.prompt(HELLO, "", reserved=WARM.max_new_tokens)
    with llama._computing(1.0, threading.Event()):
        # Hot enough for tokens that end within a character.
        (draft,) = llama._steps.draw_together(prompt, LONG, DRAFTS, 1)
        tokens = [step.token for step in draft]
        chances = [
            llama._steps.log_prob([*prompt, *tokens[:number]], token, 1)
            for number, token in enumerate(tokens)
        ]
    assert [step.log_prob for step in draft] == pytest.approx(chances, abs=0.05)


def test_greedy_drafts_equal_the_reply(pair: Pair) -> None:
    first, second = (engine.draw_replies(HELLO, GREEDY, count=2) for engine in pair)
    assert [candidate.text for candidate in second] == [candidate.text for candidate in first]
    assert [candidate.ended for candidate in second] == [candidate.ended for candidate in first]
    assert [candidate.tokens for candidate in second] == [candidate.tokens for candidate in first]
    for one, other in zip(first, second, strict=True):
        assert other.log_prob == pytest.approx(one.log_prob, rel=2e-3, abs=0.05)


def test_a_reply_never_begins_with_its_end(
    llama: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    likeliest = llama._steps.likeliest(
        llama._prompts.prompt(HELLO, "", reserved=GREEDY.max_new_tokens), 0
    )
    stops = frozenset({*llama._stops, likeliest})
    monkeypatch.setattr(llama, "_stops", stops)
    monkeypatch.setattr(llama._steps, "_stops", stops)
    assert list(llama.stream_reply(HELLO, GREEDY))
    (drawn,) = llama.draw_replies(HELLO, GREEDY, count=1)
    assert drawn.text == list(llama.stream_reply(HELLO, GREEDY))[-1]


def test_the_next_turn_reads_only_what_is_new(
    llama: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Requests(llama, monkeypatch)
    told = "번째로 하는 아주 긴 이야기야 "
    history = [ChatMessage("user", f"{number}{told}" * 4) for number in range(6)]
    length = len(llama._prompts.prompt(history, "", reserved=1))
    one = Sampling(1, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    list(llama.stream_reply(history, one))
    assert requests.read() >= length - 40
    # Drafts, another strength and scores take other places.
    llama.draw_replies(history, WARM, count=DRAFTS)
    list(llama.stream_reply(history, one, strength=0.0))
    llama.score_replies([], REPLIES)
    requests.read()
    for strength in (1.0, 0.0):
        longer = [*history, ChatMessage("assistant", "응"), ChatMessage("user", "그래서?")]
        list(llama.stream_reply(longer, one, strength=strength))
        assert requests.read() < length / 4


@pytest.mark.parametrize("call", ["streamed", "drawn", "scored"])
def test_a_stop_is_obeyed_within_one_token(
    llama: LlamaEngine, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    stop, requests = threading.Event(), Requests(llama, monkeypatch)
    if call == "streamed":
        replies = llama.stream_reply(HELLO, LONG, cancelled=stop)
        for _ in range(3):
            next(replies)
        stop.set()
        before = len(requests.answers)
        with pytest.raises(Cancelled):
            next(replies)
        assert len(requests.answers) == before
    else:
        timer = threading.Timer(0.05, stop.set)
        timer.start()
        with pytest.raises(Cancelled):
            if call == "drawn":
                llama.draw_replies(HELLO, LONG, count=DRAFTS, cancelled=stop)
            else:
                llama.score_replies(HELLO, ["가나다라마바사 " * 60], cancelled=stop)
    # It answers the next call at once, as if nothing had been.
    assert list(llama.stream_reply(HELLO, GREEDY)) == list(llama.stream_reply(HELLO, GREEDY))


def test_an_event_that_is_set_keeps_a_call_from_beginning(llama: LlamaEngine) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        list(llama.stream_reply(HELLO, GREEDY, cancelled=stop))
    with pytest.raises(Cancelled):
        LlamaEngine.load(FOLDER, FOLDER, None, max_turns=5, cancelled=stop)


def test_a_closed_reply_frees_the_engine(llama: LlamaEngine) -> None:
    replies = llama.stream_reply(HELLO, LONG)
    next(replies)
    replies.close()
    assert list(llama.stream_reply(HELLO, GREEDY))


def test_a_history_longer_than_the_context_is_truncated(llama: LlamaEngine) -> None:
    long = [ChatMessage("user" if i % 2 == 0 else "assistant", "긴 말 " * 30) for i in range(41)]
    assert list(llama.stream_reply(long, GREEDY))
    assert list(llama.stream_reply([ChatMessage("user", "아주 긴 말 " * 2000)], GREEDY))


def test_without_the_package_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_process, "is_installed", lambda: False)
    with pytest.raises(LlamaError, match="pip install xllamacpp") as error:
        LlamaEngine.load(FOLDER, tmp_path / "base.gguf", None, max_turns=5)
    assert str(error.value) == NOT_INSTALLED


@pytest.mark.parametrize("kept", [0, 100, 20_000, 2_000_000])
def test_a_damaged_file_ends_nothing_but_llama_cpp(
    tmp_path: Path, llama: LlamaEngine, kept: int
) -> None:
    write_base_gguf(FOLDER, tmp_path / "base.gguf", "f16")
    raw = (tmp_path / "base.gguf").read_bytes()
    (tmp_path / "base.gguf").write_bytes(raw[:kept])
    with pytest.raises(LlamaError):
        LlamaEngine.load(FOLDER, tmp_path / "base.gguf", None, max_turns=5)
    assert list(llama.stream_reply(HELLO, GREEDY))


def test_a_process_that_ended_is_started_anew_and_ends_with_its_engine(tmp_path: Path) -> None:
    write_base_gguf(FOLDER, tmp_path / "base.gguf", "f16")
    engine = LlamaEngine.load(FOLDER, tmp_path / "base.gguf", None, max_turns=5)
    assert engine.size > 0
    process = engine._process._process
    replies = engine.stream_reply(HELLO, LONG)
    next(replies)
    process.kill()
    process.wait(10)
    with pytest.raises(LlamaError, match="갑자기 끝났습니다"):
        list(replies)
    # The next call starts it anew.
    assert list(engine.stream_reply(HELLO, GREEDY))
    engine.close()
    second = LlamaEngine.load(FOLDER, tmp_path / "base.gguf", None, max_turns=5)
    child = second._process._process
    del second
    assert child.wait(10) is not None


def test_whoever_has_no_key_gets_no_answer(llama: LlamaEngine) -> None:
    import http.client

    for path in ("/completion", "/slots", "/props", "/v1/models", "/tokenize"):
        connection = http.client.HTTPConnection(llama._process._host, llama._process._port)
        connection.request("POST", path, "{}", {"Content-Type": "application/json"})
        assert connection.getresponse().status in (401, 404)
        connection.close()
    assert llama._process._host == "127.0.0.1"


def test_a_long_prompt_is_given_up_in_its_middle(llama: LlamaEngine) -> None:
    """The call ends at once; llama.cpp looks after each batch, at most a second later."""
    long = [ChatMessage("user", f"{number} 아주 긴 말을 합니다 " * 12) for number in range(30)]
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        list(llama.stream_reply(long, GREEDY, cancelled=stop))
    assert time.monotonic() - started < 2
