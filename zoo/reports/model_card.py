"""A model's card in Mitchell's nine sections, filled from `card.json`; what is not known says so.

References
----------
Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, doi:10.1145/3287560.3287596.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoo.cards import Card, Figures, Robustness, Slice
from zoo.evaluation.conditions import FACTORS, harm_words, range_words
from zoo.evaluation.intervals import Share
from zoo.evaluation.intervals import by_label as figures_by_label
from zoo.evaluation.metrics import calibration_gap
from zoo.labels import SEVEN
from zoo.reports.leaderboard import share, with_interval

SMALLER_SETS = (
    "For 7, 6 or 5 labels the others are struck out and the rest is scaled to sum to one: "
    "Bayes' rule, given that it is one of these. Nothing is trained again."
)
NOT_MEASURED = "not measured"
README = "README.md"
MADE = "<!-- Made from card.json by `python -m zoo table`; change that, not this. -->"
BARRETT = "Barrett et al. 2019, doi:10.1177/1529100619832930"


@dataclass(frozen=True)
class Table:
    """A heading and rows of cells, all text."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One of the nine: terms with what is to be said of them, and tables of figures."""

    title: str
    entries: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...] = ()


def sections(card: Card) -> tuple[Section, ...]:
    """The nine sections of a model's card."""
    return (
        _details(card),
        _use(card),
        _factors(card),
        _metrics(card),
        _evaluation_data(card),
        _training_data(card),
        _analyses(card),
        _ethics(),
        Section("Caveats and recommendations", tuple((f"{i}", text) for i, text in enumerate(card.limits, 1))),
    )


def _details(card: Card) -> Section:
    training = card.training
    size = f"{card.size_bytes / 2**20:.1f} MB" if card.size_bytes else NOT_MEASURED
    time = f"{card.milliseconds:.1f} ms on one thread" if card.milliseconds else NOT_MEASURED
    versions = ", ".join(f"{name} {version}" for name, version in training.versions.items())
    entries = (
        ("Name", f"{card.name}: {card.title}"),
        ("What it is", f"{card.summary} Family: {card.family}."),
        ("Date", training.date),
        ("Made by", f"`{training.command}`, seed {training.seed}, {training.minutes:g} minutes"),
        ("Versions", versions or NOT_MEASURED),
        ("Sees", _preprocessing(card)),
        ("Answers with", ", ".join(card.labels)),
        _other_sets(card),
        ("Size", size),
        ("Time for a face", time),
        ("Licence", card.licence),
    )
    return Section("Model details", entries)


def _other_sets(card: Card) -> tuple[str, str]:
    unknown = [label for label in SEVEN if label not in card.labels.labels]
    if not unknown:
        return "In fewer labels", SMALLER_SETS
    return (
        "Cannot answer",
        f"{', '.join(unknown)}: it never learned them and, asked in 7 or 6 labels, never gives them.",
    )


def _preprocessing(card: Card) -> str:
    align = card.align
    return (
        f"one {align.colour} crop of {align.size} × {align.size} pixels, eyes and mouth moved to fixed places, "
        f"no sharper than {align.detail} pixels (fingerprint {card.fingerprint})"
    )


def _use(card: Card) -> Section:
    entries = (
        ("For", "Lessons and experiments about how machines read faces, on posed, drawn or licensed pictures."),
        ("By", "Teachers, pupils, students and anyone who wants to see how such models work and fail."),
        (
            "Not for",
            "Judging pupils, staff, candidates or anyone else; watching people; any claim about what someone feels. "
            "In the EU, inferring emotions at work and in education is prohibited (AI Act, Art. 5(1)(f)).",
        ),
        ("Not sure", f"Below a confidence of {card.threshold:.2f} the page says so instead of giving an answer."),
    )
    return Section("Intended use", entries)


def _factors(card: Card) -> Section:
    entries = (
        ("Expected to matter", "Pose, light, blur, size of the face, things in front of it, age, gender, skin tone."),
        ("Measured", "The label of the picture (see Quantitative analyses)."),
        ("Pose, light, blur, size", _by_factor(card)),
        ("Worse pictures, covered faces", _worse(card)),
        (
            "Age, gender, skin tone",
            f"{NOT_MEASURED}: the data has no such labels. That is no reason to think that "
            "the model is equally good for everyone.",
        ),
    )
    tables = [slice_table(card.slices)] if card.slices else []
    tables += [harm_table(card.robustness)] if card.robustness else []
    return Section("Factors", entries, tuple(tables))


def _by_factor(card: Card) -> str:
    if not card.slices:
        return NOT_MEASURED
    total = max(sum(part.n for part in card.slices if part.factor == name) for name in FACTORS)
    return f"On the {total:,} PrivateTest pictures in which the mesh found the face; first table below."


def _worse(card: Card) -> str:
    one = card.robustness
    if one is None:
        return NOT_MEASURED
    return (
        f"{one.n:,} pictures of {one.data} {one.split}, drawn with seed {one.seed} from those in which the mesh found "
        "the face; made worse, then found, aligned and judged again; last table below."
    )


def slice_table(parts: tuple[Slice, ...]) -> Table:
    """Accuracy by what can be measured of a face."""
    rows = (
        (f"{FACTORS[part.factor].title}: {range_words(part)}", f"{part.n:,}", _share_of(part.accuracy, part.interval))
        for part in parts
    )
    return Table(("pictures", "n", "accuracy"), tuple(rows))


