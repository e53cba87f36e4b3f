"""The requests of the Teach tab's script: one small function per request, with JSON in and out."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from features import images
from features.align import align
from features.faces import Faces
from features.images import ImageError
from ui import text as wording
from ui import uploads
from ui.components.scripted import message
from ui.languages import phrase
from ui.lesson.classroom import HOME, Mode
from ui.model_service import ModelService
from ui.teach import page
from ui.teach.drawn import drawing, drawn_project
from zoo.filenames import quoted
from zoo.inference.live_stream import read_frame
from zoo.labels import colours
from zoo.teach import project, project_file
from zoo.teach.feature_cache import Progress
from zoo.teach.fit import Settings
from zoo.teach.project import ClassError, Project, ProjectError
from zoo.teach.samples import cut
from zoo.teach.session import TeachSession
from zoo.teach.training import TrainingResult

MOST_THUMBS = 200
MOST_FACES = 8
MOST_NAMES = 10


@dataclass(frozen=True)
class RequestParams:
    """The unchecked JSON of a request. A value that is missing or has the wrong type counts as absent."""

    value: dict

    def whole(self, name: str) -> int:
        """A whole number below 2^31; -1 if absent."""
        found = self.value.get(name)
        return found if type(found) is int and abs(found) < 2**31 else -1

    def number(self, name: str, usual: float) -> float:
        """A number below 10^9; `usual` if absent."""
        found = self.value.get(name)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not abs(found) < 1e9:
            return usual
        return float(found)

    def text(self, name: str) -> str:
        """A text; empty if absent."""
        found = self.value.get(name)
        return found if isinstance(found, str) else ""

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.value.get(name) is True

    def texts(self, name: str) -> list[str]:
        """The texts in a list; other values are omitted."""
        found = self.value.get(name)
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    def wholes(self, name: str) -> list[int]:
        """The whole numbers in a list; other values are omitted."""
        found = self.value.get(name)
        return [one for one in found if type(one) is int] if isinstance(found, list) else []


@dataclass(frozen=True)
class Call:
    """A request from a session."""

    service: ModelService
    teach_session: TeachSession
    asked: RequestParams
    mode: Mode = HOME

    def frame(self) -> np.ndarray:
        """The camera frame sent with the request; `ProjectError` while the camera is off, or `ImageError`."""
        self.check_camera()
        return read_frame(self.asked.text("image"))

    def check_camera(self) -> None:
        """Raise `ProjectError` while the camera is off."""
        if not self.mode.camera.on:
            raise ProjectError(wording.CAMERA_OFF)


def answer(call: Call) -> dict:
    """Carry out a request and return its JSON; `ProjectError` and other errors say why it is not possible."""
    name = call.asked.text("do")
    if name not in CALLS:
        raise ProjectError(f"There is no request {quoted(name)}.")
    return CALLS[name](call)


# ---- the project


def view(teach_session: TeachSession) -> dict:
    """The project as JSON: classes, the numbers of their samples, near-duplicates and warnings."""
    now = teach_session.project
    alike = project.near_duplicates(now)
    classes = [
        {
            "name": one.name,
            "enabled": one.enabled,
            "ids": now.ids[now.targets == at].tolist(),
            "copies": now.ids[(now.targets == at) & alike].tolist(),
        }
        for at, one in enumerate(now.classes)
    ]
    about = {
        "total": len(now),
        "most": now.most,
        "balance": message(project.balance_warning(now)),
        "why": message(_why_not(now)),
    }
    return {
        "view": {"classes": classes, "stale": teach_session.stale, "taught": teach_session.trained is not None} | about
    }


def _why_not(now: Project) -> str:
    try:
        now.labels  # noqa: B018  raises if the project cannot be trained
    except ProjectError as error:
        return str(error)
    return ""


def _look(call: Call) -> dict:
    trained = call.teach_session.trained
    return view(call.teach_session) | (_results(call.teach_session, trained) if trained else {})


def _change(step: Callable[[Project, RequestParams], Project], call: Call) -> dict:
    call.teach_session.change(lambda now: step(now, call.asked))
    return view(call.teach_session)


def _delete(step: Callable[[Project, RequestParams], Project], call: Call) -> dict:
    """Carry out a change that only removes, with the message by which the page offers to undo it."""
    classes = call.teach_session.project.classes
    deletion = call.teach_session.delete(lambda now: step(now, call.asked))
    gone = [one.name for one in classes if one not in call.teach_session.project.classes]
    words = phrase("teach.class_deleted_own", gone[0]) if gone else phrase("teach.deleted_n", len(deletion.taken))
    return view(call.teach_session) | ({"undo": words} if gone or len(deletion.taken) else {})


def _undo(call: Call) -> dict:
    call.teach_session.undo()
    return view(call.teach_session)


def _start(call: Call) -> dict:
    which = call.asked.text("with")
    fresh = project.start(which)
    call.teach_session.open(fresh if which else project.add_class(project.add_class(fresh)))
    return view(call.teach_session) | {"closed": True}


def _drawn(call: Call) -> dict:
    """Replace the project with one of drawn faces; the page has asked for confirmation."""
    session = call.teach_session
    with session.task() as progress:
        find = partial(call.service.find, beside=False)
        made = drawn_project(find, call.asked.texts("names")[:MOST_NAMES], session.project.spec, progress)
    session.open(made)
    return view(session) | {"closed": True, "words": phrase("teach.drawn_ready")}


def _save(call: Call) -> dict:
    if not call.mode.files:
        raise ProjectError(wording.NO_FACES_OUT)
    return {
        "file": base64.b64encode(project_file.save(call.teach_session.project)).decode(),
        "name": "face-off-project.zip",
    }


# ---- samples


def _burst(call: Call) -> dict:
    return {"burst": project.next_burst(call.teach_session.project)}


def _frame(call: Call) -> dict:
    return _collect(call, call.frame(), call.asked.whole("burst"), camera=True)


def _picture(call: Call) -> dict:
    """Add the faces in an uploaded picture; pictures that were chosen together have the same burst."""
    data = uploads.take(call.asked.text("path"), images.MAX_BYTES)
    burst = call.asked.whole("burst")
    burst = burst if burst >= 0 else project.next_burst(call.teach_session.project)
    return _collect(call, images.load(data), burst, camera=False)


def _collect(call: Call, image: np.ndarray, burst: int, camera: bool) -> dict:
    """Add the faces in a picture.

    In camera frames, small faces beside a large one are not searched for. A frame is rejected if the camera was
    turned off meanwhile.
    """
    target = call.asked.whole("at")
    project.check_class(call.teach_session.project, target)
    faces, skipped = _chosen(call.service.find(image, beside=not camera), call.asked.text("several"))
    if skipped:
        return {"skipped": skipped}
    samples = cut(image, faces, call.teach_session.project.spec)
    if camera:
        call.check_camera()
    ids, alike = call.teach_session.collect(target, samples, max(burst, 0))
    crops = [_uri(crop) for crop in samples.faces.images]
    added = zip(ids.tolist(), crops, alike.tolist(), strict=True)
    return {"added": [{"id": one, "crop": crop, "copy": copy} for one, crop, copy in added]}


def _chosen(faces: Faces, several: str) -> tuple[Faces, str]:
    """The faces to use, and why none is used; empty if some are."""
    if not len(faces):
        return faces, "none"
    if len(faces) > 1 and several not in ("largest", "all"):
        return faces, "several"
    return (faces[:MOST_FACES] if several == "all" else faces[0]), ""


def _archive(call: Call) -> dict:
    """Open a project, after confirmation, or add pictures from class folders; the content tells which it is.

    The file is read once it has its turn: dozens may wait, each of a hundred megabytes.
    """
    session = call.teach_session
    with session.task() as progress:
        data = uploads.take(call.asked.text("path"), project_file.MAX_ARCHIVE)
        with project_file.Archive(data) as archive:
            if not project_file.is_project(archive):
                return _fill(call, archive, progress)
        if len(session.project) and not call.asked.on("sure"):
            return {"sure": "open_sure"}
        opened = project_file.open_project(data, session.project.spec)
    session.open(opened)
    return view(session) | {"closed": True, "words": wording.TEACH["opened"]}


def _fill(call: Call, archive: project_file.Archive, progress: Progress) -> dict:
    """Add the faces of all pictures in an archive, as one burst.

    Pictures that cannot be used are counted and skipped, and unreadable ones are listed by name. When the session is
    full, the import ends with a message.
    """
    counts = dict.fromkeys(("added", "none", "several", "unreadable", "others"), 0)
    unreadable, words, total = [], "", max(1, len(archive.names))
    burst = project.next_burst(call.teach_session.project)
    for done, found in enumerate(project_file.pictures(archive)):
        progress.at(min(1.0, done / total))
        call.teach_session.let_others()
        try:
            counts[_add_picture(call, found, burst)] += 1
        except ImageError:
            counts["unreadable"] += 1
            unreadable.append(found.name)
        except ClassError as error:
            words = words or str(error)
        except ProjectError as error:
            words = str(error)
            break
    return view(call.teach_session) | {"counts": counts, "unreadable": unreadable[:MOST_NAMES], "words": words}


def _add_picture(call: Call, found: project_file.Found, burst: int) -> str:
    """Add a picture's faces to its class, and return the count to increase; `ImageError`, `ProjectError`."""
    if found.error:
        raise ImageError(found.error)
    if found.data is None:
        return "others"
    project_file.renamed(call.teach_session.project, [found.label])  # an invalid class fails before face detection
    image = images.load(found.data)
    faces, skipped = _chosen(call.service.find(image), call.asked.text("several"))
    if skipped:
        return skipped
    places: dict[str, int] = {}

    def named(now: Project) -> Project:
        fuller, where = project_file.renamed(now, [found.label])
        places.update(where)
        return fuller

    fuller = call.teach_session.change(named)
    samples = cut(image, faces, fuller.spec)
    call.teach_session.collect(places[found.label], samples, burst)
    return "added"


