"""Movements of a face, beside what MediaPipe's own Face Landmarker says of the same pictures."""

from pathlib import Path

import numpy as np
import pytest

from features import images, movements
from features.align import AlignedFaces, AlignSpec, align
from features.movements import NAMES, Movements, network, spoken

ROOT = Path(__file__).parents[2]
KEPT = dict(np.load(Path(__file__).parent / "movement_answers.npz"))  # scripts/movement_answers.py wrote it
FACES = sorted(name.removesuffix("-points") for name in KEPT if name.endswith("-points"))


def picture(name: str) -> np.ndarray:
    return images.load(ROOT / f"ui/pictures/{name}.jpg")


@pytest.mark.parametrize("name", FACES)
def test_from_mediapipes_points_come_mediapipes_movements(name):
    said = network().shapes(KEPT[f"{name}-points"])
    np.testing.assert_allclose(said, KEPT[f"{name}-movements"], atol=2e-4)
    moved = network().shapes(KEPT[f"{name}-points"] * 3 + [100, -50])
    np.testing.assert_allclose(moved, said, atol=2e-3)  # place and size do not matter


def test_from_pictures_they_are_nearly_mediapipes(mesher):
    """MediaPipe looks for the face by itself and cuts another window, which tells most in tightly cut drawings."""
    away = []
    for name in FACES:
        image = picture(name)
        away.append(np.abs(network().read(image, mesher.find(image).landmarks[0]) - KEPT[f"{name}-movements"]))
    assert np.mean(away) < 0.04 and np.max(away) < 0.6  # 0.031 and 0.46
    assert np.median(away) < 0.005


def test_a_smile_and_an_open_mouth_are_seen(mesher):
    seen = {}
    for name in ("photo", "drawn-mouth-open", "drawn-nothing-moved", "drawn-corners-up"):
        image = picture(name)
        seen[name] = spoken(network().read(image, mesher.find(image).landmarks[0]))
    assert min(seen["photo"]["smile"], seen["drawn-corners-up"]["smile"]) > 0.6 > seen["drawn-nothing-moved"]["smile"]
    assert seen["drawn-mouth-open"]["jaw"] > 0.3 > max(seen[name]["jaw"] for name in ("photo", "drawn-nothing-moved"))


def test_a_turned_picture_has_the_same_movements(mesher):
    image = picture("photo")
    upright = network().read(image, mesher.find(image).landmarks[0])
    turned = np.ascontiguousarray(np.rot90(image))
    leaning = network().read(turned, mesher.find(turned).landmarks[0])
    assert np.abs(spoken_row(leaning) - spoken_row(upright)).max() < 0.3


def spoken_row(row: np.ndarray) -> np.ndarray:
    return np.array(list(spoken(row).values()))


def test_as_a_descriptor_it_reads_crops_one_by_one(mesher):
    image, spec = picture("photo"), AlignSpec()
    face = align(image, mesher.find(image), spec)
    two = AlignedFaces(*(np.concatenate([part, part]) for part in (face.images, face.landmarks, face.to_crop)), spec)
    rows = Movements()(two)
    assert rows.shape == (2, 52) and rows.dtype == np.float32 and (rows[0] == rows[1]).all()
    assert rows.min() >= 0 and rows.max() <= 1 and rows[0, NAMES.index("mouthSmileLeft")] > 0.4
    assert Movements()(AlignedFaces.empty(spec)).shape == (0, 52)


def test_a_crop_without_a_mesh_has_no_movements():
    spec = AlignSpec()
    blank = np.zeros((1, spec.size, spec.size), np.uint8), np.full((1, 468, 3), 36, np.float32), np.zeros((1, 2, 3))
    assert not Movements()(AlignedFaces(*blank, spec)).any()


def test_what_the_network_does_not_see_has_no_word():
    unseen = [NAMES.index(name) for name in movements.UNSEEN]
    assert max(KEPT[f"{name}-movements"][unseen].max() for name in FACES) < 0.01
    assert not set(movements.UNSEEN) & {name for names in movements.SPOKEN.values() for name in names}


def test_every_movement_in_words_is_one_of_mediapipes():
    assert len(NAMES) == 52 == len(set(NAMES)) and len(movements.SUBSET) == 146
    assert {name for names in movements.SPOKEN.values() for name in names} <= set(NAMES)
