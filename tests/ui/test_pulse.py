"""The pulse: opaque versions, which change when something does."""

from dataclasses import replace

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.exports import Exports
from kakaobot.app.password_file import PasswordFile
from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home
from tests.ui.window_fakes import (
    FILE,
    SNAPSHOT,
    EchoChat,
    FakeDatasets,
    FakeEstimates,
    FakeExports,
    FakeParticipants,
    FakeTraining,
    honest_services,
)
from ui.pulse import Pulse
from ui.services import Services

CONCERNS = ("gate", "erased", "workflow", "training", "memory", "outgoing")


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

    def train():
        step = services.training.current.status.step + 1
        status = replace(SNAPSHOT.status, step=step)
        services.training.current = replace(SNAPSHOT, status=status)

    def erase():
        services.own_data.erasing.count += 1

    assert changed(pulse, access, train) == {"training"}
    assert changed(pulse, access, erase) == {"erased"}
    assert changed(pulse, access, gate.lock_all) == {"gate"}
    assert changed(pulse, None, gate.lock_all) == set()


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
