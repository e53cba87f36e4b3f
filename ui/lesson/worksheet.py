"""The worksheet: the lesson on paper."""

from __future__ import annotations

from ui import text
from zoo.reports.markup import say


def worksheet() -> str:
    """What to do, how long it takes, and lines to write on, as HTML."""
    parts = "".join(
        f"<li><h3>{say(title)} {say(text.minutes(minutes), 'small')}</h3>{say(todo, 'p')}"
        f"<ul>{''.join(f'<li>{say(one)}<i></i></li>' for one in questions)}</ul></li>"
        for title, minutes, todo, questions in text.WORKSHEET
    )
    return (
        f'<section class="fl-sheet">{say(text.LESSON["sheet"], "h2")}{say(text.LESSON["sheet_how"], "p")}'
        f"<p>{say(text.NOT_EMOTION, 'b')} {say(text.CANNOT_KNOW)}</p><ol>{parts}</ol></section>"
    )
