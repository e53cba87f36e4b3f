"""Environment variables that Gradio and its dependencies read when they are imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def prepare() -> None:
    """Turn off telemetry, and let Gradio keep few records of finished jobs."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "200")


@contextmanager
def without_proxies() -> Iterator[None]:
    """Ignore proxies within a ``with`` statement, those of the environment and of Windows' or macOS' settings."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.lower() in PROXIES}
    os.environ["no_proxy"] = "*"
    try:
        yield
    finally:
        del os.environ["no_proxy"]
        os.environ.update(kept)
