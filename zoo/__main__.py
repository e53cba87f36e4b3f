"""``python -m zoo``."""

import io
import sys

from features.stderr import open_missing
from zoo.cli.main import main

if __name__ == "__main__":
    open_missing()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may hold what a console cannot show
    sys.exit(main())
