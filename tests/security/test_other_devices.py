"""What the terminal shows so that a phone can open the window."""

from __future__ import annotations

import io
import sys

import pytest

from kakaobot import hosts
from ui import app, console_text
from ui.browser_sessions import BrowserSessions
from ui.server_info import ServerInfo


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    own = {"127.0.0.1", "::1", "192.168.0.7", "8.8.8.8", "169.254.1.1", "fe80::1", "fd00::1"}
    monkeypatch.setattr(hosts, "own_addresses", lambda: own)
    return own


def shown(host: str, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    sessions = BrowserSessions()
    app._print_for_other_devices(ServerInfo.here(host, 7860, "t"), sessions)
    return stream.getvalue()


def test_the_address_is_one_that_a_phone_reaches(
    addresses: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown("0.0.0.0", io.StringIO(), monkeypatch).splitlines()
    assert lines[0] == console_text.OTHER_DEVICE
    # The home network before any other; nothing that only this machine or cable reaches.
    assert lines[1].startswith("http://192.168.0.7:7860/open#")
    assert lines[2] == console_text.OTHER_ADDRESSES.format(addresses="8.8.8.8")
    assert len(lines) == 3


def test_a_chosen_address_is_shown_as_it_is(
    addresses: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown("fd00::1", io.StringIO(), monkeypatch).splitlines()
    assert lines[1].startswith("http://[fd00::1]:7860/open#")


def test_a_terminal_shows_a_qr_code(addresses: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code = shown("0.0.0.0", Terminal(), monkeypatch)
    assert code.count("█") > 50
    assert "█" not in shown("0.0.0.0", io.StringIO(), monkeypatch)


def test_a_machine_without_a_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "own_addresses", lambda: {"127.0.0.1"})
    assert shown("0.0.0.0", io.StringIO(), monkeypatch).strip() == console_text.NO_NETWORK


def test_this_machine_knows_its_own_addresses() -> None:
    assert "127.0.0.1" in hosts.own_addresses()
    allowed = hosts.AllowedHosts("0.0.0.0")
    assert allowed.allows("127.0.0.1:7860")
    assert not allowed.allows("8.8.8.8:7860")
