import sys

import numpy as np

from zoo.teach import project as p
from zoo.teach.features import Memo
from zoo.teach.samples import MAX_PHOTO, Photo, Samples


def test_a_full_session_stays_within_what_is_promised(make_samples, trunk):
    """As many samples as fit, all different, with the largest photos, learned from both ways."""
    few = make_samples(0, 10)
    memo = Memo(trunk)
    memo.describe(few.faces)
    memo.describe(few.faces, copy=True)
    rows = [array.nbytes for pair in memo._kept.values() for array in pair]
    overhead = len(memo) * (sys.getsizeof(b"x" * 17) + 400)  # key, tuple, two array headers, the dict's share
    features = (sum(rows) + overhead) / 10 * 2  # aligned and not
    full = Samples(few.faces, few.boxed, (Photo(b"x" * MAX_PHOTO, (0, 0, 1, 1)),) * 10)
    arrays = (full.faces.images, full.faces.landmarks, full.faces.to_crop, full.boxed)
    sample = sum(array.nbytes for array in arrays) / 10 + MAX_PHOTO + 400
    assert (sample + features) * p.MAX_SAMPLES < p.MEMORY_MB * 2**20


def test_a_sample_is_not_kept_through_views(make_samples):
    """A row that is a view would hold the whole batch it came from."""
    project = p.add_samples(p.start("6"), 0, make_samples(0, 50), 0)
    left = p.delete_samples(project, np.arange(49))
    assert left.faces.images.base is None or left.faces.images.base.nbytes == left.faces.images.nbytes
