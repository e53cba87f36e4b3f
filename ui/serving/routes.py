"""The routes of Gradio that the app and its clients use; all others are closed.

Gradio serves more than this app needs: deep links that write the displayed answer to disk, an editor for the app's
code, screen recordings, a dashboard, and two routes that fetch any URL for the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ui.serving.refusal import FORBIDDEN, NOT_FOUND, Refusal

API = "/gradio_api"


class Body(Enum):
    """The body that a route takes."""

    NONE = "nothing"
    JSON = "application/json"
    UPLOAD = "multipart/form-data"


@dataclass(frozen=True)
class Route:
    """An open route.

    Parameters
    ----------
    path : re.Pattern
        Matches the whole path.
    body : Body
    """

    path: re.Pattern[str]
    body: Body = Body.NONE


def _open(pattern: str, body: Body = Body.NONE) -> Route:
    return Route(re.compile(pattern), body)


READ = (
    _open(r"/"),
    _open(r"/(config|theme\.css|favicon\.ico|manifest\.json|pwa_icon|robots\.txt)/?"),
    _open(r"/(assets|static|svelte)/.+"),
    _open(rf"{API}/(info|openapi\.json|app_id|startup-events|upload_progress|theme\.css|login_check)/?"),
    _open(rf"{API}/queue/(data|status)"),
    _open(rf"{API}/heartbeat/[\w-]{{1,64}}"),
    _open(rf"{API}/call/(v2/)?[^/]+/[^/]+"),
    # no URLs: Gradio would fetch them
    _open(rf"{API}/file=(?![/\\]*[A-Za-z][A-Za-z0-9+.-]*:[/\\]).+"),
)
WRITE = (
    _open(rf"{API}/upload/?", Body.UPLOAD),
    _open(rf"{API}/queue/join", Body.JSON),
    _open(rf"{API}/(call(/v2)?|run|api)/[^/]+/?", Body.JSON),
    _open(rf"{API}/(cancel|reset|component_server)/?", Body.JSON),
)


def find(method: str, path: str) -> Route:
    """The open route behind a request.

    Parameters
    ----------
    method : str
        HTTP method in capitals.
    path : str
        Below the app's root, percent-decoded.

    Raises
    ------
    Refusal
        There is no such route for this method.
    """
    routes = {"GET": READ, "HEAD": READ, "POST": WRITE}.get(method)
    if routes is None:
        raise Refusal(FORBIDDEN, f"{method[:20]} requests are not accepted here; Face-off answers GET, HEAD and POST.")
    for route in routes:
        if route.path.fullmatch(path):
            return route
    raise Refusal(NOT_FOUND, "There is no such page here.")
