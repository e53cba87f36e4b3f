"""Drawn faces of several people: the mesh finds all of them, and the models' answers make sense."""

import pytest

from features import images
from ui.compare import thumbnails
from ui.examples.cartoons import DRAWINGS, LOOKS, PEOPLE, SHIPPED, draw


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("name", LOOKS)
def test_the_mesh_is_laid_on_every_drawn_face(name, person, mesher):
    faces = mesher.find(draw(LOOKS[name], person))
    assert len(faces) == 1
    left, top, right, bottom = faces.boxes[0]
    assert 150 < right - left < 330 and 150 < bottom - top < 400


def test_people_differ_in_skin_hair_and_age():
    lightness = sorted(sum(person.skin) for person in PEOPLE)
    assert lightness[0] < 250 and lightness[-1] > 600 and len(set(lightness)) == len(PEOPLE)
    assert sum(person.lines > 0 for person in PEOPLE) == 2 and any(person.long for person in PEOPLE)
    assert set(SHIPPED) == set(LOOKS) and len(set(SHIPPED.values())) == len(LOOKS)  # one each, no two alike


def labels(service, image) -> set[str]:
    return {one.names[0] for one in service.compare(image, service.default_models, "7").predictions.values()}


@pytest.mark.parametrize("example", DRAWINGS, ids=lambda one: one.name)
def test_the_answers_to_the_shipped_drawings_make_sense(example, service):
    said = labels(service, images.load(example.path))
    expected = {"drawn-corners-up": {"happy"}, "drawn-mouth-open": {"surprise"}}.get(example.name)
    assert said == expected if expected else "happy" not in said


@pytest.mark.parametrize("person", PEOPLE)
def test_a_smile_and_an_open_mouth_are_told_apart_on_everybody(person, service):
    assert labels(service, draw(LOOKS["drawn-corners-up"], person)) == {"happy"}
    assert labels(service, draw(LOOKS["drawn-mouth-open"], person)) == {"surprise"}


def test_every_drawing_is_offered_everywhere():
    assert {one.name for one in DRAWINGS} == set(LOOKS)
    shown = thumbnails.shown()
    assert all(f'data-name="{one.name}"' in shown and one.alt in shown for one in DRAWINGS)
