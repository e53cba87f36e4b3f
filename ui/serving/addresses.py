"""The addresses at which the app can be opened, on this computer and on others in its network."""

from __future__ import annotations

import ipaddress
import socket

from ui.serving.server import WILDCARDS, in_url

# From the ranges reserved for documentation (RFC 5737, RFC 3849): only the route is looked up, and nothing is sent.
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def network_address() -> str:
    """This computer's address in its network; empty if it has none."""
    for family, there in ELSEWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((there, 9))  # for a datagram socket, this picks the interface and sends nothing
                found = str(probe.getsockname()[0])
        except OSError:
            continue
        if not (ipaddress.ip_address(found).is_unspecified or ipaddress.ip_address(found).is_loopback):
            return found
    return ""


def for_others(host: str, local: str) -> str:
    """The URL for other computers in the network; empty if they cannot reach the app.

    Parameters
    ----------
    host : str
        The name or address that the app listens on.
    local : str
        The app's URL on this computer.
    """
    scheme, _, rest = local.partition("://")
    if host in WILDCARDS:
        host = network_address()
    elif is_loopback(host):
        return ""
    port = rest.rstrip("/").rpartition(":")[2]
    return f"{scheme}://{in_url(host)}:{port}/" if host else ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address refers to this computer itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def announcement(local: str, others: str) -> str:
    """The line that the terminal shows once the app runs."""
    there = f", and for other computers on this network on {others}" if others and others != local else ""
    return f"Face-off runs on {local}{there}  (Ctrl-C stops it)"
