"""Copies made on the GPU are those that the slower code for CPUs makes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is needed only to train on a GPU")

import torch

from zoo.training.torch_augmentation import Draws, Ranges, copies, draw
from zoo.training.weakening import warped

CPU = torch.device("cpu")
NONE = Ranges(degrees=0, zoom=0, shift=0, gamma=1, contrast=0, soften=0, noise=0, erase=0, weaken=0)


@pytest.fixture
def crops():
    noise = np.random.default_rng(0).uniform(0, 255, (4, 72, 72)).astype(np.uint8)
    return np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in noise])


def unchanged(n, **changes) -> Draws:
    draws = draw(n, NONE, CPU)
    straight = torch.eye(2, 3).repeat(n, 1, 1)
    return replace(draws, **({"place": straight} | changes))


def made(crops, draws, side=72, displacements=None):
    return copies(torch.from_numpy(crops), displacements, draws, side)[:, 0].numpy()


def test_without_changes_a_copy_is_the_crop(crops):
    np.testing.assert_allclose(made(crops, unchanged(4)), crops, atol=1e-2)


def test_another_size_is_the_crop_resized(crops):
    wanted = np.stack([cv2.resize(crop, (48, 48), interpolation=cv2.INTER_LINEAR) for crop in crops])
    np.testing.assert_allclose(made(crops, unchanged(4), 48), wanted, atol=1)


def test_half_of_the_copies_are_mirrored(crops):
    found = made(np.repeat(crops[:1], 200, 0), draw(200, NONE, CPU))
    mirrored = [np.abs(copy - crops[0, :, ::-1]).max() < 1 for copy in found]
    straight = [np.abs(copy - crops[0]).max() < 1 for copy in found]
    assert 60 < sum(mirrored) < 140 and sum(mirrored) + sum(straight) == 200


def test_blur_is_gaussian_and_only_where_asked(crops):
    blur = torch.tensor([0.0, 0.8, 0.8, 0.0])
    found = made(crops, unchanged(4, blur=blur), 72)
    np.testing.assert_allclose(found[0], crops[0], atol=1e-2)
    wanted = cv2.GaussianBlur(crops[1].astype(np.float32), (7, 7), 0.8 * 72 / 48, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(found[1], wanted, atol=0.5)


def test_gamma_and_contrast(crops):
    draws = unchanged(4, gamma=torch.full((4,), 1.5), contrast=torch.full((4,), 0.8))
    wanted = ((crops / 255) ** 1.5 - 0.5) * 0.8 * 255 + 127.5
    np.testing.assert_allclose(made(crops, draws), wanted, atol=1e-1)


def test_a_box_covers_its_part_with_one_grey(crops):
    draws = unchanged(4, box=torch.tensor([[0.25, 0.5, 0.0, 1.0]]).repeat(4, 1), grey=torch.full((4,), 9.0))
    found = made(crops, draws)
    assert (found[:, 18:36] == 9).all()
    np.testing.assert_allclose(found[:, 36:], crops[:, 36:], atol=1e-2)


def test_weakening_warps_as_on_a_cpu(crops):
    x, y = np.meshgrid(np.arange(72), np.arange(72))
    bump = np.exp(-((x - 36) ** 2 + (y - 50) ** 2) / 200)
    displacement = np.stack([2 * bump, -3 * bump], -1).astype(np.float32)
    moved = torch.from_numpy(displacement.transpose(2, 0, 1)).repeat(4, 1, 1, 1)
    found = made(crops, unchanged(4, weaken=torch.full((4,), 0.5)), 72, moved)
    for copy, crop in zip(found, crops, strict=True):
        wanted = warped(crop, 0.5 * displacement).astype(float)
        assert np.abs(copy - crop).max() > 10
        assert np.abs(copy - wanted)[2:-2, 2:-2].mean() < 1.5  # bilinear here, cubic there


def test_all_changes_together_stay_grey_levels(crops):
    torch.manual_seed(0)
    found = made(np.repeat(crops, 32, 0), draw(128, Ranges(), CPU), 48, torch.ones(128, 2, 72, 72))
    assert found.shape == (128, 48, 48) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 255 and np.isfinite(found).all()
