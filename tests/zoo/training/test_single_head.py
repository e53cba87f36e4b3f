"""Every recipe with one head runs from made data to a served checkpoint, and is taught, stopped and resumed."""

import importlib
import os
import shutil
from dataclasses import replace
from functools import partial, partialmethod

import numpy as np
import pytest
from PIL import Image

from tests.zoo.made import made_set, made_splits
from zoo.cards import checked
from zoo.cli.main import main
from zoo.datasets import ferplus
from zoo.datasets.aligned import DataError
from zoo.labels import FIVE, SEVEN
from zoo.models import registry
from zoo.models.cnn import to_input
from zoo.models.svm import softmax
from zoo.training import out_of_fold
from zoo.training.augmentation import Augmentation

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras")

from zoo.training import callbacks, distillation, single_head
from zoo.training.architectures import separable_vgg
from zoo.training.plots import draw_architecture
from zoo.training.recipes import RECIPES
from zoo.training.two_head import fit

LABELS = {"cnn-tiny": SEVEN, "cnn-keras-blog": SEVEN, "cnn-five": FIVE, "cnn-svm": SEVEN}
# Keras leaves its log open when a run is cut off; the converter's own code warns.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def eagerly(monkeypatch):
    """Without a graph, which takes longer to trace than the few steps of a test. Other tests here train with one."""
    run_eagerly(monkeypatch)


def run_eagerly(patch):
    patch.setattr(single_head.keras.Model, "compile", partialmethod(single_head.keras.Model.compile, run_eagerly=True))


@pytest.fixture
def made_fer2013(monkeypatch, tmp_path):
    """Recipes read 210 Training and 70 PublicTest pictures that are made, whatever file they are given."""
    from zoo.training.recipes import cnn_svm

    data = made_splits(("Training", 210), ("PublicTest", 70))
    for module in (single_head, cnn_svm):
        monkeypatch.setattr(module, "load_fer2013", lambda path, spec: data)
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    return path, data


@pytest.mark.parametrize("name", LABELS)
def test_a_recipe_ends_in_a_checkpoint_that_answers(name, made_fer2013, tmp_path):
    path, data = made_fer2013
    options = [] if name == "cnn-svm" else ["--epochs", "1", "--precision", "float32"]
    out, run = tmp_path / "out", tmp_path / "run"
    assert main(["train", name, "--data", str(path), "--run", str(run), "--out", str(out), *options]) == 0
    card, model = registry.card(name, out), registry.load(name, out)
    for file in card.files:
        checked(out / name, card, file)
    assert model.labels == LABELS[name] and card.training.command.startswith(f"python -m zoo train {name} --data")
    probs = model.predict_proba(data.faces[:9]).probs
    assert probs.shape == (9, len(LABELS[name])) and np.isfinite(probs).all()
    if name != "cnn-svm":
        assert {"log.csv", "curves.png", "architecture.png"} <= set(card.files)
        assert model.embedding(data.faces[:2]).shape[1] > len(model.labels)
        assert model.maps(data.faces[:2]).ndim == 4


@pytest.mark.usefixtures("eagerly")
def test_cnn_hears_opinions_once_and_is_served_both_ways(monkeypatch, tmp_path):
    from zoo.training.recipes import cnn, hog_svm

    small = partial(hog_svm.fit, settings=replace(hog_svm.SETTINGS, components=32))
    monkeypatch.setattr(hog_svm, "fit", small)
    monkeypatch.setattr(out_of_fold, "cross_fitted", partial(out_of_fold.cross_fitted, folds=2))
    data = made_splits(("Training", 140), ("PublicTest", 70))
    monkeypatch.setattr(cnn, "load_fer2013", lambda path, spec: data)
    monkeypatch.setattr(cnn, "network", lambda: separable_vgg(48, (8, 8, 8, 8)))
    targets = []
    monkeypatch.setattr(
        cnn, "fit", lambda model, batches, *others: targets.append(batches.targets) or fit(model, batches, *others)
    )
    path, out, run = tmp_path / "fer2013.csv", tmp_path / "out", tmp_path / "run"
    path.write_text("emotion,pixels,Usage\n")
    words = ["train", "cnn", "--data", str(path), "--run", str(run), "--out", str(out), "--epochs", "1"]
    assert main([*words, "--opinions", "0.5"]) == 0
    assert (targets[0].max(axis=1) >= 0.5).all() and (targets[0].min(axis=1) > 0).all()
    assert (run / "opinions.npy").is_file()
    card, model = registry.card("cnn", out), registry.load("cnn", out)
    assert card.training.command.endswith(" --opinions 0.5")
    assert card.loader == "tflite" and model.kernel_head is None
    assert model.mirror and model.predict_proba(data.faces[:3]).probs == pytest.approx(
        model.predict_proba(data.faces[:3].mirrored()).probs, abs=1e-5
    )
    assert model.pooled(data.faces[:3]) == pytest.approx(model.pooled(data.faces[:3].mirrored()), abs=1e-5)


