"""Finds faces and their meshes. The only file that knows MediaPipe.

`mediapipe` is pinned to 0.10.21, the last release whose wheel carries its models, so nothing
is downloaded. Importing it imports TensorFlow as a side effect, which costs ten seconds and
600 MB; `_import_solutions` holds that off.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from features.faces import Faces, boxes_of
from features.regions import SAME_FACE, Window, around_box, around_mesh, keep_distinct, overlap, roll_of, tiles

CONFIDENCE = 0.5  # where there may be no face at all
FAR_CONFIDENCE = 0.6  # the graph's own; `FaceDetection` with the full-range model takes it, whatever it is told
MESH_CONFIDENCE = 0.95  # in a window; meshes forced upon something else score 0.5 to 0.93, true ones 0.99
FACE_PICTURE_CONFIDENCE = 0.2  # where a detector, or the data set, says that there is one
LEANING = 30.0  # degrees; from here on the mesh is read again in a window turned along with the face
UPRIGHT_PASSES = 3
STEADY = 0.04  # of the window's side; true meshes drift by 0.02, false ones are lost or drift by more
ALIKE = 0.02  # of a mesh's longer side
SMALL_PICTURE = 160
HALF = np.array([0.5, 0.5, 0], np.float32)  # from a pixel's centre to its edge
NEARLY = 0.93  # of the largest face's side: meshes of equal faces vary by so much; they are numbered as one reads


@cache
def _import_solutions():
    """MediaPipe's `face_mesh` and `face_detection` modules, without TensorFlow behind them.

    MediaPipe's own import of TensorFlow is guarded (it only wants a documentation helper), so
    a None in `sys.modules` while it loads is enough. TensorFlow is put back after.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    held = {name: sys.modules[name] for name in ("tensorflow",) if name in sys.modules}
    sys.modules["tensorflow"] = None
    try:
        from mediapipe.python.solutions import face_detection, face_mesh
    finally:
        del sys.modules["tensorflow"]
        sys.modules.update(held)
    return face_mesh, face_detection


def _windows_of(detections: Sequence | None, tile: tuple[int, int, int, int]) -> list[Window]:
    """Around detections' boxes and eyes, which MediaPipe gives as parts of the tile it looked at."""
    return [_window_of(one.location_data, tile) for one in detections or []]


def _window_of(location, tile: tuple[int, int, int, int]) -> Window:
    start, size = np.array(tile[:2]), np.array(tile[2:]) - tile[:2]
    box, eyes = location.relative_bounding_box, location.relative_keypoints[:2]
    corners = np.array([(box.xmin, box.ymin), (box.xmin + box.width, box.ymin + box.height)])
    return around_box(corners * size + start, np.array([(eye.x, eye.y) for eye in eyes]) * size + start)


def _message(window: Window, width: int, height: int):
    """A window as MediaPipe takes it, for a picture of this size."""
    from mediapipe.framework.formats.rect_pb2 import NormalizedRect

    return NormalizedRect(
        x_center=(window.centre[0] + 0.5) / width,
        y_center=(window.centre[1] + 0.5) / height,
        width=window.side / width,
        height=window.side / height,
        rotation=math.radians(window.roll),
    )


def _landmarker(confidence: float = MESH_CONFIDENCE):
    """MediaPipe's mesh network alone: a picture and a window in, ``landmarks`` out."""
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python.solution_base import PacketDataType, SolutionBase

    graph = CalculatorGraphConfig(
        input_stream=["image", "window"], input_side_packet=["with_attention"], output_stream=["landmarks"]
    )
    graph.node.add(
        calculator="FaceLandmarkCpu",
        input_stream=["IMAGE:image", "ROI:window"],
        input_side_packet=["WITH_ATTENTION:with_attention"],
        output_stream=["LANDMARKS:landmarks"],
    )
    return SolutionBase(
        graph_config=graph,
        side_inputs={"with_attention": False},
        outputs=["landmarks"],
        stream_type_hints={"window": PacketDataType.PROTO, "landmarks": PacketDataType.PROTO},
        calculator_params={"facelandmarkcpu__ThresholdingCalculator.threshold": confidence},
    )


