"""Decides who is evicted when all slots of a limited resource are in use.

One rule for all limited resources: Teach sessions, Live viewers, jobs in the queue, page states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

NOTHING, LITTLE, REAL = range(3)


@dataclass(frozen=True)
class Holder:
    """The holder of a slot.

    Parameters
    ----------
    key : str
    address : str
        Address of the client. A whole classroom may share one.
    here : bool
        Whether a page is open, or a client waits for an answer.
    work : int
        What would be lost: `NOTHING`, `LITTLE` that a few calls restore, or `REAL` work.
    used : float
        When the slot was last used; the smallest is the idlest.
    busy : bool
        Working right now; can be evicted by other addresses only.
    """

    key: str
    address: str
    here: bool
    work: int
    used: float
    busy: bool = False


def who_yields(holders: Collection[Holder], newcomer: str) -> Holder | None:
    """Choose who is evicted for a new client at the address `newcomer`.

    First a holder who would lose nothing, then one whose page is closed. Then, of the newcomer's address and of those
    that hold more slots than it: one who would lose little; one of the address with the most slots. Always the idlest.
    So no address can exclude another one, and within an address nobody who has done some work is evicted for one who
    has just arrived.

    Returns
    -------
    Holder or None
        None if all candidates are busy.
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
