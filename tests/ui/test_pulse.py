"""The pulse: opaque versions, which change when something does."""

from dataclasses import replace

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.exports import Exports
from kakaobot.app.password_file import PasswordFile
from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home
from kakaobot.errors import ConfigError
from kakaobot.runs.eval_samples import EvalSample, EvalTranscript
from kakaobot.runs.metrics import Point
from tests.ui.window_fakes import (
    FILE,
    RUN,
    SNAPSHOT,
    EchoChat,
    FakeDatasets,
    FakeEstimates,
    FakeExports,
    FakeParticipants,
    FakeTraining,
    honest_services,
)
from ui.presenters import training_view
from ui.pulse import Pulse
from ui.render.cards import status, training_card
from ui.services import Services

CONCERNS = ("gate", "erased", "workflow", "building", "training", "memory", "outgoing")


@pytest.fixture
def services(tmp_path):
    home, gate = Home(tmp_path), PasswordGate("열쇠")
    chat = EchoChat(gate)
    return Services(
        exports=FakeExports(FILE),
        participants=FakeParticipants(),
        datasets=FakeDatasets(),
        estimates=FakeEstimates(),
        training=FakeTraining(),
        chat=chat,
        talk=chat,
        gate=gate,
        settings=SettingsEditor(home),
        password_file=PasswordFile(home),
        **honest_services(home, gate),
    )


def changed(pulse, access, change):
    """The concerns that have another version after a change."""
    before = pulse.versions(access, CONCERNS)
    assert pulse.versions(access, CONCERNS) == before
    change()
    after = pulse.versions(access, CONCERNS)
    return {concern for concern in CONCERNS if before[concern] != after[concern]}


def test_each_change_concerns_what_shows_it(services):
    pulse, gate = Pulse(services), services.gate
    access = gate.authenticate("열쇠")

    def log():
        services.training.current = replace(SNAPSHOT, status=step(services), log="한 줄 더")

    def erase():
        services.own_data.erasing.count += 1

    assert changed(pulse, access, log) == {"training"}

    def build():
        services.datasets.build()

    assert changed(pulse, access, build) == {"building"}
    assert changed(pulse, access, erase) == {"erased"}
    assert changed(pulse, access, gate.lock_all) == {"gate"}
    assert changed(pulse, None, gate.lock_all) == set()


ALL = {"of": "training", "live": "status,card,chart"}


def step(services):
    status = services.training.current.status
    return replace(status, state="running", step=status.step + 1, max_steps=1000)


def live(pulse, **query):
    return pulse.answer(None, {**ALL, **query}).get("live")


def test_a_step_comes_with_the_answer_and_needs_no_event(services):
    pulse = Pulse(services)
    services.training.current = replace(SNAPSHOT, status=step(services))
    before, versions = live(pulse), pulse.versions(None, CONCERNS)
    points = (*SNAPSHOT.points, Point(900, "loss", 2.5, 0.0))
    services.training.current = replace(SNAPSHOT, status=step(services), points=points)
    assert pulse.versions(None, CONCERNS) == versions
    after = live(pulse, seen=before["version"])
    assert after.keys() == {"version", "run", "status", "card", "chart"}
    assert all(after[part] != before[part] for part in ("version", "status", "card", "chart"))
    view = training_view(services.training.current)
    assert after["card"] == training_card(view)
    assert after["status"] == status(view.status_line, view.status_tone)
    assert after["chart"] == view.loss_chart
    assert after["run"] == after["chart"]["run"] == SNAPSHOT.run
    assert after["chart"]["loss"][-1] == [900, 2.5]


def test_without_news_nothing_is_sent(services):
    pulse = Pulse(services)
    services.training.current = replace(SNAPSHOT, status=step(services))
    first = live(pulse)
    assert live(pulse, seen=first["version"]) is None
    assert live(pulse, live="") is None
    # What a page shows from now on is new to it.
    assert live(pulse, seen=first["version"], live="status").keys() == {"version", "run", "status"}
    # A program that has been started again has made other views.
    assert live(Pulse(services), seen=first["version"]) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"log": "한 줄 더"},
        {"stopping": True},
        {"can_chat": True},
        {"runs": ()},
        {"eval_samples": EvalTranscript((), (EvalSample(1, ("네",)),))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_else_changes_needs_an_event(services, change):
    pulse = Pulse(services)
    services.training.current = replace(SNAPSHOT, status=step(services))
    pulse.versions(None, CONCERNS)

    def go_on():
        services.training.current = replace(SNAPSHOT, status=step(services), **change)

    assert changed(pulse, None, go_on) == {"training"}


def test_a_live_run_in_the_list_needs_no_event_at_each_step(services):
    pulse = Pulse(services)

    def go_on():
        status = step(services)
        run = replace(RUN, state="running", step=status.step, message=f"{status.step}")
        services.training.current = replace(SNAPSHOT, status=status, runs=(run,))

    go_on()
    assert changed(pulse, None, go_on) == set()


def test_a_training_that_cannot_be_read_is_left_to_its_event(services):
    pulse = Pulse(services)

    def fail():
        raise ConfigError("설정을 읽을 수 없습니다.")

    before, seen = pulse.versions(None, CONCERNS), live(pulse)["version"]
    services.training.version = fail
    assert live(pulse, seen=seen) is None
    assert pulse.versions(None, CONCERNS)["training"] != before["training"]


def test_an_import_concerns_the_workflow(services, tmp_path):
    pulse, home = Pulse(services), Home(tmp_path)
    sample = Exports(home).sample_files()[0]
    assert "workflow" in changed(pulse, None, lambda: Exports(home).import_files([sample]))


def test_a_version_says_nothing(services):
    versions = Pulse(services).versions(None, [*CONCERNS, "settings", ""])
    assert set(versions) == set(CONCERNS)
    assert all(len(version) == 16 and int(version, 16) >= 0 for version in versions.values())
    # Another program has other ones, so that nothing can be looked up.
    others = Pulse(services).versions(None, CONCERNS)
    assert not set(versions.values()) & set(others.values())


def test_what_is_damaged_has_a_version_too(services, tmp_path):
    pulse, home = Pulse(services), Home(tmp_path)
    home.settings()
    whole = home.settings_file.read_text(encoding="utf-8")

    def damage():
        home.settings_file.write_text("data: [", encoding="utf-8")

    def mend():
        home.settings_file.write_text(whole, encoding="utf-8")

    assert "workflow" in changed(pulse, None, damage)
    assert "workflow" in changed(pulse, None, mend)
