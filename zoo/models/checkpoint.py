"""Writes a trained model as a folder of `checkpoints/`: weights, golden answers, card."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import io
import platform
import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from features.align import AlignedFaces, AlignSpec, align
from features.mesh import FaceMesher
from zoo.cards import LIMITS, NETWORK, Card, CardError, Family, Training, sha256, shared_network, write_card
from zoo.labels import SEVEN, LabelSet
from zoo.models import registry

FAMILIES: dict[str, Family] = {
    "svm": "classical",
    "tflite": "deep",
    "tflite-kernel": "deep",
    "embedding-svm": "deep",
}
SERVED = (NETWORK, "model.npz")
_PACKAGES = ("numpy", "scikit-image", "scikit-learn", "mediapipe", "keras", "tensorflow-cpu", "tensorflow")


def draft(name: str, title: str, summary: str, loader: str, labels: LabelSet = SEVEN) -> Card:
    """What is known of a model before it is trained; a recipe fills in the rest with `dataclasses.replace`."""
    spec = AlignSpec()
    return Card(
        name=name,
        title=title,
        summary=summary,
        family=FAMILIES[loader],
        loader=loader,
        labels=labels,
        align=spec,
        fingerprint=spec.fingerprint,
        files={},
        settings={},
        threshold=1.0,
        training=training_note("", "", 0, 0),
        limits=LIMITS,
    )


def save(card: Card, files: dict[str, bytes], root: Path = registry.CHECKPOINTS) -> Card:
    """Write a checkpoint, complete or not at all.

    Parameters
    ----------
    card : Card
        Its `files` and `size_bytes` are filled in here. If its ``settings["network"]`` names a model in `root` that is
        served from the same network, the file is not stored twice.
    files : dict
        File name to content; serving loads those in `SERVED`, and `size_bytes` is theirs.
    root : Path

    Returns
    -------
    Card
        As written.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as new:
        folder = Path(new) / card.name
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        hashes = {name: sha256(folder / name) for name in files}
        card = replace(card, files=hashes, size_bytes=sum(len(files[name]) for name in SERVED if name in files))
        write_card(folder, card)
        _write_golden(folder, card)
        _share_network(folder, card, root)
        shutil.rmtree(root / card.name, ignore_errors=True)
        folder.rename(root / card.name)
    registry.load.cache_clear()
    return card


def _share_network(folder: Path, card: Card, root: Path) -> None:
    """Store a network once for all models that are served from it; those on the one that is replaced keep a copy."""
    shared, replaced = shared_network(root, card), root / card.name / NETWORK
    if shared and shared.is_file() and sha256(shared) == card.files.get(NETWORK):
        (folder / NETWORK).unlink()
    if not replaced.is_file() or sha256(replaced) == card.files.get(NETWORK):
        return
    for name in registry.names(root):
        own = root / name / NETWORK
        with contextlib.suppress(CardError):  # a broken card elsewhere must not cost what was trained
            if not own.is_file() and shared_network(root, registry.card(name, root)) == replaced:
                shutil.copyfile(replaced, own)


def arrays_bytes(**arrays: np.ndarray) -> bytes:
    """Arrays as the bytes of an ``.npz``; the same arrays give the same bytes, because no time is noted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
    return buffer.getvalue()


def training_note(command: str, data: str, seed: int, minutes: float) -> Training:
    """How a model was made, with today's date and the versions in use."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    today = datetime.date.today().isoformat()
    return Training(command, data, seed, round(minutes, 1), today, versions)


def golden_faces(spec: AlignSpec) -> AlignedFaces:
    """Four crops of a public-domain portrait: as it is, leaning, dark, and soft."""
    import skimage.data

    portrait = skimage.data.astronaut()
    with FaceMesher() as mesher:
        face = mesher.find(portrait)[0]
    leaning = replace(face, landmarks=face.landmarks + _lean(face.landmarks))
    parts = [
        align(portrait, face, spec),
        align(portrait, leaning, spec),
        align((portrait * 0.4).astype(np.uint8), face, spec),
        align(portrait, face, replace(spec, detail=24)),
    ]
    images, landmarks, to_crop = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "landmarks", "to_crop")
    )
    return AlignedFaces(images, landmarks, to_crop, spec)


def _lean(landmarks: np.ndarray) -> np.ndarray:
    """Moves that turn a face by ten degrees about its middle, in the picture's plane."""
    flat = landmarks[0, :, :2] - landmarks[0, :, :2].mean(axis=0)
    cos, sin = np.cos(np.radians(10)), np.sin(np.radians(10))
    turned = flat @ np.array([[cos, sin], [-sin, cos]])
    return np.pad(turned - flat, ((0, 0), (0, 1)))[None].astype(np.float32)


def _write_golden(folder: Path, card: Card) -> None:
    faces = golden_faces(card.align)
    probs = registry.load(card.name, folder.parent).predict_proba(faces).probs
    np.savez_compressed(
        folder / "golden.npz", images=faces.images, landmarks=faces.landmarks, to_crop=faces.to_crop, probs=probs
    )
