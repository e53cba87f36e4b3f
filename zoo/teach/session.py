"""The state of one session of the Teach tab: project, models, experiments. In memory, and deleted after the session.

No session can see another's state, because the key is the session's long random name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from features.align import AlignedFaces
from features.phrase import Phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.datasets import duplicates
from zoo.models.cnn import CnnClassifier
from zoo.sessions.fair_share import LITTLE, NOTHING, REAL, Holder, who_yields
from zoo.sessions.pages import EVERYONE, Presence
from zoo.sessions.turns import Turns
from zoo.teach import experiments, held_out
from zoo.teach.experiments import Experiment
from zoo.teach.feature_cache import FeatureCache, Progress, Stopped
from zoo.teach.fit import Settings
from zoo.teach.held_out import LearningCurvePoint
from zoo.teach.project import MAX_SAMPLES, Deletion, Project, ProjectError, add_class, add_samples, start
from zoo.teach.samples import Samples
from zoo.teach.training import TrainingResult, teach

MOST = 40  # sessions at one time, each of at most MEMORY_MB
GRACE_SECONDS = 600.0  # a page that was closed, or lost its connection, may come back
IDLE_SECONDS = 2 * 3600.0
LOOK_SECONDS = 30.0
AT_ONCE = 2  # training runs at one time; others wait
FEW_SAMPLES = 6  # with fewer nothing can be trained
MOST_NAMES = 500  # evicted sessions that are remembered, to tell them when they come back


class Busy(ProjectError):
    """The session is already running a long task."""

    def __init__(self) -> None:
        super().__init__(
            Phrase("teach.busy", "This session is busy with another task. Wait until it is done, or cancel it.")
        )


class TeachSession:
    """All state of one session. Thread-safe.

    Parameters
    ----------
    trunk : callable
        Loads the network whose features the dense head is trained on; called when first needed.
    turns : Turns
        Limits the long tasks of all sessions.
    samples : int
        Maximum number of samples.
    """

    def __init__(
        self,
        trunk: Callable[[], CnnClassifier],
        turns: Turns | None = None,
        samples: int = MAX_SAMPLES,
    ) -> None:
        self.project: Project = replace(add_class(add_class(start())), most=samples)
        self.trained: TrainingResult | None = None
        self.version = self.taught_version = 0
        self.curve: tuple[LearningCurvePoint, ...] = ()
        self.outcomes: dict[str, Experiment] = {}
        self.extra: dict[str, tuple[Card, Classifier]] = {}  # imported models
        self.share: float | None = None
        self._deletion: tuple[Deletion, int] | None = None  # the last one, and the version before it
        self._trunk = trunk
        self._turns = turns or Turns(AT_ONCE)
        self._memo: FeatureCache | None = None
        self._memo_lock = threading.Lock()
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._waiting = self._has_turn = False

    # ---- the project

    def change(self, step: Callable[[Project], Project]) -> Project:
        """Replace the project with the result of a step; an error in the step changes nothing."""
        with self._lock:
            self.project = step(self.project)
            self.version += 1
            self._deletion = None
            return self.project

    def delete(self, step: Callable[[Project], Project]) -> Deletion:
        """`change` with a step that only removes; `undo` restores what it removed until the project changes again."""
        with self._lock:
            before, version = self.project, self.version
            deletion = Deletion.between(before, self.change(step))
            self._deletion = deletion, version
            return deletion

    def undo(self) -> Project:
        """Restore what the last deletion removed.

        Raises
        ------
        ProjectError
            Nothing was deleted, or the project has changed since.
        """
        with self._lock:
            if self._deletion is None:
                raise ProjectError(
                    Phrase("teach.no_undo", "There is nothing to undo: classes or samples have changed since.")
                )
            (deletion, version), was_taught = self._deletion, self.taught_version
            restored = self.change(deletion.restored)
            if was_taught == version:
                self.taught_version = self.version
            return restored

    def open(self, project: Project) -> None:
        """Open another project and drop the trained models. Its samples get numbers that are new in this session.

        Raises
        ------
        Busy
            A long task is running.
        ProjectError
            The project has more samples than a session may have.
        """
        with self._lock:
            if self.share is not None:
                raise Busy
            made, most = self.project.made, self.project.most
            if len(project) > most:
                raise ProjectError(
                    Phrase(
                        "teach.open_full_n",
                        "The project has {0} samples; a session holds at most {1}. Delete some and save the project "
                        "again.",
                        len(project),
                        most,
                    )
                )
            self.project = replace(project, ids=project.ids + made, made=project.made + made, most=most)
            self.version += 1
            self._deletion = None
            self.trained, self.curve, self.outcomes = None, (), {}

    def collect(self, target: int, samples: Samples, burst: int) -> tuple[np.ndarray, np.ndarray]:
        """Add samples to a class.

        Returns
        -------
        ids : ndarray
            ``(n,)`` int: numbers of the new samples.
        copies : ndarray
            ``(n,)`` bool: which ones are near-duplicates of an earlier sample of the class.

        Raises
        ------
        ProjectError
        """
        with self._lock:
            before = self.project
            self.change(lambda project: add_samples(project, target, samples, burst))
            earlier = before.faces.images[before.targets == target]
            ids = self.project.ids[len(before) :]
        self._describe(samples.faces)
        return ids, duplicates.near_any(samples.faces.images, earlier)

    def _describe(self, faces: AlignedFaces) -> None:
        """Compute features early, unless training is doing so; training computes those that are missing."""
        if self._memo_lock.acquire(blocking=False):
            try:
                self.cache.describe(faces)
            finally:
                self._memo_lock.release()

    @property
    def cache(self) -> FeatureCache:
        """Features of the samples computed so far."""
        if self._memo is None:
            self._memo = FeatureCache(self._trunk())
        return self._memo

    # ---- long tasks, one at a time

    @contextmanager
    def task(self) -> Iterator[Progress]:
        """Context of a long task, whose progress other calls can see in `share`.

        Raises
        ------
        Busy
            Another long task is running.
        Stopped
            Cancelled before its turn came.
        """
        with self._lock:
            if self.share is not None:
                raise Busy
            self.share = 0.0
            self._stop.clear()
        try:
            self._take_turn()
            yield Progress(self._tell, self._stop.is_set)
        finally:
            self._end_turn()
            self.share = None

    def _take_turn(self) -> None:
        self._waiting = True
        try:
            self._has_turn = self._turns.take(self._stop.is_set)
        finally:
            self._waiting = False
        if not self._has_turn:
            raise Stopped

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.end()

    def let_others(self) -> None:
        """Give the turn of the task that is running to a session that waits for one, and wait for the next.

        For tasks of many parts, such as thousands of pictures, which may take an hour.

        Raises
        ------
        Stopped
            Cancelled meanwhile.
        """
        if self._turns.wanted:
            self._end_turn()
            self._take_turn()

    def _tell(self, share: float) -> None:
        self.share = share

    def cancel(self) -> None:
        """Ask the running task to stop."""
        self._stop.set()

    def cancel_waiting(self) -> None:
        """Cancel a long task that has not begun."""
        if self._waiting:
            self._stop.set()

    def teach(self, settings: Settings) -> TrainingResult:
        """Train both models on the project as it is now.

        Raises
        ------
        Busy, ProjectError, Stopped
            The previous models are kept.
        """
        with self.task() as progress, self._memo_lock:
            with self._lock:
                project, version = self.project, self.version
            trained = teach(project, settings, self.cache, progress)
            self.cache.keep_only(trained.material.faces, trained.material.own, trained.material.copies)
            with self._lock:
                self.trained, self.taught_version, self.curve, self.outcomes = trained, version, (), {}
        return trained

    def grow(self) -> tuple[LearningCurvePoint, ...]:
        """Compute the learning curve, which shows whether more samples would help.

        Raises
        ------
        Busy, ProjectError, Stopped
        """
        with self.task() as progress:
            trained = self._taught()
            self.curve = held_out.learning_curve(trained.material, trained.result, trained.settings, progress)
        return self.curve

    def experiment(self, name: str) -> Experiment:
        """Run one of `EXPERIMENTS`, which need no new pictures.

        Raises
        ------
        Busy, ProjectError, Stopped
        """
        if name not in EXPERIMENTS:
            raise ProjectError(f"There is no experiment {name!r}; there are {', '.join(EXPERIMENTS)}.")
        with self.task():
            trained = self._taught()
            self.outcomes[name] = EXPERIMENTS[name](trained)
        return self.outcomes[name]

    def record(self, name: str, target: int, faces: AlignedFaces) -> Experiment:
        """Count what the models predict for faces taken under changed conditions.

        Parameters
        ----------
        name : str
            Name of the experiment.
        target : int
            Position of the correct label among the trained ones.
        faces : AlignedFaces

        Raises
        ------
        ProjectError
            Nothing is trained yet, this class is not among the trained ones, or the other person's frames are full.
        """
        trained = self._taught()
        if not 0 <= target < len(trained.labels):
            raise ProjectError(
                Phrase("teach.not_trained", "This class was not trained. Choose one that was, or train again.")
            )
        with self._lock:
            experiments.check_room(self.outcomes.get(name))
            targets = np.full(len(faces), target)
            outcome = experiments.recorded(self.outcomes.get(name), name, trained.result, faces, targets)
            if name == PERSON:
                outcome = experiments.another_person(outcome, trained.material, trained.result, faces, targets)
            self.outcomes[name] = outcome
            return outcome

    def _taught(self) -> TrainingResult:
        if self.trained is None:
            raise ProjectError(Phrase("teach.first", "Train the models first."))
        return self.trained

    # ---- the models

    @property
    def stale(self) -> bool:
        """Whether the project has changed since the models were trained."""
        return self.trained is not None and self.taught_version != self.version

    @property
    def bare(self) -> bool:
        """Whether the session contains nothing worth keeping."""
        return not len(self.project) and self.trained is None and not self.extra and self.share is None

    @property
    def work(self) -> int:
        """How much work would be lost with this session, as in `Holder`."""
        if self.bare:
            return NOTHING
        return LITTLE if len(self.project) < FEW_SAMPLES and self.trained is None and not self.extra else REAL

    @property
    def models(self) -> dict[str, Classifier]:
        """Trained and imported models by name, except models trained on unaligned crops (others use aligned ones)."""
        taught = {model.name: model for model in self._joining.models} if self._joining else {}
        return taught | {name: model for name, (_, model) in self.extra.items()}

    @property
    def _joining(self) -> TrainingResult | None:
        """The training result, if its models take the same crops as the others."""
        return self.trained if self.trained and self.trained.settings.aligned else None

    @property
    def cards(self) -> dict[str, Card]:
        """The cards of `models` by name."""
        taught = self._joining.cards if self._joining else {}
        return taught | {name: card for name, (card, _) in self.extra.items()}


PERSON = "person"  # the experiment in which another person is recorded
EXPERIMENTS: dict[str, Callable[[TrainingResult], Experiment]] = {
    "half": lambda trained: experiments.half_the_samples(trained.material, trained.result, trained.settings),
    "mouth": lambda trained: experiments.mouth_covered(trained.material, trained.result),
}


class TeachSessions:
    """The state of all sessions of the Teach tab.

    Parameters
    ----------
    trunk : callable
        See `TeachSession`.
    clock : callable
        Seconds.
    most : int
        Sessions at one time. At the limit, a new one replaces another: see `who_yields`.
    samples : int
        Maximum number of samples per session.
    pages : Presence
        Which sessions have a page open.
    """

    def __init__(
        self,
        trunk: Callable[[], CnnClassifier],
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
        samples: int = MAX_SAMPLES,
        pages: Presence = EVERYONE,
    ) -> None:
        self._trunk, self._clock, self._most, self._samples, self._pages = trunk, clock, most, samples, pages
        self._sessions: dict[str, TeachSession] = {}
        self._used: dict[str, float] = {}
        self._left: dict[str, float] = {}
        self._gave_way: dict[str, None] = {}
        self._turns = Turns(AT_ONCE)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    def at(self, session: str) -> TeachSession:
        """The session's state, created if it has none. At the limit, another session is evicted."""
        with self._lock:
            if session not in self._sessions:
                if len(self._sessions) >= self._most:
                    self._give_way(self._pages.address(session))
                self._sessions[session] = TeachSession(self._trunk, self._turns, self._samples)
            self._used[session] = self._clock()
            self._left.pop(session, None)
            return self._sessions[session]

    def passing(self) -> TeachSession:
        """An empty state that belongs to no session and is not kept."""
        return TeachSession(self._trunk, self._turns, self._samples)

    def _give_way(self, newcomer: str) -> None:
        holders = [
            Holder(
                session,
                self._pages.address(session),
                session in self._pages and session not in self._left,
                teach_session.work,
                self._used[session],
            )
            for session, teach_session in self._sessions.items()
        ]
        out = who_yields(holders, newcomer)
        assert out is not None  # there is always one to evict, because no holder here is busy
        if out.work > NOTHING:
            self._gave_way[out.key] = None
            for name in list(self._gave_way)[:-MOST_NAMES]:
                del self._gave_way[name]
        self._drop(out.key)

    def gave_way(self, session: str) -> bool:
        """Whether the session was evicted; True only once."""
        with self._lock:
            return session in self._gave_way and self._gave_way.pop(session) is None

    def _drop(self, session: str) -> None:
        self._sessions.pop(session).cancel()
        self._used.pop(session, None)
        self._left.pop(session, None)

    def known(self, session: str) -> TeachSession | None:
        """The session's state if it has one."""
        return self._sessions.get(session)

    def leave(self, session: str) -> None:
        """The page was closed or lost its connection: its state will be deleted unless it comes back.

        A training run that has not begun is cancelled; a running one continues.
        """
        with self._lock:
            if session in self._sessions:
                self._left[session] = self._clock()
                self._sessions[session].cancel_waiting()

    def forget(self) -> None:
        """Delete the state of sessions that left `GRACE_SECONDS` ago or have been idle for `IDLE_SECONDS`."""
        with self._lock:
            now = self._clock()
            gone = {name for name, when in self._left.items() if when < now - GRACE_SECONDS}
            gone |= {name for name, when in self._used.items() if when < now - IDLE_SECONDS}
            for session in gone:
                self._drop(session)
