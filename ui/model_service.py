"""Models and face detectors, loaded once and shared by all visitors. Stores no pictures."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from features import images
from features.faces import Faces
from features.mesh import MAX_FACES, FaceMesher
from features.phrase import Phrase
from ui.languages import phrase
from ui.lesson.classroom import HOME, Mode
from zoo.cards import Card, CardError
from zoo.classifier import Classifier
from zoo.inference.compare import Comparison, compare
from zoo.labels import label_set
from zoo.models import registry
from zoo.models.cnn import CnnClassifier
from zoo.models.label_mix import DEFAULT, FER2013, LabelMix, mix_named
from zoo.models.registry import UnknownModelError
from zoo.sessions.pages import Pages
from zoo.sessions.sweeper import Chore, Sweeper
from zoo.teach import session
from zoo.teach.feature_cache import TRUNK
from zoo.teach.session import TeachSessions

PORTRAIT = Path(__file__).parent / "pictures/photo.jpg"
DEFAULT_MODELS = ("hog-svm", "cnn")


class NoModelError(ValueError):
    """No model was chosen."""


class ModelService:
    """Runs models on pictures, for several visitors at a time.

    Parameters
    ----------
    root : Path
        Folder of checkpoints.
    workers : int
        Pictures worked on at the same time. Each worker has a `FaceMesher` of its own, because
        MediaPipe's graphs must not be shared between threads.
    mode : Mode
        How many sessions may teach, and how many samples each may hold.
    sweeper : Sweeper, optional
        Forgets what is idle, while it runs.
    """

    def __init__(
        self, root: Path = registry.CHECKPOINTS, workers: int = 2, mode: Mode = HOME, sweeper: Sweeper | None = None
    ) -> None:
        self.root = root
        self.cards: dict[str, Card] = {}
        self.broken: dict[str, str] = {}
        self.pages = Pages()
        self.sweeper = sweeper or Sweeper()
        self.teach_sessions = TeachSessions(
            self._trunk, most=mode.teach_sessions, samples=mode.samples, pages=self.pages
        )
        self.sweeper.add(Chore("Teach sessions", session.LOOK_SECONDS, self.teach_sessions.forget))
        self._read_cards()
        self._workers = workers
        self._meshers: queue.Queue[FaceMesher] = queue.Queue()
        self._made = 0
        self._starting = threading.Lock()
        self._loaded = threading.Event()  # models and face finders
        self._ready = threading.Event()
        self._warming: list[Callable[[np.ndarray], None]] = []
        self.warm_seconds = 0.0

    def _read_cards(self) -> None:
        for name in registry.names(self.root):
            try:
                self.cards[name] = registry.verified_card(name, self.root)
            except CardError as error:
                self._leave_out(name, str(error))
        self.cards = dict(sorted(self.cards.items(), key=lambda item: (item[1].family, item[0])))

    @property
    def ready(self) -> bool:
        """Whether every model is loaded and has answered once."""
        return self._ready.is_set()

    @property
    def default_models(self) -> list[str]:
        """The models selected initially: one of each family, or all if these are missing."""
        chosen = [name for name in DEFAULT_MODELS if name in self.cards]
        return chosen if len(chosen) == len(DEFAULT_MODELS) else list(self.cards)[:2]

    def warm_too(self, work: Callable[[np.ndarray], None]) -> None:
        """Call `work` with a portrait once the models are loaded, so that the first visitor need not wait for it.

        It may use `compare`.
        """
        self._warming.append(work)

    def start(self) -> threading.Thread:
        """`warm` in the background; the page is available meanwhile."""
        thread = threading.Thread(target=self.warm, name="warm-up", daemon=True)
        thread.start()
        return thread

    def warm(self) -> None:
        """Load everything and run it once. Further calls return immediately."""
        with self._starting:
            if self.ready:
                return
            start = time.perf_counter()
            cv2.setNumThreads(1)
            while self._made < self._workers:  # an earlier attempt that failed may have made some
                self._meshers.put(FaceMesher())
                self._made += 1
            models = [model for name in list(self.cards) if (model := self._load(name))]
            portrait = images.load(PORTRAIT)
            self._run_once(models, portrait)
            self._loaded.set()
            for work in self._warming:
                work(portrait)
            self.warm_seconds = time.perf_counter() - start
            self._ready.set()

    def _load(self, name: str) -> Classifier | None:
        """A model; None if it is damaged, which is reported, and the others are served."""
        try:
            return registry.load(name, self.root)
        except Exception as error:  # damaged files make NumPy and LiteRT raise whatever they like
            # A new dictionary: other threads are reading the old one.
            self.cards = {other: card for other, card in self.cards.items() if other != name}
            self._leave_out(name, str(error) or type(error).__name__)
            return None

    def _leave_out(self, name: str, why: str) -> None:
        """Leave this model out. The terminal shows the reason; the page does not, because reasons contain paths."""
        self.broken[name] = why
        sentence = f"Face-off: the model {name!r} is left out: {why}"
        print(sentence.encode("ascii", "backslashreplace").decode(), file=sys.stderr, flush=True)

    def _run_once(self, models: list, portrait: np.ndarray) -> None:
        if models:
            for _ in range(self._workers):
                mesher = self._meshers.get()
                try:
                    compare(portrait, models[:1], label_set("7"), mesher)
                finally:
                    self._meshers.put(mesher)

    def compare(
        self,
        image: np.ndarray,
        names: Sequence[str],
        labels: str,
        session: str = "",
        max_faces: int = MAX_FACES,
        mix: str = DEFAULT,
    ) -> Comparison:
        """The predictions of models for every face in a picture.

        Waits for a free worker, and until the models are loaded.

        Raises
        ------
        NoModelError, UnknownModelError, UnknownLabelsError, UnknownMixError
            Before anything is computed.
        """
        wanted = label_set(labels)
        wanted_mix = LabelMix(mix_named(mix), self.cards_of(session))
        models = self.models(names, session)
        with self._mesher() as mesher:
            return compare(image, models, wanted, mesher, max_faces, wanted_mix)

    def find(self, image: np.ndarray, beside: bool = True) -> Faces:
        """The faces of a picture, see `FaceMesher.find`; waits for a free worker."""
        with self._mesher() as mesher:
            return mesher.find(image, beside=beside)

    @contextmanager
    def _mesher(self) -> Iterator[FaceMesher]:
        if not self._loaded.is_set():
            self.warm()
        mesher = self._meshers.get()
        try:
            yield mesher
        except Exception:
            # After an error MediaPipe's graph answers nothing more; the next visitor gets a new one.
            mesher.close()
            mesher = FaceMesher()
            raise
        finally:
            self._meshers.put(mesher)

    def cards_of(self, session: str, mix: str = FER2013) -> dict[str, Card]:
        """The cards of all models that a session can use, the shipped ones first, with thresholds for a label mix.

        Raises
        ------
        UnknownMixError
        """
        teach_session = self.teach_sessions.known(session)
        return LabelMix(mix_named(mix), self.cards | (teach_session.cards if teach_session else {})).with_thresholds()

    def models(self, names: Sequence[str], session: str = "") -> list[Classifier]:
        """Loaded models in the requested order, each once; a session's own models are for that session only."""
        if not names:
            raise NoModelError(phrase("models.none", ", ".join(self.cards)))
        teach_session = self.teach_sessions.known(session)
        own = teach_session.models if teach_session else {}
        return [own[name] if name in own else self._known(name) for name in dict.fromkeys(names)]

    def _known(self, name: str) -> Classifier:
        if name in self.broken:
            raise UnknownModelError(_not_usable(name))
        try:
            return registry.load(name, self.root)
        except CardError as error:  # requested before the warm-up reached it
            raise UnknownModelError(_not_usable(name)) from error

    def _trunk(self) -> CnnClassifier:
        """The network on whose features models are trained in Teach."""
        model = self._known(TRUNK)
        if not isinstance(model, CnnClassifier):
            raise UnknownModelError(_not_usable(TRUNK))
        return model

    def close(self) -> None:
        """Close the face finders that are not in use."""
        while not self._meshers.empty():
            self._meshers.get_nowait().close()


def _not_usable(name: str) -> Phrase:
    """Without the reason, which names folders of this computer: that is in the terminal."""
    return phrase("models.damaged", repr(name))
