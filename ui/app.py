"""The app around the tabs: banner, status, theme and launch."""

from __future__ import annotations

import argparse
import os
import ssl
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import gradio as gr
from starlette.middleware import Middleware

from features.mesh import MAX_FACES
from ui import gradio_calls, gradio_state, languages, text, uploads
from ui.compare import tab as compare_tab
from ui.compare import thumbnails
from ui.components import labels
from ui.components.choices import family_signs
from ui.components.modules import joined
from ui.components.options import Direct, Scripted
from ui.examples.portraits import PICTURES
from ui.lesson import classroom
from ui.lesson import tab as lesson_tab
from ui.lesson.classroom import HOME, Mode
from ui.live import tab as live_tab
from ui.model_service import ModelService
from ui.model_zoo import tab as zoo_tab
from ui.serving import server
from ui.serving.addresses import announcement, for_others
from ui.serving.bodies import Limits
from ui.serving.compression import Compression
from ui.serving.forwarded import Proxy
from ui.serving.guard import Policy
from ui.serving.headers import PagePolicy
from ui.serving.hosts import hosts, on_space
from ui.serving.manifest import Manifest
from ui.serving.page_files import PageFiles
from ui.serving.storage import Quota
from ui.teach import tab as teach_tab
from ui.theme import UI, read, theme
from ui.video import tab as video_tab
from zoo.filenames import NotWritableError
from zoo.models.label_mix import DEFAULT
from zoo.reports import charts
from zoo.reports.markup import attribute, say
from zoo.sessions.memory import give_back_memory, share_arenas
from zoo.sessions.sweeper import Chore, Sweeper
from zoo.teach import project_file

# A tab is a title and a function that lays it out. If the tab has a choice of models, the function returns it, so that
# a session's own models are offered there too.
Tab = tuple[str, Callable[[ModelService, Mode], gr.CheckboxGroup | None]]
TABS: tuple[Tab, ...] = (
    ("Compare", compare_tab.build),
    ("Live", live_tab.build),
    ("Video", lambda service, _: video_tab.build(service)),
    ("Teach", teach_tab.build),
    ("Zoo", lambda service, _: zoo_tab.build(service)),
)
# No clips in a lesson: a clip that can be watched can be saved.
LESSON_TABS: tuple[Tab, ...] = (("Lesson", lesson_tab.build), *(tab for tab in TABS if tab[0] != "Video"))

# Bytes. Pictures have a lower limit of their own. UPLOADS limits what one client sends while uploads are kept.
MOST_FILE = max(video_tab.LIMITS.size, project_file.MAX_ARCHIVE)
UPLOADS = 2 * 2**30

AT_ONCE: Direct = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

SCRIPTS = ("assets/languages.js", "assets/links.js", "components/calls.js")
MODULES = ("assets/page.js", "compare/keep.js", "compare/camera_box.js")
# Files and answers older than AGE are deleted every SWEEP seconds, so none is kept for more than `KEPT_MINUTES`.
GIVE_BACK = 30  # seconds between two times that freed memory is returned to the system
SWEEP, AGE = 60, text.KEPT_MINUTES * 60 - 90


def build(service: ModelService, mode: Mode = HOME) -> gr.Blocks:
    """The whole app.

    Parameters
    ----------
    service : ModelService
        May still be loading; the page says when it is ready.
    mode : Mode
        The settings that differ in a classroom.
    """
    uploads.only_from_here()
    gr.set_static_paths([PICTURES])
    with gr.Blocks(title="Face-off", analytics_enabled=False, delete_cache=(SWEEP, AGE)) as app:
        _head(app, service, mode)
        with gr.Tabs(elem_id="fo-tabs", overflow_behavior="wrap"):
            for title, lay_out in LESSON_TABS if mode.lesson else TABS:
                with gr.Tab(text.TABS[title], elem_id=f"fo-tab-{title.lower()}") as tab:
                    models = lay_out(service, mode)
                if models is not None:
                    tab.select(_choices(service), None, models, **AT_ONCE)
        _foot(app)
        gr.HTML(labels.table(app.blocks.values()), apply_default_css=False, container=False)
    service.pages.when_left(partial(gradio_state.forget_page, app))
    gradio_state.queue_fairly(app, service.pages)
    gradio_calls.fill_in(app, "compare", service.default_models, "7", MAX_FACES, DEFAULT, None, "")
    gradio_calls.explain_failures(app)
    return app


