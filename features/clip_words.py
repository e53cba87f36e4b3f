"""What is said of clips that cannot be read, or not to their end."""

from __future__ import annotations

from features.phrase import Phrase

SOUND = Phrase("video.sound", "The file holds no moving pictures that can be decoded, only sound or other data.")
COVER = Phrase("video.cover", "The file holds no moving pictures that can be decoded, only sound with a cover picture.")


def breaks_off(end: float, seconds: float | None) -> Phrase:
    """The note for a clip whose frames end before the clip does; times in seconds."""
    if not seconds or seconds <= end:
        return Phrase(
            "video.breaks_off", "The clip breaks off after {0:.1f} s; what was read until there is kept.", end
        )
    return Phrase(
        "video.breaks_off_n",
        "The clip breaks off after {0:.1f} s, though it says that it is {1:.1f} s long; what was read until there "
        "is kept.",
        end,
        seconds,
    )
