"""Joins ES modules into one script for the page's head.

The scripts are written as ES modules, which editors, ESLint and TypeScript understand. The page gets each entry and
what it imports joined into one inline script. This needs no further request, so it works the same below a root path,
through a public link and in a Space, and the page's policy can allow the script by its hash. Comments on lines of
their own, a third of the scripts, are removed. Only what the scripts need is supported: named imports from relative
paths, and exported functions, classes and constants.
"""

from __future__ import annotations

import re
from pathlib import Path

from ui.theme import UI

IMPORT = re.compile(r"^import \{([^}]*)\} from '(\.[^']+)';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class ModuleError(ValueError):
    """A script that cannot be joined."""


def joined(name: str) -> str:
    """A module and all that it imports, as one script.

    Parameters
    ----------
    name : str
        The entry module's path below `ui`, such as ``live/live.js``.

    Returns
    -------
    str
        Every module once, in its own scope, after the modules that it imports.

    Raises
    ------
    ModuleError
        Modules import each other in a circle, or one has an import or export of an unsupported form.
    """
    scopes: dict[Path, str] = {}
    _join((UI / name).resolve(), scopes, ())
    return f"(() => {{\n'use strict';\n{''.join(scopes.values())}}})();\n"


def _join(path: Path, scopes: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ModuleError(f"Scripts import each other in a circle: {' → '.join(one.name for one in (*above, path))}")
    if path in scopes:
        return
    code = path.read_text(encoding="utf-8")
    for _, source in IMPORT.findall(code):
        _join((path.parent / source).resolve(), scopes, (*above, path))
    scopes[path] = _scope(path, code, {one: f"module{at}" for at, one in enumerate(scopes)}, f"module{len(scopes)}")


def _scope(path: Path, code: str, names: dict[Path, str], own: str) -> str:
    """A module as ``const module3 = (() => { … return { what it exports }; })();``."""

    def imported(found: re.Match) -> str:
        wanted = " ".join(found[1].split()).replace(" as ", ": ")
        return f"const {{ {wanted} }} = {names[(path.parent / found[2]).resolve()]};\n"

    exported = EXPORT.findall(code)
    body = COMMENT.sub("", EXPORT.sub("", IMPORT.sub(imported, code)))
    if wrong := OTHER.search(body):
        raise ModuleError(f"{path.name}: write {wrong[0]!r} as a named import or export of one declaration.")
    return f"// {path.name}\nconst {own} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"
