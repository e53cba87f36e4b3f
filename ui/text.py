"""Every sentence the page says. Expression is not emotion, and no sentence may claim otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable
from html import escape

from zoo.labels import LabelSet, meaning
from zoo.prediction import Prediction

BARRETT = "https://doi.org/10.1177/1529100619832930"
KEPT_MINUTES = 10

TAGLINE = "Two kinds of machine look at the same face. Do they agree?"
NOT_EMOTION = "An expression is not an emotion."
CANNOT_KNOW = (
    "This app names the label a picture looks most like. It cannot know how anyone feels. "
    "Do not judge pupils, staff or candidates with it."
)
BANNER = (
    f"<b>{NOT_EMOTION}</b> {CANNOT_KNOW} "
    f'<a href="{BARRETT}" target="_blank" rel="noopener noreferrer">Barrett et al. 2019</a>'
)

PRIVACY_LOCAL = (
    "Pictures stay on this computer: nothing is sent anywhere. "
    f"Temporary files are deleted within {KEPT_MINUTES} minutes."
)
PRIVACY_SERVER = (
    "Pictures go to the computer that runs this page and nowhere else. "
    f"Its temporary files are deleted within {KEPT_MINUTES} minutes."
)
PRIVACY_SPACE = (
    "Pictures go to this Space’s server at Hugging Face. "
    f"Its temporary files are deleted within {KEPT_MINUTES} minutes; nothing else is kept."
)
PRIVACY_SHARED = (
    "Pictures pass Gradio’s relay (gradio.live) on their way to the computer that runs this page. "
    f"Its temporary files are deleted within {KEPT_MINUTES} minutes."
)
_HERE = ("localhost", "127.0.0.1", "[::1]")

WARMING = "The models are warming up. A picture you choose now is answered as soon as they are ready."
LEFT_OUT = "These models are not available because their card or weights are damaged (details in the terminal): {0}"
WAITING = "Choose a picture, and every model’s answer appears here."
STEPS = (
    ("Find", "A mesh of 468 points is laid on every face."),
    ("Align", "Eyes and mouth are moved to one place: every model sees the very same grey crop."),
    ("Compare", "Hand-made features and a learned network answer side by side."),
)
NO_FACE = "No face found in this picture."
NO_FACE_HELP = "What helps"
NO_FACE_HINTS = (
    "Is the whole face in the picture, from brow to chin?",
    "Does it look roughly towards the camera?",
    "Is there enough light, and is nothing in front of it?",
)
NO_ANSWER = "No answer"
FAILED = "Something failed here, and not because of you. Try again, or another picture."
CHOOSE_MODELS = "Choose one or more models."
GONE = f"This picture was deleted after {KEPT_MINUTES} minutes, as promised. Choose it again."

HOLD = {
    "ask": "What does each answer hang on?",
    "ask_hint": "Covers every place of a face in turn and asks the models again: usually about a second.",
    "title": "What each answer hangs on",
    "legend": "Orange: covering this place weakens the answer. Blue: covering it strengthens the answer.",
    "most": "weakest when covered: {0}",
    "few": "Only the first {0} faces are covered in this way.",
    "slow": "{0} takes too long just now to be asked so often.",
    "alt": "What the answer hangs on: {0}",
}

LIVE = {
    "idle": "Press Start, and every model’s answer appears beside the picture, many times a second.",
    "opening": "Waiting for the camera. Your browser may ask whether this page may use it.",
    "start": "Start",
    "stop": "Stop",
    "nobody": "No face in sight. Come nearer, look towards the camera, add light.",
    "warming": "The models are warming up; this begins by itself.",
    "refused": "The browser does not let this page use the camera. Click the camera sign beside the page’s address, "
    "allow it, and press Start again.",
    "none": "No camera was found. Connect one, and press Start again.",
    "busy": "The camera is in use by another program, or does not answer. Close that program, and press Start again.",
    "insecure": "Browsers give cameras only to https pages and to the computer the page runs on. Open it there as "
    "http://localhost, or start it with --ssl-certfile and --ssl-keyfile, or with --share.",
    "unplugged": "The camera stopped: it was unplugged, or another program took it. Press Start when it is back.",
    "left": "The camera was stopped when you left this tab. Press Start to go on.",
    "other": "The camera could not be opened: {0}. Try another browser or camera.",
    "late": "No answer from the server for {0} s. This goes on by itself as soon as it answers.",
    "lost": "The server cannot be reached, for {0} s now. This goes on by itself as soon as it is back.",
    "stale": "The server is there, but cannot answer this page, for {0} s now. If that goes on, save this session "
    "below and reload the page.",
    "face": "face {0}",
    "says": "Looks most like pictures people labelled {0}",
    "unsure": "Not sure. Nearest: pictures people labelled {0}",
    "says_own": "Looks most like this session’s samples of {0}",
    "unsure_own": "Not sure. Nearest: this session’s samples of {0}",
    "says_made": "Looks most like what its makers called {0}",
    "unsure_made": "Not sure. Nearest: what its makers called {0}",
    "agree": "Models agree",
    "disagree": "Models disagree",
    "often": "agreed {0} %",
    "hud": "Answers a second; milliseconds from the camera to the drawn answer, and of these on the server",
    "resting": "Look at the camera with a resting face: {0} s",
    "rested": "resting look taken off",
    "mirror": "Mirror",
    "mesh": "Mesh",
    "smooth": "Steady in time",
    "rest": "Resting look",
    "forget": "Forget it",
    "answers": "Answers for every face",
    "timeline": "This session",
    "window": "the last minute",
}
LIVE_HELP = (
    (
        "Steady in time",
        "averages answers over a third of a second; a label changes when another one leads for a while. "
        "Switch it off to see how much the models flicker.",
    ),
    (
        "Resting look",
        "watches every face at rest for two seconds and takes what the models see in it off from then on. "
        "It is forgotten on Stop.",
    ),
    ("This session", "exists in this page only, and is gone on Stop."),
)
LIVE_PRIVACY = (
    "Small pictures from the camera are sent, one at a time, to the computer that runs this page. "
    "None is stored, and nothing is remembered after Stop."
)


VIDEO_MINUTES, VIDEO_MEGABYTES = 3, 200
VIDEO = {
    "file": "Clip",
    "waiting": "Choose a clip, press Annotate, and watch every model’s answers on it.",
    "choose": "Choose a clip first: mp4, webm, mov, mkv, avi or GIF.",
    "limits": f"mp4, webm, mov, mkv, avi or GIF, up to {VIDEO_MINUTES} minutes and {VIDEO_MEGABYTES} MB. Sound is left "
    f"out. Clip and result are deleted within {KEPT_MINUTES} minutes: save what you want to keep.",
    "example": "Use an example clip",
    "start": "Annotate",
    "stop": "Stop",
    "stopped": "Stopped. Nothing is kept of what was begun.",
    "gone": f"This clip was deleted after {KEPT_MINUTES} minutes, as promised. Choose it again.",
    "over_time": "Over time",
    "areas": "The taller a colour, the more a model leans to that label at that moment. Gaps: the face was not seen.",
    "moments": "Where the models disagree most",
    "moments_hint": "Look at these yourself: what would you say, and what might have misled a model?",
    "no_moments": "They show the same label all the time.",
}
VIDEO_STEPS = (
    ("Follow", "Every face keeps its number from frame to frame, up to eight at a time."),
    ("Ask", "All models see the very same crops, at most 15 times a second."),
    ("Watch", "Their bars are drawn into the clip; charts and a table come with it."),
)


def progress(now: float, whole: float | None) -> str:
    """How far a clip is."""
    return f"{now:.0f} s of {whole:.0f} s" if whole else f"{now:.0f} s"


def followed(faces: int, agreement: float | None) -> str:
    """How many faces a clip has, and how often the models agree on them."""
    if not faces:
        return "No face found in this clip."
    count = "1 face followed" if faces == 1 else f"{faces} faces followed"
    if agreement is None:
        return f"{count}."
    return f"{count}. The models agree on {100 * agreement:.0f} % of all answers."


def clip_facts(seconds: float, frames: int, analysed: int) -> str:
    """What was read of a clip."""
    read = f"{seconds:.1f} s, {frames} frames"
    return (
        f"{read}, all analysed." if analysed == frames else f"{read}, {analysed} analysed; between these, answers stay."
    )


def mostly(shares: dict[str, float], labels: LabelSet) -> str:
    """One model's labels over time as a sentence, the most frequent ones first."""
    parts = [f"{label} ({100 * share:.0f} % of the time)" for label, share in list(shares.items())[:3]]
    return f"looks most like {meaning(labels)} {', '.join(parts)}"


