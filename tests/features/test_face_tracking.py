import cv2
import numpy as np
import pytest
import skimage.data

from features.face_tracking import LATE, LOOK, RESTED, FaceStream, Readers
from features.mesh import MeshReader
from features.regions import around_mesh


@pytest.fixture(scope="module")
def one() -> np.ndarray:
    return cv2.resize(skimage.data.astronaut()[:384], (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def two(one) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate([one[:, 60:220], one[:, 60:220]], axis=1))


@pytest.fixture(scope="module")
def eight(one) -> np.ndarray:
    """Two rows of four small faces."""
    face = cv2.resize(one[10:130, 95:175], (80, 120), interpolation=cv2.INTER_AREA)
    return np.tile(face, (2, 4, 1))


@pytest.fixture(scope="module")
def readers():
    opened = Readers(2)
    yield opened
    opened.close()


@pytest.fixture
def stream(readers):
    opened = FaceStream(readers=readers)
    yield opened
    opened.close()
    opened.close()


def test_a_second_face_is_seen_at_the_next_look(stream, one, two):
    assert [len(stream.find(one, t / 20)) for t in range(5)] == [1] * 5
    counts = [len(stream.find(two, 0.25 + t / 20)) for t in range(20)]
    assert counts[-1] == 2 and counts.index(2) <= 20 * LOOK + 1


def test_faces_that_leave_are_given_up_and_found_again_at_once(stream, one, two):
    assert len(stream.find(two, 0.0)) == 2
    nobody = np.full_like(one, 90)
    assert [len(stream.find(frame, 0.1 * i)) for i, frame in enumerate((nobody, nobody, one), 1)] == [0, 0, 1]


def test_small_faces_are_seen_as_many_as_wished(readers, eight):
    for most in (8, 3):
        stream = FaceStream(most, readers)
        assert [len(stream.find(eight, t / 20)) for t in range(3)] == [most] * 3
        stream.close()


def test_the_one_face_is_where_it_is_also_when_it_jumps(stream, readers, one):
    for t, shift in enumerate((0, 2, 4, 6, 80, 82)):
        frame = np.roll(one, shift, axis=1)
        faces = stream.find(frame, t / 20)
        afresh = FaceStream(readers=readers).find(frame, 0.0)
        np.testing.assert_allclose(faces.boxes, afresh.boxes, atol=2)


@pytest.mark.parametrize("shift", [25, 35, 45])
def test_faces_that_moved_between_two_slow_frames_are_where_they_are(readers, two, shift):
    """At two frames a second half of a face is still in its old window, and a mesh is read from it."""
    stream, fresh = FaceStream(readers=readers), FaceStream(readers=readers)
    before, after = (np.full((240, 420, 3), 128, np.uint8) for _ in range(2))
    before[:, 20:340], after[:, 20 + shift : 340 + shift] = two, two
    assert len(stream.find(before, 0.0)) == 2
    moved, true = stream.find(after, 0.5), fresh.find(after, 0.0)
    assert len(moved) == len(true) == 2
    order = [np.argsort(faces.boxes[:, 0]) for faces in (moved, true)]
    assert np.abs(moved.boxes[order[0]] - true.boxes[order[1]]).max() < 5
    stream.close()
    fresh.close()


def test_a_cut_to_a_close_up_is_followed_at_the_next_look(readers):
    """The mesh crept for a second from the old place to the new one."""
    stream, fresh = FaceStream(readers=readers), FaceStream(readers=readers)
    whole = skimage.data.astronaut()
    close = cv2.resize(whole[20:320, 60:360], whole.shape[:2], interpolation=cv2.INTER_AREA)
    stream.find(whole, 0.0)
    seen = [stream.find(close, t / 15) for t in range(1, round(15 * LOOK) + 2)]
    np.testing.assert_allclose(seen[-1].boxes, fresh.find(close, 0.0).boxes, atol=10)
    stream.close()
    fresh.close()


def test_a_face_that_the_detector_misses_stays_across_a_slow_frame(stream, one, monkeypatch):
    assert len(stream.find(one, 0.0)) == 1
    monkeypatch.setattr(MeshReader, "look", lambda reader, image: [])
    assert len(stream.find(one, 0.5)) == 1


@pytest.fixture
def searches(monkeypatch):
    """The times of the searches for faces."""
    asked, look = [], MeshReader.look
    monkeypatch.setattr(MeshReader, "look", lambda reader, image: (asked.append(image), look(reader, image))[1])
    return asked


def test_slow_frames_of_a_face_that_keeps_still_are_not_all_searched(stream, one, searches):
    """With thirty viewers, whose frames come that slowly, the search took half of the processor."""
    assert [len(stream.find(np.roll(one, t % 2, axis=1), 0.3 * t)) for t in range(9)] == [1] * 9
    assert len(searches) == 2  # the first frame, and one after two seconds


def test_at_ten_frames_a_second_every_eighth_is_searched(stream, one, searches):
    for t in range(2 * RESTED + 1):
        stream.find(one, t / 10)
    assert len(searches) == 3


def test_slow_frames_of_a_clip_are_all_searched(one, searches):
    stream = FaceStream()
    assert [len(stream.find(one, 0.3 * t)) for t in range(4)] == [1] * 4 and len(searches) == 4
    stream.close()


def test_a_frame_after_a_pause_is_searched(stream, one, searches):
    for now in (0.0, 0.1, LATE + 0.1):
        stream.find(one, now)
    assert len(searches) == 2


def test_a_second_face_is_seen_within_eight_slow_frames(stream, one, two):
    """Also where the first face has not moved."""
    alone = two.copy()
    alone[:, 160:] = 90
    assert len(stream.find(alone, 0.0)) == 1
    counts = [len(stream.find(two, 0.3 * t)) for t in range(1, RESTED + 1)]
    assert counts[-1] == 2


@pytest.mark.parametrize("shift", [10, 20, 60, 100])
def test_a_face_that_moved_between_slow_frames_is_searched(stream, one, searches, shift):
    wide = np.full((240, 520, 3), 128, np.uint8)
    after = wide.copy()
    wide[:, :320], after[:, shift : shift + 320] = one, one
    stream.find(wide, 0.0)
    stream.find(after, 0.3)
    assert len(searches) == 2


def test_streams_that_share_readers_see_what_they_see_alone(readers, one, two):
    def watch(streams):
        return [[s.find(np.roll(f, t, axis=1), t / 20).landmarks for s, f in streams] for t in range(6)]

    alone = [watch([(FaceStream(), frame)]) for frame in (one, two)]
    together = watch([(FaceStream(readers=readers), frame) for frame in (one, two)])
    for t in range(6):
        for k in range(2):
            np.testing.assert_array_equal(together[t][k], alone[k][t][0])


def test_a_reader_that_failed_is_replaced(one):
    readers = Readers()
    with pytest.raises(ZeroDivisionError), readers.one() as failed:
        raise ZeroDivisionError
    with readers.one() as next_one:
        assert next_one is not failed and len(next_one.look(one)) == 1
    with readers.one() as again:
        assert again is next_one
    readers.close()


def test_a_mesh_is_read_where_a_face_is(one):
    reader = MeshReader()
    (window,) = reader.look(one)
    mesh = reader.read(one, window, known=False)
    assert mesh.shape == (468, 3) and reader.look(np.zeros_like(one)) == []
    assert reader.read(np.zeros_like(one), around_mesh(mesh), known=True) is None
    with pytest.raises(ValueError, match="uint8"):
        reader.look(one[:, :, 0])
    reader.close()
    reader.close()
