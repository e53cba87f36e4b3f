"""Every tab and its main states under axe: WCAG 2.2 A and AA, no serious or critical violation of the app's own."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
AXE = Path(os.environ.get("FACEOFF_NODE_MODULES", "node_modules")) / "axe-core/axe.min.js"
# Gradio's upload button is called other than what is written on it; that cannot be changed from here.
GRADIOS = ["button[aria-dropeffect]"]
RUN = """async (gradios) => {
  const ends = (animation) => animation.effect.getComputedTiming().endTime < Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];
  const { violations } = await axe.run({ exclude: gradios }, { runOnly: tags, resultTypes: ['violations'] });
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return bad.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.html.slice(0, 150)}`)); }"""


@pytest.fixture
def open_page(visits, browser):
    if not AXE.is_file():
        pytest.skip("no axe-core: run npm ci, and name another node_modules in FACEOFF_NODE_MODULES")
    with visits() as visit:

        def open_one(address, **options):
            page = visit(browser, address, wait=60, permissions=["camera"], **options)
            page.wait_for_selector("#fo-tabs [role=tab]")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            return page

        yield open_one


def compared(page):
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.locator('#fo-examples button[data-name="photo"]').click()
    page.wait_for_selector(".fo-results .fo-answer")
    page.wait_for_selector("#fo-answer .pending", state="detached")


def mattered(page):
    page.locator("[data-mattered]").first.click()
    page.wait_for_selector(".fo-hold img")


def no_face(page):
    page.locator('#fo-examples button[data-name="no-face"]').click()
    page.wait_for_selector(".fo-none")


def live(page):
    page.get_by_role("tab", name="Live", exact=True).click()
    page.wait_for_selector("#fo-live .fo-start")


def live_running(page):
    page.locator("#fo-live .fo-start").click()
    page.wait_for_selector('.fo-live[data-state="on"]')


def video(page):
    page.get_by_role("tab", name="Video", exact=True).click()
    page.wait_for_selector("#fv-start")
    page.locator("#fv-options > button").click()
    page.wait_for_selector("#fv-models")


def annotated(page):
    page.click("#fv-example")
    page.wait_for_selector(".fv-moments img")


def teach(page):
    page.get_by_role("tab", name="Teach", exact=True).click()
    page.wait_for_selector(".ft-class")


def zoo(page):
    page.get_by_role("tab", name="Zoo", exact=True).click()
    page.wait_for_selector("#fz-page .fz-card")


def zoo_open(page):
    page.evaluate("for (const one of document.querySelectorAll('#fz-page details')) one.open = true")
    page.get_by_label("Compare with").click()
    page.get_by_role("option", name="CNN", exact=True).click()
    page.wait_for_selector("#fz-duel article")


def asked(page):
    page.locator(".fz-board .fo-term").first.click()
    page.wait_for_selector(".fo-explained:popover-open")


HOME = (compared, mattered, no_face, live, live_running, video, annotated, teach, zoo, zoo_open, asked)


def walked(page, states):
    """What is wrong in each state, if anything is; the first is the page as it opens."""
    found = {"opened": page.evaluate(RUN, GRADIOS)}
    for state in states:
        state(page)
        found[state.__name__] = page.evaluate(RUN, GRADIOS)
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_serious_violation(open_page, url, scheme):
    assert walked(open_page(url, color_scheme=scheme), HOME) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neither_has_a_lesson(open_page, classroom_url, scheme):
    assert walked(open_page(classroom_url, color_scheme=scheme), (compared, live, teach, zoo)) == {}


def test_neither_has_a_phone(open_page, url):
    assert walked(open_page(url, viewport={"width": 390, "height": 844}), (compared, live, teach, zoo)) == {}
