from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatLine, ChatService, Persona, Reply, chat_messages
from kakaobot.base.generation import Sampling
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings


class Parrot:
    """Says what it was told, one character at a time, and remembers how it was asked."""

    notes = ()

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[ChatMessage, ...], str]] = []
        self.closed = 0
        self.offered: list[tuple[str, ...]] = []

    def draw_participant(self, messages: Sequence[ChatMessage], names: Sequence[str]) -> str:
        self.offered.append(tuple(names))
        return names[-1]

    def stream_reply(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, name: str = ""
    ) -> Iterator[str]:
        self.asked.append((tuple(messages), name))
        try:
            for end in range(len(messages[-1].content)):
                yield messages[-1].content[: end + 1]
        finally:
            self.closed += 1


def adapter(home: Home, name: str = "main", *, persona: str = "", kind: str = "best") -> Run:
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

    run.swap_in("best" if kind == "best" else "latest", write)
    return run


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate("바다")


def chatting(
    home: Home, gate: PasswordGate, parrot: Parrot, loads: list[Path] | None = None
) -> ChatService:
    def load(base: str, adapter: Path, settings: Settings) -> Parrot:
        if loads is not None:
            loads.append(adapter)
        return parrot

    return ChatService(home, gate, load)


def last(replies: Iterator[Reply]) -> Reply:
    *_, reply = replies
    return reply


def test_without_a_pass_nothing_is_loaded_and_nothing_is_said(
    home: Home, gate: PasswordGate
) -> None:
    adapter(home)
    loads: list[Path] = []
    chat = chatting(home, gate, Parrot(), loads)
    for given in (None, PasswordGate("바다").authenticate("바다")):
        with pytest.raises(AccessDenied):
            chat.reply(given, [ChatLine("나", "안녕", from_user=True)])
        with pytest.raises(AccessDenied):
            chat.smoke(given)
    assert loads == []


def test_a_reply_grows_and_ends_as_bubbles(home: Home, gate: PasswordGate) -> None:
    adapter(home)
    replies = list(
        chatting(home, gate, Parrot()).reply(
            gate.authenticate("바다"),
            [ChatLine("나", "야\n\n밥 먹자", from_user=True)],
            reply_as="도담",
        )
    )
    assert replies[0] == Reply("도담", (), done=False)
    assert replies[-1] == Reply("도담", ("야", "밥 먹자"), done=True)
    assert [reply.done for reply in replies[:-1]] == [False] * (len(replies) - 1)


def test_in_an_open_room_the_model_draws_who_speaks_but_never_the_user(
    home: Home, gate: PasswordGate
) -> None:
    adapter(home)
    parrot = Parrot()
    replies = list(
        chatting(home, gate, parrot).reply(
            gate.authenticate("바다"), [ChatLine("마루", "ㅋㅋ", from_user=True)], user_name="마루"
        )
    )
    assert parrot.offered == [("도담", "은솔")]
    assert replies[0].name == ""
    assert replies[-1] == Reply("은솔", ("ㅋㅋ",), done=True)
    assert parrot.asked[0][1] == "은솔"


def test_closing_the_stream_stops_the_model(home: Home, gate: PasswordGate) -> None:
    adapter(home)
    parrot = Parrot()
    chat = chatting(home, gate, parrot)
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


def test_one_load_serves_many_replies_until_a_better_adapter_is_there(
    home: Home, gate: PasswordGate
) -> None:
    adapter(home, kind="latest")
    loads: list[Path] = []
    chat = chatting(home, gate, Parrot(), loads)
    for _ in range(2):
        last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert [path.name for path in loads] == ["adapter_latest"]
    adapter(home)
    last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert [path.name for path in loads] == ["adapter_latest", "adapter_best"]
    adapter(home)
    last(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))
    assert len(loads) == 3


def test_before_any_training_a_sentence_says_so(home: Home, gate: PasswordGate) -> None:
    chat = chatting(home, gate, Parrot())
    with pytest.raises(RunError, match="학습"):
        chat.persona()
    with pytest.raises(RunError, match="학습"):
        list(chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)]))


def test_the_voice_names_base_and_adapter(home: Home, gate: PasswordGate) -> None:
    adapter(home, persona="도담")
    voice = chatting(home, gate, Parrot()).persona()
    assert voice.practice
    for word in ("도담", "바탕", "main", "가장 좋은"):
        assert word in voice.description


def voice(persona: str, people: tuple[str, ...]) -> Persona:
    named = len(people) >= 3
    return Persona(
        "main",
        "best",
        1,
        "바탕",
        "",
        persona,
        people,
        practice=False,
        shows_names=named,
        description="",
    )


LINES = [ChatLine("나", "밥?", from_user=True), ChatLine("도담", "ㅇㅇ", from_user=False)]


def test_two_people_are_asked_without_names() -> None:
    assert chat_messages(LINES, voice("도담", ("도담", "마루"))) == [
        ChatMessage("user", "밥?"),
        ChatMessage("assistant", "ㅇㅇ"),
    ]


def test_in_a_persons_larger_room_the_user_takes_a_name_of_the_room() -> None:
    people = ("도담", "마루", "은솔")
    assert chat_messages(LINES, voice("도담", people))[0] == ChatMessage("user", "밥?", "마루")
    assert chat_messages(LINES, voice("도담", people), user_name="은솔")[0].name == "은솔"


def test_in_a_whole_room_everybody_speaks_by_name_as_in_training() -> None:
    assert chat_messages(LINES, voice("", ("도담", "마루"))) == [
        ChatMessage("assistant", "밥?", "나"),
        ChatMessage("assistant", "ㅇㅇ", "도담"),
    ]
