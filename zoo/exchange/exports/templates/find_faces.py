"""Finds faces with MediaPipe and computes their meshes.

pip install "mediapipe>=0.10.33,<0.10.35" ai-edge-litert   (Python 3.10 to 3.14)

Newer releases of MediaPipe send usage data to Google. On Linux, MediaPipe needs libegl1 and libgles2. The two networks
in `faces/` are from Google, under the Apache License 2.0; see `faces/NOTICE.md`.
"""

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from mediapipe import Image, ImageFormat
from mediapipe.tasks.python import BaseOptions, vision

MODELS = Path(__file__).parent / "faces"
SIDE = 192  # pixels, of the mesh network's input
MARGIN = 1.5  # side of the square passed to the mesh network, relative to the detected face


@cache
def detector() -> vision.FaceDetector:
    """MediaPipe's short-range face detector, created once."""
    model = (MODELS / "face_detection_short_range.tflite").read_bytes()
    return vision.FaceDetector.create_from_options(
        vision.FaceDetectorOptions(base_options=BaseOptions(model_asset_buffer=model))
    )


def close() -> None:
    """Free the detector. Call this before the program ends; otherwise MediaPipe prints an error."""
    detector().close()
    detector.cache_clear()


@cache
def mesh_network() -> Interpreter:
    network = Interpreter(str(MODELS / "face_landmark.tflite"), num_threads=1)
    network.allocate_tensors()
    return network


def find_meshes(rgb: np.ndarray) -> np.ndarray:
    """The mesh points of every face in an RGB picture, uint8 (H, W, 3): float32 (n, 468, 2), in pixels."""
    found = detector().detect(Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(rgb)))
    meshes = (mesh(rgb, *square(one, rgb.shape[1], rgb.shape[0])) for one in found.detections)
    return np.array([points for points in meshes if points is not None], np.float32).reshape(-1, 468, 2)


def square(detection: Any, width: int, height: int) -> tuple[np.ndarray, float, float]:
    """The square for the mesh network: its centre and side in pixels, and the face's roll in radians."""
    box, (left, right) = detection.bounding_box, detection.keypoints[:2]
    centre = np.array([box.origin_x + box.width / 2, box.origin_y + box.height / 2]) + 0.75  # boxes are rounded down
    roll = np.arctan2((right.y - left.y) * height, (right.x - left.x) * width)
    return centre, MARGIN * (max(box.width, box.height) + 0.5), float(roll)


def mesh(rgb: np.ndarray, centre: np.ndarray, side: float, roll: float) -> np.ndarray | None:
    """The mesh points in a rotated square, (468, 2), in pixels of the picture, or None if it contains no face."""
    turn = side / SIDE * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    to_picture = np.column_stack([turn, centre - turn @ [SIDE / 2, SIDE / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(rgb, to_picture, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    network = mesh_network()
    network.set_tensor(network.get_input_details()[0]["index"], (part / 255).astype(np.float32)[None])
    network.invoke()
    outputs = {out["shape"][-1]: network.get_tensor(out["index"]).ravel() for out in network.get_output_details()}
    if outputs[1][0] < 0:  # the score before its sigmoid
        return None
    points = outputs[3 * 468].reshape(468, 3)[:, :2]
    return points @ to_picture[:, :2].T + to_picture[:, 2] - 0.5
