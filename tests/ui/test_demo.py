"""`demo.py`: what it says when it cannot serve, and that it serves in time when it can."""

import argparse
import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.routes import App

import demo
from tests.waiting import answers, program, wait_for
from ui import app as ui_app
from ui import gradio_state
from ui import text as wording
from ui.model_service import ModelService

DEMO = Path(demo.__file__)


@pytest.mark.parametrize("version", [(3, 7, 17), (3, 9, 1), (3, 15, 0), (4, 0, 0)])
def test_other_pythons_get_one_sentence(version):
    with pytest.raises(SystemExit, match=r"3\.10 to 3\.14; this is {}\.{}".format(*version)):
        demo.refuse_other_pythons(version)


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 12, 12), (3, 13, 0), (3, 14, 2)])
def test_supported_pythons_pass(version):
    demo.refuse_other_pythons(version)


def test_old_pythons_can_read_it_as_far_as_the_sentence():
    tree = ast.parse(DEMO.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"argparse", "os", "sys"}


def test_half_a_certificate_and_missing_files_are_refused(capsys, tmp_path):
    for argv in (["--ssl-certfile", str(DEMO)], ["--ssl-certfile", "none.pem", "--ssl-keyfile", "none.pem"]):
        with pytest.raises(SystemExit) as stopped:
            demo.parse(argv)
        assert stopped.value.code == 2
    errors = capsys.readouterr().err
    assert "belong together" in errors
    assert "there is no file none.pem" in errors


@pytest.mark.parametrize("port", ["0", "70000", "-1", "many"])
def test_what_is_not_a_port_is_refused(port):
    with pytest.raises(SystemExit) as stopped:
        demo.parse(["--port", port])
    assert stopped.value.code == 2


def test_a_root_path_is_a_path_or_an_address():
    assert [demo.parse(["--root-path", one]).root_path for one in ("/faces", "https://a.example/b")]
    with pytest.raises(SystemExit):
        demo.parse(["--root-path", "faces"])


def test_hosts_can_be_allowed_several_times():
    args = demo.parse(
        ["--allow-host", "a.example", "--allow-host", "*.b.example", "--root-path", "https://c.example/d"]
    )
    policy = ui_app._policy(args)
    for host in ("a.example", "x.b.example", "c.example"):
        policy.hosts.check(host)
    assert policy.path({"path": "/d/config"}) == policy.path({"path": "/config"}) == "/config"
    assert not policy.proxy.trusted


@pytest.mark.parametrize(
    "command", [["demo.py"], ["-m", "zoo"], ["-m", "zoo", "video"], ["-m", "zoo", "train", "hog-svm"]]
)
def test_help_needs_no_docstrings(command):
    command = [sys.executable, "-OO", *command, "--help"]
    done = subprocess.run(command, cwd=DEMO.parent, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--help" in done.stdout


# Runs demo.py as a terminal does: background jobs, such as the tests in CI, ignore Ctrl-C, and children inherit that.
# Not with preexec_fn: it can block for ever in a process with threads, as that of the tests is.
AT_A_TERMINAL = (
    "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "sys.argv = sys.argv[1:]; sys.path.insert(0, ''); runpy.run_path(sys.argv[0], run_name='__main__')"
)


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="Ctrl-C is another thing on Windows")
def test_ctrl_c_while_it_starts_ends_it_without_a_traceback(tmp_path):
    command, log = [sys.executable, "-X", "importtime", "-c", AT_A_TERMINAL, str(DEMO)], tmp_path / "log.txt"
    with log.open("wb") as out, program(command, cwd=DEMO.parent, stderr=out) as running:
        assert wait_for(lambda: b"httpx\n" in log.read_bytes() or running.poll() is not None, 60)
        running.send_signal(signal.SIGINT)  # in the middle of the imports
        assert running.wait(20) == demo.STOPPED
    said = log.read_text(errors="replace")
    assert "Traceback" not in said and "KeyboardInterrupt" not in said


def test_uploads_that_cannot_be_kept_are_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(SystemExit, match=r"Cannot write in the folder .*below .*GRADIO_TEMP_DIR"):
        ui_app.serve(arguments())


def test_it_starts_without_standard_streams(monkeypatch):
    seen = []
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr("ui.app.serve", lambda _: seen.extend([sys.stdin, sys.stdout, sys.stderr]))
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    demo.main([])
    assert len(seen) == 3 and None not in seen
    for stream in seen:
        stream.close()


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        demo.parse(["--help"])
    text = capsys.readouterr().out
    assert all(
        option in text for option in ("--host", "--port", "--share", "--ssl-certfile", "--ssl-keyfile", "--root-path")
    )
    assert "--allow-host" in text and "--trust-proxy" in text


