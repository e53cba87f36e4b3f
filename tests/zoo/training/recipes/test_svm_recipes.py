"""The recipes of support vector machines on made data: seconds, not accuracy."""

import argparse
from dataclasses import replace

import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from zoo.cards import read_card
from zoo.datasets.aligned import AlignedSet, DataError
from zoo.datasets.ferplus import FERPLUS_VOTES
from zoo.models import registry
from zoo.training.recipes import hog_linear_svm, hog_svm

PLAIN = {"illumination": "none", "pose": "none", "registration": "anchors"}


def bars(n: int, seed: int) -> AlignedSet:
    """Noise with a bright bar whose height tells the label."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 7
    pictures = rng.integers(0, 90, (n, 72, 72), np.uint8)
    for picture, target in zip(pictures, targets, strict=True):
        picture[10 * target : 10 * target + 8, 10:60] += 150
    landmarks, moves = np.zeros((n, MESH_POINTS, 3), np.float32), np.zeros((n, 2, 3), np.float32)
    faces = AlignedFaces(pictures, landmarks, moves, AlignSpec())
    splits = np.where(np.arange(n) < n - 70, "Training", "PublicTest")
    return AlignedSet(faces, targets, splits, np.ones(n, bool))


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        (hog_linear_svm, {}),
        (hog_svm, {"parts": "enlarged", "loss": "squares", "components": 30}),
        (hog_svm, {"parts": "whole", "loss": "hinge", "components": 30}),
    ],
    ids=["linear", "squares", "hinge"],
)
def test_a_recipe_writes_a_model_that_answers_as_it_was_trained(recipe, kind, tmp_path, monkeypatch, capsys):
    data = bars(280, 0)
    monkeypatch.setattr(recipe, "load_fer2013", lambda _path, _spec: data)
    asked = {"c": 10.0, "gamma": 1.5, "ridge": 0.3, "votes": None, "votes_weight": 0.4, **kind}
    recipe.train(argparse.Namespace(data="fer2013.csv", seed=0, out=tmp_path, **asked, **PLAIN))
    name = recipe.CARD.name
    assert f"{name}: PublicTest accuracy 1.0" in capsys.readouterr().out
    card = read_card(tmp_path / name)
    assert card.training.command.startswith(f"python -m zoo train {name} --data fer2013.csv")
    assert replace(card, files={}, settings={}, training=None, threshold=1.0, size_bytes=0) == replace(
        recipe.CARD, settings={}, training=None
    )
    new = bars(77, 1)
    model = registry.load(name, tmp_path)
    assert (model.predict_proba(new.faces).probs.argmax(axis=1) == new.targets).all()
    registry.load.cache_clear()


def test_votes_share_the_target_with_the_label_in_training_only(tmp_path, monkeypatch):
    data = bars(280, 0)
    votes = np.zeros((280, 10), int)
    votes[:, 0] = 10  # everybody says neutral
    file = tmp_path / "votes.csv"
    rows = "".join(f"{split},a.png,{','.join(map(str, row))}\n" for split, row in zip(data.splits, votes, strict=True))
    file.write_text(f"Usage,Image name,{','.join(FERPLUS_VOTES)}\n{rows}")
    wanted = hog_svm.softened(data, file, 0.4)
    neutral, right = np.eye(7)[6], np.eye(7)[data.split("Training").targets]
    assert wanted.shape == (210, 7) and wanted == pytest.approx(0.6 * right + 0.4 * neutral)
    monkeypatch.setattr(hog_svm, "load_fer2013", lambda _path, _spec: data)
    asked = {"c": 10.0, "gamma": 1.5, "ridge": 0.3, "parts": "enlarged", "loss": "squares", "components": 30}
    args = argparse.Namespace(data="fer2013.csv", seed=0, out=tmp_path, votes=file, votes_weight=0.4, **asked, **PLAIN)
    hog_svm.train(args)
    note = read_card(tmp_path / "hog-svm").training
    assert note.data == "FER2013 and FER+ votes" and " --votes fer2013new.csv --votes-weight 0.4" in note.command
    with pytest.raises(DataError, match="use --loss squares"):
        hog_svm.train(argparse.Namespace(**{**vars(args), "loss": "hinge"}))
    machine = registry.load("hog-svm", tmp_path).machine
    assert machine.bias == pytest.approx(wanted.mean(axis=0), abs=1e-5)
    registry.load.cache_clear()


@pytest.mark.parametrize(
    ("other", "said"),
    [({"illumination": "clahe"}, " --illumination clahe"), ({"registration": "box"}, " --registration box")],
    ids=["light", "only cut out"],
)
def test_another_alignment_is_another_model_with_its_own_cache(other, said, tmp_path, monkeypatch):
    asked = []

    def load(_path, spec):
        asked.append(spec)
        data = bars(210, 0)
        return replace(data, faces=replace(data.faces, spec=spec))

    monkeypatch.setattr(hog_linear_svm, "load_fer2013", load)
    hog_linear_svm.train(argparse.Namespace(data="fer2013.csv", seed=0, out=tmp_path, **{**PLAIN, **other}))
    card = read_card(tmp_path / "hog-linear-svm")
    assert card.align == asked[0] == replace(AlignSpec(), **other) and card.fingerprint != AlignSpec().fingerprint
    assert card.training.command.endswith(said)
    registry.load.cache_clear()
