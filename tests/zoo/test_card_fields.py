"""Every field of a card, damaged in every way: a `CardError`, or a card that everything can be made of."""

import copy
import json
from contextlib import suppress
from dataclasses import replace
from typing import get_args

import pytest

from zoo.card_fields import MOST_BYTES, ConditionName, FactorName
from zoo.cards import CardError, read_card
from zoo.evaluation.conditions import AS_IT_IS, CORRUPTIONS, FACTORS, PARTS
from zoo.evaluation.paired import weights_of
from zoo.models import registry
from zoo.reports import charts, evaluation_report, leaderboard, model_card

WRONG = [
    None, True, -1, 0, 0.5, 1e308, 10**30, "", "x", "x" * 3000, "\x1b[2J", "../../etc", "<b>", [], [1], [[]], {},
    {"a": 1}, float("nan"), float("inf"),
]  # fmt: skip


def places(node, path=()):
    """Every field of JSON data: of lists the first entry stands for all, and the list itself is a field, too."""
    if path:
        yield path
    entries = node.items() if isinstance(node, dict) else list(enumerate(node))[:1] if isinstance(node, list) else ()
    for key, inner in entries:
        yield from places(inner, (*path, key))


def changed(data, path, value=None, drop=False):
    data = copy.deepcopy(data)
    node = data
    for key in path[:-1]:
        node = node[key]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return data


SHIPPED = ("cnn", "hog-svm")
FIELDS = [
    pytest.param(name, path, id=f"{name}:{'.'.join(map(str, path))}")
    for name in SHIPPED
    for path in places(json.loads((registry.CHECKPOINTS / name / "card.json").read_text(encoding="utf-8")))
]


def use_everything(card):
    """What the page, the model's README and the leaderboard make of a card."""
    model_card.markdown(card)
    leaderboard.model_table([card])
    weights_of(card)
    evaluation_report.hard_panels(card)
    for line in card.figures:
        evaluation_report.panels(line, card.labels_of(line))
        assert line.f1 is not None
    if card.robustness:
        charts.robustness([("a", card.robustness), ("b", card.robustness)])


def written(folder, data):
    (folder / "card.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("name", "path"), FIELDS)
def test_a_wrong_value_is_refused_or_harmless(tmp_path, name, path):
    good = json.loads((registry.CHECKPOINTS / name / "card.json").read_text(encoding="utf-8"))
    folder = tmp_path / name
    folder.mkdir()
    old = good
    for key in path:
        old = old[key]
    refused = 0
    for value in WRONG:
        try:
            card = read_card(written(folder, changed(good, path, value)))
        except CardError as error:
            refused += 1
            assert len(str(error)) < 500 + len(str(folder)) and "\x1b" not in str(error)
            continue
        assert isinstance(value, type(old)) or (type(value), type(old)) in OPTIONAL | NUMBERS, (path, value)
        use_everything(card)
    assert refused >= len(WRONG) - 12
    with suppress(CardError):
        use_everything(read_card(written(folder, changed(good, path, drop=True))))


NOTHING = type(None)
NUMBERS = {(int, float), (float, int)}  # JSON writes 5.0 as 5, too
# What may be None, and what may be given where the example has None.
OPTIONAL = {(NOTHING, float), (NOTHING, int), (NOTHING, dict), (NOTHING, list), (float, NOTHING), (int, NOTHING)}


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("milliseconds",), "fast", "its milliseconds is 'fast'; expected a valid number"),
        (("size_bytes",), 1.5, "its size_bytes is 1.5; expected a valid integer"),
        (("title",), ["HOG"], "its title is a list; expected a valid string"),
        (("files", "model.npz"), "abc", "its files.model.npz is 'abc'"),
        (("files", "../x"), "0" * 64, "files"),
        (("figures", 0, "accuracy"), 1.01, "its figures.0.accuracy is 1.01; expected less than or equal to 1"),
        (("figures", 0, "interval"), [0.7, 0.6], "lower end is above its upper end"),
        (("figures", 0, "labels"), "9", "labels '9', which are not known"),
        (("figures", 0, "recall"), [0.5], "recall of its figures has 1 entries for"),
        (("slices", 0, "factor"), "mood", "its slices.0.factor is 'mood'; expected 'yaw'"),
        (("training", "seed"), True, "its training.seed is True; expected a valid integer"),
        (("align", "size"), 10**9, "its align"),
        (("align", "eye_height"), float("nan"), "holds NaN, which is not a number"),
        (("settings", "descriptor", 0, "cell"), 0, "its settings.descriptor.0.cell is 0"),
        (("labels", "labels"), [], "needs one or more different labels"),
        (("surplus",), 1, "its entry 'surplus' is unknown"),
    ],
)
def test_the_sentence_names_the_field(tmp_path, path, value, sentence):
    good = json.loads((registry.CHECKPOINTS / "hog-svm/card.json").read_text(encoding="utf-8"))
    (tmp_path / "hog-svm").mkdir()
    with pytest.raises(CardError) as raised:
        read_card(written(tmp_path / "hog-svm", changed(good, path, value)))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"\xff\xfe{", b'{"name": ' + b"[" * 100_000, b" " * (MOST_BYTES + 1), b'{"name": "\\ud800"}'],
    ids=["empty", "list", "null", "utf-16", "deep", "large", "half a character"],
)
def test_what_is_not_a_card_at_all(tmp_path, content):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(CardError):
        read_card(tmp_path)


def test_names_of_factors_and_conditions_are_those_that_are_measured():
    assert get_args(FactorName) == tuple(FACTORS)
    assert set(get_args(ConditionName)) == {AS_IT_IS, *CORRUPTIONS, *PARTS}


def test_a_card_that_is_written_can_be_read(make_checkpoint):
    folder = make_checkpoint("toy") / "toy"
    card = read_card(folder)
    assert read_card(written(folder, json.loads((folder / "card.json").read_text()))) == replace(card)
