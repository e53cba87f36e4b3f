"""What holds on every tab, as a browser computes it: type, width, focus, contrast, motion, paper."""

import pytest

from ui.components import choices

pytestmark = pytest.mark.browser
TABS = ("Compare", "Live", "Video", "Teach", "Zoo")
STYLE = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"


@pytest.fixture
def open_page(visits, browser, url):
    with visits() as visit:

        def open_one(address=url, **options):
            page = visit(browser, address, **options)
            page.wait_for_selector("#fo-tabs [role=tab]")
            return page

        yield open_one


def style(page, selector, name):
    return page.evaluate(STYLE, [selector, name])


def compared(page):
    page.locator('#fo-examples button[data-name="photo"]').click()
    page.wait_for_selector(".fo-results .fo-answer")
    return page


def choose(page, tab):
    page.get_by_role("tab", name=tab, exact=True).click()
    page.wait_for_function("tab => document.querySelector('[role=tab][aria-selected=true]').innerText === tab", arg=tab)


@pytest.mark.parametrize(("width", "size"), [(820, 18), (1280, 19.2), (1920, 22)])
def test_a_lesson_has_larger_type_in_gradios_parts_too(open_page, classroom_url, width, size):
    page = open_page(classroom_url, viewport={"width": width, "height": 900})
    assert style(page, "html", "fontSize") == f"{size}px"
    assert float(style(page, "#fo-tabs [role=tab]", "fontSize")[:-2]) == pytest.approx(0.875 * size)


def test_at_home_type_is_as_large_as_the_reader_chose_in_fonts_for_every_language(open_page):
    page = open_page()
    assert style(page, "html", "fontSize") == "16px" and style(page, "#fo-tabs [role=tab]", "fontSize") == "14px"
    fonts = style(page, "#fo-tabs", "fontFamily")  # Hindi and Chinese on Windows, on Apple's systems and on Linux
    for name in (
        "Nirmala UI",
        "Kohinoor Devanagari",
        "Noto Sans Devanagari",
        "YaHei",
        "PingFang SC",
        "Noto Sans CJK SC",
    ):
        assert 0 < fonts.index(name) < fonts.index("sans-serif")


def test_the_page_is_equally_wide_on_every_tab(open_page, classroom_url):
    wide = {"viewport": {"width": 1920, "height": 900}}
    for page, tabs in ((open_page(**wide), TABS), (open_page(classroom_url, **wide), ("Lesson", "Compare", "Zoo"))):
        widths = set()
        for tab in tabs:
            choose(page, tab)
            widths.add(page.locator("#fo-tabs").evaluate("tabs => tabs.offsetWidth"))
        assert len(widths) == 1 and min(widths) > 1400, widths
    assert widths.pop() > 1600


@pytest.mark.parametrize("width", [820, 1020, 1240])
def test_a_tablets_whole_width_is_used(open_page, width):
    """Gradio's own container grows in steps: 704 of 1,020 pixels."""
    page = open_page(viewport={"width": width, "height": 900})
    assert page.locator("#fo-tabs").evaluate("tabs => tabs.offsetWidth") >= width - 70


@pytest.mark.parametrize("width", [768, 820, 960, 1024])
def test_answers_stay_inside_their_card(open_page, width):
    page = compared(open_page(viewport={"width": width, "height": 1100}))
    beyond = page.locator(".fo-card").first.evaluate("""card => {
      const right = card.getBoundingClientRect().right;
      const parts = [...card.querySelectorAll('.fo-share, .fo-says, .fo-stage')];
      return parts.map((one) => one.getBoundingClientRect().right - right);
    }""")
    assert len(beyond) > 14 and max(beyond) <= 0


def test_a_long_class_name_stays_inside_its_card(open_page):
    page = compared(open_page(viewport={"width": 320, "height": 640}))  # 400 % zoom
    says = page.locator(".fo-card .fo-says").first
    says.locator("em").evaluate("one => { one.textContent = 'W'.repeat(40); }")
    assert says.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_tall_controls_stay_in_one_column(open_page):
    page = open_page()
    page.get_by_role("tab", name="Video").click()
    page.locator("#fv-start").wait_for()
    lefts = "[...document.querySelectorAll('.fv-row .fo-controls > *')].map((one) => one.getBoundingClientRect().left)"
    assert len(set(page.evaluate(lefts))) == 1


