import pytest

from zoo.models import registry
from zoo.models.registry import UnknownModelError


def test_a_folder_with_a_card_is_a_model(two_models):
    (two_models / "notes").mkdir()
    assert registry.names(two_models) == ["first", "second"]


def test_loading_twice_gives_the_same_model(two_models):
    assert registry.load("first", two_models) is registry.load("first", two_models)
    assert registry.load("first", two_models).name == "first"


@pytest.mark.parametrize(
    ("name", "hint"), [("frist", "did you mean first"), ("xyz", "there are first, second"), ("../first", "first")]
)
def test_unknown_names_get_close_ones(two_models, name, hint):
    with pytest.raises(UnknownModelError, match=hint):
        registry.load(name, two_models)


def test_no_model_at_all(tmp_path):
    assert registry.names(tmp_path) == []
    with pytest.raises(UnknownModelError, match="there are none"):
        registry.card("cnn", tmp_path)
