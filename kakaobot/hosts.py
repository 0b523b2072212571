"""Names and addresses of this machine, and which `Host` headers its servers accept."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import psutil

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Hosts that mean every address, and the loopback address of each."""


class AllowedHosts:
    """The `Host` headers that a server listening on `host` accepts.

    An IP literal must be an address of this machine: otherwise a page on another site could reach
    the window by a name that it has rebound, or through a router that forwards to it.
    """

    def __init__(self, host: str, addresses: Callable[[], set[str]] | None = None) -> None:
        self._names = {*LOOPBACK, _canonical(host)}
        if not is_loopback(host):
            self._names |= {name.lower() for name in machine_names()}
        self._wildcard = host in WILDCARDS
        self._addresses = addresses or own_addresses

    def allows(self, header: str) -> bool:
        name = host_name(header)
        # Addresses are read anew: a laptop gets others when it changes networks.
        return name in self._names or (self._wildcard and name in self._addresses())


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The `Host` header without its port and brackets; empty if it is malformed."""
    try:
        return _canonical(urlsplit(f"//{header}").hostname or "")
    except ValueError:
        return ""


def machine_names() -> set[str]:
    """The name of this machine, also as other devices find it by multicast DNS."""
    name = socket.gethostname()
    return {name, f"{name.split('.')[0]}.local"} if name else set()


def own_addresses() -> set[str]:
    """The IP addresses of this machine."""
    families = (socket.AF_INET, socket.AF_INET6)
    return {
        _canonical(address.address.partition("%")[0])
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in families
    }


def reachable_addresses(host: str) -> list[str]:
    """Addresses at which another device reaches a window listening on `host`; best first."""
    if host not in WILDCARDS:
        return [host]
    found = [ipaddress.ip_address(address) for address in own_addresses()]
    usable = [
        address
        for address in found
        if not (address.is_loopback or address.is_link_local)
        and (host == "::" or address.version == 4)
    ]
    # Home networks are private, and IPv4 is what people can type.
    return [str(address) for address in sorted(usable, key=_typing_order)]


def netloc(host: str, port: int) -> str:
    """`host:port` as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _typing_order(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[object, ...]:
    return address.version, not address.is_private, int(address)


def _canonical(name: str) -> str:
    """Lower case; an IPv6 address in its short form."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()
