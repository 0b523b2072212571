"""The blind test: what a judge sees and cannot tell, what is kept, and who may see it."""

from __future__ import annotations

import json
import math
import random
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.quiz import Quiz, QuizQuestion
from kakaobot.app.quiz_matching import length
from kakaobot.app.quiz_tallies import fool_rate_rows, fool_rate_text
from kakaobot.base.generation import Sampling
from kakaobot.chat.protocol import NEVER, Candidate
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.dataset.jsonl import read_rows
from kakaobot.errors import AccessDenied, RunError
from kakaobot.runs.quiz_log import QUIZ_FILE, QuizLog, QuizTally
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from tests.app.test_chat import Parrot
from tests.patience import wait_for
from tests.prepared_home import prepare_home, run_command

PERSONA = "도담"


class Babbler(Parrot):
    """Draws words that nobody writes, of any length but mostly short; keeps its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[tuple[ChatMessage, ...], str]] = []
        self._random = random.Random(1)

    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[Candidate]:
        self.asked.append((tuple(messages), reply_as))
        sizes = [1 + min(int(self._random.expovariate(0.3)), 40) for _ in range(count)]
        texts = ["".join(self._random.choices("뷁쾗뙠 뭵쮏뀖\n", k=size)) for size in sizes]
        return [
            Candidate(text.strip(), ended=bool(n % 5), tokens=9, log_prob=0.0)
            for n, text in enumerate(texts)
        ]


class Fixture:
    """The sample room, a run on it that replies as the babbler, and an open quiz."""

    def __init__(self, folder: Path, persona: str) -> None:
        self.home = prepare_home(folder)
        changes = {"data.persona": persona, "data.val_ratio": 0.5, "training.max_seq_len": 512}
        save(self.home.settings_file, changes)
        report = Datasets(self.home).build()
        self.run = create_run(self.home, persona, report.participants, report.fingerprint)
        self.model, self.gate = Babbler(), PasswordGate("귤")
        self.access = self.gate.authenticate("귤")
        self.chat = ChatService(self.home, self.gate, lambda *_: self.model)
        self.quiz = Quiz(self.home, self.gate, self.chat)
        rows = read_rows(self.home.folder("data/sft") / artifacts.VAL)
        self.held_out = {
            message.content.strip() for row in rows for message in row.messages if message.is_target
        }

    def questions(self, session: str) -> Iterator[QuizQuestion]:
        while True:
            *_, step = self.quiz.next(self.access, session)
            if step.question is None:
                return
            yield step.question


def create_run(home: Home, persona: str, people: Sequence[str], fingerprint: str) -> Run:
    run = Runs(home.folder("checkpoints_lora")).get("main")
    base = {"name": "b", "label": "바탕", "reason": "", "practice": True}
    data = {
        "room": "", "persona": persona, "people": list(people), "named": True,
        "fingerprint": fingerprint, "folder": str(home.folder("data/sft")),
    }  # fmt: skip
    run.create({"base": base, "data": data})
    run.write_status(Status("finished", 40, 40, best_step=20))

    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")

    run.checkpoints.replace_adapter("best", write)
    return run


@pytest.fixture(scope="module", params=[PERSONA, ""], ids=["person", "room"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return Fixture(tmp_path_factory.mktemp("quiz"), request.param)


@pytest.fixture
def person(tmp_path: Path) -> Fixture:
    return Fixture(tmp_path, PERSONA)


def replies_of(fixture: Fixture, question: QuizQuestion, turns: int) -> list[tuple[str, ...]]:
    """The replies on each side, without what others wrote in between."""
    sides = []
    for number, side in enumerate(question.sides):
        other = question.sides[1 - number]
        own = tuple(line.text for line, twin in zip(side, other, strict=True) if line != twin)
        assert len(own) == turns
        sides.append(own)
    return sides


@pytest.mark.parametrize("turns", [1, 3])
def test_a_question_shows_a_held_out_reply_and_one_of_the_model(room: Fixture, turns: int) -> None:
    session = room.quiz.start(room.access, turns=turns, knows=True)
    asked = 0
    for question in islice(room.questions(session), 15):
        asked += 1
        sides = replies_of(room, question, turns)
        answer = room.quiz.pick(room.access, session, 0)
        real, imitated = sides[answer.real_side], sides[1 - answer.real_side]
        assert set(real) <= room.held_out
        assert not set(imitated) & room.held_out
        assert len(question.context) >= 2
        names = {line.name for line in question.sides[0]} | {
            line.name for line in question.sides[1]
        }
        assert len(names) == 1 or turns > 1
        assert answer.is_right is (answer.real_side == 0)
    assert asked >= (10 if turns == 1 else 1)


def test_the_model_gets_the_context_as_it_was_trained_on(room: Fixture) -> None:
    room.model.asked.clear()
    session = room.quiz.start(room.access, knows=True)
    assert next(room.questions(session), None)
    room.quiz.close(session)
    rows = read_rows(room.home.folder("data/sft") / artifacts.VAL)
    contexts = {row.messages[:end] for row in rows for end in range(2, len(row.messages))}
    assert room.model.asked
    assert all(messages in contexts for messages, _ in room.model.asked)
    is_whole_room = not room.chat.persona().name
    assert all(bool(reply_as) is is_whole_room for _, reply_as in room.model.asked)


def test_several_turns_go_on_from_the_models_own_replies(person: Fixture) -> None:
    session = person.quiz.start(person.access, turns=3, knows=True)
    question = next(person.questions(session))
    answer = person.quiz.pick(person.access, session, 0)
    person.quiz.close(session)
    imitation = [line.text for line in question.sides[1 - answer.real_side]]
    told = [
        "\n".join(message.content for message in messages) for messages, _ in person.model.asked
    ]
    assert any("\n".join(imitation[:-1]) in text for text in told)


GUESSES: dict[str, Callable[[QuizQuestion, int], int]] = {
    "the first": lambda question, number: 0,
    "in turn": lambda question, number: number % 2,
    "the longer": lambda question, number: _argmax(question, _length, number),
    "the shorter": lambda question, number: _argmax(question, lambda side: -_length(side), number),
    "more bubbles": lambda question, number: _argmax(question, _bubbles, number),
    "more spaces": lambda question, number: _argmax(
        question, lambda s: _text(s).count("\n"), number
    ),
}
"""Judges who do not read the words: question and its number → the side they take for real."""


def _argmax(question: QuizQuestion, measure: Callable[..., int], number: int) -> int:
    one, other = map(measure, question.sides)
    # A fair coin where the sides are equal.
    return random.Random(number).randrange(2) if one == other else int(other > one)


def _text(side: Sequence[object]) -> str:
    return "\n".join(getattr(line, "text", "") for line in side)


def _length(side: Sequence[object]) -> int:
    return length(_text(side))


def _bubbles(side: Sequence[object]) -> int:
    return _text(side).count("\n")


def test_neither_order_nor_length_nor_bubbles_predict_the_answer(room: Fixture) -> None:
    hits, asked = dict.fromkeys(GUESSES, 0), 0
    for _ in range(5):
        session = room.quiz.start(room.access, knows=False)
        for question in islice(room.questions(session), 10):
            answer = room.quiz.pick(room.access, session, 0)
            for name, guess in GUESSES.items():
                hits[name] += guess(question, asked) == answer.real_side
            asked += 1
        room.quiz.close(session)
    assert asked >= 40
    # Four standard deviations of a fair coin.
    for name, count in hits.items():
        assert abs(count / asked - 0.5) < 4 * 0.5 / math.sqrt(asked), name


def test_a_context_never_shows_what_is_asked_later(room: Fixture) -> None:
    for _ in range(2):
        session, shown = room.quiz.start(room.access, knows=True), set[tuple[str, str]]()
        for question in islice(room.questions(session), 15):
            answer = room.quiz.pick(room.access, session, 0)
            real = question.sides[answer.real_side][0]
            # Short replies may be the same by chance within one context.
            assert (real.name, real.text) not in shown
            shown |= {(line.name, line.text) for line in question.context}
        room.quiz.close(session)


def test_the_next_question_is_prepared_while_the_judge_thinks(person: Fixture) -> None:
    session = person.quiz.start(person.access, knows=True)
    questions = person.questions(session)
    next(questions)
    wait_for(lambda: all(item.done() for item in person.quiz._sessions[session].upcoming))
    steps = list(person.quiz.next(person.access, session))
    assert len(steps) == 1 and steps[0].question is not None
    person.quiz.close(session)


def test_nothing_is_asked_without_a_pass(person: Fixture) -> None:
    session = person.quiz.start(person.access, knows=True)
    forged = AccessPass(b"")
    for access in (None, forged):
        with pytest.raises(AccessDenied):
            person.quiz.start(access, knows=True)
        with pytest.raises(AccessDenied):
            person.quiz.next(access, session)
        with pytest.raises(AccessDenied):
            person.quiz.pick(access, session, 0)
    person.quiz.close(session)


def test_a_question_is_answered_once_and_only_while_it_is_open(person: Fixture) -> None:
    session = person.quiz.start(person.access, knows=True)
    with pytest.raises(RunError):
        person.quiz.pick(person.access, session, 0)
    next(person.questions(session))
    with pytest.raises(RunError):
        person.quiz.pick(person.access, session, 2)
    person.quiz.pick(person.access, session, 0)
    with pytest.raises(RunError):
        person.quiz.pick(person.access, session, 0)
    person.quiz.close(session)
    with pytest.raises(RunError):
        person.quiz.next(person.access, session)


def test_picks_are_kept_for_the_owner_only_and_counted_by_who_knows(person: Fixture) -> None:
    fooled = []
    for knows, count in ((True, 3), (False, 2)):
        session = person.quiz.start(person.access, knows=knows)
        for _ in range(count):
            assert next(person.questions(session))
            fooled.append(not person.quiz.pick(person.access, session, 0).is_right)
        person.quiz.close(session)
    file = person.run.path / QUIZ_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    tallies = person.quiz.tallies()
    assert tallies.everybody == QuizTally(5, sum(fooled))
    assert tallies.knowing == QuizTally(3, sum(fooled[:3]))
    assert tallies.strangers == QuizTally(2, sum(fooled[3:]))
    picks = QuizLog(person.run.path).picks()
    assert len({pick.judge for pick in picks}) == 2
    assert all(set(pick.real) <= person.held_out and pick.imitated for pick in picks)
    assert {pick.participant for pick in picks} == {PERSONA}
    code, _ = run_command(person.home, ["runs", "--json"])
    assert code == 0
    # A newer adapter has its own rate.
    person.run.write_status(Status("finished", 80, 80, best_step=60))
    assert person.quiz.tallies().everybody == QuizTally()


def test_a_damaged_line_hides_no_other_pick(person: Fixture) -> None:
    session = person.quiz.start(person.access, knows=True)
    assert next(person.questions(session))
    person.quiz.pick(person.access, session, 0)
    with (person.run.path / QUIZ_FILE).open("a") as file:
        file.write('{"judge": "half a li\n' + json.dumps({"judge": 1}) + "\n")
    assert next(person.questions(session))
    person.quiz.pick(person.access, session, 1)
    person.quiz.close(session)
    assert person.quiz.tallies().everybody.picks == 2


def test_data_of_another_build_may_hold_trained_replies_and_is_not_asked(person: Fixture) -> None:
    save(person.home.settings_file, {"data.val_ratio": 0.3})
    Datasets(person.home).build()
    with pytest.raises(RunError, match="데이터를 다시 준비해서"):
        person.quiz.start(person.access, knows=True)


def test_a_start_of_training_ends_the_preparation_with_a_sentence(person: Fixture) -> None:
    started = threading.Event()
    person.model.draw_replies = lambda *_, cancelled, **__: _hang(started, cancelled)  # type: ignore[method-assign]
    session = person.quiz.start(person.access, knows=True)
    assert started.wait(60)
    person.chat.unload()
    with pytest.raises(RunError):
        list(person.quiz.next(person.access, session))


def _hang(started: threading.Event, cancelled: threading.Event) -> list[Candidate]:
    from kakaobot.chat.protocol import Cancelled

    started.set()
    cancelled.wait(60)
    raise Cancelled


@pytest.mark.parametrize(
    "tally, shown",
    [
        (QuizTally(), "아직 푼 사람이 없음"),
        (QuizTally(10, 3), "30% (11~60%, 10번 가운데 3번)"),
        (QuizTally(1000, 500), "50% (47~53%, 1,000번 가운데 500번)"),
    ],
)
def test_the_fool_rate_has_its_wilson_interval(tally: QuizTally, shown: str) -> None:
    assert fool_rate_text(tally) == shown


def test_no_picks_no_rate(person: Fixture) -> None:
    assert fool_rate_rows(person.quiz.tallies()) == []
