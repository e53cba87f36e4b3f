"""The four stages from photo to prediction, with the actual intermediate results for one face."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from features import draw
from features.align import AlignedFaces
from features.faces import Faces
from features.images import to_grey
from features.phrase import number
from ui import text
from ui.components import data_uri, probability_bars
from ui.languages import phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.inference.compare import Comparison
from zoo.labels import named
from zoo.reports.markup import say

PATCH, GLYPHS, TILE = 320, 216, 48  # pixels
HOG = phrase("hog")
MAPS = 16


def strip(comparison: Comparison, i: int, cards: Mapping[str, Card], models: Mapping[str, Classifier]) -> str:
    """All four panels of face `i` as HTML; `cards` and `models` by name."""
    part = 1 if i == 0 else 2  # only the first face's pictures are full size; the others' are half as large
    patch, mesh = surroundings(comparison.image, comparison.faces[i])
    seen, meshed = (data_uri.shrink(p, PATCH // part) for p in (half_grey(patch), draw.mesh(patch, mesh)))
    panels = [
        (
            phrase("preprocessing"),
            data_uri.img(seen, phrase("alt.half")),
            phrase("grey"),
        ),
        (phrase("registration"), _inset(meshed, comparison.aligned.images[i]), phrase("laid")),
        (phrase("features"), _features(comparison, i, cards, models, part), phrase("computes")),
        (phrase("classification"), _classification(comparison, i, cards), phrase("probabilities")),
    ]
    items = [
        f'<li class="fo-stage"><h4><span>{n}</span>{say(title)}</h4>{content}{say(note, "p")}</li>'
        for n, (title, content, note) in enumerate(panels, 1)
    ]
    return f'<ol class="fo-stages">{"".join(items)}</ol>'


def surroundings(image: np.ndarray, face: Faces) -> tuple[np.ndarray, Faces]:
    """A square around one face at `PATCH` pixels, and the mesh in it.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``.
    face : Faces
        One face.

    Returns
    -------
    patch : ndarray
        ``uint8 (PATCH, PATCH, 3)``; beyond the picture, its edge is repeated.
    mesh : Faces
        In pixels of the patch.
    """
    left, top, right, bottom = face.boxes[0]
    side = 1.35 * max(right - left, bottom - top)
    scale = PATCH / side
    shift = PATCH / 2 - scale * np.array([left + right, top + bottom]) / 2
    to_patch = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    patch = cv2.warpAffine(image, to_patch, (PATCH, PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    landmarks = face.landmarks * np.float32(scale)
    landmarks[:, :, :2] += shift.astype(np.float32)
    return patch, Faces(landmarks, (PATCH, PATCH))


def half_grey(patch: np.ndarray) -> np.ndarray:
    """The left half in colour, the right half in grey as for the models: ``uint8 (H, W, 3)``."""
    half = patch.shape[1] // 2
    both = patch.copy()
    both[:, half:] = to_grey(patch)[:, half:, None]
    both[:, half - 1 : half + 1] = 255
    return both


def _inset(mesh: np.ndarray, crop: np.ndarray) -> str:
    pictures = data_uri.img(mesh, phrase("alt.mesh")) + data_uri.img(crop, phrase("alt.crop"))
    return f'<div class="fo-inset">{pictures}</div>'


def _features(
    comparison: Comparison, i: int, cards: Mapping[str, Card], models: Mapping[str, Classifier], part: int
) -> str:
    face = comparison.aligned[i]
    shown = [_feature(models[name], face, cards[name], part) for name in comparison.predictions]
    return f'<div class="fo-features">{"".join(dict.fromkeys(shown))}</div>'


def _feature(model: Classifier, face: AlignedFaces, card: Card, part: int) -> str:
    """Gradient histograms, or a network's first feature maps, scaled down by a factor of `part`."""
    maps = getattr(model, "maps", None)  # of networks only
    if maps is not None:
        words = phrase("maps", text.title(card))
        shown = data_uri.img(draw.mosaic(liveliest(maps(face)[0]), side=TILE // part), words, photo=False)
    else:
        words = HOG
        shown = data_uri.img(data_uri.shrink(draw.hog_glyphs(face.images[0], side=GLYPHS), GLYPHS // part), words)
    return f"<figure>{shown}{say(words, 'figcaption')}</figure>"


def liveliest(maps: np.ndarray) -> np.ndarray:
    """The `MAPS` maps with the largest variation, in descending order: ``(h, w, c) -> (h, w, <= MAPS)``."""
    return maps[:, :, np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:MAPS]]


def _classification(comparison: Comparison, i: int, cards: Mapping[str, Card]) -> str:
    rows = []
    for name, prediction in comparison.predictions.items():
        label = named(prediction.names[i], prediction.labels)
        kept = text.as_typed(prediction.labels).strip()
        best = f"<small>{say(label, 'span', kept)} {say(number('{0:.2f}', prediction.confidence[i]))}</small>"
        rows.append(f"{say(text.title(cards[name]), 'dt')}<dd>{probability_bars.stack(prediction, i)}{best}</dd>")
    return f'<dl class="fo-classes">{"".join(rows)}</dl>'
