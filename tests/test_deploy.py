"""What goes to a Space, what stays at home, and what the command says when it cannot go."""

import argparse
import subprocess

import httpx
import huggingface_hub
import pytest

from scripts import upload_space
from scripts.upload_space import SpaceError

FRONT = "---\nsdk: gradio\nsdk_version: {version}\napp_file: {app}\n---\n# App\n"
BINARY = ("model.npz", "model.tflite", "model.keras", "shot.png", "face.jpg")


def make(root, version="6.31.0", app="demo.py"):
    """A repository like ours, with what must stay at home lying about in it."""
    files = {
        "README.md": FRONT.format(version=version, app=app),
        "requirements.txt": "numpy\ngradio==6.31.0\n",
        ".gitignore": ".cache/\nruns/\n",
        "demo.py": "",
        "tests/test_demo.py": "",
        "checkpoints/cnn/card.json": "{}",
        "runs/cnn/log.csv": "ignored",
        ".cache/87/crops.npz": "ignored",
        "data/fer2013.csv": "not tracked",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="\n")
    run(root, "init", "-q")
    run(root, "add", "README.md", "requirements.txt", ".gitignore", "demo.py", "tests", "checkpoints")
    return root


def run(root, *arguments):
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments]
    subprocess.run(command, cwd=root, check=True, timeout=60)


@pytest.fixture
def repository(tmp_path):
    return make(tmp_path)


def test_only_tracked_files_of_the_app_go(repository):
    assert upload_space.chosen(repository) == ["README.md", "checkpoints/cnn/card.json", "demo.py", "requirements.txt"]


def test_the_dry_run_lists_exactly_what_git_tracks_but_the_left_out(capsys):
    try:
        command = ["git", "ls-files"]
        tracked = subprocess.run(command, cwd=upload_space.ROOT, capture_output=True, text=True, check=True, timeout=60)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git clone")
    away = ("tests/", ".ci/", ".github/", "scripts/", "notebooks/", ".git", ".pre-commit", "requirements-dev")
    away += (".prettier", "eslint.config", "package.json", "package-lock", "tsconfig")
    expected = {line for line in tracked.stdout.splitlines() if not line.startswith(away)} | {".gitattributes"}
    assert upload_space.main(["--dry-run"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    listed = dict(reversed(line.split(None, 1)) for line in lines)
    assert set(listed) == expected
    assert {"demo.py", "requirements.txt", "packages.txt", "README.md"} <= set(listed)
    assert not any(path.startswith(("runs/", ".cache/", "data/")) for path in listed)
    for path in {"demo.py", "README.md"}:
        assert int(listed[path].replace(",", "")) == (upload_space.ROOT / path).stat().st_size
    assert int(total.split()[0].replace(",", "")) == sum(int(size.replace(",", "")) for size in listed.values())


def test_binary_files_are_lfs_on_the_space_and_plain_git_here(tmp_path):
    run(tmp_path, "init", "-q")
    for text, expected in ((upload_space.ATTRIBUTES, "lfs"), (here(), "unspecified")):
        (tmp_path / ".gitattributes").write_text(text)
        command = ["git", "check-attr", "filter", *BINARY]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
        assert [line.rsplit(": ")[-1] for line in said.stdout.splitlines()] == [expected] * len(BINARY)


def here() -> str:
    return (upload_space.ROOT / ".gitattributes").read_text(encoding="utf-8")


def test_a_tracked_file_that_is_gone_is_named(repository):
    (repository / "demo.py").unlink()
    with pytest.raises(SpaceError, match=r"demo\.py is tracked by git but not on disk"):
        upload_space.items(repository)


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"version": "5.0.0"}, r"sdk_version: 5\.0\.0, requirements\.txt gradio==6\.31\.0"),
        ({"app": "app.py"}, r"app_file: app\.py, which git does not track"),
    ],
)
def test_settings_that_would_not_start_are_refused(tmp_path, changed, said):
    with pytest.raises(SpaceError, match=said):
        upload_space.check(make(tmp_path, **changed))


@pytest.mark.parametrize("text", ["# App\n", "---\n- a\n---\n", "---\n---\n", ""])
def test_a_readme_without_front_matter_is_refused(repository, text):
    (repository / "README.md").write_text(text)
    with pytest.raises(SpaceError, match="no front matter"):
        upload_space.check(repository)


def test_good_settings_pass(repository):
    upload_space.check(repository)


ARGS = argparse.Namespace(repo="user/face-off", private=False)


def committed(monkeypatch, answers=("", "abc1234\n")):
    """Logged in, nothing to commit."""
    answers = iter(answers)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_test")
    monkeypatch.setattr(upload_space, "git", lambda *arguments: next(answers))


def test_not_logged_in_is_said_before_anything_is_sent(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(SpaceError, match="hf auth login"):
        upload_space.send(ARGS, [])


def test_changes_must_be_committed_first(monkeypatch):
    committed(monkeypatch, [" M demo.py\n"])
    with pytest.raises(SpaceError, match="not committed"):
        upload_space.send(ARGS, [])


def test_no_internet_is_one_sentence(monkeypatch):
    committed(monkeypatch)

    def offline(*args, **kwargs):
        raise httpx.ConnectError("name resolution failed")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", offline)
    with pytest.raises(SpaceError, match=r"cannot be reached; is there internet\?"):
        upload_space.send(ARGS, [])


def test_a_wrong_name_is_told(monkeypatch):
    committed(monkeypatch)
    wrong = argparse.Namespace(repo="a/b/c", private=False)
    with pytest.raises(SpaceError, match="--repo a/b/c is no name of a Space"):
        upload_space.send(wrong, [])


def test_the_folder_sent_holds_what_was_listed(monkeypatch, repository, capsys):
    files = upload_space.items(repository)
    committed(monkeypatch)
    sent = {}

    def folder(self, *, folder_path, repo_id, repo_type, commit_message, delete_patterns):
        root = upload_space.Path(folder_path)
        sent.update({p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()})
        assert (repo_id, repo_type, delete_patterns) == ("user/face-off", "space", "*")
        assert commit_message == "Face-off abc1234"

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", lambda self, repo, **kwargs: f"https://example/{repo}")
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_file", lambda self, **kwargs: None)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", folder)
    upload_space.send(ARGS, files)
    assert sent == {item.path: item.content for item in files}
    assert "https://example/user/face-off" in capsys.readouterr().out
