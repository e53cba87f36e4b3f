"""Messages for features that need TensorFlow if it is not installed; there is none for Python 3.14."""

from __future__ import annotations

from importlib.util import find_spec

WHICH = "Use Python 3.10 to 3.13 and run: pip install -r requirements.txt"


def installed() -> bool:
    """Whether TensorFlow can be imported. Does not import it."""
    return find_spec("tensorflow") is not None


def sentence(what: str) -> str:
    """A sentence that something needs TensorFlow: `what` is a plural, such as "Keras and LiteRT files"."""
    return f"{what} need TensorFlow, which is not installed. {WHICH}"


def not_installed(package: str) -> str:
    """The message for a failed import of this package."""
    if package.partition(".")[0] == "tensorflow":
        return sentence("Neural networks that are to be trained")
    return f"{package} is not installed; run: pip install -r requirements.txt"
