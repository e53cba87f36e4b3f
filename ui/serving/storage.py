"""Limits for uploads: free disk space, and how much each client has sent recently."""

from __future__ import annotations

import ipaddress
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ui.languages import phrase
from ui.serving.refusal import DISK_FULL, TOO_LARGE, Refusal

KEPT_FREE, SHARE_KEPT_FREE = 256 * 2**20, 0.05
FILES_KEPT_FREE = 20_000
FILE_COST = 2**16  # bytes charged per file besides its content: disks hold a limited number of files and folders
FULL = phrase("server.full")


def check_room(folder: str | Path, size: int = 0) -> None:
    """Refuse an upload that would leave the disk too full: 256 MB and 20,000 files stay free, or 5 % of a small disk.

    Parameters
    ----------
    folder : str or Path
        The folder of uploads.
    size : int
        Bytes still to come.

    Raises
    ------
    Refusal
        Too little space, or too few files, would remain.
    """
    try:
        there = _existing(Path(folder))
        disk, files_left = shutil.disk_usage(there), _files_left(there)
    except OSError:
        return  # unknown here; writing the file will show
    if disk.free - size < min(KEPT_FREE, SHARE_KEPT_FREE * disk.total) or not files_left:
        raise Refusal(DISK_FULL, FULL)


def _files_left(folder: Path) -> bool:
    """Whether the disk can hold more files. Windows and some file systems have no such limit, or do not report it."""
    if not hasattr(os, "statvfs"):
        return True
    disk = os.statvfs(folder)
    return not disk.f_files or disk.f_favail >= min(FILES_KEPT_FREE, SHARE_KEPT_FREE * disk.f_files)


def _existing(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


class Quota:
    """Limits how much each client may upload in a period. A class behind one address shares one quota.

    Parameters
    ----------
    most : int
        Bytes per client.
    seconds : float
        Length of the period.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self._seconds, self._clock = most, seconds, clock
        self._sent: dict[str, deque[tuple[float, int]]] = {}

    def check(self, client: str, size: int) -> None:
        """Reject this many further bytes if they would exceed the client's quota.

        Raises
        ------
        Refusal
        """
        if self.used(client) + size > self.most:
            minutes = max(1, round(self._seconds / 60))
            raise Refusal(
                TOO_LARGE,
                f"This address has uploaded {self.most >> 20:,} MB within {minutes} minutes, which is the most. "
                "Wait a few minutes.",
            )

    def add(self, client: str, size: int) -> None:
        """Record that a client has uploaded this many bytes."""
        self._sent.setdefault(client, deque()).append((self._clock(), size))

    def used(self, client: str) -> int:
        """Bytes that a client has uploaded within the period; clients without recent uploads are removed."""
        before = self._clock() - self._seconds
        for name in [name for name, sent in self._sent.items() if sent[-1][0] < before]:
            del self._sent[name]
        sent = self._sent.get(client, deque())
        while sent and sent[0][0] < before:
            sent.popleft()
        return sum(size for _, size in sent)


def client_of(scope: Mapping[str, Any]) -> str:
    """The client for the quota: an IPv4 address, or an IPv6 /64 network, the usual size for one household."""
    peer = scope.get("client")
    try:
        address = ipaddress.ip_address(peer[0].partition("%")[0]) if peer else None
    except ValueError:
        address = None
    if address is None:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 6 and not address.is_loopback:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
