"""What a session holds, measured."""

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from zoo.teach import project as p
from zoo.teach.desk import Desk
from zoo.teach.heads import Settings
from zoo.teach.samples import MAX_PHOTO, Photo


def held(n: int, trunk, make_samples) -> int:
    """Bytes of a desk with n samples, all different and with the largest photos, after training."""
    rng = np.random.default_rng(0)
    tracemalloc.start()
    desk = Desk(lambda: trunk)
    for at in range(n):
        made = make_samples(at % 2, 1, at)
        photo = Photo(rng.bytes(MAX_PHOTO), (0.0, 0.0, 1.0, 1.0))
        desk.collect(at % 2, replace(made, photos=(photo,)), at // 2)
    desk.teach(Settings(epochs=1, aligned=False))
    desk.teach(Settings(epochs=1))
    desk.change(lambda project: p.delete_samples(project, [0]))
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size


def test_a_full_session_stays_within_what_is_promised(trunk, make_samples):
    held(10, trunk, make_samples)  # what is made once for all sessions
    few, more = held(20, trunk, make_samples), held(60, trunk, make_samples)
    each = (more - few) / 40
    full = few + each * (p.MAX_SAMPLES - 20)
    assert each > 40_000 and full < p.MEMORY_MB * 2**20


@pytest.mark.parametrize("kept", [1, 10])
def test_deleted_samples_are_not_kept_through_views(make_samples, kept):
    """A row that is a view would hold the whole batch it came from."""
    project = p.add_samples(p.start("6"), 0, make_samples(0, 50), 0)
    left = p.delete_samples(project, np.arange(50 - kept))
    for array in (left.faces.images, left.faces.landmarks, left.samples.boxed):
        assert (array if array.base is None else array.base).nbytes == array.nbytes
