from zoo.models import checkpoint, registry


def test_every_loader_has_its_family():
    assert set(checkpoint.FAMILIES) == set(registry.LOADERS)
    for name in registry.names():
        card = registry.card(name)
        assert checkpoint.FAMILIES[card.loader] == card.family
