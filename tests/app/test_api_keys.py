"""Keys of other programs: shown once, kept as digests, revoked at once."""

from __future__ import annotations

import json
import os
import stat

import pytest

import kakaobot.app.api_keys
from kakaobot.app.api_keys import KEYS_FILE, MAX_KEYS, ApiKeys
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.erasing import Erasing
from kakaobot.app.storage import Storage
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, ConfigError
from kakaobot.settings import AccessSettings
from tests.conftest import write_password
from tests.prepared_home import is_sentence, run_command

PASSWORD = "귤"


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate(PASSWORD)


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate(PASSWORD)


@pytest.fixture
def keys(home: Home, gate: PasswordGate) -> ApiKeys:
    return ApiKeys(home, gate)


def test_a_key_is_not_in_its_file(home: Home, keys: ApiKeys, access: AccessPass) -> None:
    secret = keys.make(access, "노트북")
    file = home.state_folder / KEYS_FILE
    text = file.read_text(encoding="utf-8")
    assert secret.rpartition("-")[2] not in text
    assert "노트북" in text
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = keys.check(secret)
    assert found is not None
    assert (found.name, found.kind) == ("노트북", "api")


def test_only_the_very_secret_opens(keys: ApiKeys, access: AccessPass) -> None:
    one, other = keys.make(access, "하나"), keys.make(access, "둘")
    mixed = one[:12] + other[12:]
    assert keys.check(one) is not None
    for wrong in ("", "kb-", one[:-1], one + "a", one.upper(), mixed, f" {one}", "가" * 40):
        assert keys.check(wrong) is None, wrong
    assert keys.check(other) is not None


def test_a_revoked_key_is_refused_by_whoever_has_checked_it(
    home: Home, gate: PasswordGate, keys: ApiKeys, access: AccessPass
) -> None:
    secret, server = keys.make(access, "옛것"), ApiKeys(home, gate)
    assert server.check(secret) is not None
    [key] = keys.all(access)
    keys.revoke(access, key.id)
    assert server.check(secret) is None
    with pytest.raises(ConfigError, match="그런 키가 없습니다"):
        keys.revoke(access, key.id)


def test_a_name_revokes_a_key_that_has_it_alone(keys: ApiKeys, access: AccessPass) -> None:
    keys.make(access, "하나")
    keys.make(access, "둘")
    keys.make(access, "둘")
    keys.revoke(access, "하나")
    with pytest.raises(ConfigError):
        keys.revoke(access, "둘")
    assert [key.name for key in keys.all(access)] == ["둘", "둘"]


def test_scrypt_runs_once_for_a_right_key(
    keys: ApiKeys, access: AccessPass, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = keys.make(access, "노트북")
    assert keys.check(secret)
    monkeypatch.setattr(kakaobot.app.api_keys, "_scrypt", None)
    assert keys.check(secret)
    assert keys.check("kb-00000000-" + "a" * 43) is None


def test_the_last_use_is_noted_to_the_minute(
    home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    now = [1000.0]
    keys = ApiKeys(home, gate, clock=lambda: now[0])
    secret = keys.make(access, "노트북")
    assert keys.all(access)[0].used_at == 0
    seen = []
    for now[0] in (2000.0, 2030.0, 2061.0):
        keys.check(secret)
        seen.append(keys.all(access)[0].used_at)
    assert seen == [2000.0, 2000.0, 2061.0]


@pytest.mark.parametrize("name", ["", "  ", "가" * 41, "a\x00b"])
def test_a_key_has_a_name(keys: ApiKeys, access: AccessPass, name: str) -> None:
    with pytest.raises(ConfigError, match="이름"):
        keys.make(access, name)


def test_there_are_not_too_many(keys: ApiKeys, access: AccessPass, home: Home) -> None:
    keys.make(access, "하나")
    file = home.state_folder / KEYS_FILE
    [key] = json.loads(file.read_text(encoding="utf-8"))["keys"]
    file.write_text(json.dumps({"keys": [key] * MAX_KEYS}), encoding="utf-8")
    with pytest.raises(ConfigError, match="50개"):
        keys.make(access, "또")


@pytest.mark.parametrize("text", ["", "[]", '{"keys": 3}', '{"keys": [{}, 1, {"id": "a"}]}'])
def test_a_damaged_file_opens_nothing(
    home: Home, keys: ApiKeys, access: AccessPass, text: str
) -> None:
    secret = keys.make(access, "하나")
    (home.state_folder / KEYS_FILE).write_text(text, encoding="utf-8")
    assert keys.check(secret) is None
    assert keys.all(access) == []


def test_nothing_is_made_shown_or_revoked_without_a_pass(keys: ApiKeys, access: AccessPass) -> None:
    keys.make(access, "하나")
    forged = PasswordGate(PASSWORD).authenticate(PASSWORD)
    for one in (None, forged):
        with pytest.raises(AccessDenied):
            keys.make(one, "둘")
        with pytest.raises(AccessDenied):
            keys.all(one)
        with pytest.raises(AccessDenied):
            keys.revoke(one, "하나")


def test_a_lasting_pass_ends_with_its_password_only() -> None:
    now = [0.0]
    gate = PasswordGate(
        PASSWORD, clock=lambda: now[0], options=lambda: AccessSettings(idle_minutes=1)
    )
    access = gate.authenticate(PASSWORD)
    lasting = gate.lasting(access)
    now[0] = 3600.0
    assert not gate.is_open(access)
    gate.verify(lasting)
    now[0] = 7200.0
    gate.verify(lasting)
    with pytest.raises(AccessDenied):
        gate.lasting(access)
    gate.change(PASSWORD, "새 비밀번호 열둘")
    with pytest.raises(AccessDenied):
        gate.verify(lasting)


def test_keys_are_a_stored_thing_that_can_be_erased(
    home: Home, gate: PasswordGate, keys: ApiKeys, access: AccessPass
) -> None:
    secret = keys.make(access, "하나")
    things = {thing.kind: thing for thing in Storage(home).things()}
    file = home.state_folder / KEYS_FILE
    assert things["keys"].roots == (file,)
    assert file not in things["state"].roots
    Erasing(home, gate).erase(access, [things["keys"].name])
    assert not file.exists()
    assert keys.check(secret) is None


def test_the_command_makes_lists_and_revokes(home: Home) -> None:
    write_password(home, PASSWORD)
    code, said = run_command(home, ["keys"])
    assert (code, is_sentence(said)) == (0, True)
    assert run_command(home, ["keys", "--make", "노트북"])[0] == 0
    assert run_command(home, ["keys", "--make", "채널", "--for", "kakao"])[0] == 0
    gate = PasswordGate(PASSWORD)
    made = ApiKeys(home, gate).all(gate.authenticate(PASSWORD))
    assert [(key.name, key.kind) for key in made] == [("노트북", "api"), ("채널", "kakao")]
    assert run_command(home, ["keys", "--revoke", made[0].id])[0] == 0
    assert len(ApiKeys(home, gate).all(gate.authenticate(PASSWORD))) == 1
    assert run_command(home, ["keys", "--for", "discord"])[0] == 2
    assert run_command(home, ["keys", "--revoke", "없는것"])[0] == 1
