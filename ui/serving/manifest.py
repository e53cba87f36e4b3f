"""The web app manifest, by which Chromebooks and phones install the page as an app.

Gradio's own manifest has URLs that are wrong below a root path; here they are relative to the manifest. There is no
service worker, because nothing works without the server.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.routes import API

MANIFEST = {
    "name": "Face-off",
    "start_url": "./",
    "display": "standalone",
    "background_color": "#faf8f4",
    "theme_color": "#0f766e",
    "icons": [{"src": "pwa_icon", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
}


class Manifest:
    """Middleware next to Gradio that answers ``/manifest.json``.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope.get("path", "").rstrip("/")
        if scope["type"] == "http" and path.endswith("/manifest.json") and f"{API}/" not in path:
            answer = JSONResponse(MANIFEST, media_type="application/manifest+json")
            return await answer(scope, receive, send)
        return await self._app(scope, receive, send)
