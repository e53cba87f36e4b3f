"""What the class chose: one vote per page and picture, without names and without order."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from dataclasses import dataclass

from zoo.labels import SEVEN

MOST_VOTES = 20_000  # a school's; the hashes of so many take two megabytes
MOST_OF_ADDRESS = 60  # two classes behind one


@dataclass(frozen=True)
class Voter:
    """Who votes, as far as it matters.

    Parameters
    ----------
    page : str
        What their page calls itself, the same after a reload.
    address : str
        Of the client; a class may share one.
    pages : int
        How many pages were open there at one time.
    """

    page: str
    address: str = ""
    pages: int = MOST_OF_ADDRESS


class Poll:
    """Votes by picture. Safe to use from several threads.

    Of a vote only a keyed hash of page and picture is kept, so that the same page, reloaded, is not counted twice.
    A client address has no more votes for a picture than it had pages open at one time, whatever its pages call
    themselves.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._voted: set[bytes] = set()
        self._of_address: Counter[tuple[str, str]] = Counter()
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()

    def commit(self, voter: Voter, picture: str, label: str) -> bool:
        """Count a vote; False if this page has voted on this picture already, or if its address has no vote left."""
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
        """A new group: no votes, and everybody may vote again."""
        with self._lock:
            self._counts, self._voted, self._of_address = {}, set(), Counter()
