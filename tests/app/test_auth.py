from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from kakaobot.app.auth import FREE_ATTEMPTS, AccessPass, PasswordGate
from kakaobot.config import Home, save
from kakaobot.errors import AccessDenied
from kakaobot.settings import AccessSettings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_authenticate_issues_a_valid_pass() -> None:
    gate = PasswordGate("바다 거북")
    gate.verify(gate.authenticate("바다 거북"))


@pytest.mark.parametrize("wrong", ["바다거북", "바다 거북 ", "x" * 10_000])
def test_wrong_password_is_denied(wrong: str) -> None:
    with pytest.raises(AccessDenied, match="틀렸습니다"):
        PasswordGate("바다 거북").authenticate(wrong)


def test_decomposed_hangul_is_the_same_password() -> None:
    PasswordGate("바다").authenticate(unicodedata.normalize("NFD", "바다"))


@pytest.mark.parametrize("password", ["", "   "])
def test_gate_without_a_password_denies_everything(password: str) -> None:
    gate = PasswordGate(password)
    assert not gate.is_set
    with pytest.raises(AccessDenied, match="CHATBOT_PASSWORD"):
        gate.authenticate(password)
    with pytest.raises(AccessDenied, match="CHATBOT_PASSWORD"):
        gate.verify(AccessPass(b""))


def test_foreign_or_forged_pass_is_denied() -> None:
    gate = PasswordGate("바다")
    for access in (None, PasswordGate("바다").authenticate("바다"), AccessPass(b"x" * 32)):
        with pytest.raises(AccessDenied):
            gate.verify(access)


def test_lockout_grows_and_applies_to_the_right_password_too() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock)
    waits = []
    for _ in range(3):
        for _ in range(FREE_ATTEMPTS):
            with pytest.raises(AccessDenied):
                gate.authenticate("산")
        with pytest.raises(AccessDenied, match="초 뒤에"):
            gate.authenticate("바다")
        before = clock.now
        while True:
            clock.now += 1
            try:
                gate.authenticate("산")
            except AccessDenied as error:
                if "틀렸습니다. 다시" in str(error):
                    break
        waits.append(clock.now - before)
    assert waits == sorted(waits)
    assert waits[0] >= 4
    assert waits[-1] > waits[0]
    clock.now += 1000
    gate.verify(gate.authenticate("바다"))


def test_gate_reads_the_env_file(home: Home) -> None:
    assert not PasswordGate.from_home(home).is_set
    (home.root / ".env").write_text("CHATBOT_PASSWORD=바다\n", encoding="utf-8")
    PasswordGate.from_home(home).authenticate("바다")


def test_lockout_lasts_however_many_attempts_fail() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock)
    for _ in range(FREE_ATTEMPTS + 1100):
        clock.now += 100_000
        gate._count_failure()
    with pytest.raises(AccessDenied, match="여러 번"):
        gate.authenticate("바다")


# --- idle


def test_an_idle_pass_is_denied_and_use_keeps_it() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock)
    access = gate.authenticate("바다")
    for _ in range(3):
        clock.now += 29 * 60
        gate.verify(access)
    clock.now += 30 * 60
    assert not gate.is_open(access)
    with pytest.raises(AccessDenied):
        gate.verify(access)


def test_a_poll_does_not_keep_a_pass() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock)
    access = gate.authenticate("바다")
    for _ in range(29):
        clock.now += 60
        assert gate.shows_words(access, renew=False)
        assert gate.is_open(access)
    clock.now += 60
    assert not gate.shows_words(access, renew=False)


def test_zero_minutes_never_lock() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock, options=lambda: AccessSettings(idle_minutes=0))
    access = gate.authenticate("바다")
    clock.now += 10**9
    gate.verify(access)


# --- what is covered


def test_words_need_a_pass_only_if_a_password_is_set() -> None:
    assert PasswordGate("").shows_words(None)
    gate = PasswordGate("바다")
    assert not gate.shows_words(None)
    assert not gate.shows_words(PasswordGate("바다").authenticate("바다"))
    assert gate.shows_words(gate.authenticate("바다"))


def test_the_scope_chat_shows_words_but_does_not_reply() -> None:
    gate = PasswordGate("바다", options=lambda: AccessSettings(scope="chat"))
    assert gate.shows_words(None)
    with pytest.raises(AccessDenied):
        gate.verify(None)


def test_scope_and_idle_time_are_read_from_the_settings(home: Home) -> None:
    (home.root / ".env").write_text("CHATBOT_PASSWORD=바다\n", encoding="utf-8")
    gate = PasswordGate.from_home(home)
    assert not gate.shows_words(None)
    save(home.settings_file, {"access.scope": "chat"})
    assert gate.shows_words(None)
    home.settings_file.write_text("access: [", encoding="utf-8")
    assert not gate.shows_words(None)


# --- failed attempts outlast the process


def fail(gate: PasswordGate, times: int) -> None:
    for _ in range(times):
        with pytest.raises(AccessDenied):
            gate.authenticate("산")


def test_failed_attempts_survive_a_restart(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "state" / "attempts.json"
    for _ in range(FREE_ATTEMPTS):
        fail(PasswordGate("바다", clock=clock, attempts=file), 1)
    restarted = PasswordGate("바다", clock=clock, attempts=file)
    with pytest.raises(AccessDenied, match="초 뒤에"):
        restarted.authenticate("바다")
    clock.now += 301
    restarted.authenticate("바다")
    # The right password resets the count, also for the next process.
    fail(PasswordGate("바다", clock=clock, attempts=file), FREE_ATTEMPTS - 1)
    PasswordGate("바다", clock=clock, attempts=file).authenticate("바다")


def test_two_processes_count_together(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "attempts.json"
    gates = [PasswordGate("바다", clock=clock, attempts=file) for _ in range(2)]
    for number in range(FREE_ATTEMPTS):
        fail(gates[number % 2], 1)
    for gate in gates:
        with pytest.raises(AccessDenied, match="초 뒤에"):
            gate.authenticate("바다")


@pytest.mark.parametrize(
    "stored", ["", "[]", "{", '{"failures": "x", "locked_until": 1}', '{"failures": 1e999}']
)
def test_a_damaged_count_is_no_way_in_and_no_way_out(tmp_path: Path, stored: str) -> None:
    file = tmp_path / "attempts.json"
    file.write_text(stored, encoding="utf-8")
    gate = PasswordGate("바다", attempts=file)
    fail(gate, 1)
    gate.authenticate("바다")


def test_a_lockout_from_the_future_ends_after_the_longest_one(tmp_path: Path) -> None:
    """The clock of the machine was wrong when it was written."""
    file = tmp_path / "attempts.json"
    file.write_text('{"failures": 9, "locked_until": 1e12}', encoding="utf-8")
    clock = Clock()
    gate = PasswordGate("바다", clock=clock, attempts=file)
    with pytest.raises(AccessDenied, match="300초"):
        gate.authenticate("바다")
    clock.now += 301
    gate.authenticate("바다")