def test_controls_stay_in_view_and_can_be_scrolled(open_page):
    page = compared(open_page(viewport={"width": 1280, "height": 700}))
    page.evaluate("window.scrollTo({ top: 400, behavior: 'instant' })")
    page.wait_for_function("window.scrollY >= 300")
    box = page.locator(".fo-controls").first.bounding_box()
    assert 0 <= box["y"] <= 20 and box["height"] <= 700
    page.locator("#fo-options button").first.click()
    page.locator("#fo-labels input").last.focus()
    last = "[...document.querySelectorAll('#fo-labels input')].at(-1).getBoundingClientRect()"
    page.wait_for_function(f"0 <= {last}.top && {last}.bottom <= innerHeight")
    controls = "document.querySelector('.fo-controls')"  # the page scrolls, and not the column inside it
    page.wait_for_function(f"{controls}.scrollHeight <= {controls}.clientHeight + 1")


def test_no_word_of_the_stages_is_broken_on_a_phone(open_page):
    page = compared(open_page(viewport={"width": 390, "height": 844}))
    heights = page.locator(".fo-stage h4").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert len(heights) == 4 and len(set(heights)) == 1, heights
    page.add_style_tag(content=".fo-stages { overflow-wrap: normal !important; hyphens: none !important; }")
    texts = page.locator(".fo-stages :is(figcaption, p, dt)")
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"
    assert texts.count() >= 8 and texts.evaluate_all(cut) == []


@pytest.fixture
def large_type(launch, visits, url):
    """The Compare tab, answered, for a reader whose browser has type of twice the usual size."""
    browser = launch("--blink-settings=defaultFontSize=32")
    with visits() as visit:
        page = visit(browser, url, wait=60, viewport={"width": 1280, "height": 900}, locale="de-DE")
        page.wait_for_selector("#fo-status:not(:has(p))", state="attached")
        yield compared(page)
    browser.close()


def test_large_type_neither_overlaps_nor_scrolls_inside(large_type):
    assert style(large_type, "html", "fontSize") == "32px"
    box = lambda selector: large_type.locator(selector).bounding_box()
    caption, note = box("#fo-examples [aria-pressed=true] span"), box("#fo-examples summary")
    assert caption["y"] + caption["height"] <= note["y"] + 1
    assert large_type.locator("#fo-examples [aria-pressed=true] span").evaluate(
        "one => one.scrollWidth <= one.clientWidth"
    )
    assert style(large_type, ".fo-controls", "position") != "sticky"
    words = "[...document.querySelectorAll('.fo-stage h4, .fo-stages :is(p, figcaption, span)')]"
    assert large_type.evaluate(f"{words}.filter((one) => one.scrollWidth > one.clientWidth + 1).length") == 0
    assert large_type.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("size", "locale"), [((1280, 720), "en-GB"), ((1366, 768), "de-DE"), ((1920, 1080), "fr-FR")])
def test_a_newcomer_sees_picture_examples_and_models_without_scrolling(open_page, size, locale):
    page = open_page(viewport={"width": size[0], "height": size[1]}, locale=locale)
    page.wait_for_selector("#fo-models input")
    page.wait_for_selector("#fo-status:not(:has(p))", state="attached")
    for part in ("#fo-picture", "#fo-examples", "#fo-models"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], part
    controls = page.locator(".fo-controls").first
    assert controls.evaluate("one => one.scrollHeight <= one.clientHeight")
    assert page.locator("#fo-examples button").count() == 13