def agreed(rate: float | None) -> str:
    """How often the models agree on a face."""
    return "" if rate is None else LIVE["often"].format(round(100 * rate))


def more_faces(count: int) -> str:
    """That not all are shown."""
    return f"And {count} more, seen more briefly; they are in the table." if count > 0 else ""


def privacy(host: str) -> str:
    """The sentence that is true for a page opened under this host name (``"127.0.0.1:7860"``)."""
    if os.environ.get("SPACE_ID"):
        return PRIVACY_SPACE
    name = host.rsplit(":", 1)[0] if host[-1:].isdigit() and not host.endswith("]") else host
    if name.lower().rstrip(".").endswith(".gradio.live"):
        return PRIVACY_SHARED
    return PRIVACY_LOCAL if name in _HERE else PRIVACY_SERVER


def as_typed(labels: LabelSet) -> str:
    """The attribute that keeps made-up classes' names out of translation; nothing for labels of ours."""
    return ' translate="no"' if labels.made_up else ""


def looks_like(prediction: Prediction, face: int, threshold: float) -> str:
    """One model's answer for one face as a sentence in HTML."""
    label = escape(prediction.names[face])
    share = f"{prediction.confidence[face]:.2f}"
    pictures = meaning(prediction.labels)
    said = f"{pictures} <em{as_typed(prediction.labels)}>{label}</em> ({share})"
    if prediction.confidence[face] < threshold:
        return f"<b>Not sure.</b> Nearest: {said}"
    return f"Looks most like {said}"


