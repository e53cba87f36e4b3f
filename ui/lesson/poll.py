"""What the class chose: one vote per page and picture, without names and without order."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from dataclasses import dataclass

from zoo.labels import SEVEN

MOST_VOTES = 20_000  # enough for a school; their hashes take two megabytes
MOST_OF_ADDRESS = 60  # votes per picture: two classes behind one address


@dataclass(frozen=True)
class Voter:
    """Sender of a vote.

    Parameters
    ----------
    page : str
        Id that the page gives itself; the same after a reload.
    address : str
        The client's address; a class may share one.
    pages : int
        Largest number of pages open at this address at one time.
    """

    page: str
    address: str = ""
    pages: int = MOST_OF_ADDRESS


class Poll:
    """Votes by picture. Safe to use from several threads.

    Apart from the counts, only a keyed hash of page and picture is kept, so that a page is not counted again after a
    reload. A client address has at most as many votes per picture as it had pages open at one time, whatever ids the
    pages send.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._voted: set[bytes] = set()
        self._of_address: Counter[tuple[str, str]] = Counter()
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()

    def commit(self, voter: Voter, picture: str, label: str) -> bool:
        """Count a vote; False if this page has already voted on this picture, or if there is no vote left."""
        with self._lock:
            ballot = self._ballot(voter, picture)
            if ballot in self._voted or not self._has_place(voter, picture):
                return False
            self._voted.add(ballot)
            self._of_address[picture, voter.address] += 1
            self._counts.setdefault(picture, Counter())[label] += 1
            return True

    def _has_place(self, voter: Voter, picture: str) -> bool:
        return len(self._voted) < MOST_VOTES and self._of_address[picture, voter.address] < voter.pages

    def _ballot(self, voter: Voter, picture: str) -> bytes:
        message = f"{picture} {voter.page}".encode(errors="replace")
        return hashlib.blake2b(message, key=self._key, digest_size=16).digest()

    def has_voted(self, voter: Voter, picture: str) -> bool:
        """Whether a vote of this page on this picture has been counted."""
        with self._lock:
            return self._ballot(voter, picture) in self._voted

    def counts(self, picture: str) -> dict[str, int]:
        """Votes by label, in the labels' order."""
        with self._lock:
            found = self._counts.get(picture, Counter())
            return {label: found[label] for label in SEVEN if found[label]}

    def clear(self) -> None:
        """Delete all votes for a new group; everybody may vote again."""
        with self._lock:
            self._counts, self._voted, self._of_address = {}, set(), Counter()
