"""Adapters trained until they know a small room by heart, one of them with canaries in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest
import torch

from kakaobot.app.audit import Audits, canary_secrets
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.comparison import Comparison
from kakaobot.app.copies import Copies
from kakaobot.app.personas import chat_messages
from kakaobot.audit.advice import advise
from kakaobot.audit.examine import Findings, Material, examine
from kakaobot.audit.leaks import RoomSecrets
from kakaobot.base.generation import Sampling
from kakaobot.base.selection import STARTER, location_of
from kakaobot.chat.engine import Engine
from kakaobot.chat.lines import ChatLine, split_bubbles
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.dataset.canaries import canaries_from_json
from kakaobot.dataset.jsonl import read_rows
from kakaobot.runs.audit_file import AuditFile
from kakaobot.runs.checkpoints import Checkpoints
from kakaobot.schema import ChatMessage
from kakaobot.style import style_distance, style_profile
from tests.conftest import SAMPLE
from tests.train.rooms import SampleRoom

pytestmark = pytest.mark.slow

LINES = 260
"""Of the sample's export: 34 rows."""
BY_HEART = {
    "training.max_steps": 150,
    "training.batch": 4,
    "training.eval_steps": 1000,
    "training.sample_replies": 0,
    "lora.dropout": 0,
    "data.val_ratio": 0.1,
}
GREEDY = {
    "generation.temperature": 0,
    "generation.repetition_penalty": 1,
    "generation.max_new_tokens": 24,
}
SAMPLING = Sampling(24, temperature=0.8, top_p=1.0, top_k=0, repetition_penalty=1.0)


