from dataclasses import replace

import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec, align
from zoo.labels import OWN, SEVEN, own_labels
from zoo.teach import project as p
from zoo.teach import samples
from zoo.teach.project import ProjectError


def names(project):
    return [one.name for one in project.classes]


@pytest.mark.parametrize(("which", "count"), [("7", 7), ("6", 6), ("", 0)])
def test_it_starts_from_the_six_the_seven_or_nothing(which, count):
    project = p.start(which)
    assert len(project.classes) == count and len(project) == 0 and project.counts.tolist() == [0] * count
    assert names(project) == list(SEVEN)[:count]


def test_classes_without_a_name_are_numbered_and_stay_different():
    project = p.add_class(p.add_class(p.add_class(p.start(), "class 2")))
    assert names(project) == ["class 2", "Class 3", "Class 4"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        (" \t", "needs a name"),
        ("x" * 41, "Shorten"),
        ("a\x00b", "cannot be shown"),
        ("HAPPY", "already"),
    ],
)
def test_a_bad_name_is_refused_with_a_reason(name, words):
    with pytest.raises(ProjectError, match=words):
        p.rename(p.start("7"), 0, name)


def test_a_class_may_change_its_own_case_and_other_scripts_are_names():
    project = p.rename(p.start("7"), 3, "Happy")
    assert names(p.rename(project, 0, "  微笑   left "))[:4] == ["微笑 left", "disgust", "fear", "Happy"]


def test_there_is_a_most_of_classes():
    project = p.start()
    for _ in range(p.MAX_CLASSES):
        project = p.add_class(project)
    with pytest.raises(ProjectError, match="at most 30"):
        p.add_class(project)


def test_moving_a_class_takes_its_samples_along(make_project):
    project = make_project()
    moved = p.reorder(project, 0, 2)
    assert names(moved) == ["frown", "wink", "smile"] and names(project) == ["smile", "frown", "wink"]
    for was, now in ((0, 2), (1, 0), (2, 1)):
        before, after = project.faces.images[project.targets == was], moved.faces.images[moved.targets == now]
        np.testing.assert_array_equal(before, after)


def test_deleting_a_class_deletes_its_samples_only(make_project):
    project = make_project()
    left = p.delete_class(project, 1)
    assert names(left) == ["smile", "wink"] and left.counts.tolist() == [12, 12]
    np.testing.assert_array_equal(left.faces.images[left.targets == 1], project.faces.images[project.targets == 2])


def test_samples_keep_their_numbers_and_no_number_comes_twice(make_project, make_samples):
    project = make_project()
    left = p.delete_samples(project, [0, 3, 3, 999])
    assert len(left) == len(project) - 2 and not {0, 3} & set(left.ids)
    more = p.add_samples(left, 0, make_samples(0, 2), p.next_burst(left))
    assert len(set(more.ids)) == len(more) and min(more.ids[-2:]) > max(project.ids)
    assert len(p.clear_class(project, 0)) == 24 and len(p.clear(project)) == 0


def test_what_does_not_fit_is_refused_and_nothing_is_dropped(make_samples, monkeypatch):
    monkeypatch.setattr(p, "MAX_SAMPLES", 10)
    project = p.add_samples(p.start("6"), 0, make_samples(0, 8), 0)
    with pytest.raises(ProjectError, match="at most 10 samples.*8 are there and 3 more do not fit"):
        p.add_samples(project, 1, make_samples(1, 3), 1)
    assert len(project) == 8


@pytest.mark.parametrize("target", [-1, 6])
def test_a_class_that_is_not_there_is_named(target, make_samples):
    for step in (
        lambda project: p.add_samples(project, target, make_samples(0, 1), 0),
        lambda project: p.rename(project, target, "x"),
        lambda project: p.delete_class(project, target),
        lambda project: p.reorder(project, target, 0),
        lambda project: p.enable(project, target, False),
        lambda project: p.clear_class(project, target),
    ):
        with pytest.raises(ProjectError, match="no class"):
            step(p.start("6"))


def test_disabled_and_empty_classes_take_no_part(make_project):
    project = p.add_class(p.enable(make_project(), 0, False), "empty")
    assert project.labels.name == OWN and list(project.labels) == ["frown", "wink"]
    rows, targets = project.rows()
    assert set(project.targets[rows]) == {1, 2} and set(targets) == {0, 1} and len(rows) == 24
    with pytest.raises(ProjectError, match="samples to two classes"):
        _ = p.enable(project, 1, False).labels


def test_labels_in_the_shipped_order_are_the_shipped_set():
    assert own_labels(list(SEVEN)) is SEVEN
    assert own_labels(["sad", "happy"]).name == OWN


def test_balance_is_warned_of(make_project, make_samples):
    project = make_project()
    assert p.balance_warning(project) == "" and p.balance_warning(p.start("7")) == ""
    more = p.add_samples(project, 0, make_samples(0, 20, 9), 99)
    assert "“smile” has 32 samples and “frown” 12" in p.balance_warning(more)


def test_near_duplicates_are_those_like_an_earlier_one_of_their_class(make_samples):
    same = make_samples(0, 3)
    project = p.add_samples(p.start("6"), 0, same, 0)
    project = p.add_samples(project, 1, same, 1)
    assert not p.near_duplicates(project).any()
    again = p.add_samples(project, 0, same[np.array([1])], 2)
    assert p.near_duplicates(again).tolist() == [False] * 6 + [True]


def test_faces_of_a_picture_become_samples(portrait, mesher):
    made = samples.cut(portrait, mesher.find(portrait), AlignSpec())
    assert len(made) == 1 and len(made.photos[0].jpeg) < samples.MAX_PHOTO
    left, top, right, bottom = made.photos[0].box
    assert 0 < left < right < 1 and 0 < top < bottom < 1
    assert np.abs(made.boxed.astype(int) - made.faces.images).mean() > 5
    boxed = samples.boxed_faces(made)
    by_hand = align(portrait, mesher.find(portrait), samples.box_spec(AlignSpec()))
    np.testing.assert_array_equal(boxed.images, by_hand.images)
    np.testing.assert_allclose(boxed.landmarks, by_hand.landmarks, atol=0.02)
    none = samples.cut(portrait[300:], mesher.find(portrait[300:]), AlignSpec())
    assert len(none) == len(samples.boxed_faces(none)) == 0


def test_parts_that_do_not_belong_together_are_refused(make_samples):
    made = make_samples(0, 3)
    with pytest.raises(ValueError, match="boxed"):
        replace(made, boxed=made.boxed[:2])
    with pytest.raises(ValueError, match="photos"):
        replace(made, photos=made.photos[:2])
    with pytest.raises(ValueError, match="align them alike"):
        samples.joined(made.faces, AlignedFaces.empty(AlignSpec(size=64)))
