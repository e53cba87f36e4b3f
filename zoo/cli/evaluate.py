"""Measure models on FER2013 or on your own photos.

Examples:
  python -m zoo evaluate hog-svm cnn --data fer2013.csv.xz --split PrivateTest
  python -m zoo evaluate cnn --data fer2013.csv --votes fer2013new.csv --labels all
  python -m zoo evaluate hog-svm --data photos/ --json figures.json
  python -m zoo evaluate hog-svm cnn --data fer2013.csv --html report.html
  python -m zoo evaluate hog-svm cnn --data fer2013.csv --robustness 500 --html report.html
  python -m zoo evaluate hog-svm cnn --data photos/ --people people.csv

photos/ contains class folders (photos/happy/..., photos/test/anger/...), and may be a zip or tar of them, or a
folder in one (--data archive.zip/test). Every photo goes through the whole pipeline, including face detection; of
several faces the largest is used. Figures are given for photos with a face and for all photos, in which a missing face
counts as wrong. A file that cannot be read is reported and skipped, and the exit status is then 1.

--people names who is in which picture of a folder (columns file, person; further columns are groups). Each neutral
picture of a person then serves once as the reference for that person's other pictures (data set "photos, resting
face"; margin 0.5 for neutral), intervals are clustered by person, and each group gets its figures with intervals.

--robustness N evaluates N pictures (drawn with seed 0) again under 31 conditions: blurred,
darker, brighter, tilted, smaller, compressed, noisy, eyes or mouth covered, mirrored. 500, the
default, take four minutes with four models on two cores. All figures have intervals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cards import Condition, Figures, PeopleResult, Robustness, Slice
from zoo.classifier import Classifier
from zoo.cli import common
from zoo.cli_types import named_path, whole
from zoo.datasets.folders import holds_photos
from zoo.evaluation.conditions import FACTORS, corruption_words, range_words
from zoo.evaluation.intervals import Estimate, LabelFigures, by_label
from zoo.evaluation.metrics import calibration_gap
from zoo.evaluation.paired import PAIRS, PairResult, keep_pairs, weights_of
from zoo.filenames import check_folder, one_line, printable
from zoo.labels import EIGHT, LABEL_SETS, LabelSet, label_set
from zoo.models import registry
from zoo.models.label_mix import DEFAULT, FER2013, LabelMix, with_mix
from zoo.models.resting import MARGIN
from zoo.reports.evaluation_report import page, together_words, where_words
from zoo.reports.group_words import HEADING as HEADING_BY_GROUP
from zoo.reports.group_words import gain_words, group_rows

if TYPE_CHECKING:  # at run time these would import scikit-learn, which `list` and `predict` do not need
    from zoo.evaluation.evaluate import Coverage, Evaluation, Pair
    from zoo.evaluation.people import Relative
    from zoo.evaluation.test_sets import TestSet

SPLIT = "PrivateTest"
MAIN = "FER2013"
ROBUSTNESS = 500


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="models, see: python -m zoo list")
    parser.add_argument(
        "--data",
        type=named_path,
        required=True,
        metavar="PATH",
        help="FER2013's CSV; a folder, zip or tar of photos",
    )
    parser.add_argument("--votes", type=Path, metavar="PATH", help="FER+ votes (fer2013new.csv), for 8-label models")
    parser.add_argument(
        "--split", choices=("PublicTest", "PrivateTest"), help=f"of FER2013 only (default: {SPLIT}; a folder has none)"
    )
    parser.add_argument("--labels", default="7", help="7, 6, 5 or all (default: 7)")
    parser.add_argument(
        "--robustness",
        type=whole,
        nargs="?",
        const=ROBUSTNESS,
        metavar="N",
        help="also on N degraded pictures",
    )
    parser.add_argument(
        "--json", type=common.output(".json"), nargs="?", const="-", metavar="FILE", help="as JSON; - is stdout"
    )
    parser.add_argument("--html", type=common.output(".html"), metavar="FILE", help="a report with charts, in one file")
    parser.add_argument("--write-cards", action="store_true", help="keep the figures in the models' cards")
    parser.add_argument("--people", type=Path, metavar="CSV", help="who is in which picture of a folder of photos")
    common.add_mix(parser, None, f"fer2013 for FER2013's CSV, {DEFAULT} for a folder")
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate the models, print the results, and store them if requested."""
    from zoo.evaluation.evaluate import evaluate
    from zoo.evaluation.people import read_people

    args.photos = holds_photos(args.data)
    label_sets = _label_sets(args.labels)
    names = common.chosen(list(dict.fromkeys(args.names)), args.checkpoints)
    models = common.load_models(names, args.checkpoints)
    _check(args)
    people = read_people(args.people) if args.people else None
    result = evaluate(models, _test_set(args, models), label_sets, _mix(args, names), people)
    if args.robustness:
        result = replace(result, robustness=_stress(args, models))
    if not any(result.figures.values()):
        raise common.UsageError(
            f"No model can answer in label set {args.labels}, or no picture has one of its labels; "
            "choose other --labels."
        )
    for sentence in (*result.notes, *(f"python -m zoo: {failure}" for failure in result.failed)):
        print(one_line(sentence), file=sys.stderr)
    if args.json:
        common.write_json(args.json, _record(result))
    if args.html:
        cards = {name: registry.card(name, args.checkpoints) for name in result.figures}
        common.write_text(args.html, page(result, cards))
    if common.STDOUT not in (args.json, args.html):
        print(printable(report(result)))
    if args.write_cards:
        _write_cards(result, args.checkpoints)
    return 1 if result.failed else 0