def found(faces: int, agreed: int, models: int) -> str:
    """How many faces there are, and on how many the models agree."""
    if not faces:
        return NO_FACE
    count = "1 face found" if faces == 1 else f"{faces} faces found"
    if models < 2:
        return f"{count}."
    if faces == 1:
        return f"{count}. The models {'agree' if agreed else 'disagree'}."
    return f"{count}. The models agree on {agreed} of {faces}."


EVERY_FACE = "Show all faces"
EVERY_FACE_HINT = "Otherwise the 20 largest."


def faces_shown(shown: int, found: int) -> str:
    """That not all faces are shown."""
    return f"{shown} of {found} faces shown, the largest."


def verdict(agree: bool, sure: bool) -> str:
    """The badge of a face."""
    if not agree:
        return "Models disagree"
    return "Models agree" if sure else "Models agree, not all are sure"


def status(ready: bool, broken: Iterable[str]) -> tuple[str, ...]:
    """Sentences about what is not as usual: models that warm up, and models that were left out."""
    return (*(() if ready else (WARMING,)), *((left_out(broken),) if broken else ()))


def left_out(names: Iterable[str]) -> str:
    """Which models cannot be served. What is wrong with them is in the terminal, because it names paths."""
    shown = (name.encode("utf-8", "replace").decode() for name in sorted(names))
    return LEFT_OUT.replace("{0}", ", ".join(shown))


# A classroom
NO_PAGE = "This page has lost its connection. Reload it and try again."
BUSY = "The server is busy. Try again in a moment."
CAMERA_OFF = "The camera is off in this lesson until the teacher turns it on."
LAW = (
    "In the European Union, systems that infer people’s emotions at work or in schools are prohibited, consent or not "
    "(AI Act, Article 5(1)(f)): this is a lesson about such systems, on drawn, posed or licensed faces, and never a "
    "way to watch anybody."
)
CAMERA_ON = "The camera is on for everybody."
NO_FACES_OUT = "In a lesson nothing that holds a face can be saved as a file."

