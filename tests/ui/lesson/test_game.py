"""You against the machines, and the teacher's panel, in a browser."""

from pathlib import Path

import pytest

from tests.ui.lesson.conftest import CODE
from ui import text
from ui.lesson.tab import ROUNDS
from ui.lesson.worksheet import PLACES

pytestmark = pytest.mark.browser
FOCUSED = "document.activeElement"


def lock_in(page, label: str) -> None:
    """Choose a label for the face that is shown, and wait for the answers."""
    option = f".fl-game input[value={label}]"
    page.wait_for_selector(f"{option}:enabled")
    page.locator(f".fl-game label:has(input[value={label}])").click()  # a forced check misses it while the page moves
    page.wait_for_selector(f"{option}:checked")
    page.locator(".fl-game [type=submit]").click()
    page.locator(".fl-reveal .fo-answer").first.wait_for()


def unlock(page) -> None:
    page.locator(".fl-teacher > summary").click()
    page.locator(".fl-teacher input").fill(CODE)
    page.locator(".fl-unlock").click()
    page.locator(".fl-show").wait_for()


def new_group(page) -> None:
    """All counts at zero: pages of earlier tests came from the same address, and have used up its votes."""
    unlock(page)
    page.locator(".fl-group-new").click()
    page.locator(".fl-done", has_text=text.LESSON["group_done"]).wait_for()


def votes(page, label: str) -> str:
    return page.locator(f".fl-poll .fl-bar[data-label={label}][data-voice=class] .fl-share").inner_text()


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_class_stands_beside_the_models_and_covers_nothing(in_class, width):
    page = in_class(viewport={"width": width, "height": 1000})
    lock_in(page, "sad")
    part = "document.querySelector('.fl-reveal .fo-answer {0}').getBoundingClientRect()"
    title, says = part.replace("{0}", ":first-child"), part.replace("{0}", ".fo-says")
    assert page.evaluate(f"{says}.top - {title}.bottom") < 60
    rows = "[...document.querySelectorAll('.fl-poll .fl-rows > li')].at(-1).getBoundingClientRect().bottom"
    below = "document.querySelector('.fl-step:not([hidden]) .fl-questions').getBoundingClientRect().top"
    assert page.evaluate(f"{rows} <= {below}")
    if width == 1280:
        first = "document.querySelector('{0}').getBoundingClientRect().top"
        models, votes = (first.replace("{0}", one) for one in (".fl-reveal .fo-bar", ".fl-poll .fl-rows > li"))
        assert abs(page.evaluate(f"{models} - {votes}")) < 8


def test_this_rounds_answer_is_shown_and_compared(in_class):
    page = in_class()
    for label in ("sad", "happy"):  # the second time another one: UX 4
        lock_in(page, label)
        assert page.locator(".fl-game input:checked").get_attribute("value") == label
        for _ in ROUNDS[1:]:
            page.locator(".fl-next").click()
            lock_in(page, label)
        page.locator(".fl-next").click()
        page.locator(".fl-end table").wait_for()
        cells = page.locator(".fl-end tbody tr td:nth-child(2)").all_inner_texts()
        assert cells == [label] * len(ROUNDS)
        page.locator(".fl-again").click()
    assert page.locator(".fl-count").inner_text() == f"Face 1 of {len(ROUNDS)}"


def test_marks_and_totals_say_how_often_you_and_a_model_agree(in_class):
    page = in_class()
    new_group(page)
    for at in range(len(ROUNDS)):
        lock_in(page, "surprise")
        assert page.locator(".fl-game .fl-said").inner_text() in (
            text.LESSON[f"like_{name}"] for name in sentences(page)
        )
        page.locator(".fl-next").click()
        assert at + 1 == len(ROUNDS) or page.locator(".fl-reveal").is_hidden()
    page.locator(".fl-end table").wait_for()
    marks = [page.locator(f".fl-end tbody td:nth-child({column}) .fl-mark").count() for column in (4, 5)]
    assert page.locator(".fl-totals li").all_inner_texts() == [
        f"You and HOG + SVM, least squares: {marks[0]} of 6",
        f"You and CNN: {marks[1]} of 6",
    ]
    assert min(marks) >= 1 and page.locator(".fl-step h3:visible").inner_text() == "2. Reveal 6 minutes"
    classes = page.locator(".fl-end tbody td:nth-child(3)")
    assert all("(" in one for one in classes.all_inner_texts())
    page.locator(".fl-group-new").click()
    page.locator(".fl-end").evaluate("end => end.replaceChildren()")
    for step in (0, 1):
        page.locator(".fl-steps button").nth(step).click()
    classes.first.wait_for()  # this page's votes are no longer counted: what it has seen stays
    assert all("(" in one for one in classes.all_inner_texts())


