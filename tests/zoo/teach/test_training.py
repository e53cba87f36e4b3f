from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from features.align import AlignSpec
from zoo.cards import Card
from zoo.labels import SEVEN, LabelSet
from zoo.prediction import Prediction
from zoo.teach import experiments, fit, held_out, splits
from zoo.teach import project as p
from zoo.teach.feature_cache import FeatureCache, Progress, Stopped
from zoo.teach.fit import NAMES, Settings
from zoo.teach.held_out import CNN, SVM, Share
from zoo.teach.project import ProjectError
from zoo.teach.training import gather, teach

QUICK = Settings(epochs=30)


@pytest.fixture(scope="module")
def project(make_project):
    return make_project()


@pytest.fixture(scope="module")
def lesson(project, cache):
    return teach(project, QUICK, cache)


def test_both_models_are_right_about_new_samples(lesson, make_samples):
    for kind in range(3):
        fresh = make_samples(kind, 6, seed=7).faces
        for model in lesson.models:
            assert model.predict_proba(fresh).best.tolist() == [kind] * 6, model.name


def test_they_keep_the_contract(lesson, make_samples):
    faces = make_samples(1, 3).faces
    kept = faces.images.copy()
    for model in lesson.models:
        said = model.predict_proba(faces)
        assert said.labels == LabelSet("own", ("smile", "frown", "wink")) == lesson.labels
        for i in range(3):
            np.testing.assert_array_equal(model.predict_proba(faces[i]).probs[0], said.probs[i])
        assert len(model.predict_proba(faces[:0])) == 0
        with pytest.raises(ValueError, match="takes faces aligned to"):
            model.predict_proba(replace(faces, spec=AlignSpec(detail=40)))
    np.testing.assert_array_equal(faces.images, kept)


def test_the_same_seed_gives_the_same_models_and_another_one_others(project, lesson, trunk):
    again = teach(project, QUICK, FeatureCache(trunk))
    other = teach(project, replace(QUICK, seed=1), FeatureCache(trunk))
    for mine, theirs in zip(lesson.cnn.layers, again.cnn.layers, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
    np.testing.assert_array_equal(lesson.svm.machine.weights, again.svm.machine.weights)
    assert np.abs(lesson.cnn.layers[0][0] - other.cnn.layers[0][0]).max() > 0.01
    assert not np.array_equal(lesson.random.split.held, other.random.split.held)


def test_two_classes_work_and_one_does_not(project, cache, make_samples):
    two = p.enable(project, 0, False)
    lesson = teach(two, QUICK, cache)
    assert list(lesson.labels) == ["frown", "wink"]
    for model in lesson.models:
        assert model.predict_proba(make_samples(2, 4, seed=8).faces).names == ["wink"] * 4
    with pytest.raises(ProjectError, match="samples to two classes"):
        teach(p.enable(two, 1, False), QUICK, cache)
    with pytest.raises(ProjectError, match="Ready: 0 of 2"):
        teach(p.start("7"), QUICK, cache)


def test_features_are_computed_once(project, trunk, monkeypatch):
    calls = []
    embedding = type(trunk).embedding
    monkeypatch.setattr(
        type(trunk), "embedding", lambda self, faces: calls.append(len(faces)) or embedding(self, faces)
    )
    cache = FeatureCache(trunk)
    gather(project, QUICK, cache)
    assert sum(calls) == 2 * len(project) == len(cache)
    gather(project, replace(QUICK, seed=5, epochs=2), cache)
    assert sum(calls) == 2 * len(project)
    gather(project, replace(QUICK, aligned=False), cache)
    assert sum(calls) == 4 * len(project)
    material = gather(project, QUICK, cache)
    cache.keep_only(material.faces[:3], material.own[:3], material.copies[:3])
    assert len(cache) == 6
    np.testing.assert_array_equal(cache.describe(material.faces[:3], copy=True).hog, material.copies.hog[:3])


def test_copies_stay_near_their_crop_and_are_never_mirrored(project, cache):
    own, copies = cache.describe(project.faces), cache.describe(project.faces, copy=True)
    apart = np.linalg.norm(own.hog[:, None] - copies.hog[None], axis=2)
    kinds = project.targets
    assert (kinds[apart.argmin(axis=1)] == kinds).mean() > 0.9
    assert not np.array_equal(own.hog, copies.hog)


def test_it_can_be_watched_and_stopped(project, trunk):
    heard = []
    teach(project, QUICK, FeatureCache(trunk), Progress(heard.append))
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] == 1 and len(heard) > 100
    for after in (0.1, 0.45, 0.7, 0.9):
        heard.clear()
        progress = Progress(heard.append, lambda after=after: bool(heard) and heard[-1] > after)
        with pytest.raises(Stopped):
            teach(project, QUICK, FeatureCache(trunk), progress)
        assert heard[-1] < after + 0.2


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch": 1000}, {"rate": 1.0}, {"c": 0.0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ProjectError, match=f"{NAMES[next(iter(wrong))]} is .*; choose"):
        Settings(**wrong)


