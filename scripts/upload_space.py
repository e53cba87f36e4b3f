"""Upload the app as a Hugging Face Space, just as it runs here.

Examples:
  python scripts/upload_space.py --dry-run                  # exactly what would go, and how large it is
  python scripts/upload_space.py --repo user/face-off       # needs `hf auth login` once
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import huggingface_hub
import yaml
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

ROOT = Path(__file__).resolve().parents[1]
# What a Space does not need. Everything else that git tracks is uploaded, and nothing that git does not track.
LEFT_OUT = (
    ".ci/",
    ".github/",
    "notebooks/",
    "scripts/",
    "tests/",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".prettierignore",
    ".prettierrc.json",
    "eslint.config.mjs",
    "package-lock.json",
    "package.json",
    "requirements-dev.txt",
    "tsconfig.json",
)
# The Hub keeps binary files outside git. This repository does not, so that a plain clone is complete; the Space
# therefore has a `.gitattributes` of its own.
LARGE = ("*.jpg", "*.keras", "*.npz", "*.png", "*.tflite", "*.webp")
ATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LARGE)


class SpaceError(Exception):
    """The Space cannot be uploaded. The message says why, and what to do."""


@dataclass(frozen=True)
class Item:
    """A file of the Space.

    Parameters
    ----------
    path : str
        Path in the Space, with forward slashes.
    content : bytes
    """

    path: str
    content: bytes


def git(*arguments: str, root: Path = ROOT) -> str:
    """Run git and return what it prints; `SpaceError` if it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError:
        raise SpaceError("git is not installed; it knows which files belong to the app.") from None
    if done.returncode:
        raise SpaceError(f"git {arguments[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout


def chosen(root: Path = ROOT) -> list[str]:
    """Paths of the repository that go to the Space, in alphabetical order."""
    tracked = git("ls-files", "-z", root=root).split("\0")
    return sorted(path for path in tracked if path and not is_left_out(path))


def is_left_out(path: str) -> bool:
    """Whether a tracked file is not uploaded."""
    return any(path.startswith(rule) if rule.endswith("/") else path == rule for rule in LEFT_OUT)


def items(root: Path = ROOT) -> list[Item]:
    """Everything the Space will hold.

    Raises
    ------
    SpaceError
        A tracked file is not on disk.
    """
    found = [Item(".gitattributes", ATTRIBUTES.encode())]
    for path in chosen(root):
        try:
            found.append(Item(path, (root / path).read_bytes()))
        except FileNotFoundError:
            raise SpaceError(f"{path} is tracked by git but not on disk; bring it back: git checkout {path}") from None
    return found


def front_matter(root: Path = ROOT) -> dict:
    """The Space's settings: the YAML between two lines ``---`` at the start of README.md."""
    path = root / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)
    try:
        settings = yaml.safe_load(match[1]) if match else None
    except yaml.YAMLError as error:
        raise SpaceError(f"README.md's front matter is not YAML: {error}") from None
    if not isinstance(settings, dict):
        raise SpaceError("README.md has no front matter; a Space needs title, sdk, sdk_version and app_file there.")
    return settings


def pinned(package: str, root: Path = ROOT) -> str:
    """The version to which requirements.txt pins a package."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    match = re.search(rf"^{re.escape(package)}==([\w.]+)", text, flags=re.MULTILINE)
    if not match:
        raise SpaceError(f"requirements.txt has no line {package}==VERSION; pin it.")
    return match[1]


def check(root: Path = ROOT) -> None:
    """Check that the app would start as a Space; `SpaceError` says why not."""
    settings, gradio = front_matter(root), pinned("gradio", root)
    if settings.get("sdk") != "gradio":
        raise SpaceError(f"README.md says sdk: {settings.get('sdk')}; expected gradio.")
    if str(settings.get("sdk_version")) != gradio:
        raise SpaceError(
            f"README.md says sdk_version: {settings.get('sdk_version')}, requirements.txt gradio=={gradio}; "
            "make them the same."
        )
    if settings.get("app_file") not in chosen(root):
        raise SpaceError(f"README.md says app_file: {settings.get('app_file')}, which git does not track.")


def listing(files: list[Item]) -> str:
    """One line per file with its size in bytes, and the total."""
    lines = [f"{len(item.content):>12,}  {item.path}" for item in files]
    return "\n".join([*lines, f"{sum(len(item.content) for item in files):>12,}  in {len(files)} files"])


def upload(repo: str, files: list[Item], message: str, private: bool) -> str:
    """Make the Space hold these files and no others; returns its address."""
    api = huggingface_hub.HfApi()
    address = api.create_repo(repo, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for item in files:
            path = Path(folder, item.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(item.content)
        # Upload it first, so that its rules apply to the binary files.
        api.upload_file(
            path_or_fileobj=ATTRIBUTES.encode(), path_in_repo=".gitattributes", repo_id=repo, repo_type="space"
        )
        api.upload_folder(
            folder_path=folder, repo_id=repo, repo_type="space", commit_message=message, delete_patterns="*"
        )
    return str(address)


def send(args: argparse.Namespace, files: list[Item]) -> None:
    """Upload the files; `SpaceError` says in one sentence what prevents it."""
    if not huggingface_hub.get_token():
        raise SpaceError("You are not logged in at Hugging Face. Run: hf auth login")
    if git("status", "--porcelain", "--untracked-files=no"):
        raise SpaceError("There are changes that are not committed; commit them, so that the Space is a known version.")
    try:
        message = f"Face-off {git('describe', '--always').strip()}"
        print(f"Uploaded: {upload(args.repo, files, message, args.private)}")
    except HFValidationError:
        raise SpaceError(f"--repo {args.repo} is no name of a Space; expected user/name.") from None
    except HfHubHTTPError as error:
        raise SpaceError(f"Hugging Face refused: {error}") from None
    except (httpx.TransportError, OfflineModeIsEnabled, ConnectionError) as error:
        raise SpaceError(f"Hugging Face cannot be reached; is there internet? ({error})") from None


def main(argv: list[str] | None = None) -> int:
    """List or upload the files; exit status 2, with a sentence, if that is not possible."""
    args = parser().parse_args(argv)
    try:
        check()
        files = items()
        print(listing(files))
        if not args.dry_run:
            send(args, files)
    except SpaceError as error:
        print(f"upload_space: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    about, _, examples = (__doc__ or "").partition("\n\n")
    made = argparse.ArgumentParser(
        prog="upload_space.py", description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("--dry-run", action="store_true", help="list what would go, and send nothing")
    what.add_argument("--repo", metavar="USER/NAME", help="the Space; it is made if it does not exist")
    made.add_argument("--private", action="store_true", help="make a new Space private")
    return made


if __name__ == "__main__":
    sys.exit(main())