LESSON = {
    "title": "You against the machines",
    "how": "Look at each face, decide for a label and commit to it. Only then do you see what two models answer.",
    "count": "Face {0} of {1}",
    "ask": "Which label would most people give this picture?",
    "commit": "Commit",
    "next": "Next face",
    "finish": "All faces together",
    "again": "Once more",
    "like_none": "No model gives your label. Look at the bars: which one is nearer to you?",
    "like_one": "One model gives your label, the other one does not. Why might that be?",
    "like_both": "Both models give your label.",
    "class": "What the class has chosen so far",
    "you": "You",
    "no_right": "There is no right answer here: these expressions are drawn, and nobody felt them. Where people "
    "disagree, a model cannot be right for all of them.",
    "which": "Choose one of the labels for one of these faces.",
    "lost": "The server does not answer. Try again in a moment.",
    "sheet": "Worksheet",
    "sheet_how": "About 55 minutes, alone or in pairs. No picture of yourself is needed.",
    "print": "Print the worksheet",
    "teacher": "Teacher",
    "teacher_how": "The code is shown in the terminal where the app was started. It turns the camera on for everybody; "
    "anyone can turn it off. No frame is stored.",
    "code": "Code",
    "on": "Camera on",
    "off": "Camera off",
    "join": "Join",
    "join_how": "Open this address on another device in the same network, or scan the code.",
    "join_alone": "Only this computer can open this page. Start the app with --host 0.0.0.0 to let the class in.",
}
# Title, minutes, what to do, what to write.
WORKSHEET = (
    (
        "Before you start",
        5,
        "Read the note at the top of the page.",
        ("Describe a moment in which somebody’s face shows something else than they feel.",),
    ),
    (
        "You against the machines",
        15,
        "Lesson tab: commit to a label for every face, then see what the models answer.",
        (
            "On which face did you and both models agree, and on which did nobody?",
            "Compare with your neighbour. Where people disagree, what can a model have learned?",
        ),
    ),
    (
        "Cover it",
        10,
        "Compare tab: choose “The photo”, then “Lips closed”: only the mouth was changed. With the camera on: hold up "
        "a drawn face and cover its mouth, then its eyes, with a strip of paper.",
        (
            "Which part changes the answer of HOG + SVM more, which that of the CNN?",
            "Tick “What does each answer hang on?” in the Compare tab. Does it show the same?",
        ),
    ),
    (
        "Break it",
        10,
        "Find the picture on which a model is most sure and you say it is wrong: draw one, or take an example.",
        ("What did you show, what did the model say, and how sure was it?", "What might have misled it?"),
    ),
    (
        "Whose face?",
        10,
        "Compare tab: set the photo beside the drawn faces. Zoo tab: see which labels are mixed up most, and what is "
        "said about the pictures the models learned from.",
        ("Whose faces were probably missing among those pictures? How would you find out?",),
    ),
    (
        "Talk about it",
        5,
        "An expression is not an emotion, and in the European Union inferring emotions at work or in schools is "
        "prohibited.",
        ("Name one use you would forbid and one you would allow, with a reason for each.",),
    ),
)


def minutes(count: int) -> str:
    """How long a part of the lesson takes."""
    return f"{count} minutes"


def teachers_code(code: str) -> str:
    """What the terminal says."""
    return (
        f"Classroom: the camera is off. Teacher’s code: {code}\n"
        "Type it under “Teacher” in the Lesson tab to turn the camera on, or off, for everybody."
    )


# The Zoo tab
ZOO = "Which model is right how often, when is it wrong, and does it know?"
ZOO_NOTE = (
    "Right means: the model names the label people gave the picture. People themselves agree with these labels "
    "about 65 % of the time."
)
NOT_MEASURED = "Not measured on these pictures."
NOT_MEASURED_BOTH = "Not both of these models are measured on these pictures."
SAME_MODEL = "That is the same model twice. Choose another one to set against it."
DUEL_HINT = "Bars show how many more of a label’s pictures one model finds than the other (recall, in points of 100)."
DUEL_TESTED = (
    "The short line: the 95 % interval. Pale bars may be chance (McNemar on the label’s own pictures, with Holm’s "
    "correction for so many labels)."
)
MEASURE_HINT = "Times a face on one thread, as this machine does it now. Takes a few seconds."
CANNOT_ANSWER = "cannot answer: never learned"
NOTHING_TO_MEASURE = "Choose one or more models to measure."


def not_compared(first: str, second: str) -> str:
    """What to do when two models were never evaluated together."""
    return (
        "Whether the difference is more than chance is not measured. "
        f"It is after: python -m zoo evaluate {first} {second} --data fer2013.csv --write-cards"
    )