def few_and_small(patch):
    """The recipes of `cnn` and `cnn-rbf` read made faces, which are returned, and make a network of few filters."""
    from zoo.training.recipes import cnn, cnn_rbf

    data = made_splits(("Training", 140), ("PublicTest", 70))
    for recipe in (cnn, cnn_rbf):
        patch.setattr(recipe, "load_fer2013", lambda path, spec: data)
    patch.setattr(cnn, "network", lambda: separable_vgg(48, (8, 8, 8, 8)))
    return data


@pytest.fixture(scope="module")
def small_cnn(tmp_path_factory):
    """A folder with a `cnn` of one epoch on made faces."""
    root = tmp_path_factory.mktemp("small-cnn")
    path = root / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    folders = ["--run", str(root / "run"), "--out", str(root / "out")]
    with pytest.MonkeyPatch.context() as patch:
        few_and_small(patch)
        run_eagerly(patch)
        assert main(["train", "cnn", "--data", str(path), *folders, "--epochs", "1"]) == 0
    return root / "out"


@pytest.fixture
def trained(small_cnn, monkeypatch, tmp_path):
    """A copy of `small_cnn`, the faces, and what every command takes."""
    data = few_and_small(monkeypatch)
    path, out = tmp_path / "fer2013.csv", tmp_path / "first"
    path.write_text("emotion,pixels,Usage\n")
    shutil.copytree(small_cnn, out)
    return out, data, ["--data", str(path), "--run", str(tmp_path / "other")]


def test_cnn_is_calibrated_again_from_its_checkpoint(trained, tmp_path, capsys):
    first, data, words = trained
    again = tmp_path / "again"
    assert main(["train", "cnn", *words, "--out", str(again), "--epochs", "0", "--start", str(first)]) == 0
    before, same = registry.card("cnn", first), registry.card("cnn", again)
    assert (same.files, same.settings, same.training) == (before.files, before.settings, before.training)
    assert main(["train", "cnn", *words, "--out", str(again), "--epochs", "0"]) == 2
    assert "give its folder: --start checkpoints" in capsys.readouterr().err


def test_a_kernel_machine_is_trained_on_cnn(trained, tmp_path, capsys):
    first, data, words = trained
    train = ["train", "cnn-rbf", *words, "--checkpoints", str(first), "--components", "24"]
    assert main([*train, "--out", str(first)]) == 0
    card, alone = registry.card("cnn-rbf", first), registry.card("cnn", first)
    assert card.files["model.tflite"] == alone.files["model.tflite"]
    assert card.training.command == (
        "python -m zoo train cnn-rbf --data fer2013.csv --network cnn --components 24 --gamma 4 --ridge 0.1"
    )
    sizes = [(first / name).stat().st_size for name in ("cnn/model.tflite", "cnn-rbf/model.npz")]
    assert card.loader == "tflite-kernel" and card.size_bytes == sum(sizes)
    assert not (first / "cnn-rbf/model.tflite").exists()  # it is read from the folder of cnn
    alone = single_head.keras.saving.load_model(first / "cnn" / "model.keras", compile=False)
    draw_architecture(alone, tmp_path / "alone.png")
    with Image.open(first / "cnn-rbf" / "architecture.png") as ours, Image.open(tmp_path / "alone.png") as network:
        assert ours.height > network.height  # a box more
    said = registry.load("cnn-rbf", first).predict_proba(data.faces[140:]).probs
    right = np.mean(said.argmax(axis=1) == data.targets[140:])
    assert f"cnn-rbf: PublicTest accuracy {right:.4f}" in capsys.readouterr().out
    assert right > 0.9  # after one epoch the network alone knows little

    assert main([*train, "--out", str(tmp_path / "again")]) == 0
    assert registry.card("cnn-rbf", tmp_path / "again").files == card.files
    assert (tmp_path / "again/cnn-rbf/model.tflite").is_file()  # cnn is not there
    assert main([*train, "--network", "cnn-svm", "--out", str(first)]) == 2
    assert "cnn-svm" in capsys.readouterr().err


