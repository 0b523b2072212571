from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona, chat_messages
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import Hardware
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.chat.protocol import NEVER, Candidate, ChatModel
from kakaobot.config import Home, save
from kakaobot.errors import AccessDenied, MemoryShortage, RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings


class Parrot(ChatModel):
    """Repeats the last message character by character, and records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[ChatMessage, ...], str]] = []
        self.candidates: list[tuple[str, ...]] = []
        self.closed = 0

    @property
    def size(self) -> int:
        return 1000

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: Event = NEVER,
    ) -> str:
        self.candidates.append(tuple(candidates))
        return candidates[-1]

    def score_participants(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> list[float]:
        return [float(place) for place in range(len(candidates))]

    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> list[Candidate]:
        text = messages[-1].content
        return [Candidate(text, ended=True, tokens=len(text), log_prob=0.0)] * count

    def score_replies(
        self,
        messages: Sequence[ChatMessage],
        replies: Sequence[str],
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> list[float]:
        return [-float(len(reply)) for reply in replies]

    def recited_end(
        self,
        messages: Sequence[ChatMessage],
        reply: str,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> str:
        return ""

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: Event = NEVER,
    ) -> Generator[str, None, bool]:
        self.calls.append((tuple(messages), reply_as))
        try:
            for end in range(len(messages[-1].content)):
                yield messages[-1].content[: end + 1]
            return True
        finally:
            self.closed += 1


def create_run(home: Home, name: str = "main", *, persona: str = "", kind: str = "best") -> Run:
    """A run whose replies are streamed."""
    save(home.settings_file, {"generation.candidates": 1})
    run = Runs(home.folder("checkpoints_lora")).get(name)
    run.create(
        {
            "base": {"name": "b", "label": "바탕", "reason": "", "practice": True},
            "data": {
                "room": "",
                "persona": persona,
                "people": ["도담", "마루", "은솔"],
                "named": True,
            },
        }
    )

    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}", encoding="utf-8")

    run.checkpoints.replace_adapter("best" if kind == "best" else "latest", write)
    return run


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate("바다")


def chat_service(
    home: Home, gate: PasswordGate, model: ChatModel, loads: list[Path] | None = None
) -> ChatService:
    def load(
        base: str,
        adapter: Path,
        settings: Settings,
        cancelled: Event,
        report: Callable[[float], None],
    ) -> ChatModel:
        if loads is not None:
            loads.append(adapter)
        report(0.25)
        return model

    return ChatService(home, gate, load)


def last(replies: Iterator[Reply]) -> Reply:
    *_, reply = replies
    return reply


def test_reply_and_smoke_load_nothing_without_a_pass(home: Home, gate: PasswordGate) -> None:
    create_run(home)
    loads: list[Path] = []
    chat = chat_service(home, gate, Parrot(), loads)
    for access in (None, PasswordGate("바다").authenticate("바다")):
        with pytest.raises(AccessDenied):
            chat.reply(access, [ChatLine("나", "안녕", from_user=True)])
        with pytest.raises(AccessDenied):
            chat.smoke(access)
    assert loads == []


def test_reply_streams_and_ends_as_bubbles(home: Home, gate: PasswordGate) -> None:
    create_run(home)
    replies = list(
        chat_service(home, gate, Parrot()).reply(
            gate.authenticate("바다"),
            [ChatLine("나", "야\n\n밥 먹자", from_user=True)],
            reply_as="도담",
        )
    )
    assert replies[0] == Reply("도담", (), done=False)
    assert replies[-1] == Reply("도담", ("야", "밥 먹자"), done=True)
    assert [reply.done for reply in replies[:-1]] == [False] * (len(replies) - 1)


def test_model_draws_who_replies_but_never_the_user(home: Home, gate: PasswordGate) -> None:
    create_run(home)
    parrot = Parrot()
    replies = list(
        chat_service(home, gate, parrot).reply(
            gate.authenticate("바다"), [ChatLine("마루", "ㅋㅋ", from_user=True)], user_name="마루"
        )
    )
    assert parrot.candidates == [("도담", "은솔")]
    assert replies[0].name == ""
    assert replies[-1] == Reply("은솔", ("ㅋㅋ",), done=True)
    assert parrot.calls[0][1] == "은솔"


def test_closing_the_stream_stops_generation(home: Home, gate: PasswordGate) -> None:
    create_run(home)
    parrot = Parrot()
    chat = chat_service(home, gate, parrot)
    stream = chat.reply(
        gate.authenticate("바다"), [ChatLine("나", "긴 말" * 50, from_user=True)], reply_as="도담"
    )
    for _ in range(3):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert parrot.closed == 1
    assert last(
        chat.reply(gate.authenticate("바다"), [ChatLine("나", "다음", from_user=True)])
    ).done


def test_model_is_loaded_once_per_adapter(home: Home, gate: PasswordGate) -> None:
    create_run(home, kind="latest")
    loads: list[Path] = []
    chat = chat_service(home, gate, Parrot(), loads)
    for _ in range(2):
        last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert [path.name for path in loads] == ["adapter_latest"]
    create_run(home)
    last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert [path.name for path in loads] == ["adapter_latest", "adapter_best"]
    create_run(home)
    last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert len(loads) == 3


def test_chat_without_an_adapter_raises(home: Home, gate: PasswordGate) -> None:
    chat = chat_service(home, gate, Parrot())
    with pytest.raises(RunError, match="학습"):
        chat.persona()
    with pytest.raises(RunError, match="학습"):
        list(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))


def test_persona_describes_base_and_adapter(home: Home, gate: PasswordGate) -> None:
    create_run(home, persona="도담")
    persona = chat_service(home, gate, Parrot()).persona()
    assert persona.practice
    for word in ("도담", "바탕", "main", "가장 좋은"):
        assert word in persona.description


def persona_of(name: str, participants: tuple[str, ...]) -> Persona:
    return Persona(
        run="main",
        adapter="best",
        step=1,
        base="바탕",
        room="",
        name=name,
        participants=participants,
        practice=False,
        shows_names=len(participants) >= 3,
        description="",
    )


LINES = [ChatLine("나", "밥?", from_user=True), ChatLine("도담", "ㅇㅇ", from_user=False)]


def test_chat_messages_of_two_participants_have_no_names() -> None:
    assert chat_messages(LINES, persona_of("도담", ("도담", "마루"))) == [
        ChatMessage("user", "밥?"),
        ChatMessage("assistant", "ㅇㅇ"),
    ]


def test_user_gets_the_name_of_a_participant_in_a_larger_room() -> None:
    participants = ("도담", "마루", "은솔")
    persona = persona_of("도담", participants)
    assert chat_messages(LINES, persona)[0] == ChatMessage("user", "밥?", "마루")
    assert chat_messages(LINES, persona, user_name="은솔")[0].name == "은솔"


def test_everybody_is_a_named_assistant_in_a_whole_room() -> None:
    assert chat_messages(LINES, persona_of("", ("도담", "마루"))) == [
        ChatMessage("assistant", "밥?", "나"),
        ChatMessage("assistant", "ㅇㅇ", "도담"),
    ]


@pytest.fixture
def live_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A training on the CPU, whose worker is this process."""
    monkeypatch.setattr("kakaobot.app.chat_model.detect_hardware", Hardware)
    create_run(home)
    run = Runs(home.folder("checkpoints_lora")).get("live")
    run.create({})
    run.worker.record_start(os.getpid())
    return run


