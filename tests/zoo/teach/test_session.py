import threading

import pytest

from tests.waiting import begun, ended, wait_for
from zoo.sessions.turns import Turns
from zoo.teach import experiments, session
from zoo.teach import project as p
from zoo.teach.feature_cache import Stopped
from zoo.teach.fit import Settings
from zoo.teach.held_out import CNN, SVM
from zoo.teach.project import ProjectError
from zoo.teach.session import Busy, TeachSession, TeachSessions

QUICK = Settings(epochs=5)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def teach_session(trunk, make_project):
    made = TeachSession(lambda: trunk)
    made.open(make_project())
    return made


def test_a_page_can_translate_what_a_busy_session_says():
    assert str(Busy()).key == "teach.busy"


def test_a_step_that_fails_changes_nothing(teach_session):
    before = teach_session.project
    with pytest.raises(ProjectError):
        teach_session.change(lambda project: p.rename(project, 0, ""))
    assert teach_session.project is before


def test_a_new_sample_like_an_earlier_one_of_its_class_is_told(trunk, make_samples):
    teach_session = TeachSession(lambda: trunk)
    same = make_samples(0, 3)
    ids, alike = teach_session.collect(0, same, 0)
    assert ids.tolist() == [0, 1, 2] and not alike.any()
    assert teach_session.collect(0, same, 1)[1].all()
    assert not teach_session.collect(1, same, 2)[1].any()
    assert len(teach_session.cache) == 3  # features of equal crops are computed once


def test_models_belong_to_the_lesson_and_go_with_the_project(teach_session, make_project):
    assert teach_session.models == teach_session.cards == {} and not teach_session.stale
    teach_session.teach(QUICK)
    assert list(teach_session.models) == list(teach_session.cards) == [SVM, CNN] and not teach_session.stale
    teach_session.change(lambda project: p.delete_samples(project, [0]))
    assert teach_session.stale and list(teach_session.models) == [SVM, CNN]
    teach_session.open(make_project())
    assert teach_session.models == {} and teach_session.outcomes == {}


def test_numbers_of_an_opened_project_are_new_here(teach_session, make_project):
    before = set(teach_session.project.ids)
    teach_session.open(make_project())
    assert not before & set(teach_session.project.ids) and teach_session.project.made == 2 * len(teach_session.project)


def test_models_from_elsewhere_join_the_taught_ones(teach_session):
    lesson = teach_session.teach(QUICK)
    teach_session.extra["mine"] = (lesson.cards[SVM], lesson.svm)
    assert list(teach_session.models) == [SVM, CNN, "mine"] and teach_session.cards["mine"] is lesson.cards[SVM]


def test_models_that_want_other_crops_do_not_join(teach_session):
    teach_session.teach(Settings(epochs=2, aligned=False))
    assert teach_session.trained and teach_session.models == teach_session.cards == {}


def test_one_long_task_at_a_time_and_it_can_be_cancelled(teach_session):
    with teach_session.task() as progress:
        assert teach_session.share == 0
        for step in (lambda: teach_session.teach(QUICK), lambda: teach_session.open(p.start())):
            with pytest.raises(Busy, match="busy with another task"):
                step()
        progress.at(0.5)
        assert teach_session.share == 0.5
        teach_session.cancel()
        with pytest.raises(Stopped):
            progress.at(0.6)
    assert teach_session.share is None
    teach_session.teach(QUICK)


def test_samples_come_in_while_models_are_trained(teach_session, make_samples):
    thread = begun(teach_session.teach, Settings(epochs=200))
    assert wait_for(lambda: teach_session.share is not None or not thread.is_alive())
    teach_session.collect(0, make_samples(0, 1, 77), 99)
    assert ended(thread)
    assert (
        len(teach_session.project) == 37 and len(teach_session.trained.material.targets) == 36 and teach_session.stale
    )


