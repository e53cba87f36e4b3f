"""The exception for requests that are not accepted, and the answer to them."""

from __future__ import annotations

import json

BAD_REQUEST, FORBIDDEN, NOT_FOUND, TIMEOUT = 400, 403, 404, 408
TOO_LARGE, TOO_LONG, WRONG_TYPE, DISK_FULL = 413, 414, 415, 507


class Refusal(Exception):
    """A request is not accepted.

    Parameters
    ----------
    status : int
        HTTP status.
    sentence : str
        What came, what was expected, and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status

    def body(self, as_json: bool) -> tuple[bytes, bytes]:
        """The answer's body and content type: plain text, or the JSON that Gradio's clients show as an error."""
        if as_json:
            return json.dumps({"detail": str(self)}).encode(), b"application/json"
        return str(self).encode(), b"text/plain; charset=utf-8"