def _thumbs(call: Call) -> dict:
    now, wanted = call.teach_session.project, call.asked.wholes("ids")[:MOST_THUMBS]
    rows = np.flatnonzero(np.isin(now.ids, wanted))
    return {"thumbs": {int(now.ids[row]): _uri(now.faces.images[row]) for row in rows}}


def _photo(call: Call) -> dict:
    now = call.teach_session.project
    rows = np.flatnonzero(now.ids == call.asked.whole("id"))
    if not len(rows):
        return {}
    photo = now.samples.photos[rows[0]]
    return {"photo": f"data:image/jpeg;base64,{base64.b64encode(photo.jpeg).decode()}", "box": list(photo.box)}


def _uri(crop: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


# ---- training and its results


def _train(call: Call) -> dict:
    asked, usual = call.asked, Settings()
    settings = Settings(
        epochs=int(asked.number("epochs", usual.epochs)),
        batch=int(asked.number("batch", usual.batch)),
        rate=asked.number("rate", usual.rate),
        c=asked.number("c", usual.c),
        seed=int(asked.number("seed", usual.seed)),
        augment=asked.on("augment"),
        aligned=asked.on("aligned"),
    )
    trained = call.teach_session.teach(settings)
    return (
        view(call.teach_session) | _results(call.teach_session, trained) | {"words": wording.trained(trained.seconds)}
    )


def _results(teach_session: TeachSession, trained: TrainingResult) -> dict:
    cards = trained.cards
    models = {
        n: {"title": message(wording.title(c)), "threshold": c.threshold, "family": c.family} for n, c in cards.items()
    }
    lesson_part = {"labels": list(trained.labels), "colours": colours(trained.labels), "models": models}
    pages = {"hood": page.hood(trained), "trials": page.outcomes(teach_session), "growth": page.curve(teach_session)}
    return {"lesson": lesson_part | {"aligned": trained.settings.aligned}, **pages}


def _progress(call: Call) -> dict:
    return {"share": call.teach_session.share}


def _cancel(call: Call) -> dict:
    call.teach_session.cancel()
    return {}


def _grow(call: Call) -> dict:
    call.teach_session.grow()
    return {"growth": page.curve(call.teach_session)}


def _experiment(call: Call) -> dict:
    call.teach_session.experiment(call.asked.text("name"))
    return {"trials": page.outcomes(call.teach_session)}


def _trial(call: Call) -> dict:
    """A frame taken under changed conditions: evaluated and counted, but not kept."""
    name = call.asked.text("name")
    if name not in wording.TRIALS_RECORDED:
        raise ProjectError(f"There is no experiment {quoted(name)} that is recorded.")
    image = call.frame()
    faces, skipped = _chosen(call.service.find(image, beside=False), "skip")
    if skipped:
        return {"skipped": skipped}
    trained = call.teach_session.trained
    if trained is None:
        raise ProjectError(wording.TEACH["first"])
    call.teach_session.record(name, call.asked.whole("at"), align(image, faces, trained.svm.align))
    return {"trials": page.outcomes(call.teach_session)}


def _preview(call: Call) -> dict:
    """Both models' probabilities for every face in a drawing, an uploaded picture or a camera frame."""
    trained = call.teach_session.trained
    if trained is None:
        raise ProjectError(wording.TEACH["first"])
    image, shown = _asked_about(call)
    faces = call.service.find(image, beside=bool(call.asked.text("path")))[:MOST_FACES]
    crops = align(image, faces, trained.svm.align)
    probabilities = {model.name: model.predict_proba(crops).probs.round(4).tolist() for model in trained.models}
    rows = [
        {"box": b, "answers": {name: rows[i] for name, rows in probabilities.items()}}
        for i, b in enumerate(faces.boxes.tolist())
    ]
    return {"size": list(faces.image_size), "faces": rows} | shown


def _asked_about(call: Call) -> tuple[np.ndarray, dict]:
    """The picture to predict for: a drawing, which is sent back with the answer, an upload or a camera frame."""
    number, path = call.asked.whole("drawing"), call.asked.text("path")
    if number >= 0:
        image = drawing(number)
        return image, {"picture": _uri(image)}
    return (images.load(uploads.take(path, images.MAX_BYTES)) if path else call.frame()), {}


def _camera(call: Call) -> dict:
    """Whether the camera may be opened; the page asks first."""
    return {"words": "" if call.mode.camera.on else wording.CAMERA_OFF}


LONG = ("train", "grow", "experiment", "archive", "drawn")
HARMLESS = ("camera", "look", "progress")  # answered without keeping any state
CALLS: dict[str, Callable[[Call], dict]] = {
    "camera": _camera,
    "look": _look,
    "start": _start,
    "drawn": _drawn,
    "add": partial(_change, lambda now, asked: project.add_class(now, asked.text("name"))),
    "rename": partial(_change, lambda now, asked: project.rename(now, asked.whole("at"), asked.text("name"))),
    "enable": partial(_change, lambda now, asked: project.enable(now, asked.whole("at"), asked.on("on"))),
    "move": partial(_change, lambda now, asked: project.reorder(now, asked.whole("at"), asked.whole("to"))),
    "remove": partial(_delete, lambda now, asked: project.delete_class(now, asked.whole("at"))),
    "clear": partial(_delete, lambda now, asked: project.clear_class(now, asked.whole("at"))),
    "empty": partial(_delete, lambda now, asked: project.clear(now)),
    "delete": partial(_delete, lambda now, asked: project.delete_samples(now, asked.wholes("ids"))),
    "undo": _undo,
    "burst": _burst,
    "frame": _frame,
    "picture": _picture,
    "archive": _archive,
    "thumbs": _thumbs,
    "photo": _photo,
    "save": _save,
    "train": _train,
    "progress": _progress,
    "cancel": _cancel,
    "grow": _grow,
    "experiment": _experiment,
    "trial": _trial,
    "preview": _preview,
}
