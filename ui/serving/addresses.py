"""Addresses to type: here, and on other computers of the network."""

from __future__ import annotations

import ipaddress
import socket

from ui.serving.server import WILDCARDS, in_url

# Of the ranges kept for documentation; nothing is sent there. Only the route to it is looked up.
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def network_address() -> str:
    """This computer's address in its network; empty without one."""
    for family, there in ELSEWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((there, 9))  # of a datagram socket: chooses the interface, and sends nothing
                found = str(probe.getsockname()[0])
        except OSError:
            continue
        if not (ipaddress.ip_address(found).is_unspecified or ipaddress.ip_address(found).is_loopback):
            return found
    return ""


def for_others(host: str, local: str) -> str:
    """The address that other computers on the network open; empty if they cannot.

    Parameters
    ----------
    host : str
        What the app listens on.
    local : str
        The app's address on this computer, as a URL.
    """
    scheme, _, rest = local.partition("://")
    if host in WILDCARDS:
        host = network_address()
    elif is_loopback(host):
        return ""
    port = rest.rstrip("/").rpartition(":")[2]
    return f"{scheme}://{in_url(host)}:{port}/" if host else ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this computer itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def announcement(local: str, others: str) -> str:
    """What the terminal says once the app runs."""
    there = f", and for other computers on this network on {others}" if others and others != local else ""
    return f"Face-off runs on {local}{there}  (Ctrl-C stops it)"