def sentences(page) -> tuple[str, ...]:
    """Which sentences are true beside the answers that are shown."""
    said = page.locator(".fl-reveal .fo-says").all_inner_texts()
    same = [one for one in said if "surprise" in one]
    if not same:
        return ("none",)
    name = ("one", "both")[len(same) - 1]
    return (f"{name}_unsure",) if any(one.startswith("Not sure") for one in same) else (name,)


def test_focus_goes_to_the_next_face(in_class):
    page = in_class()
    page.locator(".fl-game input").first.focus()
    for at in range(len(ROUNDS)):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_function(f"{FOCUSED}.matches('.fl-next')")
        page.keyboard.press("Enter")
        if at + 1 < len(ROUNDS):
            page.wait_for_function(f"{FOCUSED}.matches('.fl-game input:first-child')")
    page.wait_for_function(f"{FOCUSED}.matches('.fl-step:not([hidden]) h3')")
    page.locator(".fl-end table").wait_for()


def test_the_class_is_followed_and_a_reload_does_not_vote_again(in_class):
    teacher, one, two = in_class(), in_class(), in_class()
    new_group(teacher)
    lock_in(one, "sad")
    assert votes(one, "sad") == "1"
    lock_in(two, "happy")
    one.wait_for_function(
        "document.querySelector('.fl-poll [data-label=happy][data-voice=class] .fl-share').textContent === '1'"
    )
    two.reload()
    lock_in(two, "fear")
    assert (votes(two, "happy"), votes(two, "fear")) == ("1", "0")
    assert two.locator(".fl-once").is_visible() and one.locator(".fl-once").is_hidden()
    teacher.locator(".fl-group-new").click()
    one.wait_for_function(
        "document.querySelector('.fl-poll [data-label=sad][data-voice=class] .fl-share').textContent === '1'"
    )
    two.locator(".fl-next").click()
    lock_in(two, "fear")
    assert votes(two, "fear") == "1"


def test_without_the_code_there_is_no_projector_view(in_class):
    page = in_class()
    page.locator(".fl-teacher > summary").click()
    page.locator(".fl-teacher input").fill("GUESS")
    page.locator(".fl-unlock").click()
    page.locator(".fl-wrong", has_text="not the teacher’s code").wait_for()
    assert page.locator(".fl-show").is_hidden() and page.locator(".fl-off").is_visible()


def test_the_projector_shows_the_class_beside_both_models(in_class):
    teacher, pupil = in_class(viewport={"width": 1920, "height": 1080}), in_class()
    new_group(teacher)
    teacher.locator(".fl-show").click()
    shown = teacher.locator(".fl-present")
    shown.locator(".fl-votes", has_text="Votes: 0").wait_for()
    assert shown.locator(".fl-bars").count() == 0  # predict first
    lock_in(pupil, "sad")
    shown.locator(".fl-votes", has_text="Votes: 1").wait_for()
    teacher.keyboard.press("ArrowRight")
    teacher.wait_for_function(
        "document.querySelector('.fl-present [data-label=sad][data-voice=class] i')?.style.width === '100%'"
    )
    assert shown.locator(".fl-rows > li").count() == 7 and shown.locator(".fl-bar").count() == 21
    assert shown.evaluate(SMALLEST) >= 40
    assert shown.evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")
    teacher.set_viewport_size({"width": 1280, "height": 720})  # many projectors: the last label was cut off
    teacher.wait_for_function("innerHeight === 720")
    assert shown.evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")
    for key, where in {"PageDown": "Face 2", "End": "Face 2", "PageUp": "Face 1"}.items():
        teacher.keyboard.press(key)
        shown.locator(".fl-where", has_text=where).wait_for()
    teacher.keyboard.press("Escape")
    teacher.keyboard.press("Escape")
    shown.wait_for(state="hidden")


# The smallest type of words that have to be read; numbers beside a bar and the foot line may be smaller.
SMALLEST = """one => Math.min(...[...one.querySelectorAll('b, .fl-legend span, p:not(.fl-where)')]
  .map((each) => parseFloat(getComputedStyle(each).fontSize)))"""


