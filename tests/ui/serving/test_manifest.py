"""The page can be installed as an app, and asks nobody else for anything."""

import json
from urllib.parse import urljoin

import httpx
import pytest

from ui.serving.manifest import MANIFEST


def test_the_manifest_names_addresses_beside_its_own(url):
    answer = httpx.get(urljoin(url, "manifest.json"))
    assert answer.headers["content-type"] == "application/manifest+json"
    assert answer.json() == MANIFEST and answer.headers["x-content-type-options"] == "nosniff"
    icon = httpx.get(urljoin(url, MANIFEST["icons"][0]["src"]))
    assert icon.headers["content-type"].startswith("image/svg+xml") and "<svg" in icon.text
    assert all("//" not in one["src"] and not one["src"].startswith("/") for one in MANIFEST["icons"])


@pytest.mark.browser
def test_a_browser_understands_the_manifest(url, browser, visits):
    with visits() as visit:
        page = visit(browser, url, wait=60)
        page.wait_for_function("document.title === 'Compare · Face-off'")
        read = page.context.new_cdp_session(page).send("Page.getAppManifest")
        assert read["errors"] == [] and json.loads(read["data"]) == MANIFEST
        assert read["url"] == urljoin(url, "manifest.json")
