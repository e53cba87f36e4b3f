"""Prints the model's answer for every face in the given pictures: python predict.py photo.jpg [more.jpg …]

pip install "mediapipe>=0.10.33,<0.10.35" ai-edge-litert   (Python 3.10 to 3.14)
"""

import sys
from pathlib import Path

import cv2
import find_faces
import numpy as np
import preprocess
from ai_edge_litert.interpreter import Interpreter

HERE = Path(__file__).parent
LABELS = [line.split(" ", 1)[1] for line in (HERE / "labels.txt").read_text(encoding="utf-8").splitlines()]


def load() -> Interpreter:
    files = [HERE / "tflite" / name for name in ("model.tflite", "model-int8.tflite")]
    model = next(file for file in files if file.exists())
    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def probabilities(interpreter: Interpreter, rgb: np.ndarray) -> list[np.ndarray]:
    """Probabilities for every face in an RGB picture, one per class."""
    answers = []
    for mesh in find_faces.find_meshes(rgb):
        grey = preprocess.crop(rgb, preprocess.to_crop(mesh))
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], preprocess.to_network(grey))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return answers


def main() -> None:
    interpreter = load()
    for path in sys.argv[1:]:
        picture = cv2.imread(path)
        if picture is None:
            sys.exit(f"{path} cannot be read as a picture.")
        answers = probabilities(interpreter, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        for number, answer in enumerate(answers, 1):
            best = int(answer.argmax())
            print(f"{path}, face {number}: looks most like {LABELS[best]} ({answer[best]:.3f})")
        if not answers:
            print(f"{path}: no face found")
    find_faces.close()


if __name__ == "__main__":
    main()