def _choices(service: ModelService) -> Callable[[gr.Request], dict]:
    """The models that a session can choose from; updated whenever a tab is opened."""

    def choices(request: gr.Request) -> dict:
        cards = service.cards_of(str(request.session_hash))
        return gr.update(choices=[(text.title(card), name) for name, card in cards.items()])

    return choices


def launch_options(mode: Mode = HOME) -> dict:
    """The options for `Blocks.launch` besides host, port and certificates."""
    return {
        "theme": theme(),
        "css_paths": [
            UI / "assets/face-off.css",
            UI / "assets/controls.css",
            UI / "compare/resting.css",
            UI / "compare/cover.css",
            UI / "compare/movements.css",
            UI / "live/live.css",
            UI / "video/video.css",
            UI / "teach/teach.css",
            charts.STYLE,
            UI / "model_zoo/zoo.css",
            *([UI / "lesson/lesson.css"] if mode.lesson else []),
        ],
        "head": _head_markup(mode),
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "mcp_server": False,  # whatever GRADIO_MCP_SERVER says; why: docs/deployment.md
        "max_file_size": MOST_FILE,
        "favicon_path": UI / "assets/icon.svg",
        "ssr_mode": False,
        "quiet": True,
    }


def _head_markup(mode: Mode) -> str:
    """Content of the page's ``<head>``."""
    styles = ("assets/page.css", *(["assets/projector.css"] if mode.lesson else []))
    return (
        read("assets/head.html")
        + "".join(f"<style>{read(name)}</style>" for name in styles)
        + "".join(f"<script>{script}</script>" for script in (languages.script(), *map(read, SCRIPTS)))
        + "".join(f"<script>{joined(name)}</script>" for name in MODULES)
    )


def _head(app: gr.Blocks, service: ModelService, mode: Mode) -> None:
    gr.HTML(
        f'{_skip_links()}<header class="fo-head"><h1>Face-off</h1>{say(text.TAGLINE, "p")}</header>{_banner(mode)}'
        f"<style>{family_signs(service.cards.values())}</style>",
        apply_default_css=False,
        js_on_load=read("assets/banner.js"),
    )
    spoken: Scripted = {"apply_default_css": False, "js_on_load": read("assets/spoken.js")}
    status = gr.HTML(_status(service), elem_id="fo-status", **spoken)
    clock = gr.Timer(1.0)
    look = lambda: (_status(service), gr.Timer(active=not service.ready))
    clock.tick(look, None, [status, clock], **AT_ONCE)
    app.load(look, None, [status, clock], **AT_ONCE)


def _skip_links() -> str:
    """Links past the head, shown when they have the focus; `assets/skip.js` says where they lead."""
    links = (("content", text.SKIP_TO_CONTENT, ""), ("result", text.SKIP_TO_RESULT, " hidden"))
    parts = (say(words, "a", f'href="#fo-tabs" data-skip="{place}"{hidden}') for place, words, hidden in links)
    return f'<p class="fo-skip">{"".join(parts)}</p>'


def _banner(mode: Mode) -> str:
    """The note at the top: in full until it was read, then as one line. In a lesson, every visit starts in full."""
    law = f"<p>{say(text.LAW)}</p>" if mode.lesson else ""
    source = f'<a href="{text.BARRETT}" target="_blank" rel="noopener noreferrer">Barrett et al. 2019</a>'
    return (
        f'<aside class="fo-banner" {attribute("aria-label", text.PLEASE_NOTE)}>'
        f'<details open data-until="{"visit" if mode.lesson else "ever"}"><summary>{say(text.NOT_EMOTION, "b")} '
        f"{say(text.WHY, 'span', 'class=fo-why')}</summary>"
        f"<p>{say(text.CANNOT_KNOW)} {source}</p>{law}</details></aside>"
    )


def _status(service: ModelService) -> str:
    sentences = text.status(service.ready, service.broken)
    words = " ".join(say(sentence) for sentence in sentences)
    return f'<p class="fo-status{"" if service.ready else " fo-warming"}">{words}</p>' if words else ""


def _foot(app: gr.Blocks) -> None:
    privacy = gr.HTML(_privacy(text.PRIVACY_SERVER), apply_default_css=False)
    app.load(_privacy_here, None, privacy, **AT_ONCE)


def _privacy_here(request: gr.Request) -> str:
    # A relay may put this computer's name in "host" and the requested one in a separate header.
    asked = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    return _privacy(text.privacy(asked.split(",")[0].strip()))


def _privacy(sentence: str) -> str:
    return say(sentence, "p", 'class="fo-privacy"')


