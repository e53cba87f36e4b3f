"""Pictures made worse in known ways, and what becomes of models' answers."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from features.align import AlignedFaces, AlignSpec
from zoo.cards import Condition, Robustness, Slice, read_card, write_card
from zoo.evaluation import corruptions
from zoo.evaluation.conditions import AS_IT_IS, CORRUPTIONS, FACTORS, PARTS, corruption_words, range_words
from zoo.evaluation.metrics import Scored
from zoo.evaluation.slices import measured, slices
from zoo.labels import FIVE, SEVEN
from zoo.models import registry
from zoo.prediction import Prediction
from zoo.reports import charts, model_card


@pytest.fixture(scope="module")
def picture(portrait):
    return np.array(Image.fromarray(portrait[30:230, 120:320]).convert("L").resize((48, 48)))


@pytest.fixture(scope="module")
def mesh(portrait, mesher):
    found = mesher.find(portrait)[0].landmarks[0, :, :2]
    return (found - [120, 30] + 0.5) * 48 / 200 - 0.5


def corruption(name, picture, level):
    return corruptions.CHANGES[name](picture, level, np.random.default_rng(0))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_level_is_worse_than_the_one_before(name, picture):
    away = [np.abs(corruption(name, picture, level).astype(int) - picture).mean() for level in CORRUPTIONS[name].levels]
    assert away == sorted(away) and away[0] > 0
    changed = corruption(name, picture, CORRUPTIONS[name].levels[-1])
    assert changed.shape == picture.shape and changed.dtype == np.uint8


def test_harms_do_what_their_names_say(picture):
    laplacian = lambda image: cv2.Laplacian(image, cv2.CV_64F).var()
    assert laplacian(corruption("blur", picture, 2.0)) < laplacian(picture) / 4
    assert corruption("dark", picture, 3).mean() < picture.mean() < corruption("bright", picture, 3).mean()
    spread = np.std(corruption("noise", np.full((48, 48), 128, np.uint8), 20.0).astype(float))
    assert spread == pytest.approx(20, rel=0.1)
    turned = corruption("rotation", picture, 30)
    back = [
        np.abs(corruptions.turned(turned, d, np.random.default_rng(0)).astype(int)[16:32, 16:32]) for d in (30, -30)
    ]
    assert min(np.abs(one - picture[16:32, 16:32]).mean() for one in back) < 12


@pytest.mark.parametrize("part", corruptions.COVERS)
def test_what_is_covered_is_covered_and_nothing_else(part, picture, mesh):
    covered = corruptions.covered(picture, mesh, part)
    points = {"eyes": (33, 133, 362, 263, 159, 386), "mouth": (61, 291, 0, 17)}
    inside = np.rint(mesh[list(points[part])]).astype(int)
    assert (covered[inside[:, 1], inside[:, 0]] == int(picture.mean())).all()
    other = np.rint(mesh[list(points["mouth" if part == "eyes" else "eyes"])]).astype(int)
    assert (covered[other[:, 1], other[:, 0]] == picture[other[:, 1], other[:, 0]]).all()
    assert 0.03 < (covered != picture).mean() < 0.35


class Smiler:
    """Says happy to whatever it sees."""

    def __init__(self, labels=SEVEN):
        self.name, self.labels, self.align = f"smiler-{labels.name}", labels, AlignSpec()

    def predict_proba(self, faces):
        said = np.eye(len(self.labels), dtype=np.float32)[[self.labels.index("happy")] * len(faces)]
        return Prediction(said.reshape(len(faces), -1), self.labels)


def test_stress_takes_every_picture_the_whole_way(picture, mesh):
    happy, sad = SEVEN.index("happy"), SEVEN.index("sad")
    pictures, meshes, targets = np.stack([picture] * 3), np.stack([mesh] * 3), np.array([happy, happy, sad])
    sample = corruptions.Sample(pictures, targets, meshes, np.arange(3), "PrivateTest", AlignSpec())
    found = corruptions.stress([Smiler(), Smiler(FIVE)], sample)
    assert list(found) == ["smiler-7"]  # the other cannot answer in seven labels
    one = found["smiler-7"]
    assert len(one.conditions) == 1 + sum(len(corruption.levels) for corruption in CORRUPTIONS.values()) + len(PARTS)
    assert {line.accuracy for line in one.conditions} == {0.6667}
    assert one.conditions[0].kind == AS_IT_IS and one.conditions[0].found == 1.0
    assert one.conditions[-1].kind == "mirror" and one.conditions[-1].found == 1.0
    assert all(line.interval[0] <= line.accuracy <= line.interval[1] for line in one.conditions)
    again = corruptions.grid(sample)
    assert all((a[2] == b[2]).all() for a, b in zip(again, corruptions.grid(sample), strict=True))


# --- Slices ----------------------------------------------------------------------------------


def test_what_is_measured_of_a_face(portrait_face):
    found = measured(portrait_face)
    assert set(found) == set(FACTORS)
    assert 0 <= found["yaw"][0] < 20 and 60 < found["brightness"][0] < 220
    assert 0.2 < found["sharpness"][0] < 0.6
    assert 90 < found["size"][0] < 150  # pixels of the portrait, not of the crop
    dark = replace(portrait_face, images=(portrait_face.images * 0.3).astype(np.uint8))
    assert measured(dark)["brightness"][0] == pytest.approx(0.3 * found["brightness"][0], rel=0.05)
    assert measured(AlignedFaces.empty(AlignSpec()))["yaw"].shape == (0,)


def test_slices_count_only_what_was_measured():
    n = 200
    yaw = np.repeat([2.0, 10.0, 40.0, np.nan], 50)
    right = np.repeat([True, False], 100)
    targets = np.zeros(n, int)
    said = np.eye(7, dtype=np.float32)[np.where(right, 0, 1)]
    scored = Scored(Prediction(said, SEVEN), targets, np.ones(n, bool), np.arange(n))
    parts = list(slices(scored, {"yaw": yaw}))
    assert [(part.low, part.high, part.n, part.accuracy) for part in parts] == [
        (0, 5, 50, 1.0),
        (5, 15, 50, 1.0),
        (25, None, 50, 0.0),
    ]
    assert [range_words(part) for part in parts] == ["below 5°", "5 to 15°", "from 25°"]


# --- On cards and in charts --------------------------------------------------------------------


def made_robustness(n=500):
    levels = [(name, level) for name, corruption in CORRUPTIONS.items() for level in corruption.levels]
    pairs = [(AS_IT_IS, 0.0), *levels, *((part, 1.0) for part in PARTS)]
    lines = tuple(Condition(kind, level, 0.5, (0.45, 0.55), 0.9) for kind, level in pairs)
    return Robustness("FER2013", "PrivateTest", "7", n, 0, lines)


SLICES = (Slice("yaw", 0, 5, 1506, 0.7, (0.68, 0.72)), Slice("yaw", 25, None, 388, 0.5, (0.45, 0.55)))


def test_cards_keep_them(make_checkpoint):
    root = make_checkpoint("first", slices=SLICES, robustness=made_robustness())
    card = read_card(root / "first")
    assert card.slices == SLICES and card.robustness == made_robustness()
    write_card(root / "first", card)
    assert read_card(root / "first") == card == registry.card("first", root)


def test_a_card_says_what_was_measured_and_what_not(make_checkpoint):
    root = make_checkpoint("first", slices=SLICES, robustness=made_robustness())
    text = model_card.markdown(registry.card("first", root))
    assert "| Turned to the side: from 25° | 388 | 50.0 % (45.0–55.0) |" in text
    assert "| Blur, 1.5 (σ, pixels of 48) | 90 % | 50.0 % (45.0–55.0) |" in text and "seed 0" in text
    bare = model_card.markdown(registry.card("second", make_checkpoint("second")))
    assert "**Worse pictures, covered faces:** not measured" in bare


def test_charts_say_their_numbers():
    both = charts.robustness([("First", made_robustness()), ("Second", made_robustness())])
    assert both.count("<svg") == len(CORRUPTIONS) and "First from 50% to 50%; Second" in both
    assert "First: 50%, 95 % interval 45% to 55%" in both
    assert both.count("fz-span") == 2 * sum(len(corruption.levels) + 1 for corruption in CORRUPTIONS.values())
    alone = charts.robustness([("First", made_robustness())])
    assert "First from 50% to 50%; faces the mesh still finds from 90% to 90%" in alone and charts.FOUND not in both
    drawn = charts.slices(SLICES)
    assert "70.0% right of 1,506 pictures, 95 % interval 68.0% to 72.0%" in drawn and "from 25°" in drawn


def test_words():
    assert corruption_words(Condition("jpeg", 10.0, 0.5, (0, 1), 1.0)) == "JPEG, 10 (quality)"
    assert corruption_words(Condition("eyes", 1.0, 0.5, (0, 1), 1.0)) == "Eyes covered"
    assert corruption_words(Condition(AS_IT_IS, 0.0, 0.5, (0, 1), 1.0)) == "As they are"
