"""A teacher and a student learn made faces; what the student hears is what is promised."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is needed only to train on a GPU")

import torch

from zoo.training import torch_training
from zoo.training.torch_augmentation import Ranges
from zoo.training.torch_training import Course, Faces, Plan, learner, logits, train

CPU = torch.device("cpu")
MILD = Ranges(degrees=2, zoom=0, shift=0, gamma=1.1, contrast=0, soften=0, noise=0, erase=0, weaken=0.5)
COURSE = Course(ranges=MILD, batch=32, average=0.8, look=5, most=15, smoothing=0.0)
SMALL = Plan("small", (8, 8, 16, 16), side=16, dropout=0.0, rate=0.1)


@pytest.fixture(autouse=True)
def one_thread():
    """Several only wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def faces():
    """Seven labels, each a bar at a height of its own."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 7, 224)
    crops = rng.integers(0, 60, (224, 72, 72)).astype(np.uint8)
    for crop, target in zip(crops, targets, strict=True):
        crop[10 * target : 10 * target + 9] += 180
    known = torch.from_numpy(targets)
    return Faces(
        crops=torch.from_numpy(crops),
        targets=known,
        shares=torch.eye(8)[known],
        weights=torch.ones(224),
        opinions=torch.full((224, 7), 1 / 7),
        displacements=torch.zeros(7, 2, 72, 72),
        training=torch.arange(160),
        public=torch.arange(160, 224),
    )


def right(each, faces):
    return (logits(each, faces, faces.public).argmax(1) == faces.targets[faces.public]).float().mean().item()


def test_a_teacher_learns_and_its_students_learn_from_it(faces):
    teacher = learner(SMALL, CPU, seed=1)
    assert right(teacher, faces) < 0.5
    train([teacher], [], faces, COURSE, seconds=1e6)
    assert right(teacher, faces) > 0.9
    assert [row["epoch"] for row in teacher.log] == [5, 10, 15]
    assert teacher.log[-1]["val_accuracy"] == pytest.approx(right(teacher, faces))
    students = [learner(SMALL, CPU, seed=2), learner(Plan("other", (8, 8, 16, 16), 32, 0.0), CPU, seed=3)]
    before = [p.clone() for p in teacher.averaged.parameters()]
    train(students, [teacher], faces, COURSE, seconds=1e6)
    assert all(right(each, faces) > 0.9 for each in students)
    assert all(torch.equal(*pair) for pair in zip(before, teacher.averaged.parameters(), strict=True))


def test_the_time_decides_on_the_number_of_epochs(faces):
    each = learner(SMALL, CPU, seed=1)
    train([each], [], faces, Course(ranges=MILD, batch=32, average=0.8, look=1), seconds=0)
    assert len(each.log) == torch_training.WARM_UP + 2


def test_what_is_taught_is_the_teachers_mean_with_the_other_models(faces):
    teachers = [learner(SMALL, CPU, seed=seed) for seed in (1, 2)]
    faces.opinions[:, 3] = 0.5
    torch.manual_seed(0)
    batch = torch_training._Batch(torch.arange(32), faces, Course(ranges=MILD, batch=32))
    with torch.no_grad():
        taught = batch.taught(teachers)
        alone = [each.averaged(batch.copies(16, False))["fer2013"] for each in teachers]
    said = torch.stack([torch.softmax(answer / 2, 1) for answer in alone]).mean(0)
    opinions = faces.opinions[:32].clamp(min=1e-4).sqrt()
    opinions = batch.mixed(opinions / opinions.sum(1, keepdim=True))
    torch.testing.assert_close(taught, 0.75 * said + 0.25 * opinions)
    assert batch.taught([]) is None


def test_parts_of_mixup_have_the_distribution_that_is_asked_for():
    torch.manual_seed(0)
    drawn = [torch_training._parts(5000, CPU) for _ in range(40)]
    mixed = torch.stack([part for part in drawn if not (part == 1).all()])
    assert 8 < len(mixed) < 32
    expected = np.random.default_rng(0).beta(torch_training.BLEND, torch_training.BLEND, 100_000)
    quantiles = np.linspace(0.05, 0.95, 19)
    found = np.quantile(mixed.numpy().ravel(), quantiles)
    np.testing.assert_allclose(found, np.quantile(expected, quantiles), atol=0.02)
