"""What is loaded before the page answers: nothing heavy that only a picture, a training or an export needs."""

import json
import subprocess
import sys

LATER = (
    *("h5py", "joblib", "keras", "matplotlib", "mediapipe", "onnx", "sklearn", "tensorflow", "torch"),
    *("scipy", "skimage.feature", "skimage.measure", "skimage.transform"),
)


def test_the_app_loads_without_what_is_needed_later():
    code = "import json, sys, ui.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "gradio" in loaded and "zoo.teach.fit" in loaded
    assert {name for name in LATER if name in loaded} == set()