def _mix(args: argparse.Namespace, names: Sequence[str]) -> LabelMix:
    usual = DEFAULT if args.photos else FER2013
    return LabelMix(args.mix or usual, {name: registry.card(name, args.checkpoints) for name in names})


def _check(args: argparse.Namespace) -> None:
    if args.robustness and args.photos:
        raise common.UsageError("--robustness is for FER2013's CSV, whose pictures are all of one size.")
    if args.write_cards:  # reported before the work
        check_folder(args.checkpoints)
    common.check_apart((args.json, args.html), [one for one in (args.data, args.votes, args.people) if one])
    if args.people and not args.photos:
        raise common.UsageError("--people is for a folder of photos; nobody knows who is in FER2013's pictures.")


def _stress(args: argparse.Namespace, models: Sequence[Classifier]) -> dict[str, Robustness]:
    from zoo.evaluation.corruptions import sample_fer2013, stress

    sample = sample_fer2013(args.data, models[0].align, args.split or SPLIT, args.robustness)
    return stress(models, sample)


def _label_sets(name: str) -> list[LabelSet]:
    return list(LABEL_SETS.values()) if name == "all" else [label_set(name)]


def _test_set(args: argparse.Namespace, models: Sequence[Classifier]) -> TestSet:
    from zoo.evaluation.test_sets import fer2013_test, photo_test

    spec = models[0].align
    if not args.photos:
        return fer2013_test(args.data, spec, args.split or SPLIT, args.votes)
    if args.split or args.votes:
        raise common.UsageError(
            "--split and --votes are for FER2013's CSV; of a folder, give the part: --data DIR/test"
        )
    return photo_test(args.data, spec)


def _write_cards(result: Evaluation, root: Path) -> None:
    for name, lines in result.figures.items():
        card = registry.card(name, root).with_figures(list(lines))
        if lines and lines[0].key[:2] == (MAIN, SPLIT) and lines[0].mix == FER2013:  # a card has one set of these
            card = replace(card, slices=result.slices.get(name, card.slices))
            card = replace(card, robustness=result.robustness.get(name, card.robustness))
        common.update_card(name, root, card)
    for name, found in result.people.items():
        common.update_card(name, root, replace(registry.card(name, root), people=_people_result(found)))
    if result.pairs:
        split = next(line.split for lines in result.figures.values() for line in lines)
        keep_pairs(root, [_kept(pair, split, root) for pair in result.pairs])
        print(f"wrote {root / PAIRS}", file=sys.stderr)


def _people_result(found: Relative) -> PeopleResult:
    from zoo.evaluation.people import RESTING

    data = found.lines[-1].data.removesuffix(f", {RESTING}")
    return PeopleResult(data, MARGIN, found.margins, found.groups)


def _kept(pair: Pair, split: str, root: Path) -> PairResult:
    weights = weights_of(registry.card(pair.first, root)), weights_of(registry.card(pair.second, root))
    result = {**asdict(pair.result), "by_label": pair.by_label, "together": pair.together}
    return PairResult(pair.first, pair.second, weights, pair.data, split, pair.labels, mix=pair.mix, **result)


def _record(result: Evaluation) -> dict[str, object]:
    return {
        "models": {name: [_line_record(line) for line in lines] for name, lines in result.figures.items()},
        "pairs": [_pair_record(pair) for pair in result.pairs],
        "coverage": [asdict(line) for line in result.coverage],
        "slices": {name: [asdict(part) for part in parts] for name, parts in result.slices.items()},
        "people": {name: _people_record(found) for name, found in result.people.items()},
        "robustness": {name: asdict(found) for name, found in result.robustness.items()},
        "notes": list(result.notes),
        "failed": list(result.failed),
        "no_face": list(result.no_face),
    }


def _people_record(found: Relative) -> dict[str, object]:
    return {"margin": MARGIN, **asdict(found)} | {"lines": [line.data for line in found.lines]}


def _pair_record(pair: Pair) -> dict[str, object]:
    """A comparison of two models as JSON, with the numbers by label under the labels' names."""
    by_label = {name: one._asdict() for name, one in zip(_labels_named(pair.labels), pair.by_label, strict=True)}
    return {**asdict(pair), "by_label": by_label, "together": pair.together._asdict()}


def _line_record(line: Figures) -> dict[str, object]:
    return {**asdict(line), "by_label": [asdict(one) for one in _by_label(line)]}


def _by_label(line: Figures) -> list[LabelFigures]:
    return by_label(line, _labels_named(line.labels))


def _labels_named(name: str) -> LabelSet:
    return {**LABEL_SETS, EIGHT.name: EIGHT}[name]


