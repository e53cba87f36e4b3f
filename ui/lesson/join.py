"""The address that the class opens, large and as a QR code."""

from __future__ import annotations

import io
from html import escape
from urllib.parse import urlsplit

import gradio as gr

from ui import gradio_state, text
from ui.serving.addresses import for_others, is_loopback
from zoo.reports.markup import say


def address(page: str, listening: str) -> str:
    """The address at which others can open this page; empty if they cannot.

    Parameters
    ----------
    page : str
        The page's address in the browser that shows it.
    listening : str
        The host that the app listens on.
    """
    try:
        parts = urlsplit(page)
        local = f"{parts.scheme}://{parts.netloc}/"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
    except ValueError:
        return ""
    if not is_loopback(parts.hostname):
        return local.rstrip("/") + parts.path
    port = parts.port or (443 if parts.scheme == "https" else 80)
    others = for_others(listening, f"{parts.scheme}://{parts.hostname}:{port}/")
    return others and others.rstrip("/") + parts.path


def section(address: str) -> str:
    """The address as HTML, with its QR code; if it is empty, what to do."""
    head = f'<section class="fl-join fo-card">{say(text.LESSON["join"], "h2")}'
    if not address:
        return f"{head}{say(text.LESSON['join_alone'], 'p')}</section>"
    shown = f'<p class="fl-address" translate="no">{escape(address)}</p>'
    return f'{head}{say(text.LESSON["join_how"], "p")}<div class="fl-code">{qr_code(address)}</div>{shown}</section>'


def qr_code(content: str) -> str:
    """A QR code as an SVG, black on white; empty if the package that draws it is missing."""
    try:
        import segno
    except ModuleNotFoundError:
        return ""
    drawn = io.BytesIO()
    code = segno.make(content, error="m", micro=False)
    code.save(drawn, kind="svg", xmldecl=False, omitsize=True, light="#fff", title=content, border=4)
    return drawn.getvalue().decode()


def build() -> None:
    """Lay out the section inside the surrounding `gr.Blocks`; each page requests its address when it loads."""
    root = gradio_state.surrounding_page()

    def show(request: gr.Request) -> str:
        return section(address(request.headers.get("referer", ""), root.server_name))

    place = gr.HTML(apply_default_css=False)
    root.load(show, None, place, queue=False, show_progress="hidden", api_visibility="private")
