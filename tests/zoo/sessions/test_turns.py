"""Long tasks have their turns first come, first served."""

import threading

from tests.waiting import begun, ended, wait_for
from zoo.sessions.turns import Turns


def queue_up(turns: Turns, name: str, done: list, cancelled=lambda: False) -> threading.Thread:
    """A thread that waits for a turn, tells which it had, and ends it; it stands in line when this returns."""
    before = len(turns._line)

    def wait() -> None:
        if turns.take(cancelled):
            done.append(name)
            turns.end()

    thread = begun(wait)
    assert wait_for(lambda: len(turns._line) > before)
    return thread


def test_whoever_came_first_is_first():
    turns, done = Turns(1), []
    assert turns.take() and not turns.wanted
    threads = [queue_up(turns, name, done) for name in "abc"]
    assert turns.wanted and not done
    turns.end()
    assert ended(*threads)
    assert done == ["a", "b", "c"] and not turns.wanted


def test_whoever_ends_a_turn_and_wants_another_is_last():
    turns, done = Turns(1), []
    turns.take()
    thread = queue_up(turns, "a", done)
    turns.end()
    assert turns.take() and done == ["a"]
    assert ended(thread)


def test_a_cancelled_task_leaves_the_line():
    turns, done, cancel = Turns(2), [], threading.Event()
    assert turns.take() and turns.take()
    leaving = queue_up(turns, "leaves", done, cancel.is_set)
    staying = queue_up(turns, "stays", done)
    cancel.set()
    assert ended(leaving) and staying.is_alive()
    turns.end()
    assert ended(staying)
    assert done == ["stays"]
    assert turns.take() and not turns.wanted
