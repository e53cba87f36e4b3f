"""Pictures of a training run: curves from ``log.csv``, and a diagram of the network.

Matplotlib is imported only for drawing; reading a log does not need it. Networks are
used through their attributes, so that this module does not need Keras.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, INK, PAPER = "#0072b2", "#d55e00", "#23272e", "#ffffff"
FOLDED = ("BatchNormalization", "ReLU", "Activation", "Dropout")
Log = Mapping[str, Sequence[float]]


def read_log(path: Path) -> dict[str, tuple[float, ...]]:
    """A training log's columns by name, without incomplete lines and lines with numbers that are not finite."""
    with path.open(newline="", encoding="utf-8") as text:
        reader = csv.DictReader(text)
        rows = [row for row in map(_numbers, reader) if row]
    return {name: tuple(row[name] for row in rows) for name in rows[0]} if rows else {}


def _numbers(row: Mapping[str, str | None]) -> dict[str, float] | None:
    try:
        numbers = {name: float(value or "") for name, value in row.items()}
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers.values())) else None


@dataclass(frozen=True)
class Curve:
    """A metric by epoch.

    Parameters
    ----------
    name : str
        Such as ``"fer2013_accuracy"``.
    epochs : tuple of int
        From 1; not all of them where the metric was measured less often.
    validated : tuple of float
        On validation pictures.
    trained : tuple of float
        On augmented training pictures; empty if it was not measured there.
    """

    name: str
    epochs: tuple[int, ...]
    validated: tuple[float, ...]
    trained: tuple[float, ...]


def curves(log: Log, ending: str) -> list[Curve]:
    """The log's metrics with this ending that were measured on validation pictures."""
    names = [name.removeprefix("val_") for name in log if name.startswith("val_") and name.endswith(ending)]
    return [
        Curve(
            name,
            tuple(int(epoch) + 1 for epoch in log.get("epoch", range(len(log[f"val_{name}"])))),
            tuple(log[f"val_{name}"]),
            tuple(log.get(name, ())),
        )
        for name in names
    ]


def draw_curves(log: Path, target: Path) -> None:
    """Plot accuracy and loss by epoch as a PNG: training dotted, validation solid, one row per head.

    Parameters
    ----------
    log : Path
        A file of Keras' ``CSVLogger``.
    target : Path
        The ``.png``.

    Raises
    ------
    ValueError
        The log holds no epoch.
    """
    columns = read_log(log)
    found = curves(columns, "accuracy") + curves(columns, "loss")
    if not found:
        raise ValueError(f"{log} holds no epoch with a val_ column; train for one epoch at least")
    figure, axes = _figure(len(found))
    for axis, curve in zip(axes, found, strict=True):
        _draw_curve(axis, curve)
    figure.savefig(target, dpi=110, facecolor=PAPER)


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = (panels + 1) // 2
    figure = Figure(figsize=(9, 3.1 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, min(panels, 2), i + 1) for i in range(panels)]


def _draw_curve(axis: Axes, curve: Curve) -> None:
    if curve.trained:
        axis.plot(curve.epochs, curve.trained, color=ORANGE, linestyle=":", linewidth=2.2, label="training, augmented")
    axis.plot(curve.epochs, curve.validated, color=BLUE, linewidth=2.2, label="validation")
    axis.set_title(curve.name.replace("_", " "), color=INK)
    axis.set_xlabel("epoch")
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)


def run_files(run: Path, model: Any) -> dict[str, bytes]:
    """Draw both pictures, and return them with the log: the files about its training in a checkpoint.

    Parameters
    ----------
    run : Path
        With a ``log.csv``; ``curves.png`` and ``architecture.png`` are written there.
    model : keras.Model

    Returns
    -------
    dict
        File name to content, to be given to `zoo.models.checkpoint.save` after the weights.
    """
    draw_curves(run / "log.csv", run / "curves.png")
    draw_architecture(model, run / "architecture.png")
    files = {name: (run / name).read_bytes() for name in ("log.csv", "curves.png", "architecture.png")}
    # Its hash is on the card, so line ends are those that Git stores.
    return files | {"log.csv": files["log.csv"].replace(b"\r\n", b"\n")}