def notes_and_error(chat: ChatService, gate: PasswordGate) -> tuple[set[str], str]:
    lines = [ChatLine("나", "안녕", from_user=True)]
    notes = set()
    try:
        for reply in chat.reply(gate.authenticate("바다"), lines, run="main"):
            notes.add(reply.note)
    except RunError as error:
        return notes, str(error)
    return notes, ""


def test_beside_a_training_a_reply_is_slow(home: Home, gate: PasswordGate, live_run: Run) -> None:
    live_run.write_status(Status("running", step=12, resumed_from=10))
    notes, error = notes_and_error(chat_service(home, gate, Parrot()), gate)
    assert "학습 중이라 평소보다 천천히 대답합니다." in notes
    assert not error


@pytest.mark.parametrize(
    "status", [Status("starting"), Status("running"), Status("running", step=10, resumed_from=10)]
)
def test_no_model_is_loaded_before_a_training_has_its_memory(
    home: Home, gate: PasswordGate, live_run: Run, status: Status
) -> None:
    live_run.write_status(status)
    loads: list[Path] = []
    _, error = notes_and_error(chat_service(home, gate, Parrot(), loads), gate)
    assert "학습이 쓸 메모리를 아직 알 수 없어" in error
    assert loads == []


def test_no_model_is_loaded_on_a_gpu_in_use(
    home: Home, gate: PasswordGate, live_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kakaobot.app.chat_model.detect_hardware", lambda: Hardware("GPU"))
    live_run.write_status(Status("running", step=12))
    _, error = notes_and_error(chat_service(home, gate, Parrot()), gate)
    assert "그래픽카드를 쓰고 있어" in error


def test_a_model_that_does_not_fit_beside_a_training_says_so(
    home: Home, gate: PasswordGate, live_run: Run
) -> None:
    live_run.write_status(Status("running", step=12))

    def load(*_: object) -> ChatModel:
        raise MemoryShortage("model.base_model 을 더 작은 것으로 바꾸세요.")

    _, error = notes_and_error(ChatService(home, gate, load), gate)
    assert "학습 중이라 대화 모델까지 올릴 메모리가 모자랍니다." in error