def test_experiments_want_a_lesson_and_a_known_name(teach_session, make_samples):
    for step in (
        teach_session.grow,
        lambda: teach_session.experiment("half"),
        lambda: teach_session.record("light", 0, make_samples(0, 1).faces),
    ):
        with pytest.raises(ProjectError, match="Train the models first") as refused:
            step()
        assert str(refused.value).key == "teach.first"
    teach_session.teach(QUICK)
    with pytest.raises(ProjectError, match="There is no experiment"):
        teach_session.experiment("magic")
    with pytest.raises(ProjectError, match="was not trained"):
        teach_session.record("light", 3, make_samples(0, 1).faces)


def test_another_person_is_counted_up_to_a_limit_in_every_row(teach_session, make_samples, monkeypatch):
    monkeypatch.setattr(experiments, "MOST_FRAMES", 5)
    teach_session.teach(QUICK)
    for target in (0, 1):
        full = teach_session.record("person", target, make_samples(target, 3, 9).faces)
    assert len(full.seen.targets) == 6 and {share.n for share in full.after.values()} == {6}
    with pytest.raises(ProjectError, match=r"6 frames of the other person .* Train again"):
        teach_session.record("person", 0, make_samples(0, 3, 10).faces)
    assert teach_session.outcomes["person"] is full
    assert teach_session.record("light", 0, make_samples(0, 3, 10).faces).name == "light"


def test_desks_are_apart_and_there_is_a_most(trunk):
    teach_sessions = TeachSessions(lambda: trunk, most=2)
    first, second = teach_sessions.at("a"), teach_sessions.at("b")
    assert teach_sessions.at("a") is first is not second and teach_sessions.known("c") is None
    first.change(lambda project: p.rename(project, 0, "mine"))
    assert second.project.classes[0].name == "Class 1"
    teach_sessions.at("c")
    assert (
        len(teach_sessions) == 2 and teach_sessions.known("a") is first and teach_sessions.known("b") is None
    )  # nothing lay on it


def test_a_page_that_comes_back_in_time_finds_its_desk(trunk):
    clock = Clock()
    teach_sessions = TeachSessions(lambda: trunk, clock)
    teach_session = teach_sessions.at("a")
    teach_sessions.leave("a")
    clock.now = session.GRACE_SECONDS - 1
    teach_sessions.forget()
    assert teach_sessions.at("a") is teach_session
    clock.now = 3 * session.GRACE_SECONDS
    teach_sessions.forget()
    assert teach_sessions.known("a") is teach_session  # it has come back
    teach_sessions.leave("a")
    clock.now = 5 * session.GRACE_SECONDS
    teach_sessions.forget()
    assert teach_sessions.known("a") is None


def test_a_desk_nobody_uses_is_forgotten(trunk):
    clock = Clock()
    teach_sessions = TeachSessions(lambda: trunk, clock)
    teach_sessions.at("a")
    clock.now = session.IDLE_SECONDS / 2
    teach_sessions.at("b")
    clock.now = session.IDLE_SECONDS + 1
    teach_sessions.forget()
    assert teach_sessions.known("a") is None and teach_sessions.known("b") is not None and len(teach_sessions) == 1


def test_a_task_of_many_parts_lets_others_go_first(trunk):
    turns = Turns(1)
    many, other = (TeachSession(lambda: trunk, turns) for _ in range(2))
    done = []

    def train() -> None:
        with other.task():
            done.append("training")

    with many.task():
        thread = begun(train)
        assert wait_for(lambda: turns.wanted)
        many.let_others()
        done.append("next part")
        many.let_others()  # nobody waits
    assert ended(thread)
    assert done == ["training", "next part"] and turns.take()


def test_a_task_that_is_cancelled_while_others_are_first_stops_and_leaves_no_turn_taken(trunk):
    turns = Turns(1)
    many, other = (TeachSession(lambda: trunk, turns) for _ in range(2))
    running, end = threading.Event(), threading.Event()

    def train() -> None:
        with other.task():
            running.set()
            end.wait(10)

    with pytest.raises(Stopped), many.task():
        thread = begun(train)
        assert wait_for(lambda: turns.wanted)
        threading.Timer(0.1, many.cancel).start()
        many.let_others()
    assert running.is_set() and many.share is None
    end.set()
    assert ended(thread)
    assert turns.take() and not turns.wanted
