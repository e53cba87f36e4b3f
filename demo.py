"""Face-off: classical and deep models of facial expressions, side by side on the same face.

python demo.py                      the app on http://127.0.0.1:7860
python demo.py --share              and on a public link for a week
python demo.py --host 0.0.0.0       for other computers on this network
python demo.py --classroom          a lesson: camera off, drawn faces, larger type, nothing to save
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

STOPPED = 130  # as shells say it of Ctrl-C
SUPPORTED = ((3, 10), (3, 14))


def refuse_other_pythons(version: tuple = sys.version_info) -> None:
    """Refuse a Python version that the dependencies do not support, in one sentence."""
    if not SUPPORTED[0] <= tuple(version[:2]) <= SUPPORTED[1]:
        sys.exit(
            "Face-off runs on Python 3.10 to 3.14; this is {}.{}. "
            "Install one of them and make a new environment with it.".format(*version[:2])
        )


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    about, _, examples = (__doc__ or "").partition("\n\n")  # python -OO has none
    parser = argparse.ArgumentParser(
        prog="demo.py", description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1, this computer only)")
    parser.add_argument("--port", type=int, metavar="N", help="port (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="also make a public link, through Gradio's server")
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="a further name under which the app is reached (repeatable)",
    )
    parser.add_argument("--root-path", metavar="PATH", help="path, or address, of the app behind a reverse proxy")
    parser.add_argument(
        "--trust-proxy", action="store_true", help="believe X-Forwarded-* headers: every request comes through a proxy"
    )
    parser.add_argument("--ssl-certfile", metavar="FILE", help="certificate, for https (cameras on a network need it)")
    parser.add_argument("--ssl-keyfile", metavar="FILE", help="the certificate's private key")
    parser.add_argument("--classroom", action="store_true", help="a lesson: camera off until the teacher turns it on")
    args = parser.parse_args(argv)
    if args.port is not None and not 0 < args.port < 65536:
        parser.error(f"--port {args.port} is not a valid port; choose one from 1024 to 65535")
    if bool(args.ssl_certfile) != bool(args.ssl_keyfile):
        parser.error("--ssl-certfile and --ssl-keyfile belong together; give both or neither")
    for path in filter(None, (args.ssl_certfile, args.ssl_keyfile)):
        if not os.path.isfile(path):
            parser.error(f"there is no file {path}")
    if args.root_path and not args.root_path.startswith(("/", "http://", "https://")):
        parser.error(f"--root-path {args.root_path} is neither a path such as /faces nor an address")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Build the app, serve it, warm the models up behind it."""
    refuse_other_pythons()
    args = parse(argv)
    # One thread a model: with more, two visitors on two cores slow each other down.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    quiet = end_quietly()
    try:
        from features.stderr import open_missing

        open_missing()
        from features.detector import check_system

        check_system()
        from ui.app import serve
    except ModuleNotFoundError as error:
        if error.name in ("features", "ui", "zoo"):
            raise
        sys.exit(f"{error.name} is not installed. Run: pip install -r requirements.txt")
    except OSError as error:  # a library of the operating system is missing
        sys.exit(str(error))
    quiet()
    try:
        serve(args)
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def end_quietly() -> Callable[[], object]:
    """Let Ctrl-C end the imports at once, without a traceback. The function returned restores the previous handler."""
    import signal

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # nohup and background jobs ignore it, and mean it
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    return lambda: signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    main()
