"""What is loaded before the page answers: nothing heavy that only a picture, a training or an export needs."""

import json
import subprocess
import sys

LATER = (
    *("h5py", "joblib", "keras", "matplotlib", "mediapipe", "onnx", "sklearn", "tensorflow", "torch"),
    *("ai_edge_litert", "av", "flatbuffers"),
    *("scipy", "skimage.feature", "skimage.measure", "skimage.transform"),
)
MAKING = (
    "import gradio as gr, ui.app",
    "from gradio.routes import App",
    "from ui.model_service import ModelService",
    "made, make = [], App.create_app",
    "App.create_app = staticmethod(lambda *given, **options: made.append(1) or make(*given, **options))",
    "with gr.Blocks(): pass",
    "empty = len(made)",
    "ui.app.build(ModelService())",
    "print(json.dumps([empty, len(made) - empty, sorted(sys.modules)]))",
)


def test_the_page_is_laid_out_without_them_too_and_gradios_server_is_not_made_once_more():
    code = "\n".join(("import json, sys", *MAKING))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    empty, ours, loaded = json.loads(done.stdout)
    assert ours == empty
    assert set(LATER) & set(loaded) == set()


def test_the_app_loads_without_what_is_needed_later():
    code = "import json, sys, ui.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = set(json.loads(done.stdout))
    assert "gradio" in loaded and "zoo.teach.fit" in loaded
    assert {name for name in LATER if name in loaded} == set()
