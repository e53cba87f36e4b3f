"""Who gives up a place, and who has a page open."""

import pytest

from zoo.sessions.fair_share import LITTLE, NOTHING, REAL, Holder, who_yields
from zoo.sessions.pages import Pages


def holders(*rows) -> list[Holder]:
    """Holders from rows of address, open page, work and time of last use; named a, b, c …"""
    return [Holder("abcdefgh"[i], *row) for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "newcomer", "yields"),
    [
        ([("x", True, REAL, 3), ("x", True, REAL, 1), ("x", True, REAL, 2)], "x", "b"),  # the idlest
        ([("x", True, REAL, 1), ("x", False, REAL, 2)], "x", "b"),  # no page
        ([("x", True, REAL, 1), ("x", True, REAL, 2), ("", False, REAL, 3)], "y", "c"),  # and so no address
        ([("x", False, REAL, 1), ("x", True, NOTHING, 2)], "x", "b"),  # nothing is lost
        ([("x", True, LITTLE, 1), ("x", True, NOTHING, 2)], "x", "b"),
        ([("x", True, REAL, 1), ("x", True, LITTLE, 2)], "x", "b"),  # little is lost
        (
            [("x", True, REAL, 1), ("x", True, REAL, 2), ("y", True, LITTLE, 0)],
            "x",
            "a",
        ),  # y has little
        ([("x", True, REAL, 1), ("x", True, REAL, 2), ("y", True, REAL, 0)], "z", "a"),  # of the address with most
        ([("x", True, REAL, 2), ("y", True, REAL, 1)], "z", "b"),  # all have as much: the idlest
        ([("x", True, REAL, 1), ("y", True, REAL, 2), ("y", True, REAL, 3)], "y", "b"),  # its own has most
        ([("x", True, REAL, 1), ("x", True, REAL, 2), ("y", True, REAL, 0)], "y", "a"),  # it may have one more
        ([("x", True, REAL, 1, True), ("x", True, REAL, 2, False)], "x", "b"),  # busy ones stay …
        ([("x", True, REAL, 1, True), ("x", True, REAL, 2, True)], "y", "a"),  # … but not for another address
        ([("x", True, REAL, 1, True)], "x", None),
        ([], "x", None),
    ],
)
def test_who_yields(rows, newcomer, yields):
    found = who_yields(holders(*rows), newcomer)
    assert (found and found.key) == yields


def test_one_address_cannot_push_a_class_below_its_fair_share():
    """A class of 30 behind one address and somebody who keeps coming from another: half of 40 places each."""
    places = [Holder(f"pupil {n}", "school", True, REAL, n) for n in range(30)]
    for n in range(1000):
        if len(places) == 40:
            places.remove(who_yields(places, "flood"))
        places.append(Holder(f"flood {n}", "flood", True, REAL, 1000 + n))
    assert sum(one.address == "school" for one in places) == 20


def test_a_page_is_open_while_one_of_its_streams_is():
    pages = Pages()
    assert "a" not in pages and pages.address("a") == ""
    assert pages.open("a", "x") and pages.open("a", "x")
    assert "a" in pages and pages.address("a") == "x" and len(pages) == 1
    assert not pages.close("a") and "a" in pages
    assert pages.close("a") and "a" not in pages


def test_who_wants_to_know_hears_of_a_page_that_was_closed_unless_it_is_open_again():
    pages, heard = Pages(), []
    pages.when_left(heard.append)
    pages.open("a", "x")
    pages.left("a")
    assert heard == []
    pages.close("a")
    pages.left("a")
    assert heard == ["a"]


def test_an_address_opens_pages_without_end_only_while_there_are_few():
    pages = Pages(most=5, few=2)
    assert [pages.open(f"flood {n}", "x") for n in range(7)] == [True] * 5 + [False] * 2
    assert [pages.open(f"other {n}", "y") for n in range(3)] == [True, True, False]
    assert pages.open("flood 0", "x")  # one more stream of an open page


def test_the_most_pages_of_an_address_at_one_time_are_remembered():
    pages = Pages()
    for session in "abc":
        pages.open(session, "x")
    for session in "ab":
        pages.close(session)
    assert pages.peak("x") == 3 and pages.peak("y") == 0
    pages.forget_peaks()
    assert pages.peak("x") == 1


def test_a_session_may_open_only_so_many_streams():
    pages = Pages(streams=2)
    assert [pages.open("a", "1.2.3.4") for _ in range(3)] == [True, True, False]
    assert not pages.close("a") and pages.close("a")
    assert "a" not in pages and pages.open("a", "1.2.3.4")
