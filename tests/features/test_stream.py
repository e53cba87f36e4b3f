import cv2
import numpy as np
import pytest
import skimage.data

from features.mesh import FaceCounter
from features.stream import ALONE, LOOK, FaceStream


@pytest.fixture(scope="module")
def one() -> np.ndarray:
    return cv2.resize(skimage.data.astronaut()[:384], (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def two(one) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate([one[:, 60:220], one[:, 60:220]], axis=1))


@pytest.fixture
def stream():
    opened = FaceStream()
    yield opened
    opened.close()
    opened.close()


def test_a_second_face_is_seen_at_the_next_look(stream, one, two):
    assert [len(stream.find(one, t / 20)) for t in range(5)] == [1] * 5
    counts = [len(stream.find(two, 0.25 + t / 20)) for t in range(20)]
    assert counts[-1] == 2 and counts.index(2) <= 20 * LOOK + 1


def test_faces_that_leave_are_given_up_and_found_again(stream, one, two):
    assert len(stream.find(two, 0.0)) == 2
    assert len(stream.find(one, 0.1)) == 1
    assert stream._mesher.max_faces > 1
    assert len(stream.find(one, 0.1 + ALONE)) == 1
    assert stream._mesher.max_faces == 1
    assert len(stream.find(two, 5.0)) == 2


def test_the_one_face_is_where_it_is(stream, one):
    for t in range(6):
        faces = stream.find(np.roll(one, 2 * t, axis=1), t / 20)
    first = FaceStream(max_faces=1)
    alone = first.find(np.roll(one, 10, axis=1), 0.0)
    first.close()
    np.testing.assert_allclose(faces.boxes, alone.boxes, atol=4)


def test_counting(one, two):
    counter = FaceCounter()
    assert [counter.count(image) for image in (one, two, np.zeros_like(one))] == [1, 2, 0]
    with pytest.raises(ValueError, match="uint8"):
        counter.count(one[:, :, 0])
    counter.close()
    counter.close()
