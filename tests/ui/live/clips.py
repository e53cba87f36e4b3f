"""What a made camera shows."""

import io

import cv2
import numpy as np
from PIL import Image

from ui.examples.portraits import PICTURES


def camera_picture(name: str, shift: int = 0) -> np.ndarray:
    """An example picture in the middle of 640 x 480 grey pixels, or `shift` pixels beside it."""
    image = np.asarray(Image.open(PICTURES / f"{name}.jpg").convert("RGB"))
    small = cv2.resize(image, (480, 480), interpolation=cv2.INTER_AREA)
    picture = np.full((480, 640, 3), 90, np.uint8)
    picture[:, 80 + shift : 560 + shift] = small
    return picture


def jpeg(picture: np.ndarray) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=90)
    return stored.getvalue()


def clip(path, picture: np.ndarray):
    """Two seconds of a camera's noise around one picture, JPEGs one after the other."""
    rng = np.random.default_rng(0)
    noisy = [np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    path.write_bytes(b"".join(map(jpeg, noisy)))
    return path