def test_cnn_publishes_both_heads_and_leaves_every_form_of_them(monkeypatch, tmp_path):
    from zoo.training.recipes import cnn

    data = made_splits(("Training", 140), ("PublicTest", 70))
    votes = np.zeros((210, 10), int)
    votes[np.arange(210), data.targets] = 10
    monkeypatch.setattr(cnn, "load_fer2013", lambda path, spec: data)
    monkeypatch.setattr(ferplus, "read_ferplus", lambda path: votes)
    monkeypatch.setattr(cnn, "network", lambda: separable_vgg(48, (8, 8, 8, 8)))
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    out, run = tmp_path / "out", tmp_path / "run"
    files = ["--data", str(path), "--votes", str(path), "--run", str(run), "--out", str(out)]
    assert main(["train", "cnn", *files, "--epochs", "1", "--precision", "mixed_bfloat16"]) == 0
    assert registry.names(out) == ["cnn", "cnn-ferplus"]
    for name in registry.names(out):
        model = registry.load(name, out)
        assert model.predict_proba(data.faces[:3]).probs.shape == (3, len(model.labels))
        forms = {"model.json", "model.weights.h5", "model.keras", "model.tflite"}
        assert {file.name for file in (run / name).iterdir()} == forms
        assert (run / name / "model.tflite").read_bytes() == (out / name / "model.tflite").read_bytes()


