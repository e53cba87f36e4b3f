"""Fixtures for every room: one public-domain portrait, its mesh, and made-up crops."""

import numpy as np
import pytest
import skimage.data

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS, Faces
from features.mesh import FaceMesher


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """A public-domain portrait with one smiling face, ``(512, 512, 3)``, read-only."""
    image = skimage.data.astronaut()
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def mesher():
    """A `FaceMesher` for stills."""
    with FaceMesher() as opened:
        yield opened


@pytest.fixture(scope="session")
def astronaut_faces(astronaut, mesher) -> Faces:
    """The one face of `astronaut`."""
    faces = mesher.find(astronaut)
    assert len(faces) == 1
    return faces


@pytest.fixture
def make_aligned():
    """``make(n, spec=AlignSpec(), seed=0)``: crops of smooth noise with meshes at random."""

    def make(n: int, spec: AlignSpec | None = None, seed: int = 0) -> AlignedFaces:
        spec = spec or AlignSpec()
        rng = np.random.default_rng(seed)
        waves = rng.normal(size=(n, spec.size, spec.size)).cumsum(axis=1).cumsum(axis=2)
        low, high = waves.min(axis=(1, 2), keepdims=True), waves.max(axis=(1, 2), keepdims=True)
        images = ((waves - low) / (high - low) * 255).astype(np.uint8)
        landmarks = rng.uniform(0, spec.size, (n, MESH_POINTS, 3)).astype(np.float32)
        to_crop = rng.normal(size=(n, 2, 3)).astype(np.float32)
        return AlignedFaces(images, landmarks, to_crop, spec)

    return make
