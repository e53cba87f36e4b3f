import threading
import time

import pytest

from zoo.teach import project as p
from zoo.teach import session
from zoo.teach.feature_cache import Stopped
from zoo.teach.fit import Settings
from zoo.teach.held_out import CNN, SVM
from zoo.teach.project import ProjectError
from zoo.teach.session import Busy, Desk, Desks

QUICK = Settings(epochs=5)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def desk(trunk, make_project):
    made = Desk(lambda: trunk)
    made.open(make_project())
    return made


def test_a_step_that_fails_changes_nothing(desk):
    before = desk.project
    with pytest.raises(ProjectError):
        desk.change(lambda project: p.rename(project, 0, ""))
    assert desk.project is before


def test_a_new_sample_like_an_earlier_one_of_its_class_is_told(trunk, make_samples):
    desk = Desk(lambda: trunk)
    same = make_samples(0, 3)
    ids, alike = desk.collect(0, same, 0)
    assert ids.tolist() == [0, 1, 2] and not alike.any()
    assert desk.collect(0, same, 1)[1].all()
    assert not desk.collect(1, same, 2)[1].any()
    assert len(desk.memo) == 3  # features of equal crops are computed once


def test_models_belong_to_the_lesson_and_go_with_the_project(desk, make_project):
    assert desk.models == desk.cards == {} and not desk.stale
    desk.teach(QUICK)
    assert list(desk.models) == list(desk.cards) == [SVM, CNN] and not desk.stale
    desk.change(lambda project: p.delete_samples(project, [0]))
    assert desk.stale and list(desk.models) == [SVM, CNN]
    desk.open(make_project())
    assert desk.models == {} and desk.trials == {}


def test_numbers_of_an_opened_project_are_new_here(desk, make_project):
    before = set(desk.project.ids)
    desk.open(make_project())
    assert not before & set(desk.project.ids) and desk.project.made == 2 * len(desk.project)


def test_models_from_elsewhere_join_the_taught_ones(desk):
    lesson = desk.teach(QUICK)
    desk.extra["mine"] = (lesson.cards[SVM], lesson.svm)
    assert list(desk.models) == [SVM, CNN, "mine"] and desk.cards["mine"] is lesson.cards[SVM]


def test_models_that_want_other_crops_do_not_join(desk):
    desk.teach(Settings(epochs=2, aligned=False))
    assert desk.lesson and desk.models == desk.cards == {}


def test_one_long_task_at_a_time_and_it_can_be_cancelled(desk):
    with desk.task() as watch:
        assert desk.share == 0
        for step in (lambda: desk.teach(QUICK), lambda: desk.open(p.start())):
            with pytest.raises(Busy, match="going on"):
                step()
        watch.at(0.5)
        assert desk.share == 0.5
        desk.cancel()
        with pytest.raises(Stopped):
            watch.at(0.6)
    assert desk.share is None
    desk.teach(QUICK)


def test_samples_come_in_while_models_are_trained(desk, make_samples):
    thread = threading.Thread(target=desk.teach, args=(Settings(epochs=200),))
    thread.start()
    while desk.share is None and thread.is_alive():
        time.sleep(0.001)
    desk.collect(0, make_samples(0, 1, 77), 99)
    thread.join(30)
    assert len(desk.project) == 37 and len(desk.lesson.material.targets) == 36 and desk.stale


def test_experiments_want_a_lesson_and_a_known_name(desk, make_samples):
    for step in (
        desk.grow,
        lambda: desk.experiment("half"),
        lambda: desk.record("light", 0, make_samples(0, 1).faces),
    ):
        with pytest.raises(ProjectError, match="Train the models first"):
            step()
    desk.teach(QUICK)
    with pytest.raises(ProjectError, match="Unknown experiment"):
        desk.experiment("magic")
    with pytest.raises(ProjectError, match="not taught"):
        desk.record("light", 3, make_samples(0, 1).faces)


def test_desks_are_apart_and_there_is_a_most(trunk):
    desks = Desks(lambda: trunk, most=2)
    first, second = desks.at("a"), desks.at("b")
    assert desks.at("a") is first is not second and desks.known("c") is None
    first.change(lambda project: p.rename(project, 0, "mine"))
    assert second.project.classes[0].name == "Class 1"
    desks.at("c")
    assert len(desks) == 2 and desks.known("a") is first and desks.known("b") is None  # nothing lay on it


def test_a_page_that_comes_back_in_time_finds_its_desk(trunk):
    clock = Clock()
    desks = Desks(lambda: trunk, clock)
    desk = desks.at("a")
    desks.leave("a")
    clock.now = session.GRACE_SECONDS - 1
    desks.forget()
    assert desks.at("a") is desk
    clock.now = 3 * session.GRACE_SECONDS
    desks.forget()
    assert desks.known("a") is desk  # it has come back
    desks.leave("a")
    clock.now = 5 * session.GRACE_SECONDS
    desks.forget()
    assert desks.known("a") is None


def test_a_desk_nobody_uses_is_forgotten(trunk):
    clock = Clock()
    desks = Desks(lambda: trunk, clock)
    desks.at("a")
    clock.now = session.IDLE_SECONDS / 2
    desks.at("b")
    clock.now = session.IDLE_SECONDS + 1
    desks.forget()
    assert desks.known("a") is None and desks.known("b") is not None and len(desks) == 1
