"""Who may import whom. Arrows point one way: demo.py -> ui -> zoo -> features."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.models import registry

ROOT = Path(__file__).parents[2]
LAYERS = ("features", "zoo", "ui", "demo")
# The packages of zoo in order: each may import those in the rows above its own, never one beside it or below.
ORDER = (
    ("datasets", "models", "sessions"),
    ("evaluation",),
    ("training", "inference"),
    ("reports",),
    ("teach",),
    ("exchange", "benchmark"),
    ("cli",),
)
RANK = {package: rank for rank, packages in enumerate(ORDER) for package in packages}
OPEN = {("zoo/__init__.py", "models"), ("zoo/__main__.py", "cli")}  # the public names, and `python -m zoo`
MOST_FLAT = 12
TRAINING = {
    "zoo/training/export.py",
    "zoo/training/loop.py",
    "zoo/training/torch_augmentation.py",
    "zoo/training/torch_network.py",
    "zoo/training/torch_training.py",
    "zoo/training/trained_elsewhere.py",
    "zoo/training/two_head.py",
    "zoo/training/architectures.py",
    "zoo/training/callbacks.py",
    "zoo/training/distillation.py",
    "zoo/training/single_head.py",
    "zoo/exchange/workers/make_keras.py",
}
TEMPLATES = "zoo/exchange/exports/templates/"  # goes out with exported models and stands alone; nothing here imports it
FILES = sorted(path for layer in LAYERS[:3] for path in (ROOT / layer).rglob("*.py")) + [ROOT / "demo.py"]
FILES = [path for path in FILES if path.is_file() and TEMPLATES not in path.as_posix()]


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Every module a file names in an import, at the top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{place(path)} has a relative import; write it out"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def test_the_reader_sees_imports_wherever_they_stand(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("import a.b\ndef f():\n    from c.d import e\n    if f:\n        import g as h\n")
    assert imports(path) == {"a.b", "c.d", "c.d.e", "g"}


def test_there_are_files_of_every_layer():
    assert {place(path).split("/")[0] for path in FILES} >= {"features", "zoo"}


@pytest.mark.parametrize("path", FILES, ids=place)
def test_arrows_point_one_way(path):
    own = LAYERS.index(place(path).split("/")[0].removesuffix(".py"))
    above = set(LAYERS[own + 1 :])
    assert not packages(path) & above


def zoo_packages(names: set[str]) -> set[str]:
    """Which packages of zoo these module names lead into."""
    return {name.split(".")[1] for name in names if name.startswith("zoo.")} & set(RANK)


def test_every_package_of_zoo_has_its_place_in_the_order():
    folders = {path.parent.name for path in (ROOT / "zoo").glob("*/__init__.py")}
    assert folders == set(RANK)
    assert len(list((ROOT / "zoo").glob("*.py"))) <= MOST_FLAT


@pytest.mark.parametrize("path", [path for path in FILES if place(path).startswith("zoo/")], ids=place)
def test_packages_of_zoo_import_in_one_order(path):
    parts = place(path).split("/")
    own = parts[1] if len(parts) > 2 else None
    used = zoo_packages(imports(path)) - {own}
    wrong = {package for package in used if own is None or RANK[package] >= RANK[own]}
    assert {package for package in wrong if (place(path), package) not in OPEN} == set()


@pytest.mark.parametrize("path", FILES, ids=place)
def test_each_library_has_its_place(path):
    name, used = place(path), packages(path)
    if name != "features/detector.py":
        assert "mediapipe" not in used
    if name != "features/clips.py":
        assert "av" not in used
    if not name.startswith(("ui/", "demo")):
        assert "gradio" not in used
    if name not in TRAINING and not name.startswith("zoo/training/recipes/"):
        assert not used & {"keras", "jax", "torch", "tensorflow"}
    assert not used & {"pickle", "joblib", "dill"}


SERVE = """
import json, sys
import skimage.data, zoo
from features.mesh import FaceMesher
from zoo.inference.compare import compare
with FaceMesher() as mesher:
    models = [zoo.load(name) for name in zoo.names()]
    answers = compare(skimage.data.astronaut(), models, zoo.label_set("6"), mesher).predictions
print(json.dumps({name: len(answer) for name, answer in answers.items()}))
print(json.dumps([name for name in ("tensorflow", "keras", "gradio", "matplotlib") if name in sys.modules]))
"""


def test_serving_imports_nothing_heavy_and_keeps_stderr_for_itself():
    done = subprocess.run([sys.executable, "-c", SERVE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers, heavy = map(json.loads, done.stdout.splitlines()[-2:])
    assert answers == dict.fromkeys(registry.names(), 1)
    assert heavy == []
    assert done.stderr == ""
