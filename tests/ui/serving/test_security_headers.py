"""What answers carry, and that the page's policy stops a script that somebody smuggled in."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.waiting import begun
from ui.serving.headers import page_policy, script_hashes, security_headers


@pytest.fixture(autouse=True)
def no_space(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/theme.css", "/no/such/page", "/favicon.ico"])
def test_every_answer_has_them(small, path):
    headers = httpx.get(small + path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=(self)" in headers["permissions-policy"] and "microphone=()" in headers["permissions-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "server" not in headers


def test_the_page_allows_nothing_from_other_hosts_and_no_other_script(small):
    rules = dict(rule.split(" ", 1) for rule in httpx.get(small).headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'self'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "sha256-" in rules["script-src"]
    assert not any("http" in sources or "*" in sources for sources in rules.values())


def test_what_is_not_the_page_may_do_nothing(small):
    assert httpx.get(f"{small}/config").headers["content-security-policy"].startswith("default-src 'none'; sandbox")


def test_an_uploaded_page_runs_no_script(small):
    (path,) = httpx.post(f"{small}/gradio_api/upload", files={"files": ("a.html", b"<script>1</script>")}).json()
    answer = httpx.get(f"{small}/gradio_api/file={path}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_space_can_be_embedded_by_hugging_face_only(monkeypatch):
    assert "huggingface" not in page_policy([])
    monkeypatch.setenv("SPACE_ID", "someone/face-off")
    for policy_ in (page_policy([]), security_headers()["Content-Security-Policy"]):
        (ancestors,) = [rule for rule in policy_.split("; ") if rule.startswith("frame-ancestors")]
        assert ancestors == "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"


def test_events_are_not_to_be_collected_by_a_proxy(small):
    begun = httpx.post(f"{small}/gradio_api/call/turn", json={"data": ["a"]}).json()
    assert httpx.get(f"{small}/gradio_api/call/turn/{begun['event_id']}").headers["x-accel-buffering"] == "no"


def test_hashes_are_those_of_the_text_between_the_tags():
    # from the specification: https://www.w3.org/TR/CSP3/#example-hash
    markup = '<script src="a.js"></script><SCRIPT type="module">alert(\'Hello, world.\');</SCRIPT>'
    assert script_hashes(markup) == ["sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="]


SMUGGLED = [
    "<img src=x onerror='window.smuggled = 1'>",
    "<svg onload='window.smuggled = 1'></svg>",
    "<iframe srcdoc='<script>parent.smuggled = 1</script>'></iframe>",
    "<a id=link href='javascript:window.smuggled = 1'>x</a>",
]


@pytest.mark.browser
@pytest.mark.parametrize("markup", SMUGGLED)
def test_markup_in_the_page_runs_no_script(small, browser, markup):
    context = browser.new_context()
    page = context.new_page()
    page.goto(small)
    page.locator("#small >> text=HELLO").wait_for()
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate("(markup) => { document.querySelector('#small').innerHTML = markup; }", markup)
        page.evaluate("document.querySelector('#link')?.click()")
    assert page.evaluate("window.smuggled") is None
    context.close()


@pytest.fixture
def elsewhere(small):
    """Another site's page, with the app in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{small}'></iframe>".encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        begun(running.serve_forever)
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.mark.browser
def test_another_site_cannot_frame_the_page(elsewhere, browser):
    context = browser.new_context()
    page = context.new_page()
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(elsewhere)
    context.close()