def test_a_models_family_is_marked_wherever_models_are_chosen(open_page, service):
    page = open_page()
    for tab, group in (("Compare", "fo-models"), ("Live", "fo-live-models"), ("Video", "fv-models")):
        choose(page, tab)
        if tab == "Video":
            page.locator("#fv-options button").first.click()
        page.wait_for_selector(f"#{group} input")
        signs = page.evaluate(
            """group => Object.fromEntries([...document.querySelectorAll(`#${group} label`)].map((label) =>
              [label.querySelector('input').name, getComputedStyle(label, '::after').content[1]]))""",
            group,
        )
        assert signs == {card.name: choices.SIGNS[card.family] for card in service.cards.values()}, group
        assert page.locator(f"#{group} .info-text").text_content() == "■ classical   ● deep"


@pytest.mark.parametrize("width", [820, 1280])
def test_answers_side_by_side_begin_at_the_same_heights(open_page, width):
    page = compared(open_page(viewport={"width": width, "height": 1100}, locale="de-DE"))
    page.get_by_text("HOG + SVM, kleinste Quadrate").first.wait_for()
    for part in (".fo-says", ".fo-bars"):
        tops = page.locator(f"#fo-face-1 .fo-face {part}").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().top)"
        )
        assert len(tops) == 2 and tops[0] == pytest.approx(tops[1], abs=0.5), part


def test_the_chosen_examples_caption_is_shown_and_each_is_named(open_page):
    page = open_page()
    for name in ("six-faces", "drawn-mouth-open"):
        page.locator(f"#fo-examples [data-name={name}]").click()
        page.mouse.move(0, 0)
        shown = "all => all.filter((one) => one.offsetWidth > 1).map((one) => one.innerText)"
        assert page.locator("#fo-examples button span").evaluate_all(shown) == [
            page.locator(f"#fo-examples [data-name={name}] span").inner_text()
        ]
    assert page.get_by_role("button", name="Lips closed").count() == 1
    page.locator("#fo-examples summary").click()
    assert page.locator("#fo-examples").get_by_text("nobody felt them").is_visible()


# Every control that a keyboard reaches on the open tab, with what is drawn around it while it has the focus.
RINGS = """() => {
  const kinds = ':is(a[href], button, input, select, textarea, summary, [tabindex="0"])', without = [];
  for (const one of document.querySelectorAll(`.gradio-container ${kinds}`)) {
    const seen = one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!seen || one.disabled || one.tabIndex < 0 || one.type === 'file') continue;
    one.focus({ focusVisible: true, preventScroll: true });
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    const ring = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2;
    if (document.activeElement === one && !ring) without.push(one.outerHTML.slice(0, 150));
  }
  return without; }"""


@pytest.mark.parametrize("tab", TABS)
def test_whatever_has_the_focus_shows_it(open_page, tab):
    page = compared(open_page())
    choose(page, tab)
    page.keyboard.press("Tab")
    assert page.evaluate(RINGS) == []
    assert page.evaluate("document.querySelectorAll('.gradio-container :is(button, input)').length") > 20


def test_forced_colours_keep_bars_ticks_and_the_open_tab(open_page):
    page = compared(open_page(forced_colors="active"))
    bar, track = page.locator(".fo-best .fo-track i").first, page.locator(".fo-best .fo-track").first
    assert bar.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(230, 159, 0)"
    assert track.evaluate("one => getComputedStyle(one).borderTopStyle") == "solid"
    assert style(page, "#fo-models input", "appearance") == "auto"
    chosen, other = (page.locator(f"#fo-tabs [aria-selected={on}]").first for on in ("true", "false"))
    assert chosen.evaluate("tab => getComputedStyle(tab).borderBottomWidth") == "3px"
    assert other.evaluate("tab => getComputedStyle(tab).borderBottomWidth") != "3px"
    choose(page, "Zoo")
    page.wait_for_selector(".fz-cell", state="attached")  # the model's page comes when the tab is opened
    shades = page.locator(".fz-cell").evaluate_all("all => all.map((one) => getComputedStyle(one).backgroundColor)")
    assert len(set(shades)) > 10


def test_scrolling_is_smooth_only_for_those_who_like_motion(open_page):
    assert style(open_page(), "html", "scrollBehavior") == "smooth"
    assert style(open_page(reduced_motion="reduce"), "html", "scrollBehavior") == "auto"


