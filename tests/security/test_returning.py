"""After a restart, only a page that stayed open gets its browser in again."""

import hashlib
import hmac
import json
import os
import stat

import pytest

from kakaobot.app.auth import PasswordGate
from tests.security.browser import Browser
from tests.security.test_session_auth import API, HOST, STATIC, make_client
from ui import request_text
from ui.browser_sessions import BrowserSessions, SessionSecrets
from ui.session_file import MAX_SESSIONS, SessionFile

DAY = 24 * 3600.0
NAME = "kakaobot-7860"


class Clock:
    now = 1e9

    def __call__(self):
        return self.now


class Restarts:
    """A browser with an open page, and the programs that run one after the other."""

    def __init__(self, folder, gate=None):
        self.clock = Clock()
        self.path = folder / ".kakaobot" / "sessions.json"
        self.gate = gate
        self.restart()

    def restart(self):
        file = SessionFile(self.path, self.clock)
        self.sessions = BrowserSessions(self.gate, file, self.clock)
        self.client, _ = make_client(gate=self.gate, sessions=self.sessions)

    def open(self, password=""):
        """Open a page; what it then knows."""
        page = Browser.open(self.client, self.sessions.issue_code(), password)
        answer = page.get("/open/return").json()
        return {
            "cookie": self.client.cookies[NAME], "key": page.key,
            "code": answer["code"], "name": answer["session"],
        }  # fmt: skip

    def give(self, known, password=""):
        headers = {"cookie": f"{NAME}={known['cookie']}", "x-kakaobot-key": known["key"]}
        body = {"code": known["code"], "password": password}
        return self.client.post("/open", json=body, headers=headers)

    def health(self, known, challenge="c"):
        query = {"challenge": challenge, "session": known["name"]}
        return self.client.get("/health", params=query).json()


@pytest.fixture
def restarts(tmp_path):
    return Restarts(tmp_path)


