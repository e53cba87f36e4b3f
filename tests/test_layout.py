"""The size of modules and functions, and where tests are. `tests/zoo/test_arrows.py` tests who imports whom."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "zoo", "ui")
MOST_LINES, MOST_FUNCTION_LINES, MOST_SCRIPT_LINES = 500, 60, 400
MOST_ARGUMENTS = 6
# Gradio reads the public API's parameter names and defaults from this signature.
MANY_ARGUMENTS = {"ui/compare/tab.py": {"answer": 7}}
MODULES = sorted(path for package in (*PACKAGES, "scripts") for path in (ROOT / package).rglob("*.py")) + [
    ROOT / "demo.py"
]
SCRIPTS = sorted(path for package in ("ui", "zoo") for path in (ROOT / package).rglob("*.js"))
TESTS = sorted(path for package in PACKAGES for path in (ROOT / "tests" / package).rglob("test_*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lengths(source: str) -> dict[str, int]:
    """Lines of every function, decorators left out."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, functions)]
    return {f"{node.name}:{node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in found}


def arguments(source: str) -> dict[str, int]:
    """Arguments of every function, without `self` and `cls`."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    count: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, functions):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            n = len([one for one in named if one.arg not in ("self", "cls")])
            count[node.name] = max(n, count.get(node.name, 0))  # of several with one name, the longest
    return count


def test_arguments_are_counted_in_methods_and_after_a_star():
    assert arguments("class A:\n    def f(self, a, /, b, *c, d=1, **e):\n        pass\n") == {"f": 3}


def test_functions_are_measured_wherever_they_are():
    assert lengths("@a\ndef f():\n    x = 1\n    async def g():\n        pass\n") == {"f:2": 4, "g:4": 2}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_are_short(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    assert {where: lines for where, lines in lengths(source).items() if lines > MOST_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_have_few_arguments(path):
    counts = arguments(path.read_text(encoding="utf-8"))
    assert {each: n for each, n in counts.items() if n > MOST_ARGUMENTS} == MANY_ARGUMENTS.get(name(path), {})


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_SCRIPT_LINES


def test_every_folder_of_tests_mirrors_a_package():
    folders = {path.parent.relative_to(ROOT / "tests") for path in TESTS}
    assert folders and [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").is_file()] == []


def test_a_test_named_after_a_module_is_in_that_module_s_folder():
    folders = defaultdict(set)  # by the layer, such as zoo, and the module's name
    for path in MODULES:
        folder = path.parent.relative_to(ROOT)
        folders[folder.parts[:1], path.stem].add(folder)
    misplaced = []
    for path in TESTS:
        folder, tested = path.parent.relative_to(ROOT / "tests"), path.stem.removeprefix("test_")
        modules = folders.get((folder.parts[:1], tested))
        if modules and folder not in modules and tested != folder.name:  # a whole package's test has its name
            misplaced.append(name(path))
    assert misplaced == []