@pytest.mark.usefixtures("eagerly")
def test_a_student_goes_on_from_its_checkpoint_and_hears_the_other_machine(made_fer2013, monkeypatch, tmp_path):
    from zoo.training.recipes import cnn_tiny

    path, _ = made_fer2013
    machine = softmax(np.random.default_rng(0).normal(size=(210, 7)).astype(np.float32))
    (tmp_path / "b").mkdir()
    np.save(tmp_path / "b" / "opinions.npy", machine)  # kept from before: the machine itself is not asked again
    heard = []
    lessons = cnn_tiny.DistilledBatches
    monkeypatch.setattr(cnn_tiny, "DistilledBatches", lambda *given: heard.append(lessons(*given)) or heard[-1])
    words = ["train", "cnn-tiny", "--data", str(path), "--epochs", "1", "--teacher-sees", "crop"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main([*words, "--run", str(tmp_path / "a"), "--out", str(first)]) == 0
    more = ["--start", str(first), "--opinions", "0.25", "--rate", "0"]  # a rate of nothing changes nothing
    assert main([*words, *more, "--run", str(tmp_path / "b"), "--out", str(second)]) == 0
    kept = [
        single_head.keras.saving.load_model(out / "cnn-tiny" / "model.keras", compile=False) for out in (first, second)
    ]
    assert np.array_equal(*[model.get_layer("logits").get_weights()[0] for model in kept])
    assert registry.card("cnn-tiny", second).training.command.endswith("--start first --opinions 0.25")

    alone, both = heard
    softened = machine ** (1 / 3) / (machine ** (1 / 3)).sum(axis=1, keepdims=True)
    rows = both.order[:128]
    assert both[0][1][:, 7:] == pytest.approx(0.75 * alone.teacher_probs[rows] + 0.25 * softened[rows], abs=1e-5)


def test_nothing_to_start_from_is_told(plan, tmp_path):
    data = made_set(14)
    with pytest.raises(DataError, match=r"There is no .*made.model\.keras; --start wants"):
        single_head.fit(plan, lessons_of(plan, data, 1), data, tmp_path, start=tmp_path / "empty")


def test_the_middle_maps_can_be_pooled_for_a_kernel_machine(tmp_path):
    plan = single_head.Plan("pooled", "", "", lambda: separable_vgg(32, (8, 8, 8, 8)), Augmentation())
    weights = tmp_path / "best.weights.h5"
    single_head.one_head(plan).save_weights(weights)
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    *others, middle = single_head.served(replace(plan, pooled_middle=True), weights).predict(x, verbose=0)
    for ours, theirs in zip(others, single_head.served(plan, weights).predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert others[2].shape[1:] == (16, 16, 8) and middle.shape[1:] == (4, 4, 8)


def test_sizes_are_what_was_promised():
    from zoo.training.architectures import keras_blog
    from zoo.training.recipes.cnn_tiny import PLAN

    assert single_head.one_head(PLAN).count_params() <= 280_000
    blog = single_head.Plan("blog", "", "", keras_blog, Augmentation())
    assert single_head.one_head(blog).count_params() == pytest.approx(4.48e6, rel=0.001)


@pytest.fixture
def plan():
    return single_head.Plan(
        "made", "", "", lambda: separable_vgg(48, (8, 8, 8, 8)), Augmentation(), batch=14, rate=0.05
    )


def lessons_of(plan, data, epochs, teachers=None):
    import keras

    keras.utils.set_random_seed(3)
    schedule = single_head.Schedule(epochs, plan.batch, plan.rate, seed=3, smoothing=0.0)
    return single_head.DistilledBatches(data, schedule, plan.changes, teachers)


def test_teachers_say_soft_things_of_the_copy_the_student_sees(plan):
    import keras

    inputs, maps, embedding = plan.network()
    teacher = keras.Model(inputs, [keras.layers.Dense(7)(embedding), embedding, maps])
    data = made_set(28)
    lessons = lessons_of(plan, data, 1, distillation.Teachers([teacher, teacher], distillation.Teaching(temperature=3)))
    x, y = lessons[1]
    assert y.shape == (14, 14) and y[:, 7:].sum(axis=1) == pytest.approx(np.ones(14), abs=1e-5)
    assert y[:, 7:] == pytest.approx(softmax(np.asarray(teacher(x)[0]) / 3), abs=1e-5)
    kept = lessons_of(
        plan, data, 1, distillation.Teachers([teacher], distillation.Teaching(temperature=3, same_copy=False))
    )
    crops = to_input(data.faces.images[kept.order[14:28]], 48)
    both = [softmax(np.asarray(teacher(z)[0]) / 3) for z in (crops, crops[:, :, ::-1])]
    assert kept[1][1][:, 7:] == pytest.approx(np.mean(both, axis=0), abs=1e-5)


def test_a_student_comes_to_say_what_its_teacher_says(plan, tmp_path):
    """A teacher that is always wrong by one label outweighs the labels."""
    data = made_set(56)

    class Wrong(distillation.Teachers):
        def __call__(self, x):
            return self.rows

        def see(self, x):
            return np.roll(np.eye(7, dtype=np.float32)[data.targets], 1, axis=1)

    still = replace(plan, changes=Augmentation(0, 0, 0, 1.0, 0, 0, 0, 0))
    teachers = Wrong([], distillation.Teaching(same_copy=False, temperature=1.0))
    lessons = lessons_of(still, data, 12, teachers)
    single_head.fit(still, lessons, data, tmp_path)
    assert float(callbacks.epochs_before(tmp_path, 99)[-1]["val_accuracy"]) < 0.1


def test_objective_without_teachers_is_cross_entropy():
    logits = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    hot = np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4]]
    expected = -np.log(softmax(logits)[hot == 1])
    assert np.asarray(distillation.objective(7, 0.0, None)(hot, logits)) == pytest.approx(expected, rel=1e-4)
    taught = distillation.objective(7, 0.0, distillation.Teaching(temperature=1.0, weight=0.25))
    both = np.concatenate([hot, np.roll(hot, 1, axis=1)], axis=1)
    other = -np.log(softmax(logits)[np.roll(hot, 1, axis=1) == 1])
    assert np.asarray(taught(both, logits)) == pytest.approx(0.75 * expected + 0.25 * other, rel=1e-4)


