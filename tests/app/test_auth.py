from __future__ import annotations

import unicodedata

import pytest

from kakaobot.app.auth import FREE_ATTEMPTS, AccessPass, PasswordGate
from kakaobot.config import Home
from kakaobot.errors import AccessDenied


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