def harm_table(found: Robustness) -> Table:
    """Accuracy and share of faces found, condition by condition."""
    rows = (
        (harm_words(line), f"{100 * line.found:.0f} %", _share_of(line.accuracy, line.interval))
        for line in found.conditions
    )
    return Table(("pictures made worse", "mesh found", "accuracy"), tuple(rows))


def _share_of(accuracy: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * accuracy:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def _metrics(card: Card) -> Section:
    entries = (
        ("Accuracy", "Share of right answers, with a 95 % bootstrap interval in which near-duplicates count once."),
        ("Macro-F1, balanced accuracy", "Means over the labels, so that rare ones weigh as much as common ones."),
        ("Label by label", "Precision, recall and F1 with Wilson's 95 % interval, which is wide where n is small."),
        (
            "Calibration",
            "ECE over 15 bins: how far confidence is from the share right, as served and before calibration. "
            "NLL, Brier: the lower the better.",
        ),
        ("Threshold", f"{card.threshold:.2f}, chosen on {card.training.selected_on}."),
    )
    return Section("Metrics", entries)


def _evaluation_data(card: Card) -> Section:
    seen = dict.fromkeys((line.data, line.split) for line in card.figures)
    entries = [(data, f"{split}, {_pictures(card, data, split)}") for data, split in seen]
    entries += [] if seen else [("Data", NOT_MEASURED)]
    entries.append(("Preparation", "Found, aligned and cut by the very code that serves the model."))
    return Section("Evaluation data", tuple(entries))


def _pictures(card: Card, data: str, split: str) -> str:
    return f"{max(line.n for line in card.figures if (line.data, line.split) == (data, split)):,} pictures"


def _training_data(card: Card) -> Section:
    entries = (
        ("Data", card.training.data),
        ("Chosen on", card.training.selected_on),
        *([("Ended", card.training.ended)] if card.training.ended else []),
        (
            "Kept apart",
            "PrivateTest was used for no choice; about 8 % of its pictures have copies in the other splits, "
            "so figures without near-duplicates stand beside those with them.",
        ),
    )
    return Section("Training data", entries)


OVERALL = ("data", "labels", "n", "accuracy", "balanced", "macro-F1", "NLL", "Brier", "ECE", "ECE before")


def _analyses(card: Card) -> Section:
    if not card.figures:
        return Section("Quantitative analyses", (("Figures", NOT_MEASURED),))
    overall = Table(OVERALL, tuple(_overall(line) for line in card.figures))
    main = card.figure() or card.figures[0]
    note = f"By label: {main.data}, {main.split}, {main.labels} labels."
    return Section(
        "Quantitative analyses",
        (("Tables", f"All data sets, then one by label. {note}"),),
        (overall, by_label(card, main)),
    )


def _overall(line: Figures) -> tuple[str, ...]:
    numbers = (line.balanced_accuracy, line.macro_f1, line.nll, line.brier, line.ece)
    shown = (f"{number:.3f}" for number in numbers)
    return (f"{line.data}, {line.split}", line.labels, str(line.n), with_interval(line), *shown, _before(line))


def _before(line: Figures) -> str:
    """ECE of what the machine said before calibration."""
    return f"{calibration_gap(line.reliability_before):.3f}" if line.reliability_before else "-"


def by_label(card: Card, line: Figures) -> Table:
    """Pictures, precision, recall and F1 of each label, with their intervals where they are known."""
    found = figures_by_label(line, card.labels_of(line))
    rows = tuple((one.label, str(one.n), *map(_with_ends, (one.precision, one.recall, one.f1))) for one in found)
    return Table(("label", "n", "precision", "recall", "F1"), rows)


def _with_ends(one: Share) -> str:
    return f"{one.value:.3f}" + (" ({:.2f}–{:.2f})".format(*one.interval) if one.interval else "")


def _ethics() -> Section:
    entries = (
        (
            "Expression is not emotion",
            f"The model names the label a picture looks most like. It cannot know how anyone feels ({BARRETT}).",
        ),
        (
            "The pictures",
            "FER2013 was collected by web search; the people in it were not asked. "
            "Its pictures are not passed on with the model.",
        ),
        (
            "Bias",
            "Commercial systems were found to read faces differently by race (Rhue 2018, "
            "doi:10.2139/ssrn.3281765). Nothing shows that this model is free of that.",
        ),
        ("Privacy", "It runs where the page runs; no picture, name or history is kept."),
    )
    return Section("Ethical considerations", entries)


# --- Markdown --------------------------------------------------------------------------------


def markdown(card: Card) -> str:
    """The whole card as a README."""
    line = card.own_figure()
    result = (
        f"FER2013 PrivateTest, {line.labels} labels: {with_interval(line)}"
        if line
        else f"FER2013 PrivateTest: {NOT_MEASURED}"
    )
    fresh = card.figure("FER2013 without near-duplicates", labels=line.labels if line else "7")
    result += f"; without near-duplicates {share(fresh)}." if fresh else "."
    head = f"{MADE}\n\n# {card.title} (`{card.name}`)\n\n{card.summary}\n\n{result}\n"
    return "\n".join([head, *(_markdown(section) for section in sections(card))])


def _markdown(section: Section) -> str:
    entries = "\n".join(f"- {text}" if term.isdigit() else f"- **{term}:** {text}" for term, text in section.entries)
    tables = "".join(f"\n\n{_markdown_table(table)}" for table in section.tables)
    return f"## {section.title}\n\n{entries or NOT_MEASURED}{tables}\n"


def _markdown_table(table: Table) -> str:
    rows = [table.heading, ("---",) * len(table.heading), *table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
