"""A model's card in Mitchell's nine sections, generated from `card.json`; unknown items are marked as such.

References
----------
Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, doi:10.1145/3287560.3287596.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.phrase import Phrase, joined, number
from zoo.cards import LIMITS, Card, Figures, Robustness, Slice
from zoo.evaluation.conditions import FACTORS, corruption_words, range_words
from zoo.evaluation.intervals import Estimate
from zoo.evaluation.intervals import by_label as figures_by_label
from zoo.evaluation.metrics import calibration_gap
from zoo.labels import SEVEN, known, named
from zoo.models.label_mix import with_mix
from zoo.reports.data_words import data_words, split_words
from zoo.reports.group_words import HEADING, by_group_words, group_rows, resting_words
from zoo.reports.leaderboard import megabytes, share, with_interval

SMALLER_SETS = Phrase(
    "prose.fewer",
    "For 7, 6 or 5 labels the other labels are removed and the remaining probabilities rescaled to sum to one: Bayes' "
    "rule, given that the label is one of these. Nothing is retrained.",
)
NOT_MEASURED = Phrase("zoo.not_measured", "not measured")
README = "README.md"
MADE = "<!-- Made from card.json by `python -m zoo table`; change that, not this. -->"


@dataclass(frozen=True)
class Table:
    """A header and rows of text cells."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One of the nine sections: terms with descriptions, and tables of figures."""

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
        Section(
            Phrase("card.caveats", "Caveats and recommendations"),
            tuple((f"{i}", _limit(text)) for i, text in enumerate(card.limits, 1)),
        ),
    )


def _limit(text: str) -> str:
    """A phrase for sentences that most cards share; others are unchanged."""
    return next((known_one for known_one in LIMITS if known_one == text), text)


def _details(card: Card) -> Section:
    training = card.training
    size = Phrase("{0} MB", "{0} MB", megabytes(card.size_bytes)) if card.size_bytes else NOT_MEASURED
    time = (
        Phrase("prose.thread_n", "{0} ms on one thread", number("{0:.1f}", card.milliseconds))
        if card.milliseconds
        else NOT_MEASURED
    )
    versions = ", ".join(f"{name} {version}" for name, version in training.versions.items())
    made = Phrase("card.run", "{0}, seed {1}, {2} minutes", f"`{training.command}`", training.seed, training.minutes)
    entries = (
        (Phrase("export.name", "Name"), f"{card.name}: {card.title}"),
        (Phrase("card.what", "What it is"), _what(card)),
        (Phrase("card.date", "Date"), training.date),
        (Phrase("card.made_by", "Made with"), made),
        (Phrase("card.versions", "Versions"), versions or NOT_MEASURED),
        (Phrase("card.sees", "Input"), _preprocessing(card)),
        (Phrase("card.answers", "Labels"), joined([named(label, card.labels) for label in card.labels])),
        _other_sets(card),
        (Phrase("card.size", "Size"), size),
        (Phrase("card.time", "Time for a face"), time),
        (Phrase("card.licence", "Licence"), card.licence),
    )
    return Section(Phrase("card.details", "Model details"), entries)


def _what(card: Card) -> Phrase:
    summary = card.summary if isinstance(card.summary, Phrase) else Phrase(f"model.{card.name}", card.summary)
    return Phrase("prose.what", "{0} Family: {1}.", summary, Phrase(f"family.{card.family}", card.family))


def _other_sets(card: Card) -> tuple[Phrase, Phrase]:
    unknown = [known(label) for label in SEVEN if label not in card.labels.labels]
    if not unknown:
        return Phrase("card.fewer", "With fewer labels"), SMALLER_SETS
    words = Phrase(
        "prose.cannot",
        "{0}: it never learned them, so it never gives them when asked for 7 or 6 labels.",
        joined(unknown),
    )
    return Phrase("card.cannot", "Cannot answer"), words


def _preprocessing(card: Card) -> Phrase:
    align = card.align
    return Phrase(
        "prose.sees",
        "one grey crop of {0} × {1} pixels, eyes and mouth aligned to fixed positions, no sharper than {2} pixels "
        "(fingerprint {3})",
        align.size,
        align.size,
        align.detail,
        card.fingerprint,
    )


def _use(card: Card) -> Section:
    entries = (
        (
            Phrase("card.for", "For"),
            Phrase(
                "prose.for",
                "Lessons and experiments about how machines read faces, with posed, drawn or licensed pictures.",
            ),
        ),
        (
            Phrase("card.by", "By"),
            Phrase(
                "prose.by",
                "Teachers, pupils, students and anyone who wants to see how such models work and where they fail.",
            ),
        ),
        (
            Phrase("card.not_for", "Not for"),
            Phrase(
                "prose.not_for",
                "Judging pupils, staff, candidates or anyone else; monitoring people; any claim about what someone "
                "feels. In the EU, inferring emotions at work and in education is prohibited, except for medical or "
                "safety reasons (AI Act, Art. 5(1)(f)).",
            ),
        ),
        (
            Phrase("teach.not_sure", "Not sure"),
            Phrase(
                "prose.sure_n",
                "Below a confidence of {0} the page says “not sure” instead of giving an answer.",
                number("{0:.2f}", card.threshold),
            ),
        ),
    )
    return Section(Phrase("card.use", "Intended use"), entries)