def _finders():
    """Both of MediaPipe's ways to find faces: ``near`` gives ``meshes``, ``far`` gives ``detections``.

    In one graph they share its threads: they run beside each other where there is a second core,
    and do not get into each other's way where there is none.
    """
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python.solution_base import PacketDataType, SolutionBase

    settings = {"num_faces": 4, "with_attention": False, "use_prev_landmarks": False}
    graph = CalculatorGraphConfig(
        input_stream=["near", "far"], input_side_packet=list(settings), output_stream=["meshes", "detections"]
    )
    graph.node.add(
        calculator="FaceLandmarkFrontCpu",
        input_stream=["IMAGE:near"],
        input_side_packet=[f"{name.upper()}:{name}" for name in settings],
        output_stream=["LANDMARKS:meshes"],
    )
    graph.node.add(
        calculator="FaceDetectionFullRangeCpu", input_stream=["IMAGE:far"], output_stream=["DETECTIONS:detections"]
    )
    near, far = "facelandmarkfrontcpu__", "facedetectionfullrangecpu__facedetectionfullrange__"
    boxes = "facedetection__TensorsToDetectionsCalculator.min_score_thresh"
    return SolutionBase(
        graph_config=graph,
        side_inputs=settings,
        outputs=["meshes", "detections"],
        stream_type_hints={"meshes": PacketDataType.PROTO_LIST, "detections": PacketDataType.PROTO_LIST},
        calculator_params={
            f"{near}facedetectionshortrangecpu__facedetectionshortrange__{boxes}": CONFIDENCE,
            f"{near}facelandmarkcpu__ThresholdingCalculator.threshold": CONFIDENCE,
            f"{far}{boxes}": FAR_CONFIDENCE,
        },
    )


def tesselation() -> np.ndarray:
    """Edges of the mesh as pairs of point indices: ``(1322, 2)`` int, each once."""
    face_mesh, _ = _import_solutions()
    return _edges(face_mesh.FACEMESH_TESSELATION)


def contours() -> np.ndarray:
    """Edges that outline eyes, brows, lips and the face: ``(124, 2)`` int, each once."""
    face_mesh, _ = _import_solutions()
    return _edges(face_mesh.FACEMESH_CONTOURS)


@cache
def _edges(pairs: frozenset[tuple[int, int]]) -> np.ndarray:
    edges = np.array(sorted({tuple(sorted(pair)) for pair in pairs}))
    edges.flags.writeable = False
    return edges