HEADING = ("model", "labels", "n", "accuracy", "95 % interval", "balanced", "macro-F1", "NLL", "Brier", "ECE", "before")


def report(result: Evaluation) -> str:
    """All figures as text: one table per data set, figures per label, comparisons."""
    lines = [(name, line) for name, figures in result.figures.items() for line in figures]
    parts = []
    for data in dict.fromkeys(line.data for _, line in lines):
        chosen = [(name, line) for name, line in lines if line.data == data]
        table = common.grid([HEADING, *(_row(name, line) for name, line in chosen)], left=2)
        parts.append(f"{with_mix(f'{data}, {chosen[0][1].split}', chosen[0][1].mix)}\n{table}")
    main = lines[0][1]
    parts += [_per_class(name, line) for name, line in lines if (line.data, line.labels) == (main.data, main.labels)]
    parts += ["\n".join(_covered(line) for line in result.coverage if line.labels == main.labels)]
    parts += ["\n".join(_compared(pair) for pair in result.pairs)] if result.pairs else []
    parts += [_sliced(result.slices)] if any(result.slices.values()) else []
    parts += [_relative(result.people)] if result.people else []
    parts += [_stressed(result.robustness)] if result.robustness else []
    return "\n\n".join(parts)


def _row(name: str, line: Figures) -> tuple[str, ...]:
    low, high = line.interval
    numbers = (line.balanced_accuracy, line.macro_f1, line.nll, line.brier, line.ece)
    return (
        name,
        line.labels,
        str(line.n),
        f"{line.accuracy:.2%}",
        f"{low:.2%} - {high:.2%}",
        *(f"{number:.3f}" for number in numbers),
        f"{calibration_gap(line.reliability_before):.3f}" if line.reliability_before else "-",
    )


def _per_class(name: str, line: Figures) -> str:
    rows: list[Sequence[str]] = [(f"{name} (95 %)", "n", "precision", "recall", "F1")]
    rows += [(one.label, str(one.n), *map(_with_ends, (one.precision, one.recall, one.f1))) for one in _by_label(line)]
    return common.grid(rows)


def _with_ends(one: Estimate) -> str:
    if one.interval is None:
        return f"{one.value:.3f}"
    low, high = one.interval
    return f"{one.value:.3f} ({low:.2f}-{high:.2f})"


def _covered(line: Coverage) -> str:
    numbers = " / ".join(f"{accuracy:.1%}" for accuracy in line.accuracy)
    return f"{line.model}, right among the surest 20 / 40 / 60 / 80 / 100 %: {numbers}"


def _sliced(slices: dict[str, tuple[Slice, ...]]) -> str:
    """Accuracy by measured properties of the face, one row per range."""
    names = [name for name, parts in slices.items() if parts]
    rows = [("accuracy by", "n", *names)]
    found = {name: {(part.factor, part.low): part for part in slices[name]} for name in names}
    for key, part in next(iter(found.values())).items():
        cells = (_with_margin(found[name][key]) if key in found[name] else "-" for name in names)
        rows.append((f"{FACTORS[part.factor].title}, {range_words(part)}", str(part.n), *cells))
    return common.grid(rows)


def _relative(people: dict[str, Relative]) -> str:
    """Gains from resting faces, the effect of the margin for neutral, and figures for each group."""
    parts = []
    for name, found in people.items():
        labels = [line.labels for line in found.lines[::2]]
        parts += [f"{name}, {k} labels: {gain_words(gain)}" for k, gain in zip(labels, found.gains, strict=True)]
        tried = ", ".join(f"{margin:g}: {100 * recall:.1f} %" for margin, recall in found.margins)
        parts.append(f"{name}, mean recall by margin for neutral: {tried}")
    for name, found in people.items():
        if found.groups:
            parts.append(f"\n{name}, by group\n{common.grid([HEADING_BY_GROUP, *group_rows(found.groups)], left=2)}")
    return "\n".join(parts)


def _stressed(robustness: dict[str, Robustness]) -> str:
    """Accuracy on corrupted pictures, one row per condition."""
    first = next(iter(robustness.values()))
    rows = [(f"{first.n} pictures, seed {first.seed}", "face found", *robustness)]
    for conditions in zip(*(found.conditions for found in robustness.values()), strict=True):
        cells = (_with_margin(condition) for condition in conditions)
        rows.append((corruption_words(conditions[0]), f"{conditions[0].found:.1%}", *cells))
    return common.grid(rows)


def _with_margin(line: Slice | Condition) -> str:
    low, high = line.interval
    return f"{line.accuracy:.1%} ({100 * low:.1f}-{100 * high:.1f})"


def _compared(pair: Pair) -> str:
    low, high = pair.result.interval
    return (
        f"{pair.first} - {pair.second}, {pair.data}, {pair.labels} labels: {100 * pair.result.difference:+.2f} points "
        f"({100 * low:+.2f} to {100 * high:+.2f}), McNemar p = {pair.result.p_value:.2g}\n"
        f"  {where_words(pair.first, pair.second, pair.by_label, _labels_named(pair.labels))}\n"
        f"  {together_words(pair.together)}"
    )
