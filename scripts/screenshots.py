"""Take the README's screenshots of Compare, Live and Video again, with the current models.

Starts the app and a headless Chromium whose camera shows the portrait with one drawn expression after the other.

Examples:
  python scripts/screenshots.py
  python scripts/screenshots.py --out /tmp/pictures
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from scripts.load_live import ROOT, LoadError, served
from scripts.measure_live import FLAGS, find_chromium, stream

COLOURS = 256
EXPRESSIONS = ("lips-closed", "mouth-open", "corners-down")  # all framed alike: the face keeps its number
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
Scheme = Literal["light", "dark"]
STEADY_MS = 1000  # for so long the answer has been the same: neither picture nor bars are between two expressions
# Both models answer *surprise* on the card and at the face, and have done so for some time; the clip shows it for three
# seconds in nine.
STEADY = """least => {
  const labels = [...document.querySelectorAll('.fo-live-face .fo-best .fo-label')].map((one) => one.innerText);
  const same = labels.length === 2 && labels.every((label) => label === 'surprise');
  window.sameSince = same ? (window.sameSince ?? performance.now()) : undefined;
  return same && performance.now() - window.sameSince >= least;
}"""


MOUTH_OPEN = 2.5  # seconds into the example clip
HELD = """at => {
  const video = document.querySelector('#fv-video video');
  video.pause();
  if (!video.seeking && Math.abs(video.currentTime - at) > 0.05) video.currentTime = at;
  return video.paused && !video.seeking && Math.abs(video.currentTime - at) <= 0.05;
}"""


def opened(browser: Browser, url: str, viewport: ViewportSize, scheme: Scheme = "light") -> Page:
    """Open the app's page in a new browser context."""
    page = browser.new_context(permissions=["camera"], viewport=viewport, color_scheme=scheme).new_page()
    page.goto(url)
    page.get_by_role("tab", name="Compare").wait_for(timeout=60_000)
    return page


def compared(page: Page, example: str = "photo", mattered: bool = False) -> Page:
    """Choose an example and wait for its answer and, with `mattered`, for its first occlusion map."""
    page.locator(f"#fo-examples [data-name={example}]").click()
    page.locator("#fo-answer .fo-summary").wait_for(timeout=60_000)
    if mattered:
        page.locator("[data-mattered]").first.click()
        page.wait_for_selector(".fo-held img", timeout=60_000)
    page.wait_for_timeout(1500)
    return page


def expressions(folder: Path) -> Path:
    """Write the clip that the camera shows: every expression for three seconds; return its path."""
    film = folder / "expressions.mjpeg"
    with film.open("wb") as whole:
        for name in EXPRESSIONS:
            sheet = Image.new("RGB", (640, 480), (90, 90, 90))
            sheet.paste(Image.open(ROOT / f"ui/pictures/{name}.jpg").convert("RGB").resize((480, 480)), (80, 0))
            whole.write(3 * stream(folder / f"{name}.mjpeg", sheet).read_bytes())
    return film


def live(page: Page) -> Page:
    """Start the camera, and wait until it has shown all expressions and both models steadily predict *surprise*."""
    page.get_by_role("tab", name="Live").click()
    page.locator(".fo-start").click()
    page.wait_for_selector(".fo-live-face", timeout=60_000)
    page.wait_for_timeout(3000 * len(EXPRESSIONS))
    page.wait_for_function(STEADY, arg=STEADY_MS, timeout=120_000, polling=100)
    page.evaluate("document.querySelector('.fo-live video').pause()")  # no new frame is sent: what is shown stays
    page.wait_for_timeout(1000)  # for the answer to the last one
    return page


def annotated(page: Page) -> Page:
    """Annotate the example clip, and pause it where the mouth is open."""
    page.get_by_role("tab", name="Video").click()
    page.locator("#fv-example").click()
    page.locator("#fv-answer .fo-summary").wait_for(timeout=120_000)
    page.wait_for_function("document.querySelector('#fv-video video')?.videoWidth > 0")
    page.wait_for_function("!document.querySelector('#fv-video video').paused")  # it starts by itself
    page.wait_for_function(HELD, arg=MOUTH_OPEN, polling=100)
    page.wait_for_timeout(1500)
    return page


def kept(page: Page, path: Path, height: int | None = None, exact: bool = False) -> None:
    """Save the whole page as a small PNG, or `height` pixels from the answer on; `exact` keeps all its colours."""
    whole = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(
        {"width": page.evaluate("innerWidth"), "height": max(900, whole)}
    )  # nothing sticks or scrolls
    page.evaluate("window.scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    if height:
        top = round(page.evaluate("document.querySelector('#fo-answer').getBoundingClientRect().top + scrollY"))
        picture = picture.crop((0, top - 24, picture.width, top - 24 + height))
    few = picture if exact else picture.quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(path, optimize=True)
    page.context.close()
    print(f"wrote {path}, {picture.width} x {picture.height}")


def take(chromium: str, url: str, out: Path) -> None:
    """Take all screenshots."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={expressions(Path(folder))}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        kept(compared(opened(browser, url, WIDE), "mouth-open", mattered=True), out / "compare.png", exact=True)
        kept(compared(opened(browser, url, WIDE, "dark")), out / "compare-dark.png")
        kept(compared(opened(browser, url, PHONE)), out / "compare-phone.png", 1180)
        kept(live(opened(browser, url, WIDE)), out / "live.png")
        kept(annotated(opened(browser, url, WIDE)), out / "video.png")
        browser.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Take and write the screenshots; return the exit status."""
    about, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="FOLDER", help="(default: docs)")
    parser.add_argument("--url", help="of an app that runs already, on this computer")
    parser.add_argument("--port", type=int, default=7969, help="for an app started for this (default: 7969)")
    args = parser.parse_args(argv)
    chromium = find_chromium()
    if not chromium:
        print("screenshots: no Chromium; install it, or name it in CHROMIUM", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        with served(args.url, None, args.port) as (url, _):
            take(chromium, url, args.out)
    except LoadError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
