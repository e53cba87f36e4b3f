"""Runs the model on a webcam with OpenCV: python webcam.py [camera number or video file]. Press q to stop.

pip install "mediapipe>=0.10.33,<0.10.35" ai-edge-litert   (Python 3.10 to 3.14)
"""

import sys

import cv2
import find_faces
import predict


def main() -> None:
    source = sys.argv[1] if len(sys.argv) > 1 else "0"
    show = "--no-window" not in sys.argv
    camera = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not camera.isOpened():
        sys.exit(f"Cannot open {source}: is it another program's, or is the number another one?")
    interpreter = predict.load()
    while True:
        there, frame = camera.read()
        if not there:
            break
        words = "no face"
        for answer in predict.probabilities(interpreter, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))[:1]:
            words = f"{predict.LABELS[int(answer.argmax())]} {answer.max():.2f}"
        print(words, flush=True)
        if show:
            cv2.putText(frame, words, (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
            cv2.imshow("looks most like", frame)
            if cv2.waitKey(1) & 0xFF == ord("q"):
                break
    camera.release()
    find_faces.close()


if __name__ == "__main__":
    main()
