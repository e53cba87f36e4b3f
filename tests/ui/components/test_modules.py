"""Scripts are joined in the order of their imports, each in a scope of its own; their checks are part of CI."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ui.components import modules
from ui.components.modules import ModuleError, joined

ROOT = Path(__file__).parents[3]
FORBIDDEN = re.compile(r"\.(?:inner|outer)HTML\s*\+?=(?!=)|\b(?:insertAdjacentHTML|srcdoc|document\.write)\b")


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    monkeypatch.setattr(modules, "UI", tmp_path)

    def write(**files: str) -> None:
        for name, code in files.items():
            (tmp_path / f"{name}.js").write_text(code, encoding="utf-8")

    return write


def test_comments_that_fill_lines_are_not_sent(scripts):
    scripts(
        main="// @ts-check\n/** One line. @type {string} */\nconst a = 'http://b'; // kept\n/**\n * More.\n */\n"
        "/** @type {any} */ (a).c();\n/* kept, too */\n",
    )
    code = joined("main.js")
    assert "const a = 'http://b'; // kept\n/** @type {any} */ (a).c();\n/* kept, too */\n" in code
    assert not any(words in code for words in ("ts-check", "One line", "More."))


@pytest.mark.skipif(not shutil.which("node"), reason="no Node")
def test_modules_see_what_they_import_and_nothing_else(scripts):
    scripts(
        main="import { twice, one as first } from './a.js';\nimport {\n  three,\n} from './b.js';\n"
        "console.log(JSON.stringify([twice(first), three, typeof secret]));\n",
        a="import { three } from './b.js';\nconst secret = three;\nexport const one = 1;\n"
        "export function twice(value) {\n  return 2 * value + secret - 3;\n}\n",
        b="globalThis.runs = (globalThis.runs ?? 0) + 1;\nexport const three = 2 + globalThis.runs;\n",
    )
    done = subprocess.run(["node", "-e", joined("main.js")], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [2, 3, "undefined"]


def test_a_circle_is_refused(scripts):
    scripts(a="import { b } from './b.js';\n", b="import { a } from './a.js';\n")
    with pytest.raises(ModuleError, match=r"a\.js → b\.js → a\.js"):
        joined("a.js")


@pytest.mark.parametrize("line", ["export default 3;", "import a from './a.js';", "export { a };", "import 'x';"])
def test_other_forms_are_refused(scripts, line):
    scripts(a=line + "\n")
    with pytest.raises(ModuleError, match="named import or export"):
        joined("a.js")


def test_text_becomes_html_in_one_place_only():
    found = [path.name for path in (ROOT / "ui").rglob("*.js") if FORBIDDEN.search(path.read_text(encoding="utf-8"))]
    assert found == ["markup.js"]
