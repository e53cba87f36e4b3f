"""Rules that stop a run or reduce its learning rate, and report why.

Rules keep no state except ``log.csv``: they read earlier epochs from it, and so
decide the same in a resumed run as in an uninterrupted one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keras import callbacks

from zoo.training.plots import read_log

EVENTS = "events.log"


@dataclass(frozen=True)
class Watched:
    """A monitored column of the log, and which direction is better.

    Parameters
    ----------
    name : str
    more_is_better : bool
    least : float
        Smaller changes do not count.
    """

    name: str
    more_is_better: bool = True
    least: float = 0.0

    def better(self, new: float, old: float) -> bool:
        """Whether `new` is better than `old` by more than `least`."""
        return (new - old if self.more_is_better else old - new) > self.least

    def best(self, values: Sequence[float]) -> int:
        """Position of the best value; the first one if several are equal."""
        at = 0
        for i, value in enumerate(values):
            at = i if self.better(value, values[at]) else at
        return at

    @property
    def stands_still(self) -> str:
        """That the value has not improved, in words."""
        return f"{self.name} has not {'risen' if self.more_is_better else 'fallen'}"


VAL_ACCURACY = Watched("val_accuracy")
VAL_LOSS = Watched("val_loss", more_is_better=False)


class Rule(callbacks.Callback):
    """Evaluates the log after each epoch; its decisions are written to the console and ``events.log``.

    Parameters
    ----------
    run : Path
        Folder with ``log.csv`` of earlier epochs, if any.
    """

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.run = run
        self.log: list[dict[str, float]] = []
        self.begun = False

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if not self.begun:
            self.begun = True
            self.log = epochs_before(self.run, epoch)
            self.resumed()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.log.append({name: float(value) for name, value in (logs or {}).items()})
        self.look()

    def resumed(self) -> None:
        """Called once with the log of earlier epochs."""

    def look(self) -> None:
        """Called after each epoch, whose line is then the last of the log."""
        if reason := self.fires(self.log):
            self.model.stop_training = True
            self.say(f"stopped: {reason}")

    def fires(self, log: Sequence[dict[str, float]]) -> str | None:
        """Why the run ends after the last epoch of this log, or None."""
        return None

    def say(self, sentence: str) -> None:
        """Report an event of this epoch."""
        line = f"epoch {len(self.log)}: {sentence}"
        print(line, flush=True)
        with (self.run / EVENTS).open("a", encoding="utf-8", newline="\n") as events:
            events.write(line + "\n")


class EarlyStop(Rule):
    """Stops a run whose monitored value has not improved for some epochs.

    References
    ----------
    Prechelt, "Early Stopping - But When?", Neural Networks: Tricks of the Trade, 1998.
    """

    def __init__(self, run: Path, watched: Watched = VAL_ACCURACY, patience: int = 10) -> None:
        super().__init__(run)
        self.watched, self.patience = watched, patience

    def fires(self, log: Sequence[dict[str, float]]) -> str | None:
        """Why it ends, or None."""
        values = column(log, self.watched.name)
        if not values or len(values) - 1 - (best := self.watched.best(values)) < self.patience:
            return None
        return f"{self.watched.stands_still} for {self.patience} epochs (best {values[best]:.4f} at epoch {best + 1})"


class StopWhenBoth(Rule):
    """Stops a run once all values exceed their thresholds in the same epoch, as in the Colab notebook.

    Parameters
    ----------
    run : Path
    thresholds : dict
        Column of the log to its threshold.
    """

    def __init__(self, run: Path, thresholds: dict[str, float]) -> None:
        super().__init__(run)
        self.thresholds = thresholds
        self._told: set[str] = set()

    def resumed(self) -> None:
        """Conditions that held earlier are not reported again."""
        self._told = {name for line in self.log for name in self._held(line)}

    def look(self) -> None:
        """As for every rule; also reports when a condition holds for the first time."""
        super().look()
        held = self._held(self.log[-1])
        if len(held) < len(self.thresholds):
            for name in held - self._told:
                self.say(f"{self._words(name)} holds; waiting for {self._missing(held)}")
        self._told |= held

    def fires(self, log: Sequence[dict[str, float]]) -> str | None:
        """Why it ends, or None."""
        if not log or len(self._held(log[-1])) < len(self.thresholds):
            return None
        return " and ".join(f"{name} {log[-1][name]:.4f} > {low:g}" for name, low in self.thresholds.items())

    def _held(self, line: dict[str, float]) -> set[str]:
        return {name for name, low in self.thresholds.items() if line.get(name, -math.inf) > low}

    def _words(self, name: str) -> str:
        return f"{name} > {self.thresholds[name]:g}"

    def _missing(self, held: set[str]) -> str:
        return " and ".join(self._words(name) for name in self.thresholds if name not in held)


class Plateau(Rule):
    """Multiplies the learning rate by a factor when the monitored value stops improving, like ReduceLROnPlateau.

    Parameters
    ----------
    run : Path
    watched : Watched
    patience : int
        Epochs without improvement, since the best one or the last reduction.
    factor : float
    lowest : float
        Lower limit of the rate.
    """

    def __init__(
        self, run: Path, watched: Watched = VAL_LOSS, patience: int = 2, factor: float = 0.1, lowest: float = 1e-5
    ) -> None:
        super().__init__(run)
        self.watched, self.patience, self.factor, self.lowest = watched, patience, factor, lowest

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self.begun:  # before a resumed run restores the optimiser's state
            self.first = float(self.model.optimizer.learning_rate)

    def resumed(self) -> None:
        """Restore the rate after the earlier epochs."""
        self._set(len(self.cuts(self.log)))

    def look(self) -> None:
        """Reduce the rate if necessary, and report it."""
        cuts = self.cuts(self.log)
        if cuts and cuts[-1] == len(self.log) - 1:
            before, after = self.rate(len(cuts) - 1), self.rate(len(cuts))
            if after < 0.999 * before:  # not at the lower limit, despite rounding
                self._set(len(cuts))
                reason = f"{self.watched.stands_still} for {self.patience} epochs"
                self.say(f"learning rate {before:g} to {after:g}: {reason}")

    def cuts(self, log: Sequence[dict[str, float]]) -> list[int]:
        """Positions of the epochs after which the rate is reduced."""
        best, since, found = None, 0, []
        for i, value in enumerate(column(log, self.watched.name)):
            if best is None or self.watched.better(value, best):
                best, since = value, 0
                continue
            since += 1
            if since >= self.patience:
                found.append(i)
                since = 0
        return found

    def rate(self, cuts: int) -> float:
        """The learning rate after a number of reductions."""
        return max(self.first * self.factor**cuts, min(self.lowest, self.first))

    def _set(self, cuts: int) -> None:
        self.model.optimizer.learning_rate = self.rate(cuts)


class Clock(callbacks.Callback):
    """Adds the duration of each epoch to the log, in seconds."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs["seconds"] = time.perf_counter() - self.start


def column(log: Sequence[dict[str, float]], name: str) -> list[float]:
    """One column of the log; `KeyError` if the recipe does not measure it."""
    try:
        return [line[name] for line in log]
    except KeyError:
        raise KeyError(f"the log has no {name}; it has {', '.join(log[-1])}") from None


def epochs_before(run: Path, epoch: int) -> list[dict[str, float]]:
    """The log's lines before an epoch, one per epoch, even if one was interrupted and repeated."""
    path = run / "log.csv"
    columns = read_log(path) if path.is_file() else {}
    lines = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    once = {int(line["epoch"]): line for line in lines if line["epoch"] < epoch}
    return [once[number] for number in sorted(once)]


def ended(run: Path) -> str:
    """The reported reason why a run stopped before its last epoch; empty if it did not."""
    path = run / EVENTS
    told = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line for line in reversed(told) if ": stopped: " in line), "")
