"""Networks that were trained in PyTorch by ``scripts/train_on_gpu.py``, put into the Keras graph to be published."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import keras
import numpy as np

from zoo.datasets.aligned import DataError

DATA = "FER2013 and FER+ votes"
COMMAND = "command.txt"


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option of all recipes whose networks may be trained elsewhere."""
    parser.add_argument(
        "--trained",
        type=Path,
        metavar="FOLDER",
        help="train nothing: publish the network that scripts/train_on_gpu.py has written to this folder",
    )


def take(model: keras.Model, folder: Path, name: str, run: Path, heads: Sequence[str], prefix: str = "") -> str:
    """Write the network's weights and log to the folder of a run, as if it had been trained there.

    Parameters
    ----------
    model : keras.Model
        Filled with the weights, see `fill`.
    folder : Path
        Written by ``scripts/train_on_gpu.py``.
    name : str
    run : Path
        For ``best.weights.h5`` and ``log.csv``.
    heads : sequence of str
    prefix : str
        See `copy_log`.

    Returns
    -------
    str
        The commands that make the checkpoint.

    Raises
    ------
    DataError
        The folder has no such network, or a different one.
    """
    fill(model, folder / f"{name}.npz", heads)
    copy_log(folder / f"{name}.csv", run, prefix)
    model.save_weights(run / "best.weights.h5")
    typed = (folder / COMMAND).read_text(encoding="utf-8").strip()
    return f"{typed}; python -m zoo train {name} --data fer2013.csv --trained gpu"


def fill(model: keras.Model, path: Path, heads: Sequence[str]) -> None:
    """Set all weights of a network.

    Parameters
    ----------
    model : keras.Model
        `zoo.training.architectures.residual_vgg` with one head or two.
    path : Path
        ``NAME.npz``: arrays ``LAYER-ARRAY``, both counted from 0; convolutions and normalisations in the order of the
        graph, then the heads for FER2013 and FER+.
    heads : sequence of str
        The model's layers for these heads; those of the file that remain are not used.

    Raises
    ------
    DataError
        There is no such file, or the networks differ.
    """
    if not path.is_file():
        raise DataError(f"There is no {path}; --trained expects the folder that scripts/train_on_gpu.py has written.")
    kept = _layers(path)
    inside = [layer for layer in model.layers if type(layer).__name__ in ("Conv2D", "BatchNormalization")]
    layers = [*inside, *(model.get_layer(name) for name in heads)]
    for layer, arrays in zip_longest(layers, kept[: len(inside) + len(heads)]):
        ours = [tuple(array.shape) for array in layer.get_weights()]
        theirs = [array.shape for array in arrays or ()]
        if ours != theirs:
            raise DataError(f"{path} is of another network: {layer.name} has weights {ours}, the file {theirs}.")
        layer.set_weights(arrays)


def _layers(path: Path) -> list[list[np.ndarray]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {tuple(map(int, name.split("-"))): file[name].astype(np.float32) for name in file.files}
    found: list[list[np.ndarray]] = []
    for layer, _ in sorted(arrays):
        if layer == len(found):
            found.append([])
        found[-1].append(arrays[layer, len(found[-1])])
    return found


def copy_log(source: Path, run: Path, prefix: str = "") -> None:
    """Write the log ``NAME.csv`` as the ``log.csv`` of a run, with epochs from 0 and the seconds of each line.

    Parameters
    ----------
    source : Path
        Columns ``epoch``, ``val_accuracy``, ``val_loss``, and ``seconds`` since the start.
    run : Path
    prefix : str
        Head that the columns are of: ``val_fer2013_accuracy`` for ``"fer2013_"``.
    """
    with source.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    run.mkdir(parents=True, exist_ok=True)
    with (run / "log.csv").open("w", newline="", encoding="utf-8") as text:
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["epoch", f"val_{prefix}accuracy", f"val_{prefix}loss", "seconds"])
        before = 0.0
        for row in rows:
            seconds = float(row["seconds"])
            lines.writerow([int(row["epoch"]) - 1, row["val_accuracy"], row["val_loss"], round(seconds - before, 2)])
            before = seconds
