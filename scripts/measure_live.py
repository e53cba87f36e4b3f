"""One viewer in a real browser: frames a second, and how old a picture is when its answer is drawn.

Starts the app and a headless Chromium whose camera shows a clip of the shipped portrait, presses
Start, and listens to the page: when the camera took each frame, when it was sent, answered, drawn.

Examples:
  python scripts/measure_live.py
  python scripts/measure_live.py --seconds 30 --json browser.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scripts.load_live import ROOT, LoadError, Spread, served, surroundings

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
WARM_SECONDS = 3
LISTEN = """(milliseconds) => new Promise((done) => {
  const times = [], root = document.querySelector('.fo-live');
  const note = (event) => times.push(event.detail);
  root.addEventListener('drawn', note);
  setTimeout(() => { root.removeEventListener('drawn', note); done(times); }, milliseconds);
})"""


def find_chromium() -> str | None:
    """Path of the browser in CHROMIUM or, failing that, on the PATH; None if there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def clip(path: Path) -> Path:
    """Write a clip of the portrait at 640 x 480 as by `stream`; return its path."""
    portrait = Image.open(ROOT / "ui/pictures/photo.jpg").convert("RGB").resize((480, 480))
    sheet = Image.new("RGB", (640, 480), (90, 90, 90))
    sheet.paste(portrait, (80, 0))
    return stream(path, sheet)


def stream(path: Path, picture: Image.Image) -> Path:
    """Write a clip for Chromium's fake camera: 30 JPEGs in one file, the picture swaying, with noise; return `path`."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for i in range(30):
            sheet = Image.new("RGB", picture.size, (90, 90, 90))
            sheet.paste(picture, (round(8 * np.sin(2 * np.pi * i / 30)), 0))
            noisy = np.asarray(sheet) + rng.normal(0, 3, (picture.height, picture.width, 3))
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return path


def watch(page: Page, url: str, seconds: float) -> list[dict[str, float]]:
    """Open the Live tab, start the camera, and note the times of every drawn answer."""
    page.goto(url)
    page.get_by_role("tab", name="Live").click()
    page.locator(".fo-start").click()
    page.wait_for_selector(".fo-live-face", timeout=60_000)
    page.wait_for_timeout(1000 * WARM_SECONDS)
    times = page.evaluate(LISTEN, 1000 * seconds)
    page.locator(".fo-start").click()
    return times


def figures(times: Sequence[dict[str, float]]) -> dict:
    """Frames per second, and the spread of each delay in milliseconds; `times` are in milliseconds."""
    between = lambda start, end: Spread.of([(one[end] - one[start]) / 1000 for one in times])
    drawn = [one["drawn"] for one in times]
    return {
        "frames": len(times),
        "fps": round(1000 * (len(drawn) - 1) / (drawn[-1] - drawn[0]), 1),
        "glass_to_result": vars(between("captured", "drawn")),
        "captured_to_sent": vars(between("captured", "sent")),
        "sent_to_answered": vars(between("sent", "answered")),
        "answered_to_drawn": vars(between("answered", "drawn")),
    }


def measure(chromium: str, url: str, seconds: float) -> dict:
    """Run the browser and return the `figures`; `LoadError` if fewer than two answers were drawn."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = clip(Path(folder) / "clip.mjpeg")
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_context(permissions=["camera"], viewport={"width": 1280, "height": 800}).new_page()
        times = watch(page, url, seconds)
        browser.close()
    if len(times) < 2:
        raise LoadError("the page drew no answers; try python demo.py and look at the Live tab")
    return figures(times)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; return the exit status."""
    args = _parse(argv)
    chromium = find_chromium()
    if not chromium:
        print("measure_live: no Chromium; install it, or name it in CHROMIUM", file=sys.stderr)
        return 2
    try:
        with served(args.url, None, args.port) as (url, _):
            result = {"on": surroundings()} | measure(chromium, url, args.seconds)
    except LoadError as error:
        print(f"measure_live: {error}", file=sys.stderr)
        return 2
    print(f"{result['frames']} answers drawn, {result['fps']} a second")
    for name in ("glass_to_result", "captured_to_sent", "sent_to_answered", "answered_to_drawn"):
        spread = result[name]
        print(f"{name.replace('_', ' '):18} p50 {spread['p50']:6.1f}  p95 {spread['p95']:6.1f} ms")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15.0, help="(default: 15)")
    parser.add_argument("--url", help="of an app that runs already, on this computer")
    parser.add_argument("--port", type=int, default=7968, help="for an app started for this (default: 7968)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
