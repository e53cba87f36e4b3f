"""The gate, asked over real connections: what gets in, what is refused, and how."""

import asyncio
import collections
import contextlib
import errno
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import gradio_client
import httpx
import pytest

from tests.ui.serving.small import launched, policy
from tests.waiting import begun, wait_for
from ui.serving import protocol, storage
from ui.serving.guard import Guard
from ui.serving.storage import Quota

JSON = {"content-type": "application/json"}


def lines(sentence: str) -> int:
    return len(sentence.strip().splitlines())


def raw(address: str, data: bytes, seconds: float = 5.0) -> bytes:
    """What comes back to some bytes, until the other side closes or the time is over."""
    there = urlsplit(address)
    with socket.create_connection((there.hostname, there.port), timeout=seconds) as link:
        link.sendall(data)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
        return answer


def upload_head(address: str, length: int) -> bytes:
    return (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# ---- size


@pytest.mark.parametrize("path", ["component_server", "queue/join", "call/turn", "run/turn", "api/turn", "cancel"])
def test_json_of_more_than_a_megabyte_is_refused_in_one_sentence(small, path):
    answer = httpx.post(f"{small}/gradio_api/{path}", content=b"[" + b" " * 2**20, headers=JSON)
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"]
    assert lines(answer.json()["detail"]) == 1


def test_a_body_of_unknown_length_is_refused_at_its_limit(small):
    head = (
        f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: {urlsplit(small).netloc}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"10000\r\n" + b" " * 2**16 + b"\r\n"
    answer = raw(small, head.encode() + 17 * piece, 10)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"1 MB" in answer


def test_a_large_body_hurts_nobody_else(small):
    """60 MB of empty lists held everybody up for 12 s."""
    body = b"[" + b"[]," * (20 * 2**20) + b"[]]"

    def attack():
        for _ in range(3):
            httpx.post(f"{small}/gradio_api/component_server", content=body, headers=JSON)

    attacker, waits, until = begun(attack), [], time.monotonic() + 60
    while attacker.is_alive() or not waits:
        before = time.monotonic()
        assert httpx.get(f"{small}/config").status_code == 200
        waits.append(time.monotonic() - before)
        assert time.monotonic() < until
    assert max(waits) < 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"data":[' + b"[]," * 30_000 + b"[]]}", "too many values"),
        (b"1," * 500_000, "too many values"),
        (b'{"data":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "nested too deeply"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested too deeply"),
    ],
)
def test_json_that_is_costly_to_parse_is_refused(small, body, words):
    answer = httpx.post(f"{small}/gradio_api/component_server", content=body, headers=JSON)
    assert answer.status_code == 413
    assert words in answer.json()["detail"]


def test_what_looks_nested_inside_a_text_is_not(small):
    client = gradio_client.Client(small, verbose=False)
    text = '[{"' * 30_000
    assert client.predict(text, api_name="/turn") == text[::-1]


def test_a_form_field_of_more_than_16_kilobytes_is_refused(small, folder):
    answer = httpx.post(
        f"{small}/gradio_api/upload", data={"note": "x" * (16 * 2**10 + 1)}, files={"files": ("a.txt", b"a")}
    )
    assert (answer.status_code, lines(answer.text)) == (413, 1)
    assert "form field" in answer.text and "16 KB" in answer.text


def test_a_field_is_not_let_through_as_a_file_by_a_second_header(small):
    part = b'--b\r\nContent-Disposition: form-data; name="x"; filename="f"\r\nContent-Disposition: form-data; name="x"'
    body = part + b"\r\n\r\n" + b"x" * 40_000 + b"\r\n--b--\r\n"
    head = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{small}/gradio_api/upload", content=body, headers=head)
    assert answer.status_code == 413
    assert "form field" in answer.text


def test_files_over_the_limit_are_refused_and_leave_nothing(small, folder):
    before = files_in(folder)
    one = httpx.post(f"{small}/gradio_api/upload", files={"files": ("a.bin", bytes(3 * 2**20 + 1))})
    both = [("files", (f"{i}.bin", bytes(5 * 2**19))) for i in range(2)]
    two = httpx.post(f"{small}/gradio_api/upload", files=both)
    many = httpx.post(f"{small}/gradio_api/upload", files=[("files", (f"{i}.txt", b"a")) for i in range(101)])
    assert [one.status_code, two.status_code, many.status_code] == [413, 413, 413]
    assert "The file is too large; the limit is 3 MB" in one.text
    assert "The request is too large; the limit here is 4 MB" in two.text
    assert "at most 100 files" in many.text
    assert files_in(folder) == before


def test_what_one_client_uploads_is_counted(tmp_path, folder):
    with launched(policy(quota=Quota(3 * 2**20, 600))) as address:
        sent = lambda: httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.bin", bytes(2**20))})
        answers = [sent() for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 413, 413]
    assert "This address has uploaded 3 MB within 10 minutes" in answers[-1].text


def test_the_quota_forgets():
    now = [0.0]
    quota = Quota(10, 60, clock=lambda: now[0])
    quota.add("a", 10)
    assert (quota.used("a"), quota.used("b")) == (10, 0)
    now[0] = 61
    assert quota.used("a") == 0
    assert quota._sent == {}


def test_many_small_files_are_counted_as_what_they_take_on_the_disk(tmp_path, folder):
    """14 million files of one byte would have fitted into the limit of bytes."""
    files = [("files", (f"{i}.txt", b"a")) for i in range(40)]
    with launched(policy(quota=Quota(3 * 2**20, 600))) as address:
        answers = [httpx.post(f"{address}/gradio_api/upload", files=files) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 413]


@pytest.mark.parametrize(
    ("total", "left", "fits"),
    [(10**6, 10**5, True), (10**6, 19_999, False), (1000, 51, True), (1000, 49, False), (0, 0, True)],
)
def test_a_disk_that_can_hold_no_more_files_is_full(monkeypatch, total, left, fits):
    disk = collections.namedtuple("Disk", "total used free")(2**40, 0, 2**39)
    files = collections.namedtuple("Files", "f_files f_favail")(total, left)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: disk)
    monkeypatch.setattr(storage.os, "statvfs", lambda _: files, raising=False)
    with contextlib.nullcontext() if fits else pytest.raises(storage.Refusal, match="disk is full"):
        storage.check_room("/nowhere/at/all")


@pytest.mark.parametrize(
    "path", ["/config?x=", "/gradio_api/upload_progress?upload_id=", "/static/", "/gradio_api/file="]
)
def test_a_long_address_is_refused(small, path):
    """Gradio kept the name of every upload that somebody asked about: 147 KB each."""
    answer = httpx.get(f"{small}/{path}{'a' * 5000}")
    assert answer.status_code == 414
    assert answer.text == "The address is too long; the limit is 4,096 bytes."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("component_server", {"data": [], "component_id": 10**9, "fn_name": "shout", "session_hash": "a"}),
        ("queue/join", {"data": [], "fn_index": -1, "session_hash": "a"}),
        ("run/turn", {"data": [], "fn_index": 99, "session_hash": "a"}),
        ("cancel", b'{"fn_index": 1e999}'),
        ("call/v2/turn", b'{"data": null}'),
        ("cancel", b'{"data": ["\\ud800"]}'),
    ],
)
def test_a_call_in_another_form_gets_one_sentence_and_leaves_one_line(small, caplog, path, body):
    """A traceback of 60 lines for every such request filled the operator's log."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with caplog.at_level("WARNING"):
        answer = httpx.post(f"{small}/gradio_api/{path}", content=sent, headers=JSON)
    assert answer.status_code == 400
    assert "does not have the form expected here" in answer.json()["detail"]
    assert lines(answer.json()["detail"]) == 1
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("path", ["queue/data?session_hash=nobody", "call/turn/nothing"])
def test_a_stream_of_nobody_ends_and_leaves_no_traceback(small, caplog, path):
    with caplog.at_level("WARNING"):
        answer = httpx.get(f"{small}/gradio_api/{path}", timeout=20)
        assert httpx.get(f"{small}/config").status_code == 200  # so that whatever was to be logged has been
    assert answer.status_code == 200 and "404: Not Found" in answer.text
    assert not caplog.records


def test_a_malformed_body_is_answered_once(small, caplog):
    host = urlsplit(small).netloc
    chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with caplog.at_level("WARNING"):
        answer = raw(small, f"GET /config HTTP/1.1\r\nHost: {host}\r\n{chunked}zz\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1") == 1
        begin = f"POST /gradio_api/call/turn HTTP/1.1\r\nHost: evil.example\r\n{chunked}1\r\na\r\n".encode()
        with socket.create_connection((urlsplit(small).hostname, urlsplit(small).port), timeout=5) as link:
            link.sendall(begin)
            assert link.recv(65536).startswith(b"HTTP/1.1 403")  # and reads on for a moment
            link.sendall(b"zz\r\n")
            with contextlib.suppress(ConnectionError):
                while link.recv(65536):
                    pass
        assert httpx.get(f"{small}/config").status_code == 200
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(small, method):
    assert httpx.request(method, f"{small}/gradio_api/queue/join").status_code == 403


def test_a_get_request_carries_nothing(small):
    answer = httpx.request("GET", f"{small}/config", content=b"x" * 10)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


# ---- ranges


@pytest.fixture
def static(small, folder):
    """The address of a file of ten bytes that was uploaded to the small app."""
    answer = httpx.post(f"{small}/gradio_api/upload", files={"files": ("ten.txt", b"0123456789")})
    return f"{small}/gradio_api/file={answer.json()[0]}"


@pytest.mark.parametrize(
    ("asked", "status", "sent"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=0-0", 206, b"0"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=0-999", 206, b"0123456789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("bytes=" + "0-," * 3000, 200, b"0123456789"),
        ("bytes=\xb2-\xb3", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=" + "9" * 5000 + "-", 200, b"0123456789"),
        ("bytes=99-", 416, None),
        ("bytes=5-1", 400, None),
    ],
)
def test_a_part_of_a_file_can_be_asked_for_and_nothing_else(static, asked, status, sent):
    answer = httpx.get(static, headers={"range": asked.encode("latin-1"), "x-mine": "reflected"})
    assert answer.status_code == status and sent in (None, answer.content)
    assert "x-mine" not in answer.headers


# ---- connections


def test_a_session_name_without_end_opens_no_stream(small):
    for name in ("a" * 65, "a%20b", "%0d%0ax"):
        assert httpx.get(f"{small}/gradio_api/heartbeat/{name}").status_code == 404


def is_turned_away(address: str) -> bool:
    """Whether a new connection is closed at once, with the answer or before that."""
    try:
        answer = raw(address, b"GET /config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    except ConnectionError:
        return True
    return answer.startswith(b"HTTP/1.1 503")


def test_when_there_are_many_connections_an_address_keeps_its_share_and_no_more(small, monkeypatch):
    monkeypatch.setattr(protocol, "MOST", 0)
    monkeypatch.setattr(protocol, "FEW", 3)
    there = urlsplit(small)
    with contextlib.ExitStack() as held:
        for _ in range(3):
            held.enter_context(socket.create_connection((there.hostname, there.port), timeout=5))
        assert wait_for(partial(is_turned_away, small))
    assert wait_for(lambda: httpx.get(f"{small}/config").status_code == 200)


# ---- time


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_headers_that_do_not_come_end_the_connection(small, begin, monkeypatch):
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)
    before = time.monotonic()
    assert raw(small, begin).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - before < 3


def test_headers_that_trickle_in_end_the_connection_too(small, monkeypatch):
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.5)
    there = urlsplit(small)
    with socket.create_connection((there.hostname, there.port), timeout=5) as link:
        link.sendall(b"GET /config HTTP/1.1\r\nHost: localhost\r\n")
        before = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - before < 4:
                link.sendall(b"X: y\r\n")
                time.sleep(0.05)
    assert time.monotonic() - before < 3


@pytest.mark.parametrize("kind", ["json", "upload"])
def test_bodies_that_stop_are_given_up_in_one_sentence(small, folder, kind):
    before, left = time.monotonic(), files_in(folder)
    if kind == "upload":
        start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nabc'
        answer = raw(small, upload_head(small, 100_000) + start)
    else:
        host = urlsplit(small).netloc
        head = f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        answer = raw(small, f"{head}Content-Length: 1000\r\n\r\n{{".encode(), 12)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"was given up" in answer
    assert time.monotonic() - before < 8
    assert files_in(folder) == left


def test_bodies_that_trickle_are_given_up_too(small):
    there = urlsplit(small)
    with socket.create_connection((there.hostname, there.port), timeout=8) as link:
        link.sendall(upload_head(small, 100_000))
        before = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - before < 7.5:
                link.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - before < 7.5


def test_a_slow_but_honest_upload_works(small):
    """Four times as long as may pass without a byte, at some kilobytes a second."""

    def slowly():
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\n'
        for _ in range(12):
            time.sleep(0.2)
            yield b"x" * 1000
        yield b"\r\n--b--\r\n"

    head = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{small}/gradio_api/upload", content=slowly(), headers=head, timeout=10)
    assert answer.status_code == 200
    assert Path(answer.json()[0]).stat().st_size == 12_000


def test_a_client_that_goes_away_leaves_no_file(small, folder):
    before = files_in(folder)
    there = urlsplit(small)
    with socket.create_connection((there.hostname, there.port), timeout=5) as link:
        start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="gone.txt"\r\n\r\n' + b"x" * 70_000
        link.sendall(upload_head(small, 200_000) + start)
        time.sleep(0.2)
    assert wait_for(lambda: files_in(folder) == before)


# ---- disk

Disk = collections.namedtuple("Disk", "total used free")


def test_a_full_disk_is_said_in_one_sentence(small, folder, monkeypatch):
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: Disk(2**40, 2**40, 2**27))
    before = files_in(folder)
    answer = httpx.post(f"{small}/gradio_api/upload", files={"files": ("a.bin", b"a")})
    assert (answer.status_code, answer.text) == (507, storage.FULL)
    assert files_in(folder) == before


def test_a_disk_that_fills_up_meanwhile_is_noticed(small, folder, monkeypatch):
    free = [2**40, 2**40]
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: Disk(2**41, 0, free.pop() if free else 0))
    before = files_in(folder)
    answer = httpx.post(f"{small}/gradio_api/upload", files={"files": ("a.bin", bytes(3 * 2**20))})
    assert (answer.status_code, answer.text) == (507, storage.FULL)
    assert files_in(folder) == before


def test_the_disk_keeps_some_room(monkeypatch):
    disk = []
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: disk[-1])
    for total, free, size, fits in [(2**40, 2**30, 2**29, True), (2**40, 2**29, 2**29, False), (2**26, 2**23, 0, True)]:
        disk.append(Disk(total, 0, free))
        if fits:
            storage.check_room("/nowhere/at/all", size)
        else:
            with pytest.raises(storage.Refusal, match="disk is full"):
                storage.check_room("/nowhere/at/all", size)


def test_an_error_while_writing_is_told_as_what_it_is():
    """A disk quota shows only when the file is written; Starlette has answered 500 by then."""

    async def full(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"Internal Server Error"})
        raise OSError(errno.ENOSPC, "No space left on device")

    status, body = answer_of(full, b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nabc')
    assert (status, body.decode()) == (507, storage.FULL)


def test_an_upload_of_text_instead_of_a_file_is_told_what_is_missing(small, folder, caplog):
    before = files_in(folder)
    body = b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nno file\r\n--b--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{small}/gradio_api/upload", content=body, headers=kind)
    assert answer.status_code == 400 and lines(answer.text) == 1, answer.text
    assert "Traceback" not in caplog.text and files_in(folder) == before


def test_other_errors_are_passed_on():
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"Internal Server Error"})
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        answer_of(broken, b"--b")


def test_a_fault_of_this_computer_is_not_the_callers(done):
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"Internal Server Error"})
        raise OSError(errno.EIO, "Input/output error")

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/cancel", "headers": headers, "scheme": "http"}
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        sent.append(message)

    with pytest.raises(OSError, match="Input/output"):
        done(Guard(broken, policy())(scope, receive, send))
    assert sent[0]["status"] == 500


def answer_of(app, body: bytes) -> tuple[int, bytes]:
    """Status and body that the gate sends for an upload to some ASGI application."""
    headers = [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=b")]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers, "scheme": "http"}
    sent, pieces = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return pieces.pop() if pieces else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    with ThreadPoolExecutor(1) as aside:  # this thread may run a loop already: the browser's
        aside.submit(lambda: asyncio.run(Guard(app, policy())(scope, receive, send))).result(60)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


# ---- who may send what


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", ["queue/join", "upload", "component_server", "call/turn", "run/turn"])
def test_pages_elsewhere_may_not_send(small, path, headers):
    answer = httpx.post(f"{small}/gradio_api/{path}", json={"data": ["a"]}, headers=headers)
    assert answer.status_code == 403
    assert "own page" in answer.text


def test_the_own_page_and_programs_may_send(small):
    called = lambda headers: httpx.post(f"{small}/gradio_api/call/turn", json={"data": ["abc"]}, headers=headers)
    own = {"origin": small, "sec-fetch-site": "same-origin"}
    for headers in ({}, own, {"origin": small}, {"sec-fetch-site": "none"}):
        assert called(headers).status_code == 200


def test_no_answer_can_be_read_by_another_site(small):
    for host in (urlsplit(small).netloc, "192.168.1.20:7860", "localhost"):
        answer = httpx.get(f"{small}/config", headers={"origin": "https://evil.example", "host": host})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
    asking = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert httpx.options(f"{small}/gradio_api/queue/join", headers=asking).status_code == 403


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("call/turn", "text/plain"),
        ("call/turn", "application/x-www-form-urlencoded"),
        ("component_server", "multipart/form-data; boundary=b"),
        ("component_server", "text/plain;application/json"),
        ("queue/join", ""),
        ("upload", "application/json"),
        ("upload", "multipart/mixed; boundary=b"),
    ],
)
def test_bodies_of_another_type_are_refused(small, path, kind):
    answer = httpx.post(
        f"{small}/gradio_api/{path}", content=json.dumps({"data": ["a"]}), headers={"content-type": kind}
    )
    assert answer.status_code == 415
    assert "Content-Type" in answer.text


def test_an_upload_without_a_boundary_is_refused(small):
    answer = httpx.post(f"{small}/gradio_api/upload", content=b"x", headers={"content-type": "multipart/form-data"})
    assert (answer.status_code, lines(answer.text)) == (400, 1)


CLOSED = [
    ("GET", "/gradio_api/deep_link?session_hash=a"),
    ("GET", "/gradio_api/file=https://example.com/a.png"),
    ("GET", "/gradio_api/file=http:/example.com/a.png"),
    ("GET", "/gradio_api/file/https://example.com/a.png"),
    ("GET", "/gradio_api/proxy=https://a.hf.space/x"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("GET", "/monitoring/key"),
    ("GET", "/gradio_api/dev/reload"),
    ("GET", "/gradio_api/vibe-code"),
    ("GET", "/gradio_api/custom_component/%1B%5B2J/server/a/b"),  # writes its words to the log as they are
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/token"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/pwa_icon/99999"),
    ("GET", "/logout"),
    ("POST", "/login"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/vibe-code"),
    ("POST", "/gradio_api/undo-vibe-edit"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/stream/abc"),
    ("POST", "/gradio_api/stream/abc/close"),
    ("POST", "/gradio_api/run-history/connect"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_routes_that_nobody_needs_are_closed(small, method, path):
    answer = httpx.request(method, small + path, **({"json": {}} if method == "POST" else {}))
    assert answer.status_code == 404
    assert "There is no such page here." in answer.text


def test_nothing_is_fetched_for_a_caller(small, monkeypatch):
    from gradio import routes

    asked = []
    monkeypatch.setattr(routes, "secure_url_stream_response", lambda *given: asked.append(given))
    for address in (
        "https://example.com/a.png",
        "HTTPS://example.com/a.png",
        "%68ttp://example.com/a",
        "//example.com/a",
    ):
        assert httpx.get(f"{small}/gradio_api/file={address}").status_code in (403, 404)
    assert asked == []


def test_gradio_client_works(small, tmp_path):
    client = gradio_client.Client(small, verbose=False)
    assert client.predict("abc", api_name="/turn") == "cba"
    (tmp_path / "a.txt").write_text("hello")
    assert client.predict(gradio_client.handle_file(tmp_path / "a.txt"), api_name="/size") == "5"