def _factors(card: Card) -> Section:
    entries = (
        (
            Phrase("card.expected", "Expected to matter"),
            Phrase(
                "prose.expected", "Pose, light, blur, face size, anything covering the face, age, gender, skin tone."
            ),
        ),
        (
            Phrase("card.measured", "Measured"),
            Phrase("prose.measured", "The picture’s label (see Quantitative analyses)."),
        ),
        (Phrase("card.pose", "Pose, light, blur, size"), _by_factor(card)),
        (Phrase("card.worse", "Worse pictures, covered faces"), _worse(card)),
        (Phrase("card.age", "Age, gender, skin tone"), _by_group(card)),
        (Phrase("card.resting", "Resting face"), resting_words(card.people)),
    )
    tables = [slice_table(card.slices)] if card.slices else []
    tables += [Table(HEADING, group_rows(card.people.groups))] if card.people and card.people.groups else []
    tables += [corruption_table(card.robustness)] if card.robustness else []
    return Section(Phrase("card.factors", "Factors"), entries, tuple(tables))


def _by_group(card: Card) -> Phrase:
    return by_group_words(card.people) or Phrase(
        "prose.age",
        "{0}: the data has no such labels. That is no reason to assume that the model works equally well for everyone.",
        NOT_MEASURED,
    )


def _by_factor(card: Card) -> Phrase:
    if not card.slices:
        return NOT_MEASURED
    total = max(sum(part.n for part in card.slices if part.factor == name) for name in FACTORS)
    return Phrase(
        "prose.pose_n", "On the {0:,} PrivateTest pictures in which a face was found; first table below.", total
    )


def _worse(card: Card) -> Phrase:
    one = card.robustness
    if one is None:
        return NOT_MEASURED
    return Phrase(
        "prose.worse",
        "{0:,} pictures from {1}, chosen with seed {2} from those in which a face was found, degraded, then detected, "
        "aligned and classified again; last table below.",
        one.n,
        joined([data_words(one.data), split_words(one.split)], " "),
        one.seed,
    )


PICTURES, N, ACCURACY = Phrase("table.pictures", "pictures"), "n", Phrase("zoo.accuracy", "accuracy")


def slice_table(parts: tuple[Slice, ...]) -> Table:
    """Accuracy by measured properties of the face."""
    rows = (
        (
            Phrase("{0}: {1}", "{0}: {1}", FACTORS[part.factor].title, range_words(part)),
            number("{0:,}", part.n),
            _share_of(part.accuracy, part.interval),
        )
        for part in parts
    )
    return Table((PICTURES, N, ACCURACY), tuple(rows))


def corruption_table(found: Robustness) -> Table:
    """Accuracy and proportion of faces found, for each condition."""
    rows = (
        (corruption_words(line), number("{0:.0f} %", 100 * line.found), _share_of(line.accuracy, line.interval))
        for line in found.conditions
    )
    heading = Phrase("table.worse", "pictures, degraded"), Phrase("table.found", "face found"), ACCURACY
    return Table(heading, tuple(rows))


def _share_of(accuracy: float, interval: tuple[float, float]) -> Phrase:
    low, high = interval
    return number("{0:.1f} % ({1:.1f}–{2:.1f})", 100 * accuracy, 100 * low, 100 * high)


def _metrics(card: Card) -> Section:
    entries = (
        (
            Phrase("card.accuracy", "Accuracy"),
            Phrase(
                "prose.accuracy",
                "Share of correct answers, with a 95 % bootstrap interval that counts near-duplicates once.",
            ),
        ),
        (
            Phrase("card.f1", "Macro-F1, balanced accuracy"),
            Phrase("prose.f1", "Averages over labels, so that rare labels count as much as common ones."),
        ),
        (
            Phrase("zoo.by_label", "Label by label"),
            Phrase(
                "prose.wilson", "Precision, recall and F1 with 95 % Wilson intervals, which are wide where n is small."
            ),
        ),
        (
            Phrase("card.calibration", "Calibration"),
            Phrase(
                "prose.calibration",
                "ECE over 15 bins: how far confidence is from the share of correct answers, as served and before "
                "calibration. NLL, Brier: lower is better.",
            ),
        ),
        (
            Phrase("card.threshold", "Threshold"),
            Phrase(
                "prose.threshold",
                "{0}, chosen on {1}.",
                number("{0:.2f}", card.threshold),
                card.training.selected_on,
            ),
        ),
    )
    return Section(Phrase("card.metrics", "Metrics"), entries)


DATA = Phrase("card.data", "Data")