def test_without_alignment_models_want_other_crops(project, cache, make_samples):
    lesson = teach(project, replace(QUICK, aligned=False, augment=False), cache)
    assert lesson.svm.align == lesson.cnn.align == AlignSpec(registration="box")
    assert lesson.material.copies is None
    with pytest.raises(ValueError, match="box"):
        lesson.svm.predict_proba(make_samples(0, 1).faces)


def test_cards_say_what_they_are(lesson):
    cards = lesson.cards
    assert list(cards) == [SVM, CNN] and all(isinstance(card, Card) for card in cards.values())
    assert [card.family for card in cards.values()] == ["classical", "deep"]
    assert all(0.5 <= card.threshold <= 0.75 for card in cards.values())


# ---- judging


def test_splits_hold_out_a_quarter_and_never_both_parts_of_a_burst(project):
    random = splits.split_at_random(project.targets, 0)
    burst = splits.split_by_burst(project.targets, project.bursts, 0)
    for split in (random, burst):
        assert set(split.train) | set(split.held) == set(range(len(project))) and not set(split.train) & set(split.held)
        assert set(project.targets[split.held]) == set(project.targets[split.train]) == {0, 1, 2}
    assert len(random.held) == 9 and len(burst.held) == 12
    assert set(project.bursts[random.train]) & set(project.bursts[random.held])
    assert not set(project.bursts[burst.train]) & set(project.bursts[burst.held])


def test_of_two_bursts_the_smaller_is_held_out():
    targets, bursts = np.repeat([0, 1], 10), np.repeat([0, 1, 2, 3], [7, 3, 2, 8])
    for seed in range(5):
        split = splits.split_by_burst(targets, bursts, seed)
        assert set(bursts[split.held]) == {1, 2} and set(bursts[split.train]) == {0, 3}


def test_many_bursts_hold_out_about_a_quarter():
    targets, bursts = np.repeat([0, 1], 20), np.arange(40)
    held = [splits.split_by_burst(targets, bursts, seed).held for seed in range(5)]
    assert all(len(rows) == 10 for rows in held) and len({tuple(rows) for rows in held}) == 5


def test_one_burst_a_class_cannot_be_split_by_burst(make_project, cache):
    project = make_project("a b", bursts=1, each=8)
    assert splits.split_by_burst(project.targets, project.bursts, 0) is None
    lesson = teach(project, QUICK, cache)
    assert lesson.by_burst is None and lesson.result is lesson.random


def test_the_smallest_project_that_may_be_taught(make_project, cache):
    lesson = teach(make_project("a b", bursts=1, each=3), Settings(epochs=1, batch=512), cache)
    assert len(lesson.random.split.held) == 2


