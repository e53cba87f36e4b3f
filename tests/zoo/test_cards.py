import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from zoo.cards import CardError, Figures, read_card, sha256, write_card
from zoo.labels import FIVE, SEVEN, LabelSet
from zoo.models import registry


def figures(data="FER2013", labels="7", accuracy=0.5):
    return Figures(
        data, "PrivateTest", labels, 49, accuracy, (0.4, 0.6), 0.5, 0.5, 1.0, 0.5, 0.1,
        recall=(1 / 7,) * 7, precision=(1 / 7,) * 7, counts=(7,) * 7, confusion=((1,) * 7,) * 7,
    )  # fmt: skip


def test_a_card_comes_back_as_it_was_written(make_checkpoint):
    folder = make_checkpoint("toy") / "toy"
    card = replace(read_card(folder), figures=(figures(),), limits=("one", "two"))
    write_card(folder, card)
    assert read_card(folder) == card
    assert read_card(folder).labels is SEVEN


def test_what_is_drawn_comes_back_too_and_numbers_stand_in_rows(make_checkpoint):
    folder = make_checkpoint("toy") / "toy"
    drawn = {"reliability": ((0.5, 0.4, 3), (0.9, 1.0, 7)), "coverage": (0.9, 0.8), "recall": (0.25,) * 7}
    drawn["precision"] = (1.0,) * 7
    card = replace(read_card(folder), figures=(replace(figures(), **drawn),), limits=("[\n1\n]", "a [b] c"))
    write_card(folder, card)
    assert read_card(folder) == card
    text = (folder / "card.json").read_text()
    assert '"coverage": [0.9, 0.8]' in text and "[0.9, 1.0, 7]" in text


def test_a_card_from_before_there_were_curves_still_loads(make_checkpoint):
    folder = make_checkpoint("toy") / "toy"
    write_card(folder, replace(read_card(folder), figures=(figures(),)))
    data = json.loads((folder / "card.json").read_text())
    for name in ("reliability", "reliability_before", "coverage"):
        del data["figures"][0][name]
    (folder / "card.json").write_text(json.dumps(data))
    assert read_card(folder).figure().coverage == ()


def test_labels_nobody_shipped_survive(make_checkpoint):
    labels = LabelSet("mine", ("wink left", "wink right"))
    assert read_card(make_checkpoint("toy", labels=labels) / "toy").labels == labels


def test_new_figures_replace_only_their_own_line(make_checkpoint):
    card = read_card(make_checkpoint("toy") / "toy").with_figures([figures(), figures(labels="6")])
    card = card.with_figures([figures(accuracy=0.7)])
    assert card.figure().accuracy == 0.7
    assert card.figure(labels="6").accuracy == 0.5
    assert card.figure(data="FER+ majority") is None


def change(folder, **entries):
    data = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**data, **entries}))


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"fingerprint": "0" * 12}, "trained with preprocessing 000000000000"),
        ({"align": {"size": 72, "depth": 3}}, "is not a model card"),
        ({"labels": ["angry"]}, "is not a model card"),
        ({"surplus": 1}, "is not a model card"),
        ({"training": None}, "is not a model card"),
        ({"figures": [{"data": "x"}]}, "is not a model card"),
    ],
)
def test_a_broken_card_is_refused(make_checkpoint, entries, sentence):
    folder = make_checkpoint("toy") / "toy"
    change(folder, **entries)
    with pytest.raises(CardError, match=sentence) as raised:
        read_card(folder)
    assert "card.json" in str(raised.value)


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(CardError, match=r"has no card\.json"):
        read_card(tmp_path)


def test_a_card_that_is_not_json(make_checkpoint):
    folder = make_checkpoint("toy") / "toy"
    (folder / "card.json").write_text("{")
    with pytest.raises(CardError, match="cannot be read"):
        read_card(folder)


# --- What loading checks ---------------------------------------------------------------------


def test_wrong_hash(make_checkpoint):
    root = make_checkpoint("toy")
    with (root / "toy/model.npz").open("ab") as weights:
        weights.write(b"x")
    with pytest.raises(CardError, match=r"SHA-256 .* its card says .*git lfs pull"):
        registry.load("toy", root)


def test_missing_weights(make_checkpoint):
    root = make_checkpoint("toy")
    (root / "toy/model.npz").unlink()
    with pytest.raises(CardError, match=r"model\.npz is missing"):
        registry.load("toy", root)


def test_weights_the_card_does_not_name(make_checkpoint):
    with pytest.raises(CardError, match=r"names no file model\.npz"):
        registry.load("toy", make_checkpoint("toy", files={}))


def test_unknown_loader(make_checkpoint):
    with pytest.raises(CardError, match="loader 'pickle' is unknown; expected one of svm, tflite"):
        registry.load("toy", make_checkpoint("toy", loader="pickle"))


def test_settings_that_make_no_svm(make_checkpoint):
    with pytest.raises(CardError, match="make no model.*sift"):
        registry.load("toy", make_checkpoint("toy", settings={"descriptor": [{"kind": "sift"}]}))


def test_pickled_weights_are_never_opened(make_checkpoint):
    root = make_checkpoint("toy")
    np.savez(root / "toy/model.npz", weights=np.array([{"a": 1}], dtype=object))
    from zoo.cards import sha256

    change(root / "toy", files={"model.npz": sha256(root / "toy/model.npz")})
    with pytest.raises(CardError, match="holds no plain arrays"):
        registry.load("toy", root)


def test_five_labels_are_the_shipped_set(make_checkpoint):
    assert read_card(make_checkpoint("toy", labels=FIVE) / "toy").labels is FIVE


@pytest.mark.parametrize("broken", [{"threshold": 2.0}, {"settings": None}, {"name": "other"}])
def test_entries_that_no_model_can_have(make_checkpoint, broken):
    root = make_checkpoint("toy")
    path = root / "toy" / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **broken}))
    with pytest.raises(CardError, match="is not a model card: its (threshold is 2.0|settings is None|name is other)"):
        registry.load("toy", root)


def test_what_a_card_lacks_is_named(make_checkpoint):
    path = make_checkpoint("toy") / "toy" / "card.json"
    data = json.loads(path.read_text())
    del data["labels"]
    path.write_text(json.dumps(data))
    with pytest.raises(CardError, match="it has no entry 'labels'. Fetch"):
        read_card(path.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
@pytest.mark.parametrize("stored", ["toy", "run-7"])
def test_a_linked_folder_is_a_model_by_either_name(stored, make_checkpoint, tmp_path):
    real = make_checkpoint("toy") / "toy"
    kept, root = tmp_path / "elsewhere" / stored, tmp_path / "zoo"
    kept.parent.mkdir()
    root.mkdir()
    real.rename(kept)
    (root / "toy").symlink_to(kept, target_is_directory=True)
    assert registry.load("toy", root).name == "toy"


def test_a_folder_without_its_card_says_so(make_checkpoint):
    root = make_checkpoint("toy")
    (root / "toy" / "card.json").unlink()
    with pytest.raises(registry.UnknownModelError, match=r"has no card\.json"):
        registry.load("toy", root)


def test_a_network_that_is_none_is_a_card_error(make_checkpoint):
    root = make_checkpoint("toy", loader="tflite")
    junk = root / "toy" / "model.tflite"
    junk.write_bytes(b"no network")
    path = root / "toy" / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": {"model.tflite": sha256(junk)}}))
    with pytest.raises(CardError, match="make no model"):
        registry.load("toy", root)
