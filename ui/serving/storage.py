"""Limits for uploads: free disk space, and the amount one client has sent recently."""

from __future__ import annotations

import ipaddress
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ui.serving.refusal import DISK_FULL, TOO_LARGE, Refusal

KEPT_FREE, SHARE_KEPT_FREE = 256 * 2**20, 0.05
FILES_KEPT_FREE = 20_000
FILE_COST = 2**16  # bytes that a file counts besides its own: it has a folder, and disks have a number of both
FULL = "The server's disk is full, so nothing can be uploaded now. Please tell whoever runs it, or try again later."


def check_room(folder: str | Path, size: int = 0) -> None:
    """Refuse an upload that would leave the disk too full: 256 MB and 20,000 files stay free, or 5 % of a small disk.

    Parameters
    ----------
    folder : str or Path
        Where uploads are kept.
    size : int
        Bytes that are to come.

    Raises
    ------
    Refusal
    """
    try:
        there = _existing(Path(folder))
        disk, files_left = shutil.disk_usage(there), _files_left(there)
    except OSError:
        return  # what cannot be told here shows when the file is written
    if disk.free - size < min(KEPT_FREE, SHARE_KEPT_FREE * disk.total) or not files_left:
        raise Refusal(DISK_FULL, FULL)


def _files_left(folder: Path) -> bool:
    """Whether the disk can hold more files; some file systems, and Windows, have no such limit or do not tell it."""
    if not hasattr(os, "statvfs"):
        return True
    disk = os.statvfs(folder)
    return not disk.f_files or disk.f_favail >= min(FILES_KEPT_FREE, SHARE_KEPT_FREE * disk.f_files)


def _existing(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


class Quota:
    """How much each client may upload within some time. A class behind one address has it together.

    Parameters
    ----------
    most : int
        Bytes a client.
    seconds : float
    clock : callable, optional
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self._seconds, self._clock = most, seconds, clock
        self._sent: dict[str, deque[tuple[float, int]]] = {}

    def check(self, client: str, size: int) -> None:
        """Reject this many further bytes if the client has used up its share.

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
        """Record what a client has uploaded."""
        self._sent.setdefault(client, deque()).append((self._clock(), size))

    def used(self, client: str) -> int:
        """Bytes within the time that counts. Clients without any are forgotten."""
        before = self._clock() - self._seconds
        for name in [name for name, sent in self._sent.items() if sent[-1][0] < before]:
            del self._sent[name]
        sent = self._sent.get(client, deque())
        while sent and sent[0][0] < before:
            sent.popleft()
        return sum(size for _, size in sent)


def client_of(scope: Mapping[str, Any]) -> str:
    """The client that the quota counts: an IPv4 address, or an IPv6 /64 network, which one household has."""
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
