"""One thread does what is due, whatever one of the chores raises, and ends when it is told to."""

import threading

import pytest

from zoo.sessions.sweeper import Chore, Sweeper


def test_chores_are_done_when_their_time_has_come():
    now, done = [0.0], []
    sweeper = Sweeper(lambda: now[0])
    sweeper.add(Chore("often", 5, lambda: done.append("often")))
    sweeper.add(Chore("seldom", 12, lambda: done.append("seldom")))
    for now[0] in (4, 5, 9, 10, 12, 15):
        sweeper.do_due()
    assert done == ["often", "often", "seldom", "often"]


def test_a_chore_that_fails_is_logged_and_stops_no_other_one(caplog):
    now, done = [0.0], []
    sweeper = Sweeper(lambda: now[0])
    sweeper.add(Chore("broken", 1, lambda: 1 / 0))
    sweeper.add(Chore("sound", 1, lambda: done.append(1)))
    for now[0] in (1, 2):
        sweeper.do_due()
    assert done == [1, 1] and "broken" in caplog.text


def test_the_thread_ends_with_the_block_and_comes_again_with_the_next():
    sweeper, done = Sweeper(), threading.Event()
    for _ in range(2):
        with sweeper:
            sweeper.add(Chore("now", 0.01, done.set))  # added while it waits for something later
            assert done.wait(5)
            thread = sweeper._thread
        assert not thread.is_alive()
        done.clear()
    assert not done.wait(0.05)


def test_an_error_in_the_block_ends_the_thread_too():
    with pytest.raises(ZeroDivisionError), Sweeper() as sweeper:
        raise ZeroDivisionError
    assert not sweeper._thread.is_alive()
