"""No test waits without a limit: one that hangs would end a whole run, and say nothing about why."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OWN = {TESTS / "waiting.py", Path(__file__)}  # the limits themselves
BARE = {"join", "wait", "result", "get", "acquire", "communicate", "exception"}  # wait for ever unless told otherwise
RUNS = {"run", "call", "check_call", "check_output"}
PIPES = {"stdout", "stderr"}


def complaints(code: str) -> list[str]:
    """What is wrong with this code, each with its line."""
    found = [f"line {node.lineno}: {words}" for node in ast.walk(ast.parse(code)) if (words := _complaint(node))]
    return sorted(found, key=lambda one: int(one.split()[1][:-1]))


def _complaint(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _of_call(node, ast.unparse(node.func))
    if isinstance(node, ast.While) and _only_waits(node) and "monotonic" not in ast.unparse(node.test):
        return "waits in a loop without a limit; use wait_for"
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Attribute) and node.iter.attr in PIPES:
        return "reads a pipe without a limit; use communicate(timeout=…) or first_line"
    return ""


def _of_call(call: ast.Call, name: str) -> str:
    last, told = name.rpartition(".")[2], {keyword.arg for keyword in call.keywords}
    limited = bool({"timeout", None} & told)  # None: **options
    if "preexec_fn" in told:
        return "preexec_fn is not safe in a process with threads"
    if (name.startswith("subprocess.") and last in RUNS or last == "urlopen") and not limited:
        return f"{name} without timeout="
    if last == "Thread" and "daemon" not in told:
        return "a thread that keeps Python from ending; use begun"
    if isinstance(call.func, ast.Attribute) and last in BARE and not (call.args or told):
        return f"{name}() without a limit"
    if last in ("read", "readline", "readlines") and name.split(".")[-2:-1] and name.split(".")[-2] in PIPES:
        return f"{name} without a limit; use communicate(timeout=…) or first_line"
    return ""


def _only_waits(loop: ast.While) -> bool:
    body, test = ast.unparse(ast.Module(loop.body, [])), ast.unparse(loop.test)
    return "sleep(" in body or body == "pass" and "recv(" not in test  # sockets have a limit of their own


@pytest.mark.parametrize("path", sorted(set(TESTS.rglob("*.py")) - OWN), ids=lambda path: str(path.relative_to(TESTS)))
def test_every_wait_has_a_limit(path):
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "thread.join()",
        "process.wait()",
        "job.result()",
        "lines.get()",
        "subprocess.run(['true'])",
        "subprocess.Popen(['true'], preexec_fn=None)",
        "urllib.request.urlopen(link).read()",
        "threading.Thread(target=work).start()",
        "process.stderr.read()",
        "for line in process.stdout: pass",
        "while not done: pass",
        "while not done:\n    time.sleep(1)",
    ],
)
def test_a_wait_without_a_limit_is_seen(code):
    assert len(complaints(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "thread.join(5)",
        "', '.join(words)",
        "process.wait(timeout=5)",
        "subprocess.run(['true'], timeout=5)",
        "urlopen(link, timeout=5)",
        "while not done and time.monotonic() < until: time.sleep(0.1)",
        "for line in text.splitlines(): pass",
        "while link.recv(65536): pass",
    ],
)
def test_a_wait_with_a_limit_is_fine(code):
    assert complaints(code) == []
