import json
import os
import socket
import stat

import pytest

from kakaobot.config import Home
from kakaobot.errors import ConfigError
from ui.server_info import FIRST_PORT, ServerInfo, choose_port


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_the_address_holds_the_code_and_a_reachable_host():
    assert ServerInfo.here("127.0.0.1", 7860, "t").address("c") == "http://127.0.0.1:7860/open#c"
    assert ServerInfo.here("0.0.0.0", 7861, "t").address("c") == "http://127.0.0.1:7861/open#c"
    assert ServerInfo.here("::1", 7862, "t").address("c") == "http://[::1]:7862/open#c"
    info = ServerInfo.here("0.0.0.0", 7860, "t")
    assert info.address("c", "192.168.0.7") == "http://192.168.0.7:7860/open#c"


def test_write_stores_all_fields_in_a_private_file(tmp_path):
    info = ServerInfo.here("127.0.0.1", 7860, "abc")
    info.write(Home(tmp_path))
    file = tmp_path / ".kakaobot" / "instance.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored == {
        "pid": os.getpid(), "host": "127.0.0.1", "port": 7860, "token": "abc"
    }  # fmt: skip
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_remove_keeps_the_file_of_a_later_window(tmp_path):
    home, file = Home(tmp_path), tmp_path / ".kakaobot" / "instance.json"
    old, new = (ServerInfo.here("127.0.0.1", 7860, token) for token in ("old", "new"))
    old.write(home)
    new.write(home)
    old.remove(home)
    assert file.exists()
    new.remove(home)
    assert not file.exists()
    new.remove(home)


def test_a_taken_port_is_an_error(taken_port):
    with pytest.raises(ConfigError, match=str(taken_port)):
        choose_port("127.0.0.1", taken_port)


def test_the_first_free_port_is_the_default():
    assert FIRST_PORT <= choose_port("127.0.0.1", None) < FIRST_PORT + 100


def test_an_unknown_host_is_an_error():
    with pytest.raises(ConfigError, match="--host"):
        choose_port("no-such-host.invalid", None)
