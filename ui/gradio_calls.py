"""Adapts how Gradio reads the values of a call: every failed call is answered with a sentence.

By default, Gradio answers ``{"error": null}`` to values in an unexpected form, and logs a traceback. Anyone can send
such values; they are not an error of this app.

Checked with Gradio 6.31.0. Each replacement names a test of plain Gradio in `tests/ui/test_gradio_defaults.py`; if that
test fails, Gradio no longer does what the replacement is for.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from ui import text
from ui.components.errors import refusal
from zoo.filenames import readable, shortened

LOG = logging.getLogger(__name__)
LONGEST_SENTENCE = 600
READS = "preprocess_data"  # Gradio's function that reads the values, one by one

NO_FILE = (
    "{name} did not understand {which} as a file ({shown}). "
    "Upload it to /gradio_api/upload first, and send the path that comes back, as gradio_client does."
)
NO_VALUE = "{name} did not understand {which} ({shown}). {expected}README.md shows how to call the app."
NOTHING_HERE = "This function runs in the browser only. README.md shows how to call the app."
NOT_SO_MANY = "{came} values came for {name}, which takes {wanted}. {expected}README.md shows how to call the app."


def fill_in(app: gr.Blocks, api_name: str, *last: object) -> None:
    """Default values for an endpoint's last inputs, for scripts written before these inputs existed.

    Replaces the app's `validate_inputs`. Gradio completes only the calls of its own client, and refuses others that
    have fewer values than inputs. Needed as long as `test_gradio_refuses_calls_with_fewer_values_than_inputs` passes.
    """
    check = app.validate_inputs

    def with_defaults(block_fn: BlockFunction, inputs: list) -> None:
        missing = len(block_fn.inputs) - len(inputs)
        if block_fn.api_name == api_name and 0 < missing <= len(last):
            inputs.extend(last[-missing:])
        check(block_fn, inputs)

    app.validate_inputs = with_defaults  # type: ignore[method-assign]  # of this app alone


def explain_failures(app: gr.Blocks) -> None:
    """Answer every failed call with a sentence. Only errors of this app leave a traceback in the log.

    Replaces the app's `preprocess_data` and `process_api`. Needed as long as
    `test_gradio_has_no_sentence_for_a_value_in_an_unexpected_form` passes.
    """
    read, process = app.preprocess_data, app.process_api

    async def explained_read(block_fn: BlockFunction, inputs: list, *given: Any, **options: Any) -> Any:
        try:
            values = await read(block_fn, inputs, *given, **options)
        except gr.Error:
            raise
        except Exception as error:
            LOG.warning("%s: values not understood (%s)", _name(block_fn), type(error).__name__)
            LOG.debug("The call in full", exc_info=error)
            raise refusal(_not_understood(block_fn, inputs, _reached(error))) from None
        if (at := _unlike(block_fn, values)) is not None:
            raise refusal(_not_understood(block_fn, inputs, at))
        return values

    async def explained(*given: Any, **options: Any) -> Any:
        try:
            _check_function(app, *given, **options)
            return await process(*given, **options)
        except gr.Error as error:
            error.print_exception = False
            # Half a surrogate pair, as JSON allows, would end the event stream: it cannot be encoded.
            error.message = readable(str(error.message)[:LONGEST_SENTENCE])
            raise
        except Exception:
            LOG.exception("a call failed")
            raise refusal(text.FAILED) from None

    app.preprocess_data = explained_read  # type: ignore[method-assign]  # of this app alone
    app.process_api = explained  # type: ignore[method-assign]


def _check_function(app: gr.Blocks, block_fn: BlockFunction | int, *_: object, **__: object) -> None:
    """Raise `gr.Error` for a function that runs in the browser only: the page never calls it, but a script can."""
    function = app.fns[block_fn] if isinstance(block_fn, int) else block_fn
    if function.fn is None:
        raise refusal(NOTHING_HERE)


def _is_choice(value: object) -> bool:
    return isinstance(value, str | int | float)


# What a component can hold, besides nothing.
FORMS: tuple[tuple[type, Callable[[object], bool]], ...] = (
    (gr.CheckboxGroup, lambda value: isinstance(value, list) and all(map(_is_choice, value))),
    (gr.Checkbox, lambda value: isinstance(value, bool)),
    (gr.Number, lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    (gr.Textbox, lambda value: isinstance(value, str)),
    (gr.Radio, _is_choice),
    (gr.Dropdown, _is_choice),
)


def _unlike(block_fn: BlockFunction, values: list) -> int | None:
    """The first value of a private call that its component cannot hold; None if there is none.

    Scripts can call private functions with anything. Public ones check their values themselves.
    """
    if block_fn.api_visibility == "public":
        return None
    for at, (block, value) in enumerate(zip(block_fn.inputs, values, strict=False)):
        fits = next((fits for kind, fits in FORMS if isinstance(block, kind)), None)
        if value is not None and fits is not None and not fits(value):
            return at
    return None


def sent_value(event: gr.EventData, name: str) -> Any:
    """A value that a script on the page sent with an event; None if there is none of this name."""
    try:
        return getattr(event, name, None)
    except TypeError:  # what was sent has no names at all
        return None


def _not_understood(block_fn: BlockFunction, inputs: list, at: int) -> str:
    name, wanted = _name(block_fn), len(block_fn.inputs)
    names = _parameters(block_fn)
    expected = f"Expected, in this order: {', '.join(names)}. " if names else ""
    if len(inputs) < wanted:
        return NOT_SO_MANY.format(came=len(inputs), name=name, wanted=wanted, expected=expected)
    which = names[at] if at < len(names) else f"value {at + 1}"
    words = NO_FILE if _is_file(inputs[at]) else NO_VALUE
    return words.format(name=name, which=which, shown=shortened(inputs[at]), expected=expected)


def _reached(error: Exception) -> int:
    """How many values Gradio had read before this error: the loop counter of its function."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_name == READS]
    return int(frames[-1].f_locals.get("i", 0)) if frames else 0


def _is_file(value: object) -> bool:
    """Whether a value contains something in the form in which Gradio's clients send files."""
    if isinstance(value, dict):
        return "meta" in value or "path" in value or any(map(_is_file, value.values()))
    return isinstance(value, list) and any(map(_is_file, value))


def _name(block_fn: BlockFunction) -> str:
    return f"/{block_fn.api_name}" if block_fn.api_visibility == "public" else "The call"


def _parameters(block_fn: BlockFunction) -> list[str]:
    """The names of a public endpoint's values; empty for private calls, whose names mean nothing to a caller."""
    if block_fn.api_visibility != "public" or block_fn.fn is None:
        return []
    return list(inspect.signature(block_fn.fn).parameters)[: len(block_fn.inputs)]