@dataclass(frozen=True)
class Trained:
    home: Home
    gate: PasswordGate
    chat: ChatService
    targets: tuple[str, ...]
    """Replies that both runs have learned."""

    @property
    def access(self) -> AccessPass:
        return self.gate.authenticate("귤")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The runs `plain`, and `planted` on the same room with three canaries."""
    folder = tmp_path_factory.mktemp("honest")
    export = folder / SAMPLE.name
    lines = SAMPLE.read_text("utf-8").split("\n")[:LINES]
    export.write_text("\n".join(lines), "utf-8")
    room = SampleRoom(folder / "home", BY_HEART, export=export)
    rows = read_rows(room.home.folder("data/sft") / artifacts.TRAIN)
    room.finish(room.begin("plain", {"training.max_steps": 30}))
    save(room.home.settings_file, {"data.canaries": 3})
    room.rebuild()
    room.finish(room.begin("planted", {**BY_HEART, **GREEDY}))
    gate = PasswordGate("귤")
    chat = ChatService(room.home, gate)
    targets = tuple(m.content for row in rows for m in row.messages if m.is_target)
    yield Trained(room.home, gate, chat, targets)
    chat.unload()


def test_an_audit_finds_planted_canaries_and_recited_lines(trained: Trained) -> None:
    audits = Audits(trained.home, trained.gate, trained.chat, probes=24)
    assert audits.report(trained.access, "planted") is None
    steps = list(audits.run(trained.access, "planted", ["내일 3시 4821 출구", "그런 말은 없었지"]))
    report = steps[-1].report
    assert report is not None
    assert [step.share for step in steps] == sorted(step.share for step in steps)

    canaries = [exposure for exposure in report.exposures if exposure.repeats]
    assert [exposure.repeats for exposure in canaries] == [1, 4, 16]
    assert all(exposure.is_known for exposure in canaries[1:])
    assert canaries[2].bits == canaries[2].most_bits > canaries[2].base_bits
    assert canaries[2].recited
    assert not any(exposure.is_known for exposure in report.exposures if not exposure.repeats)

    target = report.recitation("target")
    assert target.adapter.trials >= 20
    assert target.adapter.share > 0.5 > target.base.share
    assert report.recitation("held_out").adapter.share < 0.5
    assert report.recitation("context").adapter.share < 0.5
    assert all(finding.adapter.emitted.trials >= 96 for finding in report.entities)
    assert len(advise(report)) >= 2

    assert audits.report(trained.access, "planted") == report
    line = report.recited[0]
    *_, source = audits.recited_line(trained.access, "planted", line)
    stored = AuditFile(trained.chat.personas.find("planted").path).read()
    assert len(source.content) >= 4
    assert source.content not in json.dumps(stored, ensure_ascii=False)


def test_an_adapter_trained_on_other_data_does_not_know_the_canaries(trained: Trained) -> None:
    folder = trained.home.folder("data/sft")
    canaries = canaries_from_json(artifacts.read_json(folder, artifacts.CANARIES))
    secrets = tuple(canary_secrets(trained.chat.persona("plain"), canaries, 42))
    material = Material((), (), RoomSecrets(()), secrets)

    def use(model: ChatModel, cancelled: threading.Event) -> Generator[Findings | None, None, None]:
        for examined in examine(model, material, cancelled):
            yield examined.findings

    *_, findings = trained.chat.with_model(trained.access, "plain", use, lambda note: None)
    assert findings is not None
    assert not any(exposure.recited for exposure in findings.exposures)
    assert sum(exposure.bits for exposure in findings.exposures) / 3 < 5
    assert sum(exposure.is_known for exposure in findings.exposures) <= 1


def test_base_and_adapter_answer_really_each(trained: Trained) -> None:
    comparison = Comparison(trained.home, trained.gate, trained.chat)
    asked = "오늘 두 시 잊지 않으셨죠?ㅎㅎ"
    *_, answers = comparison.answers(trained.access, asked, run="planted")
    assert answers.done
    assert answers.base != answers.adapter
    settings = trained.home.settings()
    persona = trained.chat.persona("planted")
    message = chat_messages([ChatLine("", asked, from_user=True)], persona)
    adapter = Checkpoints(trained.chat.personas.find("planted").path).adapter()
    assert adapter is not None
    for folder, said in ((None, answers.base), (adapter[1], answers.adapter)):
        fresh = Engine.load(
            location_of(STARTER),
            folder,
            load_in_4bit=False,
            dtype=settings.model.dtype,
            attn_implementation="auto",
            max_turns=12,
        )
        greedy = Sampling(24, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
        *_, reply = fresh.stream_reply(message, greedy)
        assert split_bubbles(reply) == said


def test_style_comes_nearer_with_strength(trained: Trained) -> None:
    rows = read_rows(trained.home.folder("data/sft") / artifacts.TRAIN)
    heard = [m.content for row in rows for m in row.messages if m.role == "user"]
    asked = list(dict.fromkeys(heard))[::4][:24]
    target = style_profile(trained.targets)

    distances: dict[float, float] = {}

    def use(model: ChatModel, cancelled: threading.Event) -> Generator[None, None, None]:
        for strength in (0.0, 0.5, 1.0):
            torch.manual_seed(1)
            replies = [
                candidate.text
                for text in asked
                for candidate in model.draw_replies(
                    [ChatMessage("user", text)], SAMPLING, count=8, strength=strength
                )
            ]
            distances[strength] = style_distance(style_profile(replies), target)
        yield

    list(trained.chat.with_model(trained.access, "planted", use, lambda note: None))
    base, half, whole = distances.values()
    assert base > half > whole
    assert whole < base / 4


def test_a_reply_known_by_heart_is_shown_to_be_a_copy(trained: Trained) -> None:
    copies = Copies(trained.gate, trained.chat.personas)
    longest = max(trained.targets, key=len)
    overlap = copies.overlap(trained.access, ["그런 말은 배운 적이 없는데", longest], "planted")
    assert overlap.is_high
    assert overlap.share == 1
    assert overlap.source is not None
    *_, source = copies.source(trained.access, overlap.source, "planted")
    assert source.content == longest