# The Teach tab
TEACH = {
    "gave_way": "The server was full, and this session had been idle longest: its samples and models were deleted.",
    "intro": "Make your own classes, collect samples, and train both kinds of model on them in seconds.",
    "privacy": "Samples stay in the memory of the computer that runs this page, for this session only. They are "
    "forgotten ten minutes after the page is closed. Save the project to keep them.",
    "start_from": "Start from",
    "start_own": "empty classes",
    "start_6": "Ekman’s six",
    "start_7": "the seven",
    "start_sure": "This replaces the classes and deletes all {0} samples. Go on?",
    "classes": "Classes",
    "add": "Add a class",
    "name": "Name of the class",
    "webcam": "Webcam",
    "upload": "Upload",
    "up": "Move up",
    "down": "Move down",
    "disable": "Leave out of training",
    "enable": "Take part in training",
    "clear": "Delete its samples",
    "remove": "Delete the class",
    "menu": "More for this class",
    "left_out": "left out",
    "sample": "1 sample",
    "samples": "{0} samples",
    "alike": "{0} nearly the same",
    "alike_why": "Marked samples nearly equal an earlier one. They teach little: move, turn, change the light.",
    "few": "3 or more are needed",
    "delete_one": "Delete this sample",
    "hold": "Hold to record",
    "recording": "Recording",
    "hands_free": "Record for {0} s",
    "in": "in {0} …",
    "settings": "Recording settings",
    "rate": "Pictures a second",
    "delay": "Delay in seconds",
    "duration": "Seconds, without holding (0: hold)",
    "several": "Several faces in a picture",
    "several_skip": "skip the picture",
    "several_largest": "take the largest face",
    "several_all": "take all",
    "close": "Close",
    "skipped_none": "{0} without a face",
    "skipped_several": "{0} with several faces",
    "skipped_unreadable": "{0} unreadable",
    "skipped_others": "{0} not a picture",
    "skipped": "Skipped:",
    "added": "Added: {0}.",
    "adding": "Reading {0} of {1} …",
    "of_most": "{0} of {1} samples",
    "open": "Open",
    "open_hint": "A project, a Teachable Machine file (.tm), or a zip with a folder of pictures for each class",
    "save": "Save project",
    "save_hint": "A zip with every crop as a picture in its class’s folder; “Open” brings it back",
    "empty": "Delete all samples",
    "empty_sure": "Delete all {0} samples? This cannot be undone; a saved project can be opened again.",
    "remove_sure": "Delete the class “{0}” and its {1} samples?",
    "clear_sure": "Delete the {1} samples of “{0}”?",
    "opened": "The project is open.",
    "open_sure": "Opening a project replaces the classes and {0} samples that are here. Go on?",
    "training": "Training",
    "train": "Train both models",
    "again": "Train again",
    "working": "Training …",
    "cancel": "Cancel",
    "stopped": "Stopped. Nothing was changed.",
    "stale": "Classes or samples have changed since the training.",
    "advanced": "Advanced",
    "epochs": "Epochs",
    "epochs_hint": "How often the dense layers see every sample",
    "batch": "Batch size",
    "learning_rate": "Learning rate",
    "c": "C of the SVM",
    "c_hint": "The price of a mistake: small is smooth, large is strict",
    "seed": "Seed",
    "augment": "Augmentation",
    "augment_hint": "Also learn from a copy of each sample, a little moved, turned and lit otherwise; never mirrored",
    "aligned": "Alignment",
    "aligned_hint": "Eyes and mouth laid in place first. Off: upright squares; then the models cannot be set beside "
    "the shipped ones",
    "reset": "Reset",
    "hood_title": "Under the hood",
    "preview": "Preview",
    "first": "Train the models first.",
    "preview_ready": "Start the webcam, or choose a picture.",
    "preview_idle": "Once trained, both models answer here, from the webcam or a picture.",
    "camera_on": "Webcam",
    "camera_off": "Stop",
    "picture": "Picture",
    "threshold": "Sure from",
    "not_sure": "Not sure",
    "no_face": "No face in sight. Come nearer, look towards the camera, add light.",
    "face": "face {0}",
    "joined": "Both models are also in the Compare, Live and Video tabs, for this session only.",
    "not_joined": "Trained without alignment, these models want other crops than the shipped ones, so Compare and Live "
    "do not offer them.",
    "splits": "How often are they right on samples they did not learn from?",
    "random": "Split at random",
    "burst": "Split by burst",
    "flatters": "A burst’s pictures nearly equal each other. Split at random, each held-out picture has its twin among "
    "those learned from, which flatters; split by burst, the models meet a recording they have not seen.",
    "one_burst": "A class was recorded in one burst only, so only a split at random is possible. It flatters: each "
    "held-out picture has its twin among those learned from. Record every class twice or more.",
    "by_class": "Right by class",
    "held_burst": "On bursts held out. The bar’s line is the 95 % interval (Wilson); pictures of one burst are no "
    "independent evidence, so the truth is wider.",
    "held_random": "On samples held out at random. The bar’s line is the 95 % interval (Wilson); near-duplicates are "
    "no independent evidence, so the truth is wider.",
    "confusion": "What is taken for what",
    "cells": "Choose a cell to hear what it counts.",
    "loss": "loss",
    "loss_title": "Loss of the dense layers",
    "accuracy": "accuracy",
    "accuracy_title": "Accuracy of the dense layers",
    "on_held": "held out",
    "on_learned": "learned from",
    "epoch": "epoch",
    "grow": "Would more samples help?",
    "grow_button": "Find out",
    "grow_note": "If the lines still rise at the right, more samples would help; where they are flat, other ones "
    "would: another light, place, person.",
    "samples_learned": "samples learned from",
    "experiments": "Experiments",
    "experiments_intro": "Change one thing and see what it does. The models are those judged on held-out samples, so "
    "before and after can be compared. No picture of an experiment is kept.",
    "no_trial": "No experiment yet.",
    "trials_caption": "Right answers before and after one thing was changed; 95 % intervals",
    "try": "Try it",
    "record_as": "Record as",
    "print": "Print the table",
    "lost": "The server does not answer. Try again in a moment.",
    "busy_upload": "The upload failed. Try again, or a smaller file.",
    "exports": "Export and import",
}
TRIALS = {
    "half": "Only half the samples",
    "mouth": "Mouth covered",
    "background": "Another background",
    "light": "Another light",
    "person": "Another person",
}
TRIALS_RECORDED = ("background", "light", "person")
TRIALS_HINTS = {
    "half": "Both models learn again from half of each class.",
    "mouth": "A grey patch is laid over the mouth of every held-out crop.",
    "background": "Turn around or hang something up, then record each class again.",
    "light": "Draw a curtain or turn on a lamp, then record each class again.",
    "person": "Somebody who agrees makes the same faces: record each class again.",
}
BEFORE_AFTER = ("before", "after")


