"""The host names that the app answers to, and the pages that may send it requests.

Another site can point its own name at 127.0.0.1 (DNS rebinding), so that the browser treats its page and the app as
one site. The `Host` header still holds the foreign name, so only requests for known names are answered.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ui.serving.refusal import BAD_REQUEST, FORBIDDEN, Refusal

SHARE = ".gradio.live"  # domain of Gradio's share server
SPACES = ".hf.space"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Hosts:
    """Names the app answers to, besides the addresses of this machine and of private networks.

    Parameters
    ----------
    names : frozenset of str
        In lower case.
    suffixes : tuple of str
        Domains below which every name is answered, each with its leading dot.
    declared : frozenset of str
        Those of `names` that the user allowed: their pages may send requests even if a proxy changes `Host`.
    """

    names: frozenset[str]
    suffixes: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()

    def check(self, host: str, own_address: str | None = None) -> None:
        """Refuse a request for an unknown host.

        Parameters
        ----------
        host : str
            The `Host` header: a name or an address, with or without a port.
        own_address : str, optional
            The address of this machine at which the connection arrived.

        Raises
        ------
        Refusal
        """
        name = hostname(host)
        if not name:
            raise Refusal(BAD_REQUEST, "The request does not say which host it is for; send a valid Host header.")
        if not (self._named(name) or _is_near(name, own_address)):
            shown = name[:80]
            raise Refusal(
                FORBIDDEN,
                f"Face-off does not answer to the name {shown!r}. If it is yours, start Face-off with "
                f"--allow-host {shown}",
            )

    def _named(self, name: str) -> bool:
        return name in self.names or name.endswith(self.suffixes)

    def check_origin(self, headers: Mapping[str, str], host: str) -> None:
        """Refuse requests from pages of other sites. Programs such as gradio_client and curl send no origin.

        Parameters
        ----------
        headers : mapping
            The request's headers; `origin` and `sec-fetch-site` are optional.
        host : str
            The requested host.

        Raises
        ------
        Refusal
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        # Browsers set Sec-Fetch-Site, and no page can change it. It stays correct behind a proxy that changes the host.
        if site in ("same-origin", "none"):
            return
        if site is None and (origin is None or _same_host(origin, host) or hostname(_netloc(origin)) in self.declared):
            return
        raise Refusal(FORBIDDEN, "Only Face-off's own page may send this; the request came from a page elsewhere.")


def hosts(allowed: Sequence[str] = (), listening: str | None = None, share: bool = False) -> Hosts:
    """The names of this computer, the allowed names, and those of the services that publish the app.

    Parameters
    ----------
    allowed : sequence of str
        Further names, without a port. ``*.example.org`` stands for all names below it.
    listening : str, optional
        The name or address that the app listens on.
    share : bool
        Whether there is a public link.
    """
    own = socket.gethostname().lower()
    short = own.partition(".")[0]
    wildcards = [name.lower() for name in allowed if name.startswith("*.")]
    declared = {hostname(name) for name in allowed if not name.startswith("*.")} - {""}
    names = declared | {"localhost", own, short, f"{short}.local", (listening or "").strip("[]").lower()}
    suffixes = [".localhost", *(name[1:] for name in wildcards)] + [SHARE] * share
    if on_space():
        suffixes.append(SPACES)
        names.add(os.environ.get("SPACE_HOST", "").lower())
    return Hosts(frozenset(names - {""}), tuple(suffixes), frozenset(declared))


def on_space() -> bool:
    """Whether this is a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID"))


def hostname(host: str) -> str:
    """The name or address in a `Host` header, in lower case; empty if the header is not valid."""
    try:
        found = urlsplit(f"//{host.strip()}")
        if found.netloc != host.strip() or found.username is not None or (found.port or 0) < 0:
            return ""
        return (found.hostname or "").rstrip(".")
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _same_host(origin: str, host: str) -> bool:
    """Whether an origin has a `Host` header's name and port; schemes differ where a proxy terminates TLS."""
    try:
        there, here = urlsplit(origin), urlsplit(f"//{host}")
        port = DEFAULT_PORTS.get(there.scheme)
        same_port = (there.port or port) == here.port or (here.port is None and there.port in (None, port))
        return bool(there.hostname) and there.hostname == here.hostname and same_port
    except ValueError:
        return False


def _is_near(name: str, own_address: str | None) -> bool:
    """Whether this is an address of this machine or of a private network, where DNS rebinding is impossible."""
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        own = own_address is not None and address == ipaddress.ip_address(own_address.partition("%")[0])
    except ValueError:
        return False
    return own or address.is_loopback or (address.is_private and not address.is_unspecified) or address.is_link_local
