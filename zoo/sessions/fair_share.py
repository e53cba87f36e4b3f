"""Who gives up a place when all places are taken.

One rule for everything of which there are only so many: Teach sessions, Live viewers, jobs in the queue, page states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

NOTHING, LITTLE, REAL = range(3)


@dataclass(frozen=True)
class Holder:
    """Somebody who has one of the places.

    Parameters
    ----------
    key : str
    address : str
        Of the client. Everybody in a classroom may share one.
    here : bool
        Whether a page is open, or an answer waited for.
    work : int
        What would be lost: `NOTHING`, `LITTLE` that a few calls make again, or `REAL` work.
    used : float
        When the place was used last; the smallest is the idlest.
    busy : bool
        At work right now: gives way to other addresses only.
    """

    key: str
    address: str
    here: bool
    work: int
    used: float
    busy: bool = False


def who_yields(holders: Collection[Holder], newcomer: str) -> Holder | None:
    """Who gives up a place for somebody at the address `newcomer`.

    First whoever would lose nothing, then those whose page is closed. Then, of the newcomer's own address and of those
    that hold more than it: whoever would lose little; those of the address that holds most. Among these the idlest.
    So no address keeps another one out, and within an address nobody who has done some work gives way to one who
    has only just come.

    Returns
    -------
    Holder or None
        None if all that could yield are busy.
    """
    counts = Counter(one.address for one in holders)
    most = max(counts.values(), default=0)
    fair = [one for one in holders if one.address == newcomer or counts[one.address] > counts[newcomer]]
    choices = (
        [one for one in holders if one.work == NOTHING],
        [one for one in holders if not one.here],
        [one for one in fair if one.work == LITTLE],
        [one for one in fair if counts[one.address] == most and not (one.busy and one.address == newcomer)],
    )
    return min(next(filter(None, choices), ()), key=lambda one: one.used, default=None)
