"""Models out to other programs' formats, and in from them; nothing that comes in is ever executed."""