# --- Architecture ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """Consecutive layers with one function, such as convolution, normalisation and activation.

    Parameters
    ----------
    layers : tuple of str
        Names of the layers.
    words : str
        Their description.
    shape : tuple of int
        Shape of the last output, without the batch axis.
    parameters : int
        Number of parameters of all of them.
    parents : tuple of str
        Names of the layers that the first one gets its input from.
    """

    layers: tuple[str, ...]
    words: str
    shape: tuple[int, ...]
    parameters: int
    parents: tuple[str, ...]

    def joined(self, after: Box) -> Box:
        """This box merged with the next one."""
        words = f"{self.words} · {after.words}"
        return Box(self.layers + after.layers, words, after.shape, self.parameters + after.parameters, self.parents)


def boxes(model: Any) -> list[Box]:
    """A Keras model's layers in order; normalisation, activation and dropout are merged with the layer before.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential, and built.
    """
    found: list[Box] = []
    single = [_box(*layer) for layer in _layers(model)]
    children = [parent for box in single for parent in box.parents]
    for box in single:
        last = found[-1].layers[-1] if found else ""
        if box.words in FOLDED and box.parents == (last,) and children.count(last) == 1:
            found[-1] = found[-1].joined(box)
        else:
            found.append(box)
    return found


def _layers(model: Any) -> Iterator[tuple[Any, Mapping]]:
    """Layers and operations with the names of their inputs."""
    graph = getattr(model, "_functional", None) or model  # the graph of a sequential model
    for entry in graph.get_config()["layers"]:
        yield graph.get_layer(entry["name"]) if _is_layer(graph, entry) else _operation(graph, entry), entry


def _is_layer(graph: Any, entry: Mapping) -> bool:
    return any(layer.name == entry["name"] for layer in graph.layers)


def _operation(graph: Any, entry: Mapping) -> Any:
    return next(operation for operation in graph.operations if operation.name == entry["name"])


def _box(layer: Any, entry: Mapping) -> Box:
    outputs = layer.output if isinstance(layer.output, (list, tuple)) else [layer.output]
    shape = tuple(side for side in outputs[0].shape[1:] if side is not None)
    count = layer.count_params() if hasattr(layer, "count_params") else 0
    parents = dict.fromkeys(_parents(entry.get("inbound_nodes", ())))
    return Box((layer.name,), _words(layer), shape, count, tuple(parents))


def _words(layer: Any) -> str:
    kind, kernel = type(layer).__name__, getattr(layer, "kernel_size", None)
    return f"{kind} {'×'.join(map(str, kernel))}" if kernel else kind


def _parents(node: object) -> Iterator[str]:
    """Names in every ``keras_history`` of a layer's configuration, at any depth."""
    if isinstance(node, Mapping):
        if "keras_history" in node:
            yield node["keras_history"][0]
        else:
            for value in node.values():
                yield from _parents(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _parents(value)


def draw_architecture(model: Any, target: Path | BinaryIO, more: Sequence[Box] = ()) -> None:
    """Draw the network as a PNG: boxes with output shapes and parameters, arcs for shortcuts.

    Parameters
    ----------
    model : keras.Model
    target : Path, or a file open for bytes
        The ``.png``.
    more : sequence of Box
        Steps outside Keras after the last layer; `parents` are names of the model's layers.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = [*boxes(model), *more]
    figure = Figure(figsize=(6.4, 0.52 * len(steps) + 0.5))
    FigureCanvasAgg(figure)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, 1), ylim=(-len(steps) - 0.2, 0.8))
    axis.axis("off")
    total = sum(step.parameters for step in steps)
    axis.text(0.03, 0.35, heading(model.name, total), weight="bold", color=INK, va="center")
    for i, step in enumerate(steps):
        _draw_box(axis, step, -i - 0.5)
    _draw_links(axis, steps)
    figure.savefig(target, dpi=110, facecolor=PAPER, format="png")


def heading(name: str, parameters: int) -> str:
    """The heading above the boxes, without names that Keras generates ("functional_5")."""
    own = not re.fullmatch(r"(functional|sequential|model)(_\d+)?", name)
    return f"{name if own else 'The network'}: {parameters:,} parameters"


def _draw_box(axis: Axes, step: Box, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    learns = step.parameters > 0
    edge, face = (BLUE, "#e5f1f8") if learns else ("#9aa1ab", "#f4f4f2")
    axis.add_patch(
        FancyBboxPatch((0.03, y - 0.31), 0.8, 0.62, "round,pad=0,rounding_size=.012", edgecolor=edge, facecolor=face)
    )
    axis.text(0.05, y, step.words, va="center", fontsize=8.5, color=INK)
    axis.text(0.63, y, " × ".join(map(str, step.shape)), va="center", ha="right", fontsize=8, color=INK)
    if learns:
        axis.text(0.815, y, f"{step.parameters:,}", va="center", ha="right", fontsize=8, color=BLUE)


def _draw_links(axis: Axes, steps: Sequence[Box]) -> None:
    """Short arrows from box to box, and arcs on the right for inputs from further up."""
    place = {name: i for i, step in enumerate(steps) for name in step.layers}
    arrow = {"arrowstyle": "-|>", "color": "#5f6670", "linewidth": 1}
    for i, step in enumerate(steps):
        for source in (place[parent] for parent in step.parents if parent in place):
            if source == i - 1:
                axis.annotate("", (0.43, -i - 0.19), (0.43, -i + 0.19), arrowprops=arrow)
            else:
                curve = f"arc3,rad={-0.35 if i - source < 8 else -min(0.2, 3.0 / (i - source))}"
                bend = {**arrow, "color": ORANGE, "connectionstyle": curve, "shrinkA": 0, "shrinkB": 0}
                axis.annotate("", (0.83, -i - 0.5), (0.83, -source - 0.5), arrowprops=bend)