class FaceMesher:
    """Finds the faces of a picture as meshes, largest first.

    For still pictures; `features.face_tracking` follows faces from frame to frame. Not thread-safe: one for
    each worker. Close it, or use it in a ``with``.

    Parameters
    ----------
    max_faces : int
        At most this many faces are returned.

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
    CVPR workshops 2019. Bazarevsky et al., "BlazeFace", CVPR workshops 2019.
    """

    def __init__(self, max_faces: int = 20) -> None:
        self.max_faces = max_faces
        face_mesh, _ = _import_solutions()
        self._close_mesh = face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=2, min_detection_confidence=FACE_PICTURE_CONFIDENCE
        )
        self._finders = _finders()
        self._landmarker = _landmarker()
        self._graphs = [self._close_mesh, self._finders, self._landmarker]

    def __enter__(self) -> FaceMesher:
        return self

    def __exit__(self, *_exc) -> None:
        self.close()

    def close(self) -> None:
        """Free MediaPipe's graphs. Closing twice is harmless."""
        while self._graphs:
            self._graphs.pop().close()

    def find(self, image: np.ndarray) -> Faces:
        """Faces of one picture.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.

        Returns
        -------
        Faces
            Possibly empty; no face is a result, not an error.

        Raises
        ------
        ValueError
            The picture is not ``uint8 (H, W, 3)``.
        """
        _check(image)
        image = np.ascontiguousarray(image)
        size = image.shape[1], image.shape[0]
        if min(size) < 8:
            return Faces.empty(size)
        return _largest(_distinct(self._search(image)), size, self.max_faces)

    def _search(self, image: np.ndarray) -> np.ndarray:
        """Every face of a still: the ordinary look first, harder ones only if it fails."""
        small = max(image.shape[:2]) <= SMALL_PICTURE
        for look in self._face_picture_looks(image) if small else self._photo_looks(image):
            if len(look):
                return look
        return _no_mesh()

    def _photo_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """Ordinary, with more contrast and a border, with a border alone, turned, as one face, and at last on trust."""
        yield self._in_photo(image)
        yield self._padded(_brighten(image), 0.5)
        yield self._padded(image, 0.25)
        yield self._turned(image)
        yield self._as_one_face(image)
        yield self._near(image)

    def _face_picture_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """A picture that is one face and little more (FER2013): enlarge it and give it a border."""
        yield self._enlarged(image, 0.25)
        yield self._enlarged(image, 0.0)
        yield self._enlarged(_brighten(image), 0.4)

    def _one_face_looks(self, small: np.ndarray) -> Iterator[np.ndarray]:
        """As at a small picture, and with a wider border for what was cut off."""
        yield from self._face_picture_looks(small)
        yield self._enlarged(small, 0.6)

    def _as_one_face(self, image: np.ndarray) -> np.ndarray:
        """A large picture that is one face and little more, cut tightly, soft or noisy: looked at as a small one.

        A mesh is believed that stays where it is in a turned window, or that two looks agree on.
        """
        height, width = image.shape[:2]
        ratio = SMALL_PICTURE / max(height, width)
        size = max(8, round(width * ratio)), max(8, round(height * ratio))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        seen: list[np.ndarray] = []
        for mesh in itertools.chain.from_iterable(self._one_face_looks(small)):
            if self._is_steady(small, mesh) or any(_alike(mesh, other) for other in seen):
                scale = np.array([width, height, width], np.float32) / np.array([*size, size[0]], np.float32)
                return ((mesh[None] + HALF) * scale - HALF).astype(np.float32)
            seen.append(mesh)
        return _no_mesh()

    def _in_photo(self, image: np.ndarray) -> np.ndarray:
        """The mesh on the whole, and in a window around every further face the detector sees."""
        found = self._finders.process({"near": image, "far": image})
        near = _pixels(found.meshes, image)
        windows = self._with_tiles(image, found.detections)
        near, seen = _agreeing(near, windows)
        left = [w for w in windows if not any(overlap(w.face, box) >= SAME_FACE for box in boxes_of(near))]
        further = [self._in_window(image, window) for window in left]
        seen = np.array([*seen, *[True] * sum(map(len, further))], bool)
        return self._trusted(image, np.concatenate([near, *further]), seen)

    def _trusted(self, image: np.ndarray, meshes: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Leaning meshes read again upright; then those that are no mistake.

        Upright meshes are at times forced upon faces that hang upside down. One that two
        detectors saw upright is true, and then so are its neighbours; others have to prove it.
        """
        leaning = np.array([abs(roll_of(mesh)) >= LEANING for mesh in meshes], bool)
        meshes = [self._upright(image, mesh) if leans else mesh for mesh, leans in zip(meshes, leaning, strict=True)]
        if not (seen & ~leaning).any():
            meshes = [mesh for mesh in meshes if self._is_steady(image, mesh)]
        return np.array(meshes) if meshes else _no_mesh()

    def _enlarged(self, image: np.ndarray, pad: float) -> np.ndarray:
        """The largest face of a small picture, looked for at some 192 pixels a side plus `pad`."""
        factor = max(1, round(192 / max(image.shape[:2])))
        large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        border = round(pad * max(large.shape[:2]))
        large = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
        meshes = _run(self._close_mesh, large)[:1]
        # Enlarging moves the centre of pixel p to factor * (p + 1/2) - 1/2.
        meshes[:, :, :2] = (meshes[:, :, :2] - border + 0.5) / factor - 0.5
        meshes[:, :, 2] /= factor
        return meshes

    def _padded(self, image: np.ndarray, pad: float) -> np.ndarray:
        border = round(pad * max(image.shape[:2]))
        wide = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
        return self._in_photo(wide) - np.array([border, border, 0], np.float32)

    def _turned(self, image: np.ndarray) -> np.ndarray:
        """Faces that lie on their side or hang upside down (a phone's photo without EXIF)."""
        for turns in (1, 3, 2):
            meshes = self._in_photo(np.ascontiguousarray(np.rot90(image, turns)))
            if len(meshes):
                return _turned_back(meshes, turns, *image.shape[:2])
        return _no_mesh()

    def _upright(self, image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """A leaning mesh read again in a window turned along with the face."""
        for _ in range(UPRIGHT_PASSES):
            again = self._in_window(image, around_mesh(mesh))
            mesh = again[0] if len(again) else mesh
        return mesh

    def _is_steady(self, image: np.ndarray, mesh: np.ndarray) -> bool:
        """Whether the mesh stays on the face when its window is turned; a false one goes along."""
        window = around_mesh(mesh)
        again = self._in_window(image, replace(window, roll=window.roll + LEANING))
        return len(again) > 0 and float(np.abs(again[0] - mesh).mean()) < STEADY * window.side

    def _in_window(self, image: np.ndarray, window: Window) -> np.ndarray:
        """The mesh in a window that is known to hold a face; none if the network sees no face there."""
        height, width = image.shape[:2]
        landmarks = self._landmarker.process({"image": image, "window": _message(window, width, height)}).landmarks
        return _pixels([landmarks] if landmarks else [], image)

    def _near(self, image: np.ndarray) -> np.ndarray:
        """The mesh's own finder, alone."""
        return _pixels(self._finders.process({"near": image}).meshes, image)

    def _with_tiles(self, image: np.ndarray, detections: Sequence | None) -> list[Window]:
        """Windows around what the far finder saw on the whole, and sees on tiles of a large picture."""
        whole, *parts = tiles(image.shape[1], image.shape[0])
        windows = _windows_of(detections, whole)
        for left, top, right, bottom in parts:
            part = np.ascontiguousarray(image[top:bottom, left:right])
            windows += _windows_of(self._finders.process({"far": part}).detections, (left, top, right, bottom))
        return [windows[k] for k in keep_distinct([window.face for window in windows])]


class MeshReader:
    """The two networks of a stream of frames: where faces are, and the mesh of the one in a window.

    Keeps nothing from call to call, so streams may take turns. Not to be used by two threads at
    once. Close it.
    """

    def __init__(self) -> None:
        _, face_detection = _import_solutions()
        self._detector = face_detection.FaceDetection(model_selection=1, min_detection_confidence=FAR_CONFIDENCE)
        self._strict, self._lenient = _landmarker(), _landmarker(CONFIDENCE)
        self._graphs = [self._detector, self._strict, self._lenient]

    def look(self, image: np.ndarray) -> list[Window]:
        """A window around every face the full-range detector sees in ``uint8 (H, W, 3)``, RGB, largest first."""
        _check(image)
        whole = (0, 0, image.shape[1], image.shape[0])
        windows = _windows_of(self._detector.process(image).detections, whole)
        return sorted(windows, key=lambda window: -window.side)

    def read(self, image: np.ndarray, window: Window, known: bool) -> np.ndarray | None:
        """The mesh in a window, ``(468, 3)`` float32 pixels, or None if there is no face in it.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB, contiguous.
        window : Window
        known : bool
            Whether a face was there a moment ago: a turned or blurred one is still believed.
        """
        _check(image)
        height, width = image.shape[:2]
        network = self._lenient if known else self._strict
        landmarks = network.process({"image": image, "window": _message(window, width, height)}).landmarks
        return _pixels([landmarks], image)[0] if landmarks else None

    def close(self) -> None:
        """Free MediaPipe's graphs. Closing twice is harmless."""
        while self._graphs:
            self._graphs.pop().close()


def _agreeing(meshes: np.ndarray, windows: list[Window]) -> tuple[np.ndarray, list[bool]]:
    """Meshes without those that a window on the same face says are turned otherwise; whether each was seen at all."""
    kept, seen = [], []
    for i, box in enumerate(boxes_of(meshes)):
        same = [window for window in windows if overlap(window.face, box) >= SAME_FACE]
        roll = roll_of(meshes[i])
        if all(math.cos(math.radians(window.roll - roll)) > 0.5 for window in same):
            kept.append(i)
            seen.append(bool(same))
    return meshes[kept], seen


def _alike(mesh: np.ndarray, other: np.ndarray) -> bool:
    """Whether two looks at one picture saw the same face."""
    return float(np.abs(mesh - other).mean()) < ALIKE * np.ptp(mesh[:, :2], axis=0).max()


def _check(image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"got {image.dtype} {image.shape}; expected uint8 (H, W, 3), as features.images.load gives")


def _run(mesh, image: np.ndarray) -> np.ndarray:
    """What one of MediaPipe's own `FaceMesh` finds: ``(n, L, 3)`` float32 in pixels of `image`."""
    return _pixels(mesh.process(image).multi_face_landmarks, image)


def _pixels(found: Sequence | None, image: np.ndarray) -> np.ndarray:
    """MediaPipe's landmark messages as ``(n, L, 3)`` float32 in pixels of `image`."""
    if not found:
        return _no_mesh()
    height, width = image.shape[:2]
    # MediaPipe counts from the picture's edge, we from the first pixel's centre; z is at the scale of x.
    scaled = np.array([_points(face) for face in found]) * np.array([width, height, width], np.float32)
    return scaled - HALF


# A landmark as protobuf writes it: kind and length, then fields 1, 2 and 3 of 32 bits each behind its key.
_STORED = np.dtype(
    [("head", "u1", 2), ("x_key", "u1"), ("x", "<f4"), ("y_key", "u1"), ("y", "<f4"), ("z_key", "u1"), ("z", "<f4")]
)
_Z_KEY = 3 << 3 | 5


def _points(face) -> np.ndarray:
    """One message's points, ``(L, 3)`` float32. Asking it for one after the other takes ten times as long."""
    stored, count = face.SerializeToString(), len(face.landmark)
    if len(stored) == count * _STORED.itemsize:
        table = np.frombuffer(stored, _STORED)
        if (table["z_key"] == _Z_KEY).all():
            return np.stack([table[axis] for axis in "xyz"], axis=1)
    return np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32)  # with more or fewer fields


def _turned_back(meshes: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Meshes of ``np.rot90(image, turns)`` in pixels of the image, which is `height` x `width`."""
    x, y, depth = np.moveaxis(meshes, 2, 0)
    flat = {1: (width - 1 - y, x), 2: (width - 1 - x, height - 1 - y), 3: (y, height - 1 - x)}
    return np.stack([*flat[turns], depth], axis=2)


def _no_mesh() -> np.ndarray:
    return np.zeros((0, 468, 3), np.float32)


def _brighten(image: np.ndarray) -> np.ndarray:
    """Local contrast on the lightness, for dark or flat pictures."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[:, :, 0] = cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(lab[:, :, 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _distinct(meshes: np.ndarray) -> np.ndarray:
    return meshes[keep_distinct(boxes_of(meshes))]


def _largest(meshes: np.ndarray, size: tuple[int, int], most: int) -> Faces:
    if not len(meshes):
        return Faces.empty(size)
    return Faces(meshes[_in_order(boxes_of(meshes), most)], size)


def _in_order(boxes: np.ndarray, most: int) -> list[int]:
    """The largest first; of those nearly as large as the largest left, rows from the top, each from the left."""
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    left, order = np.argsort(-sides, kind="stable")[:most].tolist(), []
    while left:
        alike = [i for i in left if sides[i] >= NEARLY * sides[left[0]]]
        left = [i for i in left if i not in alike]
        while alike:
            top = min(boxes[i, 1] for i in alike)
            row = [i for i in alike if boxes[i, 1] < top + sides[i] / 2]
            order += sorted(row, key=lambda i: boxes[i, 0])
            alike = [i for i in alike if i not in row]
    return order