LIGHTNESS = """([selector, name]) => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const one = document.querySelector(selector);
  const [a, b] = [getComputedStyle(one)[name], getComputedStyle(one.closest('label')).backgroundColor].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_boxes_to_tick_stand_out_from_their_label(open_page, scheme):
    page = open_page(color_scheme=scheme)
    page.locator("#fo-options button").first.click()
    page.wait_for_selector("#fo-labels input")
    assert page.evaluate(LIGHTNESS, ["#fo-models input:not(:checked)", "borderTopColor"]) >= 3
    assert page.evaluate(LIGHTNESS, ["#fo-labels input:not(:checked)", "borderTopColor"]) >= 3


def test_a_printed_comparison_keeps_its_bars_and_leaves_the_controls_out(open_page):
    page = compared(open_page(viewport={"width": 794, "height": 1123}))
    page.emulate_media(media="print")
    assert style(page, ".fo-track i", "printColorAdjust") == "exact"
    hidden = (".fo-controls", ".fo-downloads", "#fo-tabs [role=tablist]", "[data-mattered]", "[data-keep='1']")
    assert [one for one in hidden if page.locator(one).first.is_visible()] == []
    page.emulate_media(media="screen")
    page.locator("[data-mattered]").click()
    page.wait_for_selector(".fo-held img")
    page.emulate_media(media="print")  # what was found is printed, and without the button of the card
    assert page.locator(".fo-held img").first.is_visible() and not page.locator("[data-keep='1']").is_visible()
    assert page.locator(".fo-photo img").is_visible() and page.evaluate("document.documentElement.scrollWidth") <= 794


def test_only_the_number_of_a_step_is_set_off(open_page):
    step = open_page().locator(".fo-empty li").first
    weights = step.evaluate("li => [...li.querySelectorAll('span')].map(span => getComputedStyle(span).fontWeight)")
    assert weights == ["700", "400"]


@pytest.mark.parametrize(("locale", "width"), [("en-GB", 768), ("de-DE", 1280), ("fr-FR", 1280)])
def test_the_leaderboard_fits_a_laptop_and_a_tablet(open_page, locale, width):
    page = open_page(locale=locale, viewport={"width": width, "height": 720})
    choose(page, "Zoo")
    board = page.locator("#fz-board .fz-scroll")
    board.wait_for()
    assert board.evaluate("one => one.scrollWidth <= one.clientWidth")


# What a finger cannot hit (WCAG 2.5.8), and letters below 12 pixels, among what is shown.
SMALL = """() => {
  const shown = [...document.querySelectorAll('.gradio-container *')].filter((one) =>
    one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.closest('.fo-skip, svg'));
  const controls = shown.filter((one) => one.matches('a[href], button, input, select, summary') && !one.disabled);
  const low = controls.filter((one) => {
    const { width, height } = (one.matches('input') ? one.closest('label') ?? one : one).getBoundingClientRect();
    return width > 2 && (width < 24 || height < 24);
  });
  const tiny = shown.filter((one) => one.offsetWidth > 2 && parseFloat(getComputedStyle(one).fontSize) < 12
    && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return [...low, ...tiny].map((one) => one.outerHTML.slice(0, 120)); }"""


def test_a_finger_hits_everything_and_all_is_large_enough_to_read(open_page):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = page.locator("#fo-picture [data-testid=upload-text]")
    box.get_by_text("choose").wait_for()  # a phone has nothing to drop
    compared(page)
    assert page.evaluate(SMALL) == []
    choose(page, "Zoo")
    page.wait_for_selector("#fz-page .fz-card")
    assert page.evaluate(SMALL) == []


def test_the_optional_picture_looks_like_the_other_options(open_page):
    page = open_page()
    page.locator("#fo-options button").first.click()
    page.locator("#fo-rest-picture").wait_for()
    assert style(page, "#fo-rest-picture", "borderTopColor") == style(page, ".fo-thumbs img", "borderTopColor")
    assert style(page, "#fo-rest-picture", "borderTopWidth") == "1px"
    title, box = (page.locator(f"#fo-rest-box{one}").first.bounding_box() for one in (" h3", ""))
    assert title["x"] - box["x"] >= 8
