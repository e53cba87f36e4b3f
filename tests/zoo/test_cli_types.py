"""Types of arguments: what fits is converted, everything else is an error that names what was expected."""

import argparse

import pytest

from zoo.cli.main import parser
from zoo.cli_types import number_up_to


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("1.5", 1.5), ("10", 10)])
def test_a_number_within_the_range_is_taken(text, value):
    assert number_up_to(text, 10, "a number") == value


@pytest.mark.parametrize("text", ["-0.1", "10.1", "nan", "inf", "", "ten"])
def test_another_one_is_refused_by_name(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{text!r} is not a number$"):
        number_up_to(text, 10, "a number")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--fps", "1001", "a number from 0 to 1000"),
        ("--rest", "soon", "auto, none or a number of seconds up to 86400"),
    ],
)
def test_video_names_what_an_option_takes(option, value, expected, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["video", "clip.mp4", option, value])
    assert f"{value!r} is not {expected}" in " ".join(capsys.readouterr().err.split())