def trained(seconds: float) -> str:
    """How long it took."""
    return f"Trained both models in {seconds:.1f} s."


# Models out and in
EXPORT_HINT = (
    "A zip with the model in the formats you choose, how to feed it, and programs that use it. "
    "Your samples stay here: no picture goes into the zip."
)
EXPORT_YOURS = "Your two models"
EXPORT_NAME = "My faces"
EXPORT_UNTAUGHT = "Train your models first, or choose one that is shipped."
EXPORT_ONNX_ONLY = "A support vector machine goes out as ONNX only. Tick ONNX."
EXPORT_READY = "The zip is ready: {size} MB. README.md in it says how to use every file."
IMPORT_HINT = (
    "A zip from Teachable Machine (Export Model, then TensorFlow.js or Keras) or from this app becomes one more model "
    "to compare, in this session only. It is read as numbers: nothing in it is executed."
)
IMPORT_MAP = "Some of the seven labels"
IMPORT_KEEP = "Keep its own classes"
IMPORT_PIXELS = "Teachable Machine takes the first. When in doubt, leave it."
IMPORT_ADDED = "Added: {names}. Choose it in Compare or Live, beside the others."
IMPORT_REMOVED = "The imported models are gone."


def import_facts(classes: int, size: tuple[int, ...], weights: int) -> str:
    """What an imported network is; `size` is the height, width and channels of what it sees."""
    height, width, channels = size
    colour = "grey" if channels == 1 else "colour"
    return f"{classes} classes, {colour} pictures of {width} × {height} pixels, {weights:,} weights"
