"""Everything a lesson does with the app, in one program: python -m tests.offline.scenario FOLDER

`test_no_traffic.py` runs it and looks at what it asks of the network. Prints a line after each step.
"""

import argparse
import asyncio
import base64
import io
import sys
import time
import zipfile
from pathlib import Path

import av
import httpx
import numpy as np
import onnxruntime
import skimage.data
from PIL import Image

from ui.app import build, start
from ui.examples.portraits import PICTURES
from ui.live.tab import LiveTab
from ui.model_service import ModelService
from ui.teach.exports import Exports
from ui.teach.tab import TeachTab
from zoo.cli.main import main as command
from zoo.exchange.exports import bundle
from zoo.inference.live_sessions import Viewers
from zoo.inference.live_stream import PREFIX

SESSION = "offline"
LINGER = 20.0  # seconds at the end; onnxruntime, allowed to, would call after nine


def data_url(picture: np.ndarray) -> str:
    """A camera's frame as the page sends it."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG")
    return PREFIX + base64.b64encode(stored.getvalue()).decode()


def camera(name: str, shift: int) -> np.ndarray:
    """An example picture as a camera of 320 x 240 sees it."""
    picture = np.full((240, 320, 3), 90, np.uint8)
    portrait = Image.open(PICTURES / f"{name}.jpg").convert("RGB").resize((240, 240))
    picture[:, 40 + shift : 280 + shift] = np.asarray(portrait)
    return picture


def compare(address: str) -> None:
    """A picture over HTTP."""
    api = f"{address.rstrip('/')}/gradio_api"
    content = (PICTURES / "photo.jpg").read_bytes()
    (path,) = httpx.post(f"{api}/upload", files={"files": ("photo.jpg", content, "image/jpeg")}, timeout=60).json()
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    asked = {"data": [picture, ["hog-svm", "cnn"], "7"]}
    event = httpx.post(f"{api}/call/compare", json=asked, timeout=60).json()["event_id"]
    answer = httpx.get(f"{api}/call/compare/{event}", timeout=120).text
    assert "event: complete" in answer and "happy" in answer, answer


def live(service: ModelService) -> None:
    """A few frames of a camera."""
    tab = LiveTab(service, Viewers())
    for turn in range(1, 6):
        asked = {"run": 1, "turn": turn, "image": data_url(camera("photo", turn)), "smooth": True}
        answer = asyncio.run(tab.frame(asked | {"models": service.default_models, "labels": "7"}, SESSION))
        assert len(answer["faces"]) == 1, answer
    tab.viewers.close()


def clip(folder: Path) -> None:
    """A short clip, annotated."""
    with av.open(str(folder / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for shift in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(camera("photo", shift), format="rgb24")))
        container.mux(stream.encode(None))
    assert command(["video", str(folder / "clip.mp4"), "--out", str(folder / "annotated.mp4")]) == 0


def teach(service: ModelService) -> None:
    """Two classes with a few samples, and both models trained on them."""
    tab = TeachTab(service)
    for at, name in enumerate(("photo", "mouth-open")):
        for _ in range(2):
            burst = tab.answer({"do": "burst"}, SESSION)["burst"]
            for shift in range(3):
                image = data_url(camera(name, 4 * shift))
                added = tab.answer({"do": "frame", "at": at, "image": image, "burst": burst}, SESSION)
                assert len(added["added"]) == 1, added
    answer = tab.answer({"do": "train", "epochs": 10}, SESSION)
    assert not answer.get("failed"), answer


def export(service: ModelService) -> None:
    """What was trained, in every format; the ONNX files are run, too."""
    wanted = Exports(service).wanted("", "Mine", tuple(bundle.PARTS), SESSION)
    made = bundle.make(wanted)
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        session = onnxruntime.InferenceSession(archive.read("onnx/svm.onnx"))
    crops = np.zeros((1, 72, 72), np.uint8)
    assert session.run(["probabilities"], {"crop": crops})[0].shape == (1, 2)


def main(folder: Path) -> None:
    """All of it, one after the other."""
    service = ModelService()
    app = build(service)
    address = start(app, argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None, root_path=None))
    service.warm()
    assert not service.broken and skimage.data.astronaut() is not None
    steps = {
        "compare": lambda: compare(address),
        "live": lambda: live(service),
        "clip": lambda: clip(folder),
        "teach": lambda: teach(service),
        "export": lambda: export(service),
        "linger": lambda: time.sleep(LINGER),
    }
    for name, step in steps.items():
        step()
        print(name, flush=True)
    app.close(verbose=False)
    service.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
