"""Every error that the page shows has a key, so that no page in another language shows it in English."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.image_files import UnreadError
from features.phrase import Phrase
from ui.compare import cover
from ui.compare import tab as compare_tab
from ui.lesson.classroom import WrongCodeError
from ui.live import tab as live_tab
from ui.teach import exports
from ui.teach import tab as teach_tab
from ui.video import tab as video_tab
from zoo.exchange.errors import ModelFileError
from zoo.safe_zip import UnpackError

ROOT = Path(__file__).parents[2]
# What the tabs catch, and the causes whose words they pass on. A `ModelFileError` has a key whatever it is made with.
TABS = (compare_tab, live_tab, teach_tab, video_tab)
CAUGHT = {error for tab in TABS for error in tab.BAD_INPUT} | {*exports.SORRY, *cover.ASKED_WRONGLY}
SHOWN = tuple((CAUGHT | {WrongCodeError, UnpackError, UnreadError}) - {ModelFileError})
SCRIPTS = "scripts send this to the API or forge it; the page does not"
CODE = "paths and arrays come from code and the command line, not from the page"
COUNTED = "the page counts these pictures and names them, without the reason"
HTTP = "the HTTP answer to a request that is not the page's, or that Gradio itself shows"
# Where words may stay in English, and why: by file, then by function ("" is all of them).
IN_ENGLISH = {
    "features/image_pixels.py": {"_to_uint8": CODE},
    "features/images.py": {"_read": CODE, "_read_file": CODE, "_load_array": CODE, "jpeg_header": CODE},
    "features/clips.py": {"_open_file": CODE},
    "zoo/datasets/folders.py": {"": CODE},
    "zoo/datasets/safe_tar.py": {"": CODE},
    "zoo/inference/patch.py": {"__post_init__": SCRIPTS},
    "zoo/inference/live_stream.py": {"read_frame": SCRIPTS},
    "zoo/inference/rested.py": {"by_numbers": SCRIPTS, "choose": SCRIPTS},
    "zoo/labels.py": {"": SCRIPTS},
    "zoo/models/label_mix.py": {"mix_named": SCRIPTS},
    "zoo/models/registry.py": {"card": SCRIPTS, "load_network": CODE},
    "zoo/teach/session.py": {"experiment": SCRIPTS},
    "ui/compare/cover.py": {"unpacked": SCRIPTS, "_patch": SCRIPTS},
    "ui/compare/tab.py": {"_relative": SCRIPTS, "_most": SCRIPTS, "_names": SCRIPTS, "read_photo": SCRIPTS},
    "ui/lesson/classroom.py": {"turn": SCRIPTS},
    "ui/teach/drawn.py": {"drawn_project": SCRIPTS},
    "ui/teach/requests.py": {"answer": SCRIPTS, "_trial": SCRIPTS, "_add_picture": COUNTED},
    "ui/video/tab.py": {"uploaded": SCRIPTS},
    "ui/serving/bodies.py": {"": HTTP},
    "ui/serving/guard.py": {"": HTTP},
    "ui/serving/hosts.py": {"": HTTP},
    "ui/serving/routes.py": {"": HTTP},
    "ui/serving/storage.py": {"check": HTTP},
}


def sources() -> Iterator[Path]:
    """The code that the page runs: all but the command line."""
    for folder in ("features", "zoo", "ui"):
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if path.parent.name != "cli")


def made(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Where a file makes an error that the page shows, with the function around it."""
    for function, node in _inside(ast.parse(path.read_text(encoding="utf-8")), ""):
        called = getattr(node, "func", None)
        name = getattr(called, "id", None) or getattr(called, "attr", "")
        if isinstance(node, ast.Call) and name in NAMES:
            yield function, node


def _inside(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for inner in ast.iter_child_nodes(node):
        within = inner.name if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield within, inner
        yield from _inside(inner, within)


def _names() -> set[str]:
    found, todo = set(), list(SHOWN)
    while todo:
        one = todo.pop()
        found.add(one)
        todo.extend(one.__subclasses__())
    return {one.__name__ for one in found if one.__module__.startswith(("features", "zoo", "ui"))}


NAMES = _names()


def has_key(words: ast.expr, path: Path) -> bool:
    """Whether an error's words are a phrase, or those of another error, which is checked where it is made."""
    if isinstance(words, ast.IfExp):
        return has_key(words.body, path) and has_key(words.orelse, path)
    if isinstance(words, ast.Call) and getattr(words.func, "id", "") in ("Phrase", "phrase", "str"):
        return True
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    try:
        value = eval(ast.unparse(words.func if isinstance(words, ast.Call) else words), vars(module))
    except NameError:
        return False
    return isinstance(value, Phrase) or getattr(value, "__annotations__", {}).get("return") == "Phrase"


def without_key() -> Iterator[tuple[str, str, str]]:
    """File, function and code of every error that is made without a key."""
    for path in sources():
        file = path.relative_to(ROOT).as_posix()
        for function, node in made(path):
            if node.args and not has_key(node.args[-1], path):
                yield file, function, ast.unparse(node)


def test_what_the_page_shows_has_a_key_and_no_exception_is_left_over():
    left, needed = [], set()
    for file, function, code in without_key():
        allowed = {function, ""} & set(IN_ENGLISH.get(file, {}))
        needed |= {(file, name) for name in allowed}
        left += [] if allowed else [f"{file}, {function}: {code}"]
    assert left == []
    assert {(file, function) for file, some in IN_ENGLISH.items() for function in some} == needed


@pytest.mark.parametrize("words", ["padding is 3; expected two numbers.", Phrase("import.none", "No model.")])
def test_what_is_wrong_inside_a_model_has_a_key_too(words):
    said = str(ModelFileError(words))
    assert said == words and said.key in ("import.detail", "import.none")
