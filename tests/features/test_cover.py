import numpy as np
import pytest

from features import cover
from features.align import AlignSpec


@pytest.fixture
def crop() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (72, 72), np.uint8)


def test_each_place_is_covered_and_the_rest_stays(crop):
    covered = cover.place_by_place(crop, 6)
    middles = cover.middles(6, 72)
    assert covered.shape == (36, 72, 72) and covered.dtype == np.uint8
    assert middles.tolist() == [5.5, 17.5, 29.5, 41.5, 53.5, 65.5]
    y, x = np.mgrid[:72, :72]
    for at, picture in enumerate(covered):
        away = np.hypot(x - middles[at % 6], y - middles[at // 6])
        assert (picture == crop)[away > 25].all()
        assert picture[away < 4].std() < crop[away < 4].std() / 4  # smeared, so nearly even


def test_light_and_shade_stay_and_a_blank_crop_is_not_changed():
    slope = np.tile(np.linspace(0, 255, 72).astype(np.uint8), (72, 1))
    covered = cover.place_by_place(slope)[4 * 9 + 4].astype(int)
    assert np.abs(covered - slope)[20:52, 20:52].max() <= 3
    blank = np.full((72, 72), 99, np.uint8)
    assert (cover.place_by_place(blank, 3) == 99).all()


@pytest.mark.parametrize("size", [72, 96])
def test_parts_lie_where_alignment_puts_them(size):
    spec = AlignSpec(size=size)
    left, right, mouth = spec.template
    for part, point in {"eyes": left, "mouth": mouth, "nose": (mouth[0], (left[1] + mouth[1]) / 2)}.items():
        assert cover.part_at(spec, *point) == part
    assert cover.part_at(spec, *right) == "eyes" and cover.part_at(spec, right[0], right[1] - 0.13 * size) == "brows"
    assert cover.part_at(spec, size / 2, 0) == "forehead" and cover.part_at(spec, size / 2, size - 1) == "chin"
    assert cover.part_at(spec, 0.9 * size, 0.62 * size) == "cheeks"
    spots = [cover.part_at(spec, x, y) for x in range(0, size, 3) for y in range(0, size, 3)]
    assert set(spots) == set(cover.PARTS)
