"""What is said where TensorFlow is needed and not installed: Python 3.14 has none."""

from __future__ import annotations

from importlib.util import find_spec

WHICH = "Use Python 3.10 to 3.13 and run: pip install -r requirements.txt"


def installed() -> bool:
    """Whether TensorFlow can be imported. Does not import it."""
    return find_spec("tensorflow") is not None


def sentence(what: str) -> str:
    """Why something cannot be done here: `what` is a plural, such as "Keras and LiteRT files"."""
    return f"{what} need TensorFlow, which is not installed. {WHICH}"


def not_installed(package: str) -> str:
    """What to say after an import failed, for the package that was missing."""
    if package.partition(".")[0] == "tensorflow":
        return sentence("Neural networks that are to be trained")
    return f"{package} is not installed; run: pip install -r requirements.txt"
