"""In a browser, no tab of a classroom names what the room does not have."""

import pytest

from tests.ui.test_languages import NOT_IN_A_LESSON

pytestmark = pytest.mark.browser
TABS = {
    "lesson": ".fl-game input",
    "compare": "#fo-examples button",
    "live": "#fo-live .fo-start",
    "teach": ".ft-class",
    "zoo": "#fz-page .fz-card",
}
# All that is in the page, folded up or not, but for scripts and what is hidden in this room.
SAID = """() => { const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('script, style, [translate=no], [hidden]'))
    found.push(walker.currentNode.data);
  for (const name of ['title', 'placeholder', 'aria-label', 'alt'])
    for (const one of document.querySelectorAll(`[${name}]:not([hidden] *)`)) found.push(one.getAttribute(name));
  return found; }"""


def test_no_tab_names_what_a_classroom_does_not_have(in_class):
    page = in_class()
    assert [one.get_attribute("id") for one in page.locator("#fo-tabs [role=tab]:visible").all()] == [
        f"fo-tab-{name}-button" for name in TABS
    ]
    for name, there in TABS.items():
        page.locator(f"#fo-tab-{name}-button").click()
        page.locator(there).first.wait_for(state="attached")
        said = page.evaluate(SAID)
        assert len(said) > 50
        assert {one for one in said if NOT_IN_A_LESSON.search(one)} == set(), name
    page.locator("#fo-tab-live-button").click()
    page.locator("#fo-live .fo-start").click()  # the camera is off, and Live says so
    page.get_by_text("The camera stays off").first.wait_for()