def _evaluation_data(card: Card) -> Section:
    seen = dict.fromkeys((line.data, line.split) for line in card.figures)
    entries = [(data_words(data), _pictures(card, data, split)) for data, split in seen]
    entries += [] if seen else [(DATA, NOT_MEASURED)]
    prepared = Phrase("prose.prepared", "Detected, aligned and cropped by the code that serves the model.")
    entries.append((Phrase("card.preparation", "Preparation"), prepared))
    return Section(Phrase("card.eval", "Evaluation data"), tuple(entries))


def _pictures(card: Card, data: str, split: str) -> Phrase:
    most = max(line.n for line in card.figures if (line.data, line.split) == (data, split))
    return Phrase("prose.pictures_n", "{0}, {1:,} pictures", split_words(split), most)


def _training_data(card: Card) -> Section:
    entries = (
        (DATA, data_words(card.training.data)),
        (Phrase("card.chosen", "Selected on"), card.training.selected_on),
        *([(Phrase("card.ended", "Stopped"), card.training.ended)] if card.training.ended else []),
        (
            Phrase("card.apart", "Held back"),
            Phrase(
                "prose.apart",
                "PrivateTest was not used for any choice. About 10 % of its pictures have near-duplicates in the other "
                "splits, so figures without them are listed as well.",
            ),
        ),
    )
    return Section(Phrase("card.train", "Training data"), entries)


OVERALL = (
    Phrase("table.data", "data"),
    Phrase("table.labels", "labels"),
    N,
    ACCURACY,
    Phrase("table.balanced", "balanced"),
    "macro-F1",
    "NLL",
    "Brier",
    "ECE",
    Phrase("table.before", "ECE before"),
)


def _analyses(card: Card) -> Section:
    title = Phrase("card.analyses", "Quantitative analyses")
    if not card.figures:
        return Section(title, ((Phrase("card.figures", "Figures"), NOT_MEASURED),))
    overall = Table(OVERALL, tuple(_overall(line) for line in card.figures))
    main = card.figure() or card.figures[0]
    note = Phrase(
        "prose.tables",
        "All data sets, then label by label for {0}, {1}, {2} labels.",
        data_words(main.data),
        split_words(main.split),
        main.labels,
    )
    return Section(title, ((Phrase("card.tables", "Tables"), note),), (overall, by_label(card, main)))


def _overall(line: Figures) -> tuple[str, ...]:
    numbers = (line.balanced_accuracy, line.macro_f1, line.nll, line.brier, line.ece)
    shown = (number("{0:.3f}", one) for one in numbers)
    accuracy = _share_of(line.accuracy, line.interval)
    data = with_mix(joined([data_words(line.data), split_words(line.split)]), line.mix)
    return (data, line.labels, number("{0}", line.n), accuracy, *shown, _before(line))


def _before(line: Figures) -> str:
    """ECE before calibration."""
    return number("{0:.3f}", calibration_gap(line.reliability_before)) if line.reliability_before else "-"


def by_label(card: Card, line: Figures) -> Table:
    """Pictures, precision, recall and F1 of each label, with intervals if known."""
    found = figures_by_label(line, card.labels_of(line))
    rows = tuple(
        (known(one.label), number("{0}", one.n), *map(_with_ends, (one.precision, one.recall, one.f1))) for one in found
    )
    heading = (
        Phrase("table.label", "label"),
        N,
        Phrase("chart.precision", "precision"),
        Phrase("chart.recall", "recall"),
        "F1",
    )
    return Table(heading, rows)


def _with_ends(one: Estimate) -> Phrase:
    return (
        number("{0:.3f} ({1:.2f}–{2:.2f})", one.value, *one.interval) if one.interval else number("{0:.3f}", one.value)
    )


def _ethics() -> Section:
    entries = (
        (
            Phrase("card.expression", "An expression is not an emotion"),
            Phrase(
                "prose.emotion",
                "The model names the label a picture looks most like. It cannot know how anyone feels (Barrett et al. "
                "2019, doi:10.1177/1529100619832930).",
            ),
        ),
        (
            Phrase("card.pictures", "The pictures"),
            Phrase(
                "prose.pictures",
                "FER2013 was collected by web search; the people in it were not asked. Its pictures are not "
                "distributed with the model.",
            ),
        ),
        (
            Phrase("card.bias", "Bias"),
            Phrase(
                "prose.bias",
                "Commercial systems were found to read faces differently by race (Rhue 2018, "
                "doi:10.2139/ssrn.3281765). Nothing shows that this model is free of such bias.",
            ),
        ),
        (
            Phrase("card.privacy", "Privacy"),
            Phrase(
                "prose.privacy", "It runs on the computer that serves the page; no picture, name or history is kept."
            ),
        ),
    )
    return Section(Phrase("card.ethics", "Ethical considerations"), entries)


# --- Markdown --------------------------------------------------------------------------------


def markdown(card: Card) -> str:
    """The card as a README."""
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