@pytest.mark.usefixtures("eagerly")
def test_killed_and_resumed_is_the_same_run(plan, tmp_path):
    """Rules included: the rate is cut after the same epochs, and the run ends at the same one, for the same reason."""
    never = callbacks.Watched("val_loss", more_is_better=False, least=100.0)  # stands still from the first epoch on

    def rules(run):
        return [callbacks.Plateau(run, never, patience=2, factor=0.5), callbacks.EarlyStop(run, never, patience=4)]

    # Without dropout, whose dice are not kept: what is left has to be the same.
    plan = replace(plan, rules=rules, dropout=0.0, optimiser=lambda s, steps: single_head.keras.optimizers.SGD(s.rate))
    data = made_set(28)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    single_head.fit(plan, lessons_of(plan, data, 9), data, whole)
    broken = lessons_of(plan, data, 9)
    broken.__class__ = type("Cut", (single_head.DistilledBatches,), {"start_epoch": _stop_at(3)})
    with pytest.raises(KeyboardInterrupt):
        single_head.fit(plan, broken, data, cut)
    single_head.fit(plan, lessons_of(plan, data, 9), data, cut, resume=True)
    first, second = (callbacks.epochs_before(run, 99) for run in (whole, cut))
    assert len(first) == len(second) == 5
    assert second[-1]["loss"] == pytest.approx(first[-1]["loss"], rel=0.02)
    told = [(run / callbacks.EVENTS).read_text() for run in (whole, cut)]
    assert told[0] == told[1]
    assert "epoch 3: learning rate 0.05 to 0.025: val_loss has not fallen for 2 epochs" in told[0]
    assert callbacks.ended(cut).startswith("epoch 5: stopped: val_loss has not fallen for 4 epochs (best ")


def _stop_at(last):
    def start_epoch(self, epoch):
        if epoch == last:
            raise KeyboardInterrupt
        single_head.DistilledBatches.__base__.start_epoch(self, epoch)

    return start_epoch


@pytest.mark.usefixtures("eagerly")
def test_a_run_that_has_ended_is_not_gone_on_with(plan, tmp_path, capsys):
    plan = replace(plan, rules=lambda run: [callbacks.StopWhenBoth(run, {"accuracy": -1.0, "val_accuracy": -1.0})])
    data = made_set(14)
    for resume in (False, True):
        single_head.fit(plan, lessons_of(plan, data, 5), data, tmp_path, resume=resume)
    assert len(callbacks.epochs_before(tmp_path, 99)) == 1
    assert "nothing to resume: the run stopped after epoch 1: accuracy" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cnn-five", "cnn-tiny"])
def test_a_network_is_converted_again_from_its_checkpoint(name, made_fer2013, monkeypatch, tmp_path):
    path, data = made_fer2013
    out, run, shipped = tmp_path / "out", tmp_path / "run", registry.card(name)
    (run / "state").mkdir(parents=True)  # of a run, which converting does not touch
    recipe = importlib.import_module(RECIPES[name])
    words = ["train", name, "--data", str(path), "--run", str(run), "--out", str(out)]
    sizes = []
    for bits in (8, 16):
        monkeypatch.setattr(recipe, "PLAN", replace(recipe.PLAN, bits=bits))
        assert main([*words, "--convert", str(registry.CHECKPOINTS)]) == 0
        card, network = registry.card(name, out), registry.load_network(name, out)
        assert card.settings["bits"] == network.bits == bits
        assert card.training == shipped.training and not card.figures  # those were of other weights
        assert card.files | {"model.tflite": shipped.files["model.tflite"]} == shipped.files
        logits, expected = (one.raw_logits(data.faces[:2]) for one in (network, registry.load(name)))
        assert logits == pytest.approx(expected, abs=0.1)  # but calibrated on other faces
        sizes.append(card.size_bytes)
    assert sizes[0] < 0.6 * sizes[1]


def test_a_network_without_its_keras_file_is_not_converted(made_fer2013, tmp_path, capsys):
    path, _ = made_fer2013
    words = ["train", "cnn-keras-blog", "--data", str(path), "--run", str(tmp_path / "run"), "--out", str(tmp_path)]
    assert main([*words, "--convert", str(registry.CHECKPOINTS)]) == 2
    assert "cnn-keras-blog/card.json names no file model.keras" in capsys.readouterr().err


def test_only_cnn_knows_what_no_epochs_mean(made_fer2013, tmp_path, capsys):
    path, _ = made_fer2013
    (tmp_path / "run" / "state").mkdir(parents=True)
    (tmp_path / "run" / "log.csv").write_text("epoch,accuracy\n0,0.5\n")
    with pytest.raises(SystemExit):
        main(["train", "cnn-five", "--data", str(path), "--run", str(tmp_path / "run"), "--epochs", "0"])
    assert "'0' is not a whole number from 1 up" in capsys.readouterr().err
    assert (tmp_path / "run" / "log.csv").read_text().endswith("0,0.5\n")
