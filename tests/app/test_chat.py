from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatLine, ChatService, Persona, Reply, chat_messages
from kakaobot.base.generation import Sampling
from kakaobot.chat.protocol import NEVER, ChatModel
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings


class Parrot(ChatModel):
    """Repeats the last message character by character, and records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[ChatMessage, ...], str]] = []
        self.candidates: list[tuple[str, ...]] = []
        self.closed = 0

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: Event = NEVER,
    ) -> str:
        self.candidates.append(tuple(candidates))
        return candidates[-1]

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        cancelled: Event = NEVER,
    ) -> Iterator[str]:
        self.calls.append((tuple(messages), reply_as))
        try:
            for end in range(len(messages[-1].content)):
                yield messages[-1].content[: end + 1]
        finally:
            self.closed += 1


def create_run(home: Home, name: str = "main", *, persona: str = "", kind: str = "best") -> Run:
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
    def load(base: str, adapter: Path, settings: Settings, cancelled: Event) -> ChatModel:
        if loads is not None:
            loads.append(adapter)
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
