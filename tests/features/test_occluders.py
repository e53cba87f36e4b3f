import numpy as np
import pytest

from features import occluders
from features.align import AlignSpec


@pytest.fixture
def crop() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (72, 72), np.uint8)


def test_each_place_is_covered_and_the_rest_stays(crop):
    covered = occluders.place_by_place(crop, 6)
    middles = occluders.middles(6, 72)
    assert covered.shape == (36, 72, 72) and covered.dtype == np.uint8
    assert middles.tolist() == [5.5, 17.5, 29.5, 41.5, 53.5, 65.5]
    y, x = np.mgrid[:72, :72]
    for at, picture in enumerate(covered):
        away = np.hypot(x - middles[at % 6], y - middles[at // 6])
        assert (picture == crop)[away > 25].all()
        assert picture[away < 4].std() < crop[away < 4].std() / 4  # smeared, so nearly even


def test_light_and_shade_stay_and_a_blank_crop_is_not_changed():
    slope = np.tile(np.linspace(0, 255, 72).astype(np.uint8), (72, 1))
    covered = occluders.place_by_place(slope)[4 * 9 + 4].astype(int)
    assert np.abs(covered - slope)[20:52, 20:52].max() <= 3
    blank = np.full((72, 72), 99, np.uint8)
    assert (occluders.place_by_place(blank, 3) == 99).all()


@pytest.mark.parametrize("size", [72, 96])
def test_parts_lie_where_alignment_puts_them(size):
    points = AlignSpec(size=size).template
    left, right, mouth = points
    for part, point in {"eyes": left, "mouth": mouth, "nose": (mouth[0], (left[1] + mouth[1]) / 2)}.items():
        assert occluders.part_at(points, *point) == part
    assert (
        occluders.part_at(points, *right) == "eyes"
        and occluders.part_at(points, right[0], right[1] - 0.13 * size) == "brows"
    )
    for x in (0, size / 2, size - 1):
        assert occluders.part_at(points, x, 0) == "forehead" and occluders.part_at(points, x, size - 1) == "chin"
    assert occluders.part_at(points, 0.9 * size, 0.62 * size) == "cheeks"
    spots = [occluders.part_at(points, x, y) for x in range(0, size, 3) for y in range(0, size, 3)]
    assert set(spots) == set(occluders.PARTS)


def test_parts_move_with_the_face():
    """In crops that are only cut out the face lies anywhere."""
    points = AlignSpec().template
    away = points * 0.5 + (20, 9)
    assert occluders.part_at(away, *away[2]) == "mouth" and occluders.part_at(away, *away[0]) == "eyes"
    assert occluders.part_at(points, *away[2]) != "mouth"


@pytest.mark.parametrize("size", [0.1, 0.3, 0.7])
def test_a_round_patch_smears_its_middle_and_leaves_what_is_outside(crop, size):
    covered = occluders.cover(crop, 0.5, 0.5, size)
    y, x = np.mgrid[:72, :72]
    away = np.hypot(x - 35.5, y - 35.5)
    assert covered.shape == (72, 72) and covered.dtype == np.uint8
    assert (covered == crop)[away > 1.7 * size * 72].all()
    inside = away < 0.25 * size * 72
    assert covered[inside].std() < crop[inside].std() / 3
