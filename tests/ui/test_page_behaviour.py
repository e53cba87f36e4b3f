"""What the page does on every tab: files dropped or pasted anywhere, menus that close, a note that is read once."""

import base64

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(visits, browser, url):
    with visits() as visit:

        def open_one(address=url, tab="", **options):
            page = visit(browser, address, tab, **options)
            page.wait_for_selector("#fo-tabs [role=tab]")
            return page

        yield open_one


# A file that arrives as an event on an element beside the box; whether the browser would have taken it itself.
BRING = """([kind, where, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true, dataTransfer: carried, clipboardData: carried };
  const event = kind === 'paste' ? new ClipboardEvent(kind, options) : new DragEvent(kind, options);
  document.querySelector(where).dispatchEvent(event);
  return event.defaultPrevented; }"""


def bring(page, kind, path, type="image/png", where="body"):
    return page.evaluate(BRING, [kind, where, path.name, type, base64.b64encode(path.read_bytes()).decode()])


def test_a_picture_dropped_beside_the_box_is_compared_and_so_is_the_next_one(open_page, astronaut, no_face):
    page = open_page()
    page.wait_for_selector("#fo-picture input[type=file]", state="attached")
    assert bring(page, "dragover", astronaut, where=".fo-head") and bring(page, "drop", astronaut, where=".fo-head")
    page.wait_for_selector(".fo-results .fo-answer")
    assert bring(page, "drop", no_face)
    page.wait_for_selector(".fo-results .fo-none")


def test_a_pasted_picture_is_compared(open_page, astronaut):
    page = open_page()
    page.wait_for_selector("#fo-picture input[type=file]", state="attached")
    assert bring(page, "paste", astronaut)
    page.wait_for_selector(".fo-results .fo-answer")


def test_a_file_dropped_where_nothing_takes_it_does_not_replace_the_page(open_page, astronaut):
    page = open_page(tab="Zoo")
    page.wait_for_selector("#fz-page .fz-card")
    assert bring(page, "drop", astronaut) and not bring(page, "paste", astronaut)
    page.get_by_role("tab", name="Compare").click()
    assert page.locator(".fo-results").count() == 0


def test_a_clip_dropped_in_the_video_tab_goes_into_its_box_even_if_that_is_full(open_page, tmp_path, write_clip):
    import numpy as np

    page = open_page(tab="Video")
    page.wait_for_selector("#fv-file input[type=file]", state="attached")
    page.locator("#fv-file").wait_for()  # only a box that is shown takes a file
    clips = [
        write_clip(tmp_path / f"{name}.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3)
        for name in ("first", "second", "third")
    ]
    for clip in clips[:2]:
        assert bring(page, "drop", clip, "video/mp4")
        page.locator("#fv-file").get_by_text(clip.stem).first.wait_for()
    # And while another is on its way:
    held = []
    page.route("**/upload?*", lambda route: held.append(route), times=1)
    with page.expect_request("**/upload?*"):
        assert bring(page, "drop", clips[0], "video/mp4")
    assert bring(page, "drop", clips[2], "video/mp4")
    held[0].continue_()
    page.locator("#fv-file").get_by_text(clips[2].stem).first.wait_for()


FOCUSED = "i => document.querySelectorAll('#fz-choices input[role=combobox]')[i] === document.activeElement"


def test_a_menu_closes_when_the_focus_leaves_it(open_page):
    page = open_page(tab="Zoo")
    page.wait_for_selector("#fz-page .fz-card")  # it comes with the tab, and holds what the focus goes to next
    menus = page.locator("#fz-choices input[role=combobox]")
    menus.first.focus()
    page.wait_for_selector("[role=listbox]")
    for i in range(1, menus.count()):
        page.keyboard.press("Tab")
        page.wait_for_function(FOCUSED, arg=i)  # no Tab leaves the focus nowhere
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.matches(':not(body, [role=combobox])')")
    page.wait_for_selector("[role=listbox]", state="detached")
    menus.first.click()
    page.get_by_role("option", name="CNN, tiny").click()
    page.get_by_role("heading", name="CNN, tiny").wait_for()


def test_the_note_is_read_in_full_once_and_then_is_one_line(open_page, url):
    page = open_page(viewport={"width": 390, "height": 844})
    note = page.locator(".fo-banner")
    note.get_by_text("It cannot know how anyone feels").wait_for()
    full = note.bounding_box()["height"]
    page.reload()
    note.get_by_text("Why?").wait_for()
    assert note.bounding_box()["height"] < 60 < full and "expression is not an emotion" in note.inner_text()
    page.locator(".fo-banner summary").focus()
    page.keyboard.press("Enter")
    note.get_by_text("Do not use it to judge pupils").wait_for()


def test_in_a_lesson_each_visit_begins_with_the_whole_note(open_page, classroom_url):
    page = open_page(classroom_url)
    law = page.locator(".fo-banner").get_by_text("In the European Union")
    law.wait_for()
    page.reload()
    page.locator(".fo-banner").get_by_text("Why?").wait_for()
    another = page.context.new_page()
    another.goto(classroom_url)
    another.locator(".fo-banner").get_by_text("In the European Union").wait_for()


def test_a_keyboard_skips_the_head_and_goes_to_the_result(open_page):
    page = open_page()
    page.wait_for_selector("#fo-status:not(:has(p))", state="attached")
    page.keyboard.press("Tab")  # the first stop of the page
    page.locator(".fo-skip a:focus", has_text="Skip to the content").wait_for()
    assert page.locator(".fo-skip").bounding_box()["height"] > 24
    assert not page.locator(".fo-skip [data-skip=result]").is_visible()  # there is none yet
    page.keyboard.press("Enter")
    page.wait_for_selector("#fo-tab-compare:focus")
    assert page.locator(".fo-skip").bounding_box()["height"] <= 1
    page.locator('#fo-examples button[data-name="photo"]').click()
    page.wait_for_selector(".fo-results .fo-answer")
    page.locator(".fo-skip a").first.focus()
    page.locator(".fo-skip [data-skip=result]").wait_for()
    page.keyboard.press("Tab")
    page.wait_for_selector(".fo-skip [data-skip=result]:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fo-answer .fo-results:focus")
    page.get_by_role("tab", name="Zoo").click()
    page.wait_for_selector("#fo-tab-zoo-button[aria-selected=true]")
    page.locator(".fo-skip a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#fo-tab-zoo:focus")


COUNT = """{ const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) => { window.asked = performance.now(); return ask(work); }; }"""
QUIET = "window.asked && performance.now() - window.asked > 700"


def test_an_idle_page_draws_nothing(open_page):
    """The clock of Gradio's loading sign ran for as long as the page was open: 60 frames a second."""
    page = open_page()
    page.context.add_init_script(COUNT)
    page.reload()
    page.wait_for_selector("#fo-tabs [role=tab]")
    page.wait_for_selector("#fo-status:not(:has(p))", state="attached")
    page.wait_for_function(QUIET, polling=100)
    page.locator('#fo-examples button[data-name="photo"]').click()
    page.wait_for_selector(".fo-results .fo-answer")
    page.wait_for_function(QUIET, polling=100)