def test_the_teachers_panel_is_on_top(in_class):
    page = in_class()
    tops = [page.locator(one).bounding_box()["y"] for one in (".fl-teacher", ".fl-lesson", ".fl-game", ".fl-paper")]
    assert tops == sorted(tops)


def press_until(page, key: str, there: str, most: int = 60) -> None:
    """Press a key until the element that has the focus matches a selector."""
    for _ in range(most):
        if page.evaluate("there => document.activeElement.matches(there)", there):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{there} is not reached: {page.evaluate('document.activeElement.outerHTML')[:200]}")


def test_the_whole_lesson_by_keyboard(in_class):
    page, steps = in_class(), len(text.WORKSHEET)
    press_until(page, "Tab", ".fl-game input")
    for _ in ROUNDS:  # 1: predict
        page.keyboard.press("ArrowRight")
        press_until(page, "Tab", ".fl-game [type=submit]")
        page.keyboard.press("Enter")
        page.wait_for_function(f"{FOCUSED}.matches('.fl-next')")
        page.keyboard.press("Space")
        page.wait_for_function(f"!{FOCUSED}.matches('.fl-next')")
    for at in range(2, steps + 1):
        page.wait_for_function(f"{FOCUSED}.matches('.fl-step:not([hidden]) h3')")
        page.locator(".fl-step h3:visible", has_text=f"{at}. ").wait_for()
        assert page.locator(".fl-steps [aria-current=step] b").inner_text() == str(at)
        for tab, example in PLACES.get(at, ()):
            there = f"?tab={tab}" + (f"&example={example}" if example else "")
            press_until(page, "Tab", f".fl-step:not([hidden]) a[href='{there}']")
            page.keyboard.press("Enter")
            page.wait_for_function(SELECTED, arg=tab)
            if example:
                page.locator(f"#fo-examples [data-name={example}][aria-pressed=true]").wait_for()
                page.locator("#fo-answer .fo-answer").first.wait_for()
            press_until(page, "Shift+Tab", "#fo-tab-lesson-button")
            page.keyboard.press("Enter")
            page.locator(".fl-step h3:visible").wait_for()
        if at < steps:
            press_until(page, "Tab", ".fl-step:not([hidden]) .fl-go")
            page.keyboard.press("Enter")
    press_until(page, "Tab", ".fl-ticket input")
    page.keyboard.press("Space")
    page.locator(".fl-ticket .fl-said", has_text=text.LESSON["ticket_wrong"]).wait_for()
    over = page.locator(".fl-step:not([hidden]) .fl-said", has_text=text.LESSON["end"])
    assert over.count() == 0  # the lesson ends with the ticket
    page.keyboard.press("ArrowDown")
    page.locator(".fl-ticket .fl-said", has_text=text.LESSON["ticket_right"]).wait_for()
    over.wait_for()
    page.reload()
    page.locator(".fl-step h3:visible", has_text="7. Exit ticket").wait_for()  # a reload does not begin anew


SELECTED = "name => document.querySelector(`#fo-tab-${name}-button`)?.getAttribute('aria-selected') === 'true'"


def test_the_worksheet_is_a_file_in_the_pages_language(in_class):
    page = in_class("?lang=de")
    page.locator(".fl-paper summary").click()
    for ending in ("odt", "pdf"):
        with page.expect_download() as waiting:
            page.locator(f".fl-file[data-format={ending}]").click()
        assert waiting.value.suggested_filename == f"face-off-de.{ending}"
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF-")


def test_only_the_teacher_gets_the_answer_key(in_class):
    page = in_class()
    assert text.ANSWER_KEY[0] not in page.locator(".fl").inner_text()
    unlock(page)
    page.locator(".fl-key summary").click()
    assert all(one in page.locator(".fl-key-sheet").inner_text() for one in text.ANSWER_KEY)
    page.evaluate(PRINT)
    for button, said in {".fl-key-print": text.ANSWER_KEY[-1], ".fl-unplugged-print": text.UNPLUGGED[0]}.items():
        page.locator(button).click()
        page.wait_for_function("said => window.printed?.includes(said)", arg=said)


PRINT = """() => { window.print = () => { window.printed = document.querySelector('.fl-onpaper').textContent; }; }"""
