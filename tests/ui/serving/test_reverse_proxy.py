"""The small app behind reverse proxies of several kinds, from a browser and from gradio_client."""

import contextlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gradio_client
import httpx
import pytest

from tests.ui.serving.small import launched, policy
from tests.waiting import begun, ended
from ui.serving.forwarded import Proxy
from ui.serving.hosts import hosts
from ui.serving.manifest import MANIFEST

HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Kind:
    """A proxy, and how the app is started behind it.

    Parameters
    ----------
    prefix : str
        Path that the proxy publishes the app below.
    strips : bool
        Whether it takes the prefix off.
    keeps_host : bool
        Whether the app is told the host that was asked for.
    tells : bool
        Whether it sends X-Forwarded-* headers, and the app believes them.
    buffers : bool
        Whether it collects an answer before it passes it on, unless it is asked not to.
    """

    prefix: str = ""
    strips: bool = False
    keeps_host: bool = True
    tells: bool = False
    buffers: bool = False


KINDS = {
    "plain": Kind(),
    "prefix stripped": Kind("/faces", strips=True),
    "prefix kept": Kind("/faces"),
    "other host": Kind(keeps_host=False, tells=True),
    "TLS ended": Kind(tells=True),
    "buffering": Kind(buffers=True),
}


def handler(kind: Kind, behind: str, scheme: str):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.removeprefix(kind.prefix) if kind.strips else self.path
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            if kind.keeps_host:
                headers["host"] = self.headers["host"]
            if kind.tells:
                told = {"host": self.headers["host"], "proto": scheme, "for": self.client_address[0]}
                headers |= {f"x-forwarded-{name}": value for name, value in told.items()}
            with httpx.stream(self.command, behind + path, headers=headers, content=body, timeout=30) as answer:
                self.pass_on(answer)

        do_POST = do_HEAD = do_GET

        def pass_on(self, answer):
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            pieces = answer.iter_raw()
            if kind.buffers and answer.headers.get("x-accel-buffering") != "no":
                pieces = [b"".join(pieces)]
            with contextlib.suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
            self.close_connection = True

        def log_message(self, *_):
            pass

    return Handler


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a browser that goes away breaks its connections
        pass


@pytest.fixture(params=KINDS)
def published(request, folder):
    """The address below which a proxy publishes the app."""
    kind = KINDS[request.param]
    proxied = policy(proxy=Proxy(trusted=kind.tells), hosts=hosts(), root=kind.prefix)
    with launched(proxied, root_path=kind.prefix or None) as behind:
        running = Quiet(("127.0.0.1", 0), handler(kind, behind, "http"))
        thread = begun(running.serve_forever)
        yield f"http://127.0.0.1:{running.server_port}{kind.prefix}"
        running.shutdown()
        running.server_close()
        assert ended(thread)


def test_programs_get_through(published, tmp_path):
    client = gradio_client.Client(published, verbose=False)
    assert client.predict("abc", api_name="/turn") == "cba"
    (tmp_path / "a.txt").write_text("hello")
    assert client.predict(gradio_client.handle_file(tmp_path / "a.txt"), api_name="/size") == "5"


def test_the_manifest_is_found_below_the_prefix(published):
    assert httpx.get(f"{published}/manifest.json").json() == MANIFEST


@pytest.mark.browser
def test_the_page_works(published, visits, browser, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with visits() as visit:
        page = visit(browser, f"{published}/", wait=15)
        page.locator("#small >> text=HELLO").wait_for()  # a script of ours, under the policy, and its call
        page.get_by_label("Given").fill("abc")
        page.get_by_role("button", name="Press").click()
        page.wait_for_function("[...document.querySelectorAll('textarea, input')].some((box) => box.value === 'cba')")
        page.locator("input[type=file]").first.set_input_files(tmp_path / "a.txt")
        page.wait_for_function("[...document.querySelectorAll('textarea, input')].some((box) => box.value === '5')")


def test_https_is_told_by_a_trusted_proxy_only(folder):
    told = {"x-forwarded-proto": "https", "x-forwarded-host": "faces.example"}
    for trusted, root in [(True, "https://faces.example"), (False, None)]:
        allowed = hosts(["faces.example"])
        with launched(policy(proxy=Proxy(trusted=trusted), hosts=allowed)) as behind:
            answer = httpx.get(f"{behind}/config", headers=told)
            assert answer.json()["root"] == (root or behind)


def test_an_address_as_root_path_is_the_page_s(folder):
    address = "https://school.example/faces"
    with launched(policy(root=address, hosts=hosts(["school.example"])), root_path=address) as behind:
        answer = httpx.get(f"{behind}/config", headers={"host": "school.example"})
        assert answer.json()["root"] == address
        own = {"origin": "https://school.example"}
        assert httpx.post(f"{behind}/gradio_api/call/turn", json={"data": ["a"]}, headers=own).status_code == 200