@pytest.fixture(scope="module")
def bursts_that_fool(make_samples):
    """Classes without any difference, but every burst has a light of its own."""
    project = p.add_class(p.add_class(p.start(), "a"), "b")
    for burst in range(30):
        rng = np.random.default_rng(burst)
        scene = rng.integers(0, 256, (1, 9, 9), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
        made = make_samples(0, 8, burst)
        noisy = np.clip(scene + rng.normal(0, 8, made.faces.images.shape), 0, 255).astype(np.uint8)
        made = replace(made, faces=replace(made.faces, images=noisy))
        project = p.add_samples(project, burst % 2, made, burst)
    return project


def test_a_random_split_flatters_where_bursts_are_near_duplicates(bursts_that_fool, cache):
    lesson = teach(bursts_that_fool, QUICK, cache)
    for name in (SVM, CNN):
        random, burst = (held_out.shares_of(result)[name] for result in (lesson.random, lesson.by_burst))
        assert random.value > 0.9 and burst.value < 0.75


def test_figures_of_an_exam_are_those_of_its_models(lesson):
    result, material = lesson.by_burst, lesson.material
    held = result.split.held
    for model in result.models:
        said = model.predict_proba(material.faces[held])
        np.testing.assert_allclose(result.answers[model.name].probs, said.probs, atol=1e-5)
        shares = held_out.class_shares(result.answers[model.name])
        assert [one.n for one in shares] == np.bincount(material.targets[held]).tolist()
        assert sum(one.right for one in shares) == held_out.shares_of(result)[model.name].right
    assert result.curves.loss.shape == result.curves.held_accuracy.shape == (QUICK.epochs,)
    assert result.curves.loss[-1] < result.curves.loss[0]


def test_an_interval_of_few_stays_wide():
    assert Share(5, 5).interval[0] < 0.6 and Share(0, 0).value == 0 and Share(0, 0).interval == (0, 1)
    low, high = Share(50, 100).interval
    assert (low, high) == pytest.approx((0.404, 0.596), abs=0.005)


def test_the_learning_curve_grows_and_ends_at_the_exam(lesson):
    points = held_out.learning_curve(lesson.material, lesson.by_burst, QUICK)
    assert [point.n for point in points] == sorted({point.n for point in points})
    assert points[-1].n == len(lesson.by_burst.split.train)
    assert points[-1].shares == held_out.shares_of(lesson.by_burst)
    assert all(point.shares[SVM].n == len(lesson.by_burst.split.held) for point in points)


def test_half_of_the_samples_of_each_class(project):
    rows = np.arange(len(project))
    half, quarter = (held_out.some_of(project.targets, rows, part, 0) for part in (0.5, 0.25))
    assert np.bincount(project.targets[half]).tolist() == [6, 6, 6] and set(quarter) <= set(half)


def test_experiments_compare_the_same_models(lesson, make_samples):
    half = experiments.half_the_samples(lesson.material, lesson.result, QUICK)
    mouth = experiments.mouth_covered(lesson.material, lesson.result)
    assert half.before == mouth.before == held_out.shares_of(lesson.result)
    assert all(share.n == len(lesson.result.split.held) for share in (*half.after.values(), *mouth.after.values()))
    outcome = None
    for kind in (0, 1):
        faces = make_samples(kind, 2, 9).faces
        outcome = experiments.recorded(outcome, "light", lesson.result, faces, np.full(2, kind))
    assert outcome.after == {SVM: Share(4, 4), CNN: Share(4, 4)} and outcome.before == half.before


def test_a_covered_mouth_is_grey_and_nothing_else_is(portrait_face):
    covered = experiments.cover_mouth(portrait_face)
    changed = covered.images[0] != portrait_face.images[0]
    y, x = np.nonzero(changed)
    lips = portrait_face.landmarks[0, list(experiments.LIPS), :2]
    assert 0.03 < changed.mean() < 0.2 and np.ptp(covered.images[0][changed]) == 0
    assert np.hypot(x.mean() - lips[:, 0].mean(), y.mean() - lips[:, 1].mean()) < 3


def test_two_logits_of_two_classes():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    targets = (x[:, 0] > 0).astype(int)
    layers, curves = fit.fit_head(x, targets, Settings(epochs=200, rate=0.01), held=(x, targets))
    assert layers[-1][0].shape == (fit.HIDDEN, 2) and curves.held_accuracy[-1] > 0.95
    assert (fit.fit_svm(x, targets, Settings(c=1.0))(x).argmax(axis=1) == targets).mean() > 0.95


class Leaning:
    """A model of two classes whose score for the first leans with the person; the picture says what is seen."""

    name = SVM
    labels = LabelSet("own", ("smile", "frown"))

    def predict_proba(self, faces):
        expression, leaning = faces.images[:, 0, 0] / 10 - 2.0, faces.images[:, 0, 1] / 10
        odds = np.exp(expression + leaning)
        return Prediction(np.stack([odds, np.ones_like(odds)], 1) / (1 + odds)[:, None], self.labels)


class Trunk:
    """Finds those faces neutral that show nothing."""

    align = AlignSpec()

    def predict_proba(self, faces):
        neutral = np.where(faces.images[:, 0, 0] == 20, 0.9, 0.01)
        rest = np.tile((1 - neutral)[:, None] / 6, (1, 6))
        return Prediction(np.concatenate([rest, neutral[:, None]], 1), SEVEN)


def person(leaning: int, expressions: list[int], make_samples):
    faces = make_samples(0, len(expressions)).faces
    images = np.zeros_like(faces.images)
    images[:, 0, 0], images[:, 0, 1] = expressions, leaning
    return replace(faces, images=images)


def test_another_persons_answers_are_also_read_relative_to_the_resting_face(make_samples):
    frown, rest, smile = [0] * 5, [20] * 5, [40] * 5
    targets = np.repeat([1, 1, 0], 5)  # at rest, the first class is wrong: it counts where it is no reference
    first, other = (person(leaning, [*frown, *rest, *smile], make_samples) for leaning in (0, 30))
    held = np.arange(15)
    material = SimpleNamespace(trunk=Trunk(), faces=first, targets=targets, labels=Leaning.labels)
    result = SimpleNamespace(models=(Leaning(),), split=SimpleNamespace(held=held))
    outcome = experiments.Experiment("person", {SVM: Share(15, 15)}, {SVM: Share(5, 15)})
    begun = experiments.another_person(outcome, material, result, other[np.arange(10)], targets[:10])
    assert begun.rested == {}  # only one class so far
    done = experiments.another_person(begun, material, result, other[np.arange(10, 15)], targets[10:])
    as_is = Leaning().predict_proba(other).best == targets
    assert as_is.tolist() == [False] * 10 + [True] * 5  # who leans to smile is always called smiling
    assert done.rested == {SVM: Share(10, 10)} and done.after == outcome.after
    wide = replace(other, spec=AlignSpec(detail=40))
    assert experiments.another_person(outcome, material, result, wide, targets) is outcome
