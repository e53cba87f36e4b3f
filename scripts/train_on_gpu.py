"""Trains `cnn-large`, `cnn` and `cnn-tiny` on a GPU, in PyTorch, within a fixed time.

    python scripts/train_on_gpu.py pack --data fer2013.csv --votes fer2013new.csv --out gpu-data
    python scripts/train_on_gpu.py train --data gpu-data --out runs/gpu --minutes 8.3

``pack`` needs this project's environment and writes 50 MB; ``train`` needs PyTorch, OpenCV, Pillow, NumPy, pydantic and
tqdm, and may run on another machine. It writes a ``NAME.npz`` and ``NAME.csv`` for each network, with which
``python -m zoo train NAME --trained runs/gpu`` makes the checkpoint, and ``public.npz``, all logits on PublicTest.
PrivateTest is not packed, so that nothing can be chosen on it.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from zoo.training.torch_training import Faces, Learner

SIDE = 72  # of the aligned crops
SHEETS = 4
ACROSS = 100
SEED = 1
LARGE = (64, 128, 256, 512)


# --- Packing ---------------------------------------------------------------------------------


def pack(args: argparse.Namespace) -> None:
    """Write Training's and PublicTest's pixels, losslessly, and what the crops and targets are made from."""
    from features.align import AlignSpec
    from zoo.datasets.fer2013 import load_fer2013, read_fer2013
    from zoo.datasets.ferplus import read_ferplus, vote_shares
    from zoo.training.out_of_fold import kept
    from zoo.training.recipes.hog_svm import out_of_fold_predictions
    from zoo.training.weakening import mean_displacements

    args.out.mkdir(parents=True, exist_ok=True)
    data = load_fer2013(args.data, AlignSpec())
    rows = np.flatnonzero(data.splits != "PrivateTest")
    _write_sheets(read_fer2013(args.data).pixels[rows].reshape(-1, 48, 48), args.out)
    training = data.split("Training")
    shares, weights = vote_shares(read_ferplus(args.votes)[rows])
    opinions = np.zeros((len(rows), len(data.labels)), np.float16)
    opinions[data.splits[rows] == "Training"] = kept(args.opinions, lambda: out_of_fold_predictions(training))
    np.savez_compressed(
        args.out / "data.npz",
        to_crop=data.faces.to_crop[rows].astype(np.float32),
        targets=data.targets[rows].astype(np.uint8),
        shares=shares.astype(np.float16),
        weights=weights.astype(np.float16),
        opinions=opinions,
        displacements=mean_displacements(training.faces, training.targets, data.labels.index("neutral")),
        public=data.splits[rows] == "PublicTest",
    )
    size = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{len(rows)} faces, {size / 2**20:.1f} MB in {args.out}")


def _write_sheets(faces: np.ndarray, folder: Path) -> None:
    for i, part in enumerate(np.array_split(faces, SHEETS)):
        whole = np.zeros((-(-len(part) // ACROSS) * ACROSS, 48, 48), np.uint8)
        whole[: len(part)] = part
        sheet = whole.reshape(-1, ACROSS, 48, 48).transpose(0, 2, 1, 3).reshape(-1, ACROSS * 48)
        Image.fromarray(sheet).save(folder / f"sheet-{i}.webp", lossless=True, quality=75, method=4)


def _read_sheets(folder: Path, n: int) -> np.ndarray:
    sizes = [len(part) for part in np.array_split(np.arange(n), SHEETS)]
    found = []
    for i, size in enumerate(sizes):
        sheet = np.array(Image.open(folder / f"sheet-{i}.webp").convert("L"))
        found.append(sheet.reshape(-1, 48, ACROSS, 48).transpose(0, 2, 1, 3).reshape(-1, 48, 48)[:size])
    return np.concatenate(found)


def _crop(face: np.ndarray, to_crop: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        face, to_crop.astype(np.float64), (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def load(folder: Path, few: int) -> Faces:
    """The packed faces on the GPU, or on the CPU if there is none; only so many of each split, if not 0."""
    import torch

    from zoo.training.torch_training import Faces

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with np.load(folder / "data.npz", allow_pickle=False) as file:
        packed = {name: file[name] for name in file.files}
    pixels = _read_sheets(folder, len(packed["public"]))
    training, public = np.flatnonzero(~packed["public"]), np.flatnonzero(packed["public"])
    if few:
        training, public = training[:few], public[:few]
    crops = np.stack([_crop(*pair) for pair in zip(pixels, packed["to_crop"], strict=True)])
    tensors = {name: torch.from_numpy(packed[name].astype(np.float32)).to(device) for name in ("shares", "weights")}
    return Faces(
        crops=torch.from_numpy(crops).to(device),
        targets=torch.from_numpy(packed["targets"].astype(np.int64)).to(device),
        opinions=torch.from_numpy(packed["opinions"].astype(np.float32)).to(device),
        displacements=torch.from_numpy(packed["displacements"].transpose(0, 3, 1, 2).astype(np.float32)).to(device),
        training=torch.from_numpy(training).to(device),
        public=torch.from_numpy(public).to(device),
        **tensors,
    )


# --- Training --------------------------------------------------------------------------------


def train(args: argparse.Namespace) -> None:
    """Train the teachers one after the other, then the students together."""
    import torch

    from zoo.training.torch_training import Course, Plan, learner
    from zoo.training.torch_training import train as run

    began = time.monotonic()
    torch.backends.cudnn.benchmark = True
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "command.txt").write_text(_command(args) + "\n", encoding="utf-8")
    faces = load(args.data, args.few)
    device = faces.crops.device
    print(f"{len(faces.targets)} faces on {device} after {time.monotonic() - began:.0f} s", flush=True)
    course = Course(batch=args.batch, look=args.look, began=began)
    teachers, public = [], {}
    for i in range(args.teachers):
        plan = Plan(f"teacher-{i}", args.large, side=64, dropout=0.4)
        each = learner(plan, device, SEED + 10 + i)
        left = args.minutes * 60 * args.teaching - (time.monotonic() - began)
        run([each], [], faces, course, left / (args.teachers - i))
        public[plan.name] = _keep(each, faces, args.out)
        teachers.append(each)
    plans = [
        Plan("cnn-large", args.large, side=64),
        Plan("cnn", (32, 64, 128, 256)),
        Plan("cnn-tiny", (16, 32, 64, 80), dropout=0.1, decay=2e-4),
    ]
    students = [learner(plan, device, SEED) for plan in plans]
    run(students, teachers, faces, course, args.minutes * 60 - args.spare - (time.monotonic() - began))
    public |= {each.plan.name: _keep(each, faces, args.out) for each in students}
    np.savez_compressed(args.out / "public.npz", **public)  # type: ignore[arg-type]
    _tell(public, faces.targets[faces.public].cpu().numpy())
    print(f"{time.monotonic() - began:.0f} s in all", flush=True)


def _command(args: argparse.Namespace) -> str:
    return (
        f"python scripts/train_on_gpu.py train --data gpu-data --out gpu --minutes {args.minutes:g} "
        f"--teachers {args.teachers} --teaching {args.teaching:g} --large {','.join(map(str, args.large))} "
        f"--batch {args.batch} --look {args.look} --spare {args.spare:g}"
    )


def _keep(each: Learner, faces: Faces, folder: Path) -> np.ndarray:
    """Write weights and log; returns the logits on PublicTest."""
    from zoo.training.torch_network import keras_arrays
    from zoo.training.torch_training import logits

    weights = keras_arrays(each.averaged)
    half = {name: array.astype(np.float16) if array.ndim > 1 else array for name, array in weights.items()}
    np.savez_compressed(folder / f"{each.plan.name}.npz", **half)  # type: ignore[arg-type]
    with (folder / f"{each.plan.name}.csv").open("w", newline="") as text:
        writer = csv.DictWriter(text, ["epoch", "val_accuracy", "val_loss", "seconds"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: round(value, 5) for name, value in row.items()} for row in each.log)
    return logits(each, faces, faces.public).cpu().numpy().astype(np.float16)


def _tell(public: dict[str, np.ndarray], truth: np.ndarray) -> None:
    teachers = sum(_softmax(rows) for name, rows in public.items() if name.startswith("teacher"))
    for name, rows in public.items():
        print(f"{name}: {(rows.argmax(1) == truth).mean():.4f} on PublicTest", flush=True)
    print(f"teachers together: {(np.argmax(teachers, 1) == truth).mean():.4f}", flush=True)


def _softmax(rows: np.ndarray) -> np.ndarray:
    powers = np.exp(rows.astype(np.float32) - rows.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def main() -> None:
    """Parse the command and run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    packing = commands.add_parser("pack", help="write what the training needs")
    packing.add_argument("--data", type=Path, required=True)
    packing.add_argument("--votes", type=Path, required=True)
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument(
        "--opinions",
        type=Path,
        default=Path("runs/hog-svm-out-of-fold.npy"),
        help="hog-svm's out-of-fold predictions; written if the file does not exist, in ten minutes",
    )
    packing.set_defaults(run=pack)
    training = commands.add_parser("train", help="train on the GPU")
    training.add_argument("--data", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--minutes", type=float, default=8.3)
    training.add_argument("--teachers", type=int, default=2)
    training.add_argument("--teaching", type=float, default=0.5, help="part of the time in which the teachers learn")
    training.add_argument("--large", type=_widths, default=LARGE, help="widths of cnn-large and of the teachers")
    training.add_argument("--batch", type=int, default=256)
    training.add_argument("--look", type=int, default=5, help="measure PublicTest every so many epochs")
    training.add_argument("--few", type=int, default=0, help="so many pictures of each split, for a dry run")
    training.add_argument("--spare", type=float, default=12.0, help="seconds kept for writing")
    training.set_defaults(run=train)
    args = parser.parse_args()
    args.run(args)


def _widths(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
