from __future__ import annotations

import unicodedata

import pytest

from kakaobot.app.auth import FREE_TRIES, Gate, Pass
from kakaobot.config import Home
from kakaobot.errors import AccessDenied


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_right_password_opens() -> None:
    gate = Gate("바다 거북")
    gate.check(gate.enter("바다 거북"))


@pytest.mark.parametrize("wrong", ["바다거북", "바다 거북 ", "x" * 10_000])
def test_a_wrong_one_does_not(wrong: str) -> None:
    with pytest.raises(AccessDenied, match="틀렸습니다"):
        Gate("바다 거북").enter(wrong)


def test_hangul_typed_on_a_mac_is_the_same_password() -> None:
    Gate("바다").enter(unicodedata.normalize("NFD", "바다"))


@pytest.mark.parametrize("password", ["", "   "])
def test_without_a_password_nobody_enters(password: str) -> None:
    gate = Gate(password)
    assert not gate.is_set
    with pytest.raises(AccessDenied, match="CHATBOT_PASSWORD"):
        gate.enter(password)
    with pytest.raises(AccessDenied, match="CHATBOT_PASSWORD"):
        gate.check(Pass(b""))


def test_a_pass_of_another_gate_or_a_made_up_one_does_not_open() -> None:
    gate = Gate("바다")
    for given in (None, Gate("바다").enter("바다"), Pass(b"x" * 32)):
        with pytest.raises(AccessDenied):
            gate.check(given)


def test_after_some_tries_even_the_right_password_has_to_wait_and_longer_each_time() -> None:
    clock = Clock()
    gate = Gate("바다", clock=clock)
    waits = []
    for _ in range(3):
        for _ in range(FREE_TRIES):
            with pytest.raises(AccessDenied):
                gate.enter("산")
        with pytest.raises(AccessDenied, match="초 뒤에"):
            gate.enter("바다")
        before = clock.now
        while True:
            clock.now += 1
            try:
                gate.enter("산")
            except AccessDenied as error:
                if "틀렸습니다. 다시" in str(error):
                    break
        waits.append(clock.now - before)
    assert waits == sorted(waits)
    assert waits[0] >= 4
    assert waits[-1] > waits[0]
    clock.now += 1000
    gate.check(gate.enter("바다"))


def test_the_gate_reads_the_env_file(home: Home) -> None:
    assert not Gate.of(home).is_set
    (home.root / ".env").write_text("CHATBOT_PASSWORD=바다\n", encoding="utf-8")
    Gate.of(home).enter("바다")
