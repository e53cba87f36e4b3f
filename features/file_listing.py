"""The pictures, clips and other files of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from features import file_kinds

_NAMED = 5  # files that a summary names


@dataclass(frozen=True)
class Listing:
    """The files below a folder, sorted. An animated GIF may be taken as either.

    Parameters
    ----------
    pictures, clips : tuple of Path
        Recognised by their content; damaged ones by their names.
    others : tuple of Path
        Everything else.
    """

    pictures: tuple[Path, ...]
    clips: tuple[Path, ...]
    others: tuple[Path, ...]

    def skipped(self, root: Path, clips: bool = False) -> str:
        """A sentence about the files that are not used; empty if there are none. `clips`: whether clips are used."""
        left: dict[str, Sequence[Path]] = {"neither a picture nor a clip": self.others}
        if not clips:
            left = {"not a picture": self.others, "a clip": _without(self.clips, self.pictures)}
        parts = [f"{len(files)} {why} ({_names(files, root)})" for why, files in left.items() if files]
        count = sum(map(len, left.values()))
        return f"{count} file{'' if count == 1 else 's'} skipped: {'; '.join(parts)}." if parts else ""


def _without(files: Sequence[Path], others: Sequence[Path]) -> list[Path]:
    known = set(others)
    return [file for file in files if file not in known]


def _names(files: Sequence[Path], root: Path) -> str:
    shown = [file.relative_to(root).as_posix() for file in files[:_NAMED]]
    return ", ".join([*shown, f"and {len(files) - _NAMED} more"] if len(files) > _NAMED else shown)


def hidden(path: PurePath) -> bool:
    """Whether a relative path is of a hidden file, or of one that macOS adds (``._*``, ``__MACOSX``)."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def look(root: Path) -> Listing:
    """List all files below a folder except hidden ones."""
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not hidden(p.relative_to(root))]
    pictures = tuple(filter(file_kinds.is_picture, files))
    clips = tuple(filter(file_kinds.is_clip, files))
    return Listing(pictures, clips, tuple(_without(files, (*pictures, *clips))))