def test_share_without_internet_is_one_sentence(app, url, monkeypatch):
    def offline(*_):
        raise RuntimeError("Could not get share link from Gradio API Server.")

    monkeypatch.setattr(gradio_state.networking, "setup_tunnel", offline)
    sentence = ui_app.share(app)
    assert sentence.startswith("No public link")
    assert "local page runs" in sentence
    assert "\n" not in sentence
    assert httpx.get(f"{url}config").status_code == 200


def arguments(**given):
    """The command line with nothing chosen but this."""
    usual = {"host": None, "port": None, "ssl_certfile": None, "ssl_keyfile": None, "share": False, "classroom": False}
    return argparse.Namespace(**usual | given)


def test_a_port_in_use_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        nowhere = arguments(port=port)
        with pytest.raises(SystemExit, match=f"127.0.0.1:{port}; another program uses it"):
            ui_app.serve(nowhere)


def test_an_address_of_another_computer_is_one_sentence():
    away = arguments(host="192.0.2.1")
    with pytest.raises(SystemExit, match=r"192\.0\.2\.1: this computer does not have that address"):
        ui_app.serve(away)


def test_files_that_are_no_certificate_are_one_sentence():
    words = arguments(ssl_certfile=str(DEMO), ssl_keyfile=str(DEMO))
    with pytest.raises(SystemExit, match=r"Cannot serve https with .*demo\.py.*PEM files"):
        ui_app.serve(words)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_a_certificate_passes_only_with_its_own_key(tmp_path):
    for name in ("mine", "other"):
        where = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=localhost")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *where]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    ui_app.check_certificate(str(tmp_path / "mine.pem"), str(tmp_path / "mine.key"))
    with pytest.raises(SystemExit, match="its own private key"):
        ui_app.check_certificate(str(tmp_path / "mine.pem"), str(tmp_path / "other.key"))


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"host": "127.0.0.1:7860"}, wording.PRIVACY_LOCAL),
        ({"host": "1a2b.gradio.live"}, wording.PRIVACY_SHARED),
        ({"host": "127.0.0.1:7860", "x-forwarded-host": "1a2b.gradio.live"}, wording.PRIVACY_SHARED),
        ({}, wording.PRIVACY_SERVER),
    ],
)
def test_the_foot_says_where_pictures_go(headers, sentence, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert sentence in ui_app._privacy_here(argparse.Namespace(headers=headers))


def test_the_page_says_truly_whether_models_are_warm():
    cold = ModelService(workers=1)
    assert wording.WARMING in ui_app._status(cold)
    cold.warm()
    assert ui_app._status(cold) == ""
    cold.close()


def test_no_tensorflow_is_loaded_and_the_page_is_up_soon_and_ends_with_a_page_open(tmp_path):
    """Bounds are loose here: other tests may share the cores. On two free ones the page takes 5 s."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-X", "importtime", str(DEMO), "--port", str(port)]
    env = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path)}
    log, address = tmp_path / "log.txt", f"http://127.0.0.1:{port}"
    start = time.perf_counter()
    with log.open("wb") as out, program(command, stdout=out, stderr=out, cwd=tmp_path, env=env) as running:
        assert wait_for(lambda: running.poll() is not None or answers(f"{address}/config"), 60)
        assert running.poll() is None, "demo.py ended before its page was up"
        assert time.perf_counter() - start < 30
        assert "event: complete" in compared(address)  # so all is imported
        with httpx.stream("GET", f"{address}/gradio_api/heartbeat/page", timeout=20) as page:
            heard = page.iter_lines()
            assert next(heard) == "data: ALIVE"
            running.terminate()
            for _ in heard:  # to its end, which the server tells before it ends itself
                pass
        assert running.wait(30) == 0
    loaded = set(re.findall(r"\|\s+([\w.]+)\s*$", log.read_text(errors="replace"), re.MULTILINE))
    assert {"gradio", "mediapipe"} <= loaded
    assert not {"tensorflow", "keras", "torch"} & loaded
    assert "Traceback" not in log.read_text(errors="replace")


def compared(address):
    """What Compare answers there for a picture; it waits until the models are loaded."""
    api, photo = f"{address}/gradio_api", DEMO.parent / "ui/pictures/photo.jpg"
    (path,) = httpx.post(f"{api}/upload", files={"files": photo.read_bytes()}, timeout=60).json()
    asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, ["cnn"], "7"]}
    event = httpx.post(f"{api}/call/compare", json=asked, timeout=60).json()["event_id"]
    return httpx.get(f"{api}/call/compare/{event}", timeout=60).text


def test_no_tools_for_assistants_are_served_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("GRADIO_MCP_SERVER", "true")
    blocks = gr.Blocks()
    App.setup_mcp_server(blocks, {}, ui_app.launch_options()["mcp_server"])
    assert blocks.mcp_server is False
    assert blocks.mcp_server_obj is None
