"""How many clicks lead to each goal, counted anew: none takes more than in the audit of 26 November 2026.

``pytest tests/ui/test_journeys.py -s`` prints the clicks and, for the machine it runs on, the seconds.
"""

import time

import pytest

from scripts.measure_live import clip
from ui import text
from ui.languages import phrase

pytestmark = pytest.mark.browser

# Goal: clicks in the audit (None: there was no such way), clicks now.
CLICKS = {
    "Compare, an example": (1, 1),
    "Compare, which parts mattered": (2, 2),
    "Compare, the camera": (3, 2),
    "Compare, a resting face": (None, 2),
    "Live": (2, 2),
    "Video, the example plays": (5, 2),
    "Teach, two classes by camera, answering": (7, 6),
    "Teach, drawn faces, answering": (None, 3),
    "Teach, then their export": (3, 3),
    "Zoo": (1, 1),
    "Lesson, first reveal": (2, 2),
}


class Hand:
    """Clicks on a page, and counts them."""

    def __init__(self, page) -> None:
        self.page, self.clicks, self.began = page, 0, time.monotonic()

    def click(self, selector) -> None:
        """On what is shown: a real click, which fails where something lies above it."""
        self.clicks += 1
        (self.page.locator(selector) if isinstance(selector, str) else selector).first.click()

    def tab(self, name: str) -> None:
        self.click(self.page.get_by_role("tab", name=name, exact=True))

    def hold(self, button, until: str) -> None:
        """Keep a button pressed until something is true: one click."""
        self.clicks += 1
        button.hover()
        self.page.mouse.down()
        self.page.wait_for_function(until)
        self.page.mouse.up()


@pytest.fixture
def reached(visits, launch, tmp_path):
    """``hand, done = reached(address)``: a hand on a page with a camera; ``done(goal)`` compares its clicks."""
    with visits() as visit:
        browser = launch(f"--use-file-for-fake-video-capture={clip(tmp_path / 'clip.mjpeg')}")

        def arrive(address):
            page = visit(browser, address, wait=60, permissions=["camera"])
            page.wait_for_selector("#fo-tabs [role=tab]")
            page.wait_for_selector("#fo-status:not(:has(p))", state="attached")
            hand = Hand(page)

            def done(goal: str) -> None:
                before, now = CLICKS[goal]
                print(f"{goal}: {hand.clicks} clicks, {time.monotonic() - hand.began:.1f} s")
                assert hand.clicks == now and (before is None or now <= before), goal

            return hand, done

        yield arrive
        browser.close()


def test_compare(reached, url):
    hand, done = reached(url)
    hand.click("#fo-examples [data-name=mouth-open]")
    hand.page.wait_for_selector("#fo-answer .fo-answer")
    done("Compare, an example")
    hand.click("[data-mattered]")
    hand.page.wait_for_selector(".fo-held img")
    done("Compare, which parts mattered")


def test_compare_with_the_camera(reached, url):
    hand, done = reached(url)
    hand.click(hand.page.locator("#fo-picture").get_by_label("Capture from camera"))
    hand.page.wait_for_function("document.querySelector('#fo-picture video')?.currentTime > 0.3")
    hand.click(hand.page.get_by_label("capture photo"))
    hand.page.wait_for_selector("#fo-answer .fo-answer")
    done("Compare, the camera")


def test_compare_with_a_resting_face(reached, url):
    hand, done = reached(url)
    hand.click("#fo-options button")
    hand.click("#fo-rest-example")
    hand.page.wait_for_selector(".fo-resting .fo-changes")
    done("Compare, a resting face")


def test_live(reached, url):
    hand, done = reached(url)
    hand.tab("Live")
    hand.click(".fo-start")
    hand.page.wait_for_selector(".fo-live-face .fo-best")
    done("Live")
    hand.click(".fo-start")


def test_video(reached, url):
    hand, done = reached(url)
    hand.tab("Video")
    hand.click("#fv-example")
    hand.page.wait_for_selector("#fv-answer .fo-summary")
    hand.page.wait_for_function(
        "(one => one && !one.paused && one.currentTime > 0)(document.querySelector('#fv-video video'))"
    )
    done("Video, the example plays")


def test_teach_with_the_camera(reached, url):
    hand, done = reached(url)
    hand.tab("Teach")
    for at in range(2):
        card = hand.page.locator(".ft-class").nth(at)
        hand.click(card.locator(".ft-cam"))
        hand.page.wait_for_function("document.querySelector('.ft-recorder video')?.currentTime > 0.3")
        hand.hold(
            card.locator(".ft-hold"),
            f"document.querySelectorAll('.ft-class')[{at}].querySelectorAll('.ft-tile').length >= 4",
        )
    hand.page.wait_for_function("!document.querySelector('.ft-train').disabled")
    hand.click(".ft-train")
    hand.page.wait_for_function("document.querySelectorAll('.ft-answer').length === 2")
    done("Teach, two classes by camera, answering")


def test_teach_with_drawn_faces(reached, url):
    hand, done = reached(url)
    hand.tab("Teach")
    hand.click(hand.page.get_by_role("button", name=text.TEACH["drawn"]))
    hand.page.wait_for_function("!document.querySelector('.ft-train').disabled")
    hand.click(".ft-train")
    hand.page.wait_for_function("document.querySelectorAll('.ft-answer').length === 2")
    done("Teach, drawn faces, answering")
    hand.clicks, hand.began = 0, time.monotonic()
    hand.click(hand.page.get_by_role("button", name=phrase("export.title")))
    hand.click("#fx-make")
    hand.page.wait_for_selector("#fx-download", timeout=180_000)  # TensorFlow starts
    hand.click("#fx-download")
    done("Teach, then their export")


def test_zoo(reached, url):
    hand, done = reached(url)
    hand.tab("Zoo")
    hand.page.wait_for_selector(".fz-board tbody tr")
    done("Zoo")


def test_lesson(reached, classroom_url):
    hand, done = reached(classroom_url)
    hand.click(hand.page.locator(".fl-game fieldset label"))
    hand.click(".fl-game [type=submit]")
    hand.page.wait_for_selector(".fl-reveal .fo-answer")
    done("Lesson, first reveal")
