"""What a program asks of the network, read from `strace`: connections and names looked up elsewhere than here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

STRACE = shutil.which("strace")
_CALLS = "connect,sendto,sendmsg,sendmmsg"
_INET = re.compile(
    r"sa_family=AF_INET6?,.*?sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\""
)
_NAMES = (53, 853, 5353)  # ports of DNS, DNS over TLS and mDNS, wherever they are
_RESOLVERS = ("nscd", "systemd/resolve", "avahi", "nslcd", "sssd")


def traced(command: Sequence[str], log: Path, **options) -> tuple[subprocess.CompletedProcess, list[str]]:
    """Run a command with all its children; what it did, and the lines of `outbound`."""
    tracer = [STRACE, "-f", "-qq", "-s", "200", "-e", f"trace={_CALLS}", "-e", "signal=none", "-o", str(log)]
    done = subprocess.run([*tracer, *command], capture_output=True, text=True, **options)
    return done, outbound(log.read_text(encoding="utf-8", errors="replace").splitlines())


@cache
def can_trace() -> bool:
    """Whether strace is here and may be used; a container may forbid it."""
    return STRACE is not None and subprocess.run([STRACE, "-qq", "-o", os.devnull, "true"], timeout=60).returncode == 0


def outbound(lines: Sequence[str]) -> list[str]:
    """The system calls that leave this machine or ask for a name's address, by DNS or from a daemon that does."""
    return [line for line in lines if _leaves(line) or _asks_a_daemon(line)]


def _leaves(line: str) -> bool:
    return any(not _is_here(address) or int(port) in _NAMES for port, address in _INET.findall(line))


def _is_here(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address in ("::1", "0.0.0.0", "::")


def _asks_a_daemon(line: str) -> bool:
    path = re.search(r"sa_family=AF_UNIX, sun_path=@?\"([^\"]+)\"", line)
    # glibc asks the name service's cache for users, too, and goes on without when it is not there.
    return path is not None and any(name in path[1] for name in _RESOLVERS) and "= -1 ENOENT" not in line