def serve(args: argparse.Namespace) -> None:
    """Launch, load the models, run until Ctrl-C or a signal, and delete all uploads."""
    share_arenas()
    if not server.can_listen(args.host):
        raise SystemExit(f"Cannot listen on {args.host}: this computer does not have that address. Try --host 0.0.0.0")
    if args.ssl_certfile:
        check_certificate(args.ssl_certfile, args.ssl_keyfile)
    uploads.stop_on_signals()
    try:
        with Sweeper() as sweeper, uploads.folder(AGE, SWEEP, sweeper):
            _serve(args, sweeper)
    except NotWritableError as error:
        raise SystemExit(f"Uploads cannot be kept. {error} {uploads.VARIABLE} names it.") from None


def _serve(args: argparse.Namespace, sweeper: Sweeper) -> None:
    code = classroom.new_code() if args.classroom else ""
    mode = classroom.classroom(code) if args.classroom else HOME
    service = ModelService(mode=mode, sweeper=sweeper)
    app = build(service, mode)
    sweeper.add(Chore("page states", SWEEP, partial(gradio_state.tidy, app, AGE)))
    sweeper.add(Chore("freed memory", GIVE_BACK, give_back_memory))
    try:
        address = start(app, args, mode)
    except OSError:
        raise SystemExit(_cannot_listen(args)) from None
    try:
        print(announcement(address, for_others(app.server_name, address)), flush=True)
        if code:
            print(text.teachers_code(code), flush=True)
        service.start()
        if args.share:
            print(share(app), flush=True)
        gradio_state.wait_until_closed(app)
    except KeyboardInterrupt:
        print("Stopping.", flush=True)
    finally:
        app.close(verbose=False)


def start(app: gr.Blocks, args: argparse.Namespace, mode: Mode = HOME) -> str:
    """Launch without blocking, and return the local address."""
    options = launch_options(mode)
    heads = [options["head"], *filter(None, (getattr(block, "head", None) for block in app.blocks.values()))]
    with server.serving(server.address(args.host, args.port), _policy(args)):
        _, address, _ = app.launch(
            ssl_certfile=args.ssl_certfile,
            ssl_keyfile=args.ssl_keyfile,
            ssl_verify=False,
            share=False,
            prevent_thread_lock=True,
            state_session_capacity=gradio_state.MOST,
            root_path=getattr(args, "root_path", None),
            app_kwargs={
                "middleware": [
                    Middleware(Compression),
                    Middleware(Manifest),
                    Middleware(PageFiles, files=[*languages.files().values(), *thumbnails.files().values()]),
                    Middleware(PagePolicy, heads=heads, first=f"<script>{read('assets/frames.js')}</script>"),
                    *gradio_state.middleware(app),
                ]
            },
            **options,
        )
    gradio_state.remember_fairly(app)
    return address


def _policy(args: argparse.Namespace) -> Policy:
    """The rules for HTTP requests, from the command line."""
    root = getattr(args, "root_path", None) or os.environ.get("GRADIO_ROOT_PATH", "")
    allowed = [*(getattr(args, "allow_host", None) or ()), urlsplit(root).netloc]
    shared = getattr(args, "share", False)
    return Policy(
        hosts(allowed, args.host, shared),
        Quota(UPLOADS, text.KEPT_MINUTES * 60),
        Proxy(trusted=getattr(args, "trust_proxy", False) or on_space(), on_loopback=shared),
        Limits(file=MOST_FILE, request=MOST_FILE + 2**20),
        root,
    )


def check_certificate(certificate: str, key: str) -> None:
    """Exit with one sentence unless the two files can serve https."""
    try:
        # An empty password: without one, an encrypted key would prompt on a terminal that may not exist.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise SystemExit(
            f"Cannot serve https with {certificate} and {key} ({error}). "
            "Give a certificate and its own private key, both PEM files, the key without a password."
        ) from None


def share(app: gr.Blocks) -> str:
    """Request a public link; returns a sentence with the link, or the reason why there is none."""
    try:
        here = server.LOOPBACK if app.server_name in server.WILDCARDS else app.server_name
        return f"Public link, for a week: {gradio_state.public_link(app, here)}"
    except Exception as error:  # whatever the network, the download or the tunnel's program may raise
        return f"No public link: Gradio's share server cannot be reached ({error}). The local page runs all the same."


def _cannot_listen(args: argparse.Namespace) -> str:
    where = args.host or "127.0.0.1"
    if args.port is None:
        return f"Cannot listen on {where}: no port from 7860 on is free. Choose one with --port."
    return f"Cannot listen on {where}:{args.port}; another program uses it. Try another --port."
