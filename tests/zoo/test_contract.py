"""One suite over every model there is: a new checkpoint is tested by existing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec, align, from_crop, move
from features.faces import Faces
from zoo.cards import checked
from zoo.datasets.aligned import align_pictures, concatenate
from zoo.labels import EIGHT, FIVE, SEVEN, SIX
from zoo.models import registry

NAMES = registry.names()


def test_there_are_models():
    assert NAMES, "checkpoints/ holds no model"


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    return registry.load(name)


@pytest.fixture
def faces(model, golden):
    """Twelve crops: the golden ones, upside down, and mirrored."""
    kept = golden[0]
    turned = replace(kept, images=np.ascontiguousarray(kept.images[:, ::-1]))
    mirrored = replace(kept, images=np.ascontiguousarray(kept.images[:, :, ::-1]))
    return concatenate([kept, turned, mirrored])


@pytest.fixture
def golden(name, model):
    """The crops kept with a checkpoint, and the probabilities it gave when it was made."""
    with np.load(registry.CHECKPOINTS / name / "golden.npz", allow_pickle=False) as kept:
        return AlignedFaces(kept["images"], kept["landmarks"], kept["to_crop"], model.align), kept["probs"]


def test_the_name_is_the_folders(name, model):
    assert model.name == name == registry.card(name).name


def test_every_file_on_the_card_is_there_and_unchanged(name):
    card, folder = registry.card(name), registry.CHECKPOINTS / name
    assert card.files
    for file in card.files:
        checked(folder, card, file)


def test_no_pickle(name):
    suffixes = {path.suffix for path in (registry.CHECKPOINTS / name).iterdir()}
    assert suffixes <= {".json", ".npz", ".tflite", ".keras", ".safetensors", ".md", ".png", ".csv"}


def test_the_figures_on_the_card_add_up(name):
    for line in registry.card(name).figures:
        matrix = np.array(line.confusion)
        assert sum(line.counts) == line.n and (matrix.sum(axis=1) <= line.counts).all()
        assert line.accuracy == pytest.approx(np.trace(matrix) / line.n, abs=1e-4)
        assert line.recall == pytest.approx(np.diag(matrix) / np.maximum(line.counts, 1), abs=1e-4)
        assert line.interval[0] <= line.accuracy <= line.interval[1]


def test_golden_answers(model, golden):
    faces, probs = golden
    assert np.abs(model.predict_proba(faces).probs - probs).max() <= 1e-3


def test_crops_are_still_cut_as_in_training(model, golden, portrait):
    """The same mesh on the same picture must give the same crop, else `AlignSpec.version` must be raised."""
    kept = golden[0][0]
    if model.align.pose != "none":
        pytest.skip("the mesh of a frontal crop is bent and cannot be laid back on the picture")
    back = move(kept.landmarks, from_crop(kept.to_crop))
    again = align(portrait, Faces(back, (512, 512)), model.align)
    assert np.abs(again.to_crop - kept.to_crop).max() < 0.01
    assert np.abs(again.images.astype(int) - kept.images).mean() < 0.5


def test_no_face_gives_no_row(model):
    prediction = model.predict_proba(AlignedFaces.empty(model.align))
    assert prediction.probs.shape == (0, len(model.labels))


def test_rows_are_probabilities_in_the_models_labels(model, faces):
    prediction = model.predict_proba(faces)
    assert prediction.labels == model.labels
    assert prediction.probs.dtype == np.float32 and prediction.probs.shape == (12, len(model.labels))
    assert (prediction.probs >= 0).all()
    assert prediction.probs.sum(axis=1) == pytest.approx(np.ones(12), abs=1e-5)


def test_a_batch_equals_its_rows(model, faces):
    rows = [model.predict_proba(faces[i]).probs for i in range(len(faces))]
    assert np.abs(model.predict_proba(faces).probs - np.concatenate(rows)).max() <= 1e-5


def test_order_does_not_matter(model, faces):
    forward, back = model.predict_proba(faces).probs, model.predict_proba(faces[::-1]).probs
    assert np.abs(forward - back[::-1]).max() <= 1e-5


def test_input_is_not_changed(model, faces):
    before = [np.copy(getattr(faces, part)) for part in ("images", "landmarks", "to_crop")]
    for part in ("images", "landmarks", "to_crop"):
        getattr(faces, part).flags.writeable = False
    model.predict_proba(faces)
    for kept, part in zip(before, ("images", "landmarks", "to_crop"), strict=True):
        assert np.array_equal(kept, getattr(faces, part))


def test_faces_cut_otherwise_are_refused(model):
    other = AlignSpec(size=model.align.size + 8)
    with pytest.raises(ValueError) as raised:
        model.predict_proba(AlignedFaces.empty(other))
    assert str(model.align) in str(raised.value) and str(other) in str(raised.value)


def test_threads_do_not_disturb_each_other(model, faces):
    alone = [model.predict_proba(faces[i]).probs for i in range(len(faces))]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: model.predict_proba(faces[i % len(faces)]).probs, range(4 * len(faces))))
    for i, probs in enumerate(together):
        assert np.abs(probs - alone[i % len(faces)]).max() <= 1e-5


@pytest.mark.parametrize("labels", [SEVEN, SIX, FIVE])
def test_answers_in_the_smaller_sets(model, faces, labels):
    if not set(labels) <= set(model.labels):
        pytest.skip(f"{model.name} does not know {labels.name}")
    assert model.predict_proba(faces).to(labels).probs.shape == (12, len(labels))


def test_the_smile_is_seen(model, golden):
    """The portrait smiles; whoever calls it anything else has crops or labels mixed up."""
    assert model.labels in (SEVEN, EIGHT, FIVE)
    assert model.predict_proba(golden[0]).names[0] == "happy"


@pytest.mark.data
def test_the_card_tells_the_truth_about_fresh_pictures(fresh_private, model):
    """400 PrivateTest pictures through the whole street: accuracy within chance of the card's (four sigma)."""
    faces, targets = fresh_private
    line = registry.card(model.name).figure(labels=model.labels.name)
    if line is None:
        pytest.skip(f"{model.name} has no FER2013 figure in its own labels")
    known = np.array([name in model.labels.labels for name in SEVEN])[targets]
    faces, names = faces[known], [SEVEN.labels[target] for target in targets[known]]
    accuracy = np.mean(np.array(model.predict_proba(faces).names) == names)
    spread = np.sqrt(line.accuracy * (1 - line.accuracy) / len(names))
    assert abs(accuracy - line.accuracy) < 4 * spread


@pytest.fixture(scope="module")
def fresh_private(fer2013):
    """400 pictures of PrivateTest, aligned here and now, and their labels."""
    rows = np.random.default_rng(0).choice(np.flatnonzero(fer2013.splits == "PrivateTest"), 400, replace=False)
    faces, found = align_pictures(fer2013.pixels[rows], AlignSpec())
    assert found.mean() > 0.95
    return faces, fer2013.targets[rows]