def test_the_file_holds_digests_and_is_private(restarts):
    known = restarts.open()
    text = restarts.path.read_text(encoding="utf-8")
    for secret in (known["cookie"], known["key"], known["code"]):
        assert secret not in text
        assert hashlib.sha256(secret.encode()).hexdigest() in text
    if os.name == "posix":
        assert stat.S_IMODE(restarts.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(restarts.path.parent.stat().st_mode) == 0o700


def test_cookie_and_key_open_nothing_after_a_restart(restarts):
    """Another program on the port could have read both while ours did not run."""
    known = restarts.open()
    restarts.restart()
    headers = {"cookie": f"{NAME}={known['cookie']}", "x-kakaobot-key": known["key"]}
    for method, path in [*(("GET", path) for path in STATIC), *API]:
        body = {"session_hash": "abc"} if method == "POST" else None
        response = restarts.client.request(method, path, json=body, headers=headers)
        assert response.status_code == 401, path


def test_the_return_code_gives_new_secrets_once(restarts):
    known = restarts.open()
    restarts.restart()
    first = restarts.give(known)
    assert first.status_code == 200
    cookie, key = restarts.client.cookies[NAME], first.json()["key"]
    assert not {cookie, key} & set(known.values())
    renewed = Browser(restarts.client, key)
    assert renewed.post("/gradio_api/queue/join", json={"session_hash": "a"}).status_code == 200
    assert restarts.give(known).json() == {
        "message": request_text.CODE_USED, "asks_password": False
    }  # fmt: skip
    old = {"cookie": f"{NAME}={known['cookie']}"}
    assert restarts.client.get("/", headers=old).status_code == 401
    restarts.restart()
    assert restarts.give(known).status_code == 401


def test_a_browser_returns_after_every_restart(restarts):
    known = restarts.open()
    for _ in range(3):
        restarts.restart()
        page = Browser(restarts.client, restarts.give(known).json()["key"])
        answer = page.get("/open/return").json()
        cookie = restarts.client.cookies[NAME]
        known = {"cookie": cookie, "key": page.key, **answer, "name": answer["session"]}


@pytest.mark.parametrize("part", ["cookie", "key", "code"])
def test_a_return_code_is_worthless_without_its_cookie_and_key(restarts, part):
    known, other = restarts.open(), restarts.open()
    restarts.restart()
    for wrong in (other[part], "", "x", "토"):
        cookie, key, code = ({**known, part: wrong}[name] for name in ("cookie", "key", "code"))
        with pytest.raises(Exception, match="launch.py"):
            restarts.sessions.exchange(code, held=SessionSecrets(cookie, key))
    assert restarts.give(known).status_code == 200


def test_a_return_code_opens_nothing_while_its_program_runs(restarts):
    known = restarts.open()
    assert restarts.give(known).status_code == 401


def test_another_device_gives_the_password_again(tmp_path):
    gate = PasswordGate("바다 거북")
    restarts = Restarts(tmp_path, gate)
    known = restarts.open("바다 거북")
    assert restarts.sessions.find_pass(known["cookie"], "page") is not None
    restarts.restart()
    for password in ("", "틀림"):
        answer = restarts.give(known, password)
        assert (answer.status_code, answer.json()["asks_password"]) == (401, True)
    assert restarts.give(known, "바다 거북").status_code == 200


def test_passes_end_with_the_program(restarts):
    gate = PasswordGate("바다 거북")
    known = restarts.open()
    restarts.sessions.keep_pass(known["cookie"], "page", gate.authenticate("바다 거북"))
    assert restarts.sessions.find_pass(known["cookie"], "page") is not None
    restarts.restart()
    restarts.give(known)
    assert restarts.sessions.find_pass(restarts.client.cookies[NAME], "page") is None


def test_unused_sessions_expire_and_used_ones_do_not(restarts):
    unused, used = restarts.open(), restarts.open()
    for _ in range(29):
        restarts.clock.now += DAY + 1
        restarts.sessions.find(used["cookie"])
    restarts.clock.now += 2 * DAY
    restarts.restart()
    assert restarts.give(unused).status_code == 401
    assert restarts.give(used).status_code == 200


def test_a_wrong_clock_makes_no_session_last_for_ever(restarts):
    restarts.clock.now += 400 * DAY
    known = restarts.open()
    restarts.clock.now -= 400 * DAY
    restarts.restart()
    assert restarts.give(known).status_code == 401


def test_only_the_newest_sessions_are_kept(restarts):
    first = restarts.open()
    for _ in range(MAX_SESSIONS):
        last = restarts.open()
    restarts.restart()
    assert restarts.give(first).status_code == 401
    assert restarts.give(last).status_code == 200
    stored = json.loads(restarts.path.read_text(encoding="utf-8"))
    assert len(stored["sessions"]) <= MAX_SESSIONS


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[", b"[]", b"\xff", b'{"sessions": 3}', b'{"sessions": [1, null, {}]}',
        b'{"sessions": [{"cookie": "", "key": "", "return_code": "", "used_at": 1e9}]}',
        b'{"sessions": [{"cookie": 1, "key": 1, "return_code": 1, "used_at": "x"}]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_ignored(restarts, content):
    restarts.path.parent.mkdir()
    restarts.path.write_bytes(content)
    restarts.restart()
    nobody = {"cookie": "", "key": "", "code": ""}
    assert restarts.give(nobody).status_code == 401
    restarts.open()


def test_an_unwritable_folder_ends_the_sessions_with_the_program(restarts):
    restarts.path.parent.mkdir()
    restarts.path.mkdir()
    known = restarts.open()
    restarts.restart()
    assert restarts.give(known).status_code == 401


# --- the proof that a page asks for


def proof(code, challenge, port=7860):
    digest = hashlib.sha256(code.encode()).hexdigest().encode()
    return hmac.new(digest, f"{challenge} {port}".encode(), hashlib.sha256).hexdigest()


def test_the_program_proves_to_a_page_that_it_knows_its_session(restarts):
    known = restarts.open()
    answer = restarts.health(known)["session"]
    assert answer == {"state": "live", "proof": proof(known["code"], "c")}
    restarts.restart()
    answer = restarts.health(known, "d")["session"]
    assert answer == {"state": "ended", "proof": proof(known["code"], "d")}
    restarts.give(known)
    assert restarts.health(known)["session"]["state"] == "renewed"


def test_a_proof_holds_for_one_port(restarts):
    """A program that has taken the port cannot pass the challenge on to ours on another one."""
    known = restarts.open()
    client, _ = make_client(sessions=restarts.sessions)
    assert HOST.endswith(":7860")
    answer = client.get("/health", params={"challenge": "c", "session": known["name"]}).json()
    assert answer["session"]["proof"] != proof(known["code"], "c", 7861)


@pytest.mark.parametrize("name", ["", "x", "0" * 64])
def test_nothing_is_proved_for_an_unknown_session(restarts, name):
    restarts.open()
    assert "session" not in restarts.health({"name": name})
