"""Where the app listens, what it tells about that, and that no proxy stands between it and itself."""

import os
import socket

import httpx
import pytest
from gradio import networking

from tests.ui.serving.small import launched
from ui.serving import addresses, server
from ui.serving.environment import without_proxies

IPV6 = socket.has_ipv6 and server.can_listen("::1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", *(["::1", "[::1]", "::"] if IPV6 else [])])
def test_any_address_of_this_computer_can_be_listened_on(folder, host):
    with launched(host=host) as address:
        assert httpx.get(f"{address}/config", trust_env=False).status_code == 200
        if host in ("::", "0.0.0.0"):
            port = address.rpartition(":")[2]
            assert httpx.get(f"http://127.0.0.1:{port}/config", trust_env=False).status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid", "[", "a" * 70, ""])
def test_what_is_not_this_computer_s_is_known_before(host, monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    assert server.can_listen(host) is (host == "")  # none given: the loopback


def test_the_next_free_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        with server.Address("127.0.0.1", range(first, first + 20)).listen() as found:
            assert found.getsockname()[1] > first
        with pytest.raises(OSError):
            server.Address("127.0.0.1", range(first, first + 1)).listen()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_answer_waits_for_the_client_s_acknowledgement(host):
    with server.address(host, None).listen() as listening, socket.create_connection(listening.getsockname()[:2]):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_space_tells_where_to_listen(monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7863")
    assert server.address(None, None) == server.Address("0.0.0.0", range(7863, 7963))
    assert server.address("::1", 80) == server.Address("::1", range(80, 81))
    monkeypatch.setenv("GRADIO_SERVER_PORT", "65500")
    assert server.address(None, None).ports == range(65500, 65536)


@pytest.mark.parametrize("variable", ["GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"])
@pytest.mark.parametrize("value", ["seven", "0", "-1", "65536", "7860.0", "٧٨٦٠"])
def test_a_wrong_number_of_the_environment_is_one_sentence(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit, match=f"{variable} is .*; expected a whole number from 1 to 65535"):
        server.address(None, None)
    monkeypatch.setenv(variable, " 9 ")
    assert 9 in (server.address(None, None).ports.start, len(server.address(None, None).ports))


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "nonsense"])
def test_a_proxy_of_the_environment_is_not_asked(folder, monkeypatch, proxy):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    with launched() as address:
        assert httpx.get(f"{address}/config", trust_env=False).status_code == 200
    assert os.environ["ALL_PROXY"] == proxy  # the public link goes through it


def test_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "a.example")
    monkeypatch.setenv("https_proxy", "http://p.example")
    before = dict(os.environ)
    with pytest.raises(KeyError), without_proxies():
        assert "https_proxy" not in os.environ
        raise KeyError
    assert dict(os.environ) == before


def test_what_others_type_is_told(monkeypatch):
    monkeypatch.setattr(addresses, "network_address", lambda: "192.168.1.20")
    told = addresses.for_others("0.0.0.0", "https://127.0.0.1:7860/")
    assert told == "https://192.168.1.20:7860/"
    assert told in addresses.announcement("https://127.0.0.1:7860/", told)
    assert addresses.for_others("192.168.1.20", "http://192.168.1.20:80/") == "http://192.168.1.20:80/"
    for host in ("127.0.0.1", "localhost", "::1"):
        assert addresses.for_others(host, "http://x:80/") == ""
    monkeypatch.setattr(addresses, "network_address", lambda: "")
    assert addresses.for_others("::", "http://[::1]:80/") == ""
    assert addresses.announcement("http://x/", "") == "Face-off runs on http://x/  (Ctrl-C stops it)"


def test_this_computer_s_address_is_one_it_can_listen_on():
    found = addresses.network_address()
    assert found == "" or server.can_listen(found)


def test_many_connections_may_be_open_where_the_system_allows_few():
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        server.allow_open_files(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 300
        server.allow_open_files(200)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_busy_computer_may_take_its_time_to_answer(folder, monkeypatch):
    monkeypatch.setattr(networking, "url_ok", lambda url: False)  # as after 3 s without an answer
    with launched() as address:
        assert httpx.get(f"{address}/config").status_code == 200
    assert not networking.url_ok(address)
