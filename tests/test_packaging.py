"""The files around the code say the same as the code and as each other."""

import ast
import re
import shlex
import sys
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from features.detector import SYSTEM_LIBRARIES
from scripts.upload_space import front_matter, pinned
from zoo.cli import train
from zoo.cli.main import parser as zoo_parser
from zoo.exchange.exports import portable_graph
from zoo.models import registry
from zoo.training.recipes import RECIPES

ROOT = Path(__file__).parents[1]
CODE = ("features", "scripts", "tests", "ui", "zoo")
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
MACHINES = {
    "Linux": ("linux", "x86_64"),
    "Windows": ("win32", "AMD64"),
    "Mac with Apple chip": ("darwin", "arm64"),
}
UNSUPPORTED = {"Linux on ARM": ("linux", "aarch64"), "Mac with Intel chip": ("darwin", "x86_64")}


def requirements(python: str, machine: str) -> dict[str, str]:
    """What pip takes from requirements.txt there: name to version."""
    system, processor = (MACHINES | UNSUPPORTED)[machine]
    place = {"python_version": python, "sys_platform": system, "platform_machine": processor}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    taken = [r for r in asked if r.marker is None or r.marker.evaluate(place)]
    assert len({r.name for r in taken}) == len(taken), "a package is asked for twice"
    return {r.name: r.url or str(r.specifier) for r in taken}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_machine_gets_one_of_each(python, machine):
    asked = requirements(python, machine)
    assert asked["gradio"] == "==6.31.0"
    assert {"numpy", "opencv-contrib-python", "av", "ai-edge-litert", "onnx", "keras"} <= set(asked)
    tensorflow = set() if python == "3.14" else {"tensorflow-cpu" if machine == "Linux" else "tensorflow"}
    assert {"tensorflow", "tensorflow-cpu"} & set(asked) == tensorflow
    assert not {"face-off", "face-off-here", "opencv-python", "opencv-python-headless"} & set(asked)


def test_no_mediapipe_that_sends_anything():
    (asked,) = {requirements(python, machine)["mediapipe"] for python in PYTHONS for machine in MACHINES}
    assert "0.10.33" in SpecifierSet(asked)
    assert not [v for v in ("0.10.35", "1.0.0", "1.2.3") if v in SpecifierSet(asked)]


@pytest.mark.parametrize("machine", UNSUPPORTED)
def test_a_computer_without_mediapipe_is_told(machine):
    assert "needs_Linux_x86-64_Windows_or_a_Mac_with_Apple_chip" in requirements("3.13", machine)["face-off-here"]


@pytest.mark.parametrize("python", ["3.9", "3.15"])
def test_another_python_is_told_which(python):
    assert "needs_Python_3.10_to_3.14" in requirements(python, "Linux")["face-off"]


def test_this_line_comes_before_all_others():
    lines = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if line]
    assert next(line for line in lines if not line.startswith("#")).startswith("face-off @")


def test_the_space_says_what_the_requirements_say():
    settings = front_matter(ROOT)
    assert settings["sdk"] == "gradio"
    assert settings["sdk_version"] == pinned("gradio")
    assert settings["python_version"] == "3.13"
    assert (ROOT / settings["app_file"]).is_file()
    assert len(settings["short_description"]) <= 60
    assert settings["license"] == "mit" and "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_system_packages_are_those_mediapipe_and_opencv_need():
    assert (ROOT / "packages.txt").read_text().split() == list(SYSTEM_LIBRARIES.values())


def test_every_binary_file_is_marked_as_such():
    marked = re.findall(r"^\*(\.\w+)\s+binary$", (ROOT / ".gitattributes").read_text(encoding="utf-8"), re.MULTILINE)
    folders = (ROOT / name for name in ("checkpoints", "features", "ui", "docs"))
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files = [path for path in paths if "__pycache__" not in path.parts]
    assert {path.suffix for path in files if b"\0" in path.read_bytes()[:8192]} <= set(marked)


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "checkpoints/README.md"]


def anchors(text: str) -> set[str]:
    """The addresses that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text(encoding="utf-8"))
    for link in links:
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_security_md_names_files_that_exist():
    named = re.findall(r"`([\w./]+\.(?:py|js))`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    listed = {f"/{path.relative_to(ROOT).as_posix()}" for top in CODE for path in (ROOT / top).rglob("*.[pj]*")}
    missing = [name for name in named if not any(file.endswith(f"/{name}") for file in listed)]
    assert named and not missing


def commands() -> list[str]:
    """The program's commands in the documents, as typed; those with a placeholder cannot be."""
    written = r"^python -m zoo [a-z][^\n#]*|`python -m zoo [a-z][^`\n]*`"
    found = [one for path in documents() for one in re.findall(written, path.read_text(encoding="utf-8"), re.MULTILINE)]
    return sorted({one.strip("` ") for one in found if not re.search(r"[…|]|\bNAME\b", one)} - {"python -m zoo video"})


@pytest.mark.parametrize("command", commands())
def test_the_documents_show_commands_that_the_program_has(command):
    args = zoo_parser().parse_args(shlex.split(command)[3:])
    if args.command == "train" and "--help" not in args.options:  # whose options only the model's recipe knows
        pytest.importorskip("tensorflow")
        train.options(args.name, import_module(RECIPES[args.name])).parse_args(args.options)


def trials() -> list[str]:
    """Commands in the records of trials and times, which leave out the program and the data set."""
    records = [(ROOT / name).read_text(encoding="utf-8") for name in ("checkpoints/README.md", "docs/benchmarks.md")]
    found = {one for text in records for one in re.findall(r"`((?:train|evaluate|bench) [^`]*)`", text)}
    return sorted(one for one in found if not re.search(r"…|\bNAME\b", one))


def test_commands_in_the_records_can_be_given_again():
    pytest.importorskip("tensorflow")
    assert len(trials()) > 30
    for command in trials():
        data = [] if command.startswith("bench") or "--data" in command else ["--data", "fer2013.csv"]
        args = zoo_parser().parse_args([*shlex.split(command), *data])
        if args.command == "train":
            train.options(args.name, import_module(RECIPES[args.name])).parse_args(args.options)


def test_the_readme_is_short_and_leads_to_every_document():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) <= 10_000
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in readme]
    assert not missing


def test_the_documentation_names_the_models_that_cannot_be_exported():
    export = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"Four built-in models cannot be exported: (.*?)\.", export)
    stay = [name for name in registry.names() if not portable_graph.goes_out(registry.card(name))]
    assert sorted(re.findall(r"`(.*?)`", sentence)) == stay and len(stay) == 4


def test_every_package_says_what_it_is_for():
    packages = [p for name in ("features", "zoo", "ui") for p in (ROOT / name).rglob("__init__.py")]
    silent = [p for p in packages if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert packages and not silent


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no executable bit")
def test_continuous_integration_can_be_started():
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_lint_is_the_same_everywhere():
    dev = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    hook = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.search(r"rev: v([\d.]+)", hook)[1] == re.search(r"ruff==([\d.]+)", dev)[1]


def test_the_tree_of_exceptions_is_that_of_the_code():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"```\n(ValueError\n.*?)```", text, re.DOTALL)
    above, checked = [""] * 3, 0
    for branch, name, path in re.findall(r"^([│├└─ ]*)(\w+)(?: +([\w/]+\.py))?", tree, re.MULTILINE):
        depth = len(branch) // 4
        above[depth] = name
        if depth:
            assert f"\nclass {name}({above[depth - 1]}" in (ROOT / path).read_text(encoding="utf-8"), f"{path}: {name}"
            checked += 1
    assert checked > 25
