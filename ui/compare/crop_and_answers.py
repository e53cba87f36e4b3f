"""A face's crop beside the models' answers, as a face's card and its resting face show them."""

from __future__ import annotations

import numpy as np

from features.phrase import Phrase
from ui.components import data_uri
from zoo.reports.markup import say


def crop_and_answers(crop: np.ndarray, alt: Phrase, caption: Phrase, answers: str, notes: str = "") -> str:
    """The two side by side, as HTML.

    Parameters
    ----------
    crop : ndarray
        ``uint8 (S, S)``, grey.
    alt, caption : Phrase
        What the crop is called for screen readers, and below it.
    answers, notes : str
        HTML beside the crop, and below its caption.
    """
    picture = data_uri.img(crop, alt, "fo-crop", photo=False)
    return (
        f'<div class="fo-face"><div class="fo-seen"><figure>{picture}{say(caption, "figcaption")}</figure>'
        f'{notes}</div><div class="fo-answers">{answers}</div></div>'
    )
