from __future__ import annotations

import threading
import unicodedata
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from kakaobot.app.auth import FREE_ATTEMPTS, AccessPass, PasswordGate
from kakaobot.config import Home, save
from kakaobot.env_file import PASSWORD_VARIABLE
from kakaobot.errors import AccessDenied, ConfigError
from kakaobot.settings import AccessSettings
from tests.conftest import write_password
from tests.prepared_home import is_sentence


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


# --- the first password, and another one


class Store:
    """Keeps a password in memory."""

    def __init__(self, password: str = "") -> None:
        self.password = password

    def read(self) -> str:
        return self.password

    def write(self, password: str) -> None:
        self.password = password


class FullDisk(Store):
    def write(self, password: str) -> None:
        raise ConfigError("디스크가 가득 찼습니다.")


def test_the_first_password_holds_at_once_and_is_stored(home: Home) -> None:
    gate = PasswordGate.from_home(home)
    assert gate.shows_words(None)
    access = gate.set_first("바다 거북")
    gate.verify(access)
    assert not gate.shows_words(None)
    gate.authenticate("바다 거북")
    PasswordGate.from_home(Home(home.root)).authenticate("바다 거북")


@pytest.mark.parametrize("typed", ["바다 거북", unicodedata.normalize("NFD", "바다 거북")])
def test_a_password_is_stored_composed(typed: str) -> None:
    store = Store()
    gate = PasswordGate("", store=store)
    gate.set_first(typed)
    assert store.password == "바다 거북"
    gate.authenticate(unicodedata.normalize("NFD", "바다 거북"))


def test_loose_jamo_stay_as_they_were_typed() -> None:
    """Somebody may choose the letters themselves, as in `ㅂㅏㄷㅏ`."""
    store = Store()
    PasswordGate("", store=store).set_first("ㅂㅏㄷㅏ")
    assert store.password == "ㅂㅏㄷㅏ"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        *(("", "4자"), ("    ", "4자"), ("귤", "4자"), (" 귤감배 ", "4자"), ("ㅋㅋㅋㅋ", "되풀이")),
        *(("x" * 3 + "y" * 200, "128자"), ("한 줄\n두 줄", "보이지"), ("a\0bc", "보이지")),
        ("abc\ud800", "보이지"),
    ],
    ids=ascii,
)
def test_what_is_no_password_is_refused_in_a_sentence(password: str, reason: str) -> None:
    store = Store()
    for call in (PasswordGate("", store=store).set_first, partial(PasswordGate("바").change, "바")):
        with pytest.raises(ConfigError, match=reason) as refused:
            call(password)
        assert is_sentence(str(refused.value))
    assert store.password == ""


def test_of_two_pages_that_set_a_password_the_second_is_refused() -> None:
    store = Store()
    gate = PasswordGate("", store=store)
    start = threading.Barrier(8)
    admitted: list[str] = []

    def set_first(password: str) -> None:
        start.wait()
        with suppress(AccessDenied):
            gate.set_first(password)
            admitted.append(password)

    threads = [threading.Thread(target=set_first, args=(f"비밀번호 {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted == [store.password]
    gate.authenticate(store.password)


def test_a_password_that_the_file_has_meanwhile_is_not_overwritten(home: Home) -> None:
    gate = PasswordGate.from_home(home)
    write_password(home, "산토끼")
    with pytest.raises(AccessDenied, match="그 사이에"):
        gate.set_first("바다 거북")
    assert home.password() == "산토끼"
    gate.authenticate("산토끼")


def test_a_password_of_the_environment_is_not_overwritten_in_vain(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("산토끼", "  "):
        monkeypatch.setenv(PASSWORD_VARIABLE, value)
        gate = PasswordGate.from_home(home)
        with pytest.raises(ConfigError, match="환경 변수"):
            gate.change("산토끼", "바다 거북") if value.strip() else gate.set_first("바다 거북")
        assert not home.env_file.exists()


def test_another_password_revokes_every_pass() -> None:
    store = Store("바다")
    gate = PasswordGate("바다", store=store)
    passes = [gate.authenticate("바다") for _ in range(3)]
    access = gate.change("바다", "산토끼 굴")
    assert store.password == "산토끼 굴"
    assert gate.is_open(access)
    assert not any(map(gate.is_open, passes))
    with pytest.raises(AccessDenied, match="틀렸습니다"):
        gate.authenticate("바다")
    gate.authenticate("산토끼 굴")


def test_a_wrong_old_password_is_an_attempt() -> None:
    clock = Clock()
    gate = PasswordGate("바다", clock=clock)
    with pytest.raises(AccessDenied, match="비밀번호를 입력"):
        gate.change("", "산토끼 굴")
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(AccessDenied, match="틀렸습니다"):
            gate.change("산", "산토끼 굴")
    for denied in (partial(gate.change, "바다", "산토끼 굴"), partial(gate.authenticate, "바다")):
        with pytest.raises(AccessDenied, match="초 뒤에"):
            denied()
    clock.now += 5
    gate.change("바다", "산토끼 굴")


def test_a_password_that_cannot_be_stored_changes_nothing() -> None:
    gate = PasswordGate("바다", store=FullDisk("바다"))
    access = gate.authenticate("바다")
    with pytest.raises(ConfigError, match="가득"):
        gate.change("바다", "산토끼 굴")
    assert gate.is_open(access)
    gate.authenticate("바다")
    empty = PasswordGate("", store=FullDisk())
    with pytest.raises(ConfigError, match="가득"):
        empty.set_first("산토끼 굴")
    assert not empty.is_set


def test_without_a_password_there_is_none_to_change() -> None:
    with pytest.raises(AccessDenied, match="CHATBOT_PASSWORD"):
        PasswordGate("").change("", "산토끼 굴")


def test_locking_all_revokes_every_pass() -> None:
    gate = PasswordGate("바다")
    passes = [gate.authenticate("바다") for _ in range(3)]
    gate.lock_all()
    assert not any(map(gate.is_open, passes))
    gate.verify(gate.authenticate("바다"))
