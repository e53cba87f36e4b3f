import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features import detector, face_models
from features.detector import FaceDetector, MissingLibraryError, check_system
from features.mesh import FaceMesher
from features.regions import overlap
from tests.waiting import begun, ended

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=[face_models.SHORT_RANGE, face_models.FULL_RANGE], ids=["short", "full"])
def opened(request):
    found = FaceDetector(request.param, 0.5)
    yield found
    found.close()
    found.close()


def test_a_window_around_the_face_level_with_its_eyes(opened, astronaut, astronaut_faces):
    (window,) = opened.detect(astronaut)
    assert overlap(window.face, astronaut_faces.boxes[0]) > 0.8
    assert abs(window.roll - astronaut_faces.pose[0, 2]) < 6
    assert np.linalg.norm(window.centre - astronaut_faces.landmarks[0, :, :2].mean(axis=0)) < 0.1 * window.side


def test_a_part_of_a_picture_gives_windows_of_the_whole(opened, astronaut):
    (whole,) = opened.detect(astronaut)
    part = np.ascontiguousarray(astronaut[20:320, 100:400])
    (inside,) = opened.detect(part, (100, 20))
    assert overlap(inside.face, whole.face) > 0.8 and np.abs(inside.centre - whole.centre).max() < 6


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (8, 8), (3, 2000)])
def test_pictures_of_any_shape(size, opened):
    assert opened.detect(np.zeros((*size, 3), np.uint8)) == []


def test_threads_that_share_a_finder_see_what_one_sees(astronaut, astronaut_faces):
    dark = (astronaut * 0.3).astype(np.uint8)
    seen: dict[int, list] = {}
    with FaceMesher() as mesher:
        alone = mesher.find(dark).landmarks

        def work(number):
            seen[number] = [mesher.find(astronaut if (number + k) % 2 else dark).landmarks for k in range(4)]

        assert ended(*[begun(work, number) for number in range(4)])
    for number in range(4):
        for k, found in enumerate(seen[number]):
            np.testing.assert_array_equal(found, astronaut_faces.landmarks if (number + k) % 2 else alone)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="MediaPipe wants these libraries on Linux")
def test_a_missing_system_library_is_one_sentence(monkeypatch):
    check_system()
    monkeypatch.setattr(detector, "SYSTEM_LIBRARIES", {"libEGL.so.1": "libegl1", "libmissing.so.7": "libmissing7"})
    with pytest.raises(MissingLibraryError, match=r"need libmissing\.so\.7, not .*apt-get install libmissing7$"):
        FaceDetector(face_models.SHORT_RANGE, 0.5)


LEFT_OPEN = """
import numpy as np
from features.mesh import FaceMesher, MeshReader
picture = np.zeros((99, 99, 3), np.uint8)
mesher, reader, forgotten = FaceMesher(), MeshReader(), FaceMesher()
mesher.find(picture), reader.look(picture), forgotten.find(picture)
del forgotten
print("done")
"""


def test_what_is_left_open_ends_without_a_word():
    done = subprocess.run([sys.executable, "-c", LEFT_OPEN], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


IMPORTS = """
import sys
{first}
import features.mesh
features.mesh.tesselation()
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"tensorflow", "matplotlib"}}))
{last}
"""


def test_neither_tensorflow_nor_matplotlib_is_loaded():
    code = IMPORTS.format(first="", last="import matplotlib.pyplot; matplotlib.pyplot.figure")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_matplotlib_that_is_loaded_stays():
    code = IMPORTS.format(
        first="import matplotlib.pyplot as plt", last="assert plt is sys.modules['matplotlib.pyplot']"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("['matplotlib']\n", "")
