"""What a session holds, measured."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.waiting import begun, ended, wait_for
from zoo.sessions.pages import Everyone
from zoo.teach import project as p
from zoo.teach import session as d
from zoo.teach.feature_cache import Stopped
from zoo.teach.fit import Settings
from zoo.teach.samples import MAX_PHOTO, Photo
from zoo.teach.session import TeachSession, TeachSessions


class Clock:
    """Stands where it is put."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def held(n: int, trunk, make_samples) -> int:
    """Bytes of a session with n samples, all different and with the largest photos, after training."""
    rng = np.random.default_rng(0)
    tracemalloc.start()
    teach_session = TeachSession(lambda: trunk)
    for at in range(n):
        made = make_samples(at % 2, 1, at)
        photo = Photo(rng.bytes(MAX_PHOTO), (0.0, 0.0, 1.0, 1.0))
        teach_session.collect(at % 2, replace(made, photos=(photo,)), at // 2)
    teach_session.teach(Settings(epochs=1, aligned=False))
    teach_session.teach(Settings(epochs=1))
    teach_session.change(lambda project: p.delete_samples(project, [0]))
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size


def test_a_full_session_stays_within_what_is_promised(trunk, make_samples):
    held(10, trunk, make_samples)  # what is made once for all sessions
    few, more = held(20, trunk, make_samples), held(60, trunk, make_samples)
    each = (more - few) / 40
    full = few + each * (p.MAX_SAMPLES - 20)
    assert each > 40_000 and full < p.MEMORY_MB * 2**20


@pytest.mark.parametrize("kept", [1, 10])
def test_deleted_samples_are_not_kept_through_views(make_samples, kept):
    """A row that is a view would hold the whole batch it came from."""
    project = p.add_samples(p.start("6"), 0, make_samples(0, 50), 0)
    left = p.delete_samples(project, np.arange(50 - kept))
    for array in (left.faces.images, left.faces.landmarks, left.samples.boxed):
        assert (array if array.base is None else array.base).nbytes == array.nbytes


def test_thirty_sessions_stay_apart_and_inside_their_memory(trunk, make_samples):
    """A class at once: each holds its own samples up to the cap, what is too much is refused and nothing is lost."""
    pupils, each, part = 30, 60, 20
    teach_sessions = TeachSessions(lambda: trunk, most=pupils, samples=each)
    batches = [make_samples(kind, part) for kind in range(3)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for n in range(pupils):
        teach_session = teach_sessions.at(f"pupil {n}")
        teach_session.change(lambda project, n=n: p.rename(project, 0, f"mine {n}"))
        for burst, batch in enumerate(batches):
            teach_session.change(
                lambda project, batch=batch, burst=burst: p.add_samples(project, burst % 2, batch, burst)
            )
    taken = (tracemalloc.get_traced_memory()[0] - before) / 2**20
    tracemalloc.stop()
    assert taken / pupils < p.MEMORY_MB * each / p.MAX_SAMPLES
    for n in range(pupils):
        teach_session = teach_sessions.at(f"pupil {n}")
        kept = teach_session.project.ids.copy()
        with pytest.raises(
            p.ProjectError, match="at most 60 samples.*60 are there and 1 more do not fit.*none .*dropped"
        ):
            teach_session.change(lambda project: p.add_samples(project, 0, make_samples(0, 1), 9))
        assert (
            teach_session.project.classes[0].name == f"mine {n}"
            and np.array_equal(teach_session.project.ids, kept)
            and len(kept) == 60
        )


def with_samples(teach_session, samples) -> None:
    teach_session.change(lambda project: p.add_samples(project, 0, samples, 0))


def test_a_31st_takes_the_place_of_a_desk_on_which_nothing_lies(trunk, make_samples):
    """Neither pages that were reloaded nor a flood of single calls lock the class out."""
    clock = Clock()
    teach_sessions = TeachSessions(lambda: trunk, clock, most=30)
    for n in range(30):
        with_samples(teach_sessions.at(f"pupil {n}"), make_samples(0, d.FEW_SAMPLES))
    teach_sessions.at("pupil 29").change(p.clear)
    for n in range(100):
        teach_sessions.at(f"flood {n}")
    assert len(teach_sessions) == 30 and not teach_sessions.gave_way("flood 7")
    assert all(len(teach_sessions.known(f"pupil {n}").project) == d.FEW_SAMPLES for n in range(29))


def test_when_all_have_worked_the_idlest_gives_way_and_is_told_once(trunk, make_samples):
    clock = Clock()
    teach_sessions = TeachSessions(lambda: trunk, clock, most=3)
    for name in "abc":
        clock.now += 1
        with_samples(teach_sessions.at(name), make_samples(0, d.FEW_SAMPLES))
    clock.now += 1
    teach_sessions.at("a")
    with_samples(teach_sessions.at("d"), make_samples(0, d.FEW_SAMPLES))
    assert teach_sessions.known("b") is None and all(teach_sessions.known(name) for name in "acd")
    assert teach_sessions.gave_way("b") and not teach_sessions.gave_way("b") and not teach_sessions.gave_way("a")


def test_a_flood_from_one_address_keeps_no_other_one_out(trunk, make_samples):
    class There(Everyone):
        def address(self, session):
            return session[0]

    teach_sessions = TeachSessions(lambda: trunk, Clock(), most=10, pages=There())
    for n in range(3):
        with_samples(teach_sessions.at(f"school {n}"), make_samples(0, d.FEW_SAMPLES))
    for n in range(50):
        with_samples(teach_sessions.at(f"flood {n}"), make_samples(0, d.FEW_SAMPLES))
    assert all(teach_sessions.known(f"school {n}") for n in range(3)) and len(teach_sessions) == 10
    teach_sessions.at("x")
    assert all(teach_sessions.known(f"school {n}") for n in range(3))


def test_a_training_that_waits_is_dropped_when_its_page_is_closed(trunk):
    teach_sessions = TeachSessions(lambda: trunk)
    outcome = []

    def wait() -> None:
        try:
            with teach_sessions.at("waiting").task():
                outcome.append("begun")
        except Stopped:
            outcome.append("dropped")

    with teach_sessions.at("one").task() as progress, teach_sessions.at("two").task():
        thread = begun(wait)
        assert wait_for(lambda: teach_sessions.at("waiting")._waiting)
        teach_sessions.leave("waiting")
        teach_sessions.leave("one")
        assert ended(thread)
        assert outcome == ["dropped"] and not progress.stop()
    with teach_sessions.at("three").task(), teach_sessions.at("four").task():
        pass  # both turns were given back


def test_a_project_that_is_too_large_for_this_session_is_not_opened(trunk, make_samples):
    teach_session = TeachSessions(lambda: trunk, samples=5).at("pupil")
    large = p.add_samples(p.start("6"), 0, make_samples(0, 6), 0)
    with pytest.raises(p.ProjectError, match="has 6 samples; a session holds at most 5"):
        teach_session.open(large)
    assert [one.name for one in teach_session.project.classes] == ["Class 1", "Class 2"]
    teach_session.open(p.start("6"))
    assert teach_session.project.most == 5
