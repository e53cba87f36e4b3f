"""Names that are answered, and what a proxy may say."""

import socket

import httpx
import pytest

from tests.ui.serving.small import launched, policy
from ui.serving.forwarded import Proxy, asked_host
from ui.serving.hosts import hostname, hosts
from ui.serving.refusal import Refusal


@pytest.fixture(autouse=True)
def no_space(monkeypatch):
    for name in ("SPACE_ID", "SPACE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:7860",
        "localhost.:7860",
        "127.0.0.1:7860",
        "127.8.9.10",
        "[::1]:7860",
        "192.168.1.20:7860",
        "10.0.0.1",
        "[fe80::1]:7860",
        "[fd00::5]",
        "[::ffff:192.168.1.20]:7860",
        socket.gethostname(),
        f"{socket.gethostname().partition('.')[0]}.local:7860",
    ],
)
def test_this_machine_and_its_network_are_answered(host):
    hosts().check(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "8.8.8.8",
        "[2001:4860::1]",
        "0.0.0.0:7860",
        "",
        "a b",
        "user@localhost",
        "localhost:port",
        "localhost/..",
        "1a2b.gradio.live",
        "someone-face-off.hf.space",
        "2130706433",
    ],
)
def test_other_names_are_not(host):
    with pytest.raises(Refusal):
        hosts().check(host)


def test_the_address_the_connection_came_in_on_is_answered():
    hosts().check("203.0.113.9:7860", "203.0.113.9")
    hosts().check("[2001:db8::7]", "2001:db8::7")


def test_further_names_are_answered_when_they_are_allowed(monkeypatch):
    allowed = hosts(["faces.school.example", "Other.Example:8080", "*.lan.example"], listening="box.example")
    for host in ("faces.school.example", "FACES.school.example:443", "other.example", "a.b.lan.example", "box.example"):
        allowed.check(host)
    for host in ("school.example", "lan.example", "xfaces.school.example"):
        with pytest.raises(Refusal, match=f"--allow-host {host}"):
            allowed.check(host)


def test_share_and_space_have_names_of_their_own(monkeypatch):
    hosts(share=True).check("1a2b3c.gradio.live")
    monkeypatch.setenv("SPACE_ID", "someone/face-off")
    monkeypatch.setenv("SPACE_HOST", "faces.custom.example")
    for host in ("someone-face-off.hf.space", "faces.custom.example", "10.1.2.3:7860"):
        hosts().check(host)
    with pytest.raises(Refusal):
        hosts().check("evilhf.space")


@pytest.mark.parametrize(
    ("origin", "host", "accepted"),
    [
        ("http://localhost:7860", "localhost:7860", True),
        ("https://faces.example", "faces.example", True),
        ("https://faces.example", "faces.example:443", True),
        ("http://faces.example:80", "faces.example", True),
        ("http://[::1]:7860", "[::1]:7860", True),
        ("http://localhost:3000", "localhost:7860", False),
        ("http://faces.example:3000", "faces.example", False),
        ("http://evil.example", "localhost:7860", False),
        ("https://declared.example", "127.0.0.1:7860", True),
        ("http://localhost", "127.0.0.1:7860", False),
        ("null", "localhost:7860", False),
        ("http://", "localhost:7860", False),
        ("http://[", "localhost:7860", False),
        ("http://a:b", "localhost:7860", False),
    ],
)
def test_an_origin_is_compared_with_the_host(origin, host, accepted):
    try:
        hosts(["declared.example"]).check_origin({"origin": origin}, host)
        seen = True
    except Refusal:
        seen = False
    assert seen is accepted


def test_a_name_is_read_from_a_header():
    assert [hostname(text) for text in ("A.b:80", "[::1]:80", "x.", "a:b", "[", "a@b", "a/b")] == (
        ["a.b", "::1", "x", "", "", "", ""]
    )


def test_other_hosts_are_refused_in_one_sentence(small):
    answer = httpx.get(small, headers={"host": "rebound.example:7860"})
    assert answer.status_code == 403
    assert "'rebound.example'" in answer.text and "--allow-host rebound.example" in answer.text
    assert httpx.get(small, headers={"host": "localhost:1234"}).status_code == 200


# ---- proxies


def scope(*headers, client="203.0.113.4"):
    return {"headers": [(name, value) for name, value in headers], "client": (client, 5), "scheme": "http"}


CLAIMS = (
    (b"host", b"127.0.0.1:7860"),
    (b"x-forwarded-host", b"faces.example, inner"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-for", b"1.1.1.1, 198.51.100.7, 8.8.8.8"),
    (b"x-gradio-server", b"https://evil.example"),
    (b"forwarded", b"host=evil.example"),
)


def test_without_a_proxy_its_claims_are_dropped():
    read = Proxy().read(scope(*CLAIMS))
    assert read["headers"] == [(b"host", b"127.0.0.1:7860")]
    assert (read["scheme"], read["client"][0], asked_host(read)) == ("http", "203.0.113.4", "127.0.0.1:7860")


def test_a_trusted_proxy_is_believed():
    read = Proxy(trusted=True).read(scope(*CLAIMS))
    assert asked_host(read) == "faces.example"
    assert (read["scheme"], read["client"][0]) == ("https", "8.8.8.8")
    assert b"x-gradio-server" not in dict(read["headers"])


@pytest.mark.parametrize(
    ("line", "client"),
    [
        (b"8.8.8.8, 10.0.0.3", "8.8.8.8"),  # an inner proxy
        (b"made-up, 8.8.4.4", "8.8.4.4"),
        (b"192.168.1.7, 192.168.1.9", "192.168.1.9"),  # a school's own network
        (b"[2001:4860::8]", "2001:4860::8"),
        (b"unknown", "203.0.113.4"),
    ],
)
def test_who_asks_is_the_last_that_a_proxy_of_ours_has_seen(line, client):
    assert Proxy(trusted=True).read(scope((b"x-forwarded-for", line)))["client"][0] == client


def test_the_tunnel_of_a_public_link_comes_from_this_computer():
    proxy, told = Proxy(on_loopback=True), (b"x-forwarded-host", b"1a2b.gradio.live")
    assert asked_host(proxy.read(scope(told, client="127.0.0.1"))) == "1a2b.gradio.live"
    assert asked_host(proxy.read(scope(told, client="203.0.113.4"))) == ""


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-gradio-server"])
def test_nobody_can_put_another_address_into_the_page(small, header):
    page = httpx.get(small, headers={header: "https://evil.example"}).text
    config = httpx.get(f"{small}/config", headers={header: "evil.example"}).json()
    assert "evil.example" not in page
    assert config["root"] == small


def test_a_proxy_cannot_rename_the_host_to_one_that_is_not_allowed(folder):
    with launched(policy(proxy=Proxy(trusted=True), hosts=hosts(["faces.example"]))) as address:
        told = lambda name: httpx.get(
            f"{address}/config", headers={"x-forwarded-host": name, "x-forwarded-proto": "https"}
        )
        assert told("faces.example").json()["root"] == "https://faces.example"
        assert told("evil.example").status_code == 403
