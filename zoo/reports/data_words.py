"""Names of test sets, of their parts and of groups of people, as phrases that a page can show in other languages.

Cards have them in English. Names that are not known here, such as those of a user's own folders, stay as they are.
"""

from __future__ import annotations

from features.phrase import Phrase, joined

SETS = {
    "london": Phrase("data.london", "London"),
    "FER2013 without near-duplicates": Phrase("data.fresh", "FER2013 without near-duplicates"),
    "FER+ majority": Phrase("data.majority", "FER+ majority"),
    "FER2013 and FER+ votes": Phrase("data.votes", "FER2013 and FER+ votes"),
}
# What a test set of folders is seen through: "london, face found".
VIEWS = {
    "all": Phrase("data.all", "all"),
    "face found": Phrase("table.found", "face found"),
    "resting face": Phrase("table.rest", "resting face"),
    "the same pictures as is": Phrase("data.same", "the same pictures as is"),
}
SPLITS = {"photos": Phrase("data.photos", "photos")}
COLUMNS = {
    "age": Phrase("group.age", "age"),
    "gender": Phrase("group.gender", "gender"),
    "ethnicity": Phrase("group.ethnicity", "ethnicity"),
}
GROUPS = {
    "35 and over": Phrase("group.over_35", "35 and over"),
    "female": Phrase("group.female", "female"),
    "male": Phrase("group.male", "male"),
    "black": Phrase("group.black", "Black"),
    "east_asian": Phrase("group.east_asian", "East Asian"),
    "west_asian": Phrase("group.west_asian", "West Asian"),
    "white": Phrase("group.white", "white"),
}


def data_words(data: str) -> str:
    """A data set's name: ``"london, all"`` as *London, all*."""
    name, _, view = data.rpartition(", ")
    if name and view in VIEWS:
        return joined([SETS.get(name, name), VIEWS[view]])
    return SETS.get(data, data)


def split_words(split: str) -> str:
    """The name of a part of a data set; those of FER2013 are proper names."""
    return SPLITS.get(split, split)


def group_words(column: str, group: str) -> Phrase:
    """A group of people: ``("ethnicity", "east_asian")`` as *ethnicity: East Asian*."""
    return Phrase("{0}: {1}", "{0}: {1}", COLUMNS.get(column, column), GROUPS.get(group, group))
