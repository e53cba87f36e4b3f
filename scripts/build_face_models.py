"""Rebuild the files in features/models, from the wheel of mediapipe 0.10.21 and MediaPipe's bundle, and check them.

Examples:
  python scripts/build_face_models.py --bundle face_landmarker.task    # downloads the wheel (33 MB) with pip
  python scripts/build_face_models.py --bundle face_landmarker.task --wheel FILE.whl

The bundle (4 MB) is what MediaPipe's guide to its Face Landmarker links:
https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import face_models
from features.face_models import FaceModel, FaceModelError

RELEASE = "mediapipe==0.10.21"  # the last release whose wheel contains the models
LICENSE = "mediapipe-0.10.21.dist-info/LICENSE"


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, metavar="FILE", help=f"a wheel of {RELEASE} (default: from PyPI)")
    parser.add_argument("--bundle", type=Path, metavar="FILE", required=True, help="face_landmarker.task")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=face_models.MODELS, help="default: %(default)s")
    args = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = read(args.wheel or download(Path(folder)), args.bundle)
    except (OSError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        print(f"Nothing was written: {error}", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (args.out / name).write_bytes(content)
        print(f"wrote {args.out / name}, {len(content):,} bytes")
    return 0


def download(folder: Path) -> Path:
    """Download the wheel from PyPI to a folder. The wheels of all platforms contain the same models."""
    place = ["--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *place, "--dest", str(folder), RELEASE]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def read(wheel: Path, bundle: Path) -> dict[str, bytes]:
    """The models and their licence, by file name.

    Raises
    ------
    FaceModelError
        The wheel or the bundle lacks a model, or contains a different one than expected.
    """
    files = members(bundle, face_models.OF_THE_BUNDLE, "MediaPipe's bundle face_landmarker.task")
    files |= members(wheel, face_models.OF_THE_WHEEL, f"a wheel of {RELEASE}")
    with zipfile.ZipFile(wheel) as archive:
        if LICENSE in archive.namelist():
            files["LICENSE"] = archive.read(LICENSE)
    return files


def members(path: Path, models: tuple[FaceModel, ...], expected: str) -> dict[str, bytes]:
    """Models from an archive, checked, by file name; `FaceModelError` if one is missing or differs."""
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        there = set(archive.namelist())
        for model in models:
            if model.origin not in there:
                raise FaceModelError(f"{path} holds no {model.origin}; expected {expected}")
            content = archive.read(model.origin)
            face_models.check(model, content, f"{path}: {model.origin}")
            files[model.path.name] = content
    return files


if __name__ == "__main__":
    sys.exit(main())
