import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import skimage.data

from features.mesh import FaceMesher
from ui.model_service import ModelService, NoModelError
from zoo.labels import UnknownLabelsError
from zoo.models import registry
from zoo.models.registry import UnknownModelError


def test_a_smile_looks_happy_to_every_default_model(service):
    comparison = service.compare(skimage.data.astronaut(), service.default_models, "7")
    assert {name: p.names for name, p in comparison.predictions.items()} == {
        n: ["happy"] for n in service.default_models
    }


def test_visitors_at_the_same_time_get_their_own_answers(service):
    smile, empty = skimage.data.astronaut(), np.zeros((300, 300, 3), np.uint8)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(service.compare, picture, service.default_models, "7") for picture in [smile, empty] * 6]
        found = [len(job.result(60).faces) for job in jobs]
    assert found == [1, 0] * 6


def test_an_unknown_model_is_refused_with_close_names(service):
    with pytest.raises(UnknownModelError, match="cnn"):
        service.compare(skimage.data.astronaut(), ["cn"], "7")


def test_no_model_and_unknown_labels_are_refused(service):
    with pytest.raises(NoModelError, match="cnn"):
        service.compare(skimage.data.astronaut(), [], "7")
    with pytest.raises(UnknownLabelsError, match="7, 6, 5"):
        service.compare(skimage.data.astronaut(), service.default_models, "9")


def test_the_same_model_twice_is_one(service):
    comparison = service.compare(skimage.data.astronaut(), ["cnn", "cnn"], "7")
    assert list(comparison.predictions) == ["cnn"]


def test_after_a_failure_the_next_picture_is_answered(service, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(FaceMesher, "find", lambda *_: 1 / 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                service.compare(skimage.data.astronaut(), service.default_models, "7")
    assert len(service.compare(skimage.data.astronaut(), service.default_models, "7").faces) == 1


def test_damaged_checkpoints_are_left_out_and_named(tmp_path, capsys):
    shutil.copytree(registry.CHECKPOINTS / "cnn", tmp_path / "cnn")
    shutil.copytree(registry.CHECKPOINTS / "cnn", tmp_path / "bad-hash")
    card = json.loads((tmp_path / "bad-hash" / "card.json").read_text())
    (tmp_path / "bad-hash" / "card.json").write_text(json.dumps({**card, "name": "bad-hash"}))
    (tmp_path / "bad-hash" / "model.tflite").write_bytes(b"not what the card says")
    (tmp_path / "bad-card").mkdir()
    (tmp_path / "bad-card" / "card.json").write_text("{")
    (tmp_path / "bad-field").mkdir()
    (tmp_path / "bad-field" / "card.json").write_text(json.dumps({**card, "name": "bad-field", "milliseconds": "fast"}))
    service = ModelService(tmp_path, workers=1)
    assert not service.ready
    told = capsys.readouterr().err
    assert "'bad-field' is left out" in told and "its milliseconds is 'fast'" in told
    assert "'bad-hash' is left out" in told and "SHA-256" in told
    with pytest.raises(UnknownModelError, match="bad-hash.*cannot be used") as raised:
        service.models(["bad-hash"])
    assert str(tmp_path) not in str(raised.value)
    with pytest.raises(UnknownModelError, match="bad-hash.*cannot be used"):
        service.models(["bad-hash"])
    service.warm()
    assert service.ready
    assert list(service.cards) == ["cnn"]
    assert set(service.broken) == {"bad-card", "bad-field", "bad-hash"}
    with pytest.raises(UnknownModelError, match="bad-hash.*cannot be used"):
        service.compare(skimage.data.astronaut(), ["bad-hash"], "7")
    service.close()


def test_a_loader_that_raises_anything_leaves_only_its_model_out(tmp_path, monkeypatch):
    for name in ("cnn", "junk"):
        shutil.copytree(registry.CHECKPOINTS / "cnn", tmp_path / name)
    card = json.loads((tmp_path / "junk" / "card.json").read_text())
    (tmp_path / "junk" / "card.json").write_text(json.dumps({**card, "name": "junk", "loader": "junk"}))

    def junk(*_):
        raise OSError("Model provided has model identifier")

    monkeypatch.setitem(registry.LOADERS, "junk", junk)
    service = ModelService(tmp_path, workers=1)
    service.warm()
    assert service.ready
    assert list(service.cards) == ["cnn"]
    assert "model identifier" in service.broken["junk"]
    assert len(service.compare(skimage.data.astronaut(), ["cnn"], "7").faces) == 1
    service.close()


def test_a_second_attempt_to_warm_up_makes_no_more_face_finders(monkeypatch):
    service = ModelService(workers=2)
    with monkeypatch.context() as failing:
        failing.setattr(FaceMesher, "find", lambda *_: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                service.warm()
    service.warm()
    assert service._meshers.qsize() == 2
    service.close()


def test_what_else_is_warmed_up_may_ask_the_models(tmp_path):
    shutil.copytree(registry.CHECKPOINTS / "cnn-tiny", tmp_path / "cnn-tiny")
    service, faces = ModelService(tmp_path, workers=1), []
    service.warm_too(lambda portrait: faces.append(len(service.compare(portrait, ["cnn-tiny"], "7").faces)))
    service.start().join(timeout=60)
    assert faces == [1] and service.ready
    service.close()
