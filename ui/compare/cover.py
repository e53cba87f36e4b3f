"""A patch dragged over a face while every model predicts again: the panel below a face, and its server call.

The page holds the face's crop and mesh and sends them with every position of the patch. The server therefore stores
no picture, and nobody can query a face that is not on their own page.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Mapping, Sequence
from html import escape

import gradio as gr
import numpy as np
from anyio import to_thread

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from ui import text
from ui.components.modules import joined
from ui.components.scripted import message, scripted
from ui.languages import phrase
from ui.model_service import ModelService, NoModelError
from zoo.cards import Card
from zoo.classifier import common_spec
from zoo.inference.compare import Comparison
from zoo.inference.patch import LARGEST, SMALLEST, Patch, PatchError, answers
from zoo.labels import COLOURS, OTHER, SEVEN, UnknownLabelsError, label_set
from zoo.models.label_mix import LabelMix, UnknownMixError, mix_named
from zoo.models.registry import UnknownModelError
from zoo.prediction import Prediction
from zoo.reports.markup import say

AT_ONCE = 2  # patches processed at the same time; others wait, first come first served
MOST_FACES = 20  # of a picture that have the fold: each adds 14 KB to the page
FAR = 1e4  # crop pixels; no point of a mesh is so far away
ASKED_WRONGLY = (PatchError, NoModelError, UnknownModelError, UnknownLabelsError, UnknownMixError)


def fold(comparison: Comparison, i: int, cards: Mapping[str, Card]) -> str:
    """The element in which the script draws a face's patch; empty for faces beyond the first `MOST_FACES`."""
    if i >= MOST_FACES:
        return ""
    sets = [answer.labels.name for answer in comparison.predictions.values() if not answer.labels.made_up]
    face = {
        "face": packed(comparison.aligned[i]),
        "models": [{"name": name, "title": message(text.title(cards[name]))} for name in comparison.predictions],
        "labels": sets[0] if sets else SEVEN.name,
        "mix": comparison.mix,
    }
    return (
        f'<details class="fo-details fo-cover" data-cover="{escape(json.dumps(face))}">'
        f"{say(phrase('cover.title'), 'summary')}</details>"
    )


def packed(face: AlignedFaces) -> str:
    """One face as base64: crop, mesh and affine map, concatenated."""
    numbers = (face.landmarks.astype("<f4"), face.to_crop.astype("<f4"))
    return base64.b64encode(b"".join([face.images.tobytes(), *(array.tobytes() for array in numbers)])).decode()


def unpacked(code: object, spec: AlignSpec) -> AlignedFaces:
    """The face in a text made by `packed`.

    Raises
    ------
    PatchError
        The text is not one made by `packed`.
    """
    pixels, points = spec.size**2, 3 * MESH_POINTS
    length = pixels + 4 * (points + 6)
    if not isinstance(code, str) or len(code) != 4 * math.ceil(length / 3):
        raise PatchError(f"The face is not {length:,} bytes in base64. Choose the picture again.")
    try:
        data = base64.b64decode(code, validate=True)
    except ValueError:
        raise PatchError("The face is not in base64. Choose the picture again.") from None
    if len(data) != length:
        raise PatchError(f"The face has {len(data):,} bytes; expected {length:,}. Choose the picture again.")
    numbers = np.frombuffer(data, "<f4", offset=pixels).astype(np.float32)
    if not (np.abs(numbers) < FAR).all():  # NaN fails this test, too
        raise PatchError("The face's mesh is damaged. Choose the picture again.")
    image = np.frombuffer(data, np.uint8, pixels).reshape(1, spec.size, spec.size)
    return AlignedFaces(image, numbers[:points].reshape(1, -1, 3), numbers[points:].reshape(1, 2, 3), spec)


class Covering:
    """Handlers of the script's calls.

    Parameters
    ----------
    service : ModelService
    """

    def __init__(self, service: ModelService) -> None:
        self.service = service
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[str] = set()

    async def cover(self, value: object, session: str) -> dict:
        """Answer one position of the patch. A session can wait with one call; a second one meanwhile gets no answer."""
        if session in self._under_way:
            return {}
        self._under_way.add(session)
        try:
            async with self._turns:
                return await to_thread.run_sync(self.answer, value if isinstance(value, dict) else {}, session)
        finally:
            self._under_way.discard(session)

    def answer(self, asked: dict, session: str) -> dict:
        """The covered crop, the covered part and each model's probabilities; or one sentence with the reason."""
        if not self.service.ready:
            return {"words": text.WARMING}
        try:
            return self._look(asked, session)
        except ASKED_WRONGLY as error:
            return {"words": str(error)}

    def _look(self, asked: dict, session: str) -> dict:
        cards = self.service.cards_of(session)
        wanted = asked.get("models")
        names = [name for name in cards if name in wanted] if isinstance(wanted, list) else []
        if not names:
            raise NoModelError(text.CHOOSE_MODELS)
        models = self.service.models(names, session)
        labels, mix = label_set(str(asked.get("labels"))), LabelMix(mix_named(str(asked.get("mix"))), cards)
        face = unpacked(asked.get("face"), common_spec(models))
        patch = _patch(asked.get("patch"))
        covered = patch.on(face) if patch else face
        predictions = answers(models, covered, labels, mix)
        return {
            "crop": base64.b64encode(covered.images.tobytes()).decode(),
            "part": patch.part(face) if patch else "",
            "answers": {name: _shares(answer) for name, answer in predictions.items()},
        }


def _patch(value: object) -> Patch | None:
    """The requested patch; None if it was removed."""
    if value is None:
        return None
    places: Sequence[object] = value if isinstance(value, list) else ()
    if len(places) != 3 or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in places):
        raise PatchError(
            "The patch is not three numbers; expected its centre's distances from left and top, and its size."
        )
    return Patch(*(float(one) for one in places if isinstance(one, int | float)))


def _shares(answer: Prediction) -> dict:
    return {
        "labels": list(answer.labels),
        "made_up": answer.labels.made_up,
        "shares": answer.probs[0].astype(np.float64).round(3).tolist(),
        "unknown": list(answer.unknown),
    }


def build(service: ModelService) -> gr.HTML:
    """Add the script and its call to the surrounding `gr.Blocks`."""
    return scripted(
        "fo-coverer",
        joined("compare/cover.js"),
        "faceOffCover",
        [Covering(service).cover],
        here=service.pages,
        sizes=[SMALLEST, LARGEST],
        colours=COLOURS | {"": OTHER},
    )
