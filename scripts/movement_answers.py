"""Write MediaPipe Face Landmarker's results for the app's pictures, which tests/features/test_movements.py expects.

Example:
  python scripts/movement_answers.py face_landmarker.task

Run again only when MediaPipe's bundle changes; scripts/build_face_models.py says where it comes from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import images
from features.movements import NAMES

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "tests/features/movement_answers.npz"


def main() -> int:
    """Write, for every picture with one face, the finer mesh in pixels and the 52 blendshapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", help="face_landmarker.task")
    bundle = parser.parse_args().bundle
    answers: dict[str, np.ndarray] = {}
    for path in sorted((ROOT / "ui/pictures").glob("*.jpg")):
        found = ask(bundle, images.load(path))
        if len(found) == 1:
            answers[f"{path.stem}-points"], answers[f"{path.stem}-movements"] = found[0]
    np.savez_compressed(OUT, allow_pickle=False, **answers)
    print(f"wrote {OUT}: {len(answers) // 2} faces")
    return 0


def ask(bundle: str, image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points ``(478, 2)`` in pixels and movements ``(52,)``, both float32, of every face."""
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(BaseOptions(bundle), output_face_blendshapes=True, num_faces=8)
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        result = landmarker.detect(Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(image)))
    size = np.array([image.shape[1], image.shape[0]], np.float32)
    found = []
    for face, shapes in zip(result.face_landmarks, result.face_blendshapes, strict=True):
        assert tuple(one.category_name for one in shapes) == NAMES
        points = np.array([(point.x, point.y) for point in face], np.float32) * size
        found.append((points, np.array([one.score for one in shapes], np.float32)))
    return found


if __name__ == "__main__":
    sys.exit(main())
