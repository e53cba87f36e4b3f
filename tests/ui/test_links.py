"""Links into the page; the address and the title follow the tab."""

import pytest

from ui import languages

pytestmark = pytest.mark.browser
SELECTED = "name => document.querySelector(`#fo-tab-${name}-button`)?.getAttribute('aria-selected') === 'true'"
UNKNOWN = (
    "?tab=attic",
    "?tab=&example=&models=",
    "?tab=compare&example=nobody&models=a,b",
    "?tab=__proto__&example=%22%5D%3Cb%3E",
)


@pytest.fixture
def visit_link(url, browser, visits):
    """``visit_link("?tab=zoo")``: the page behind a link, and the errors of its scripts."""
    with visits() as visit:

        def opened(query: str):
            return visit(browser, url + query, wait=60)

        yield opened


def test_a_link_opens_a_tab_an_example_and_models(visit_link):
    page = visit_link("?tab=compare&example=mouth-open&models=cnn,hog-linear-svm&__theme=dark")
    page.locator("#fo-answer .fo-answer").nth(1).wait_for()
    assert page.locator("#fo-examples [aria-pressed=true]").get_attribute("data-name") == "mouth-open"
    chosen = [
        box.get_attribute("name") or box.get_attribute("value")
        for box in page.locator("#fo-models input:checked").all()
    ]
    assert len(chosen) == 2 and page.locator("#fo-answer .fo-answer").count() == 2
    assert "__theme=dark" in page.url and page.title() == "Compare · Face-off"


def test_the_address_and_the_title_follow_and_a_reload_stays(visit_link):
    german = languages.dictionaries()["de"]
    page = visit_link("?lang=de")
    page.wait_for_function(SELECTED, arg="compare")
    page.wait_for_function("title => document.title === title", arg=f"{german['tab.compare']} · Face-off")
    assert "tab=" not in page.url
    page.locator("#fo-tab-zoo-button").click()
    page.wait_for_url("**/?lang=de&tab=zoo")
    page.reload()
    page.wait_for_function(SELECTED, arg="zoo")
    page.wait_for_function("title => document.title === title", arg=f"{german['tab.zoo']} · Face-off")


def test_an_example_alone_opens_compare_and_another_choice_changes_the_link(visit_link):
    page = visit_link("?example=mouth-open")
    page.locator("#fo-answer .fo-answer").first.wait_for()
    page.locator("#fo-examples [data-name=photo]").click()
    page.wait_for_url("**example=photo")
    page.locator("#fo-models input").nth(2).click()
    page.wait_for_url("**models=*,*,*")


def test_what_is_not_known_is_ignored(visit_link):
    for query in UNKNOWN:
        page, errors = visit_link(query), []
        page.on("pageerror", lambda error, seen=errors: seen.append(error))
        page.reload()
        page.wait_for_function(SELECTED, arg="compare")
        page.locator("#fo-examples button").first.wait_for()
        page.wait_for_function("document.title === 'Compare · Face-off'")
        page.wait_for_function("document.querySelectorAll('#fo-models input:checked').length === 2")
        assert page.locator("#fo-examples [aria-pressed=true]").count() == 0 and errors == []
