"""Trains the networks of `zoo.training.torch_network` on a GPU within a fixed time: teachers first, then students.

Teachers learn the labels and the votes. Students also learn from the teachers' predictions for the same copies, mixed
with out-of-fold predictions of another model; all students are trained together, because the teachers take most
of the time. A training step is recorded once as a CUDA graph and replayed. The number of epochs is
computed from the measured duration of a step.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from zoo.training.torch_augmentation import Ranges, copies, draw
from zoo.training.torch_network import ResidualVgg

SETTLED, MEASURED = 10, 100  # the steps between them tell how long one takes; all are in the warm-up
WARM_UP = 3  # epochs
MOMENTUM = 0.9
LONGEST = 5.0  # gradients are shortened to this norm
BLEND = 0.3  # mixup's alpha; half of the batches are mixed


@dataclass(frozen=True, eq=False)
class Faces:
    """Training and PublicTest pictures on the device.

    Parameters
    ----------
    crops : Tensor
        ``(n, S, S)`` uint8.
    targets : Tensor
        ``(n,)`` int64, in `zoo.labels.SEVEN`.
    shares, weights : Tensor
        ``(n, 8)`` and ``(n,)``: FER+ votes, see `zoo.datasets.ferplus.vote_shares`.
    opinions : Tensor
        ``(n, 7)`` out-of-fold predictions of another model; used for training pictures only.
    displacements : Tensor
        ``(7, 2, S, S)``, see `zoo.training.weakening.mean_displacements`.
    training, public : Tensor
        Rows of both splits.
    """

    crops: Tensor
    targets: Tensor
    shares: Tensor
    weights: Tensor
    opinions: Tensor
    displacements: Tensor
    training: Tensor
    public: Tensor


@dataclass(frozen=True)
class Plan:
    """A network and how it is trained.

    Parameters
    ----------
    name : str
    widths : tuple of int
    side : int
        Side of its input in pixels.
    dropout, decay : float
    rate : float
        Peak learning rate.
    """

    name: str
    widths: tuple[int, ...]
    side: int = 48
    dropout: float = 0.3
    decay: float = 5e-4
    rate: float = 0.1


@dataclass(frozen=True)
class Course:
    """What all networks of a run share.

    Parameters
    ----------
    ranges : Ranges
    batch : int
    smoothing : float
        Label smoothing.
    temperature, taught, others : float
        Softening of the teachers' predictions; their weight against the labels; the share in it of `Faces.opinions`.
    votes : float
        Weight of the FER+ head.
    average : float
        Decay per step of the running mean of the weights, which is what is kept.
    look : int
        PublicTest is measured every so many epochs.
    most : int
        Epochs at most.
    seed : int
    began : float
        When the run began, on the monotonic clock: the logs count seconds from there.
    """

    ranges: Ranges = Ranges()
    batch: int = 256
    smoothing: float = 0.1
    temperature: float = 2.0
    taught: float = 0.7
    others: float = 0.25
    votes: float = 0.5
    average: float = 0.998
    look: int = 5
    most: int = 200
    seed: int = 1
    began: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class Learner:
    """A network in training, with its optimiser, its averaged weights and its log."""

    plan: Plan
    network: ResidualVgg
    averaged: ResidualVgg
    optimiser: torch.optim.Optimizer
    rate: Tensor
    log: list[dict[str, float]] = field(default_factory=list)


def learner(plan: Plan, device: torch.device, seed: int) -> Learner:
    """A new network with random weights."""
    torch.manual_seed(seed)
    network = ResidualVgg(plan.widths, plan.dropout).to(device, memory_format=torch.channels_last)
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    rate = torch.zeros((), device=device)
    groups = [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": plan.decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, nesterov=True, fused=True)
    return Learner(plan, network, averaged, optimiser, rate)


def train(
    learners: Sequence[Learner], teachers: Sequence[Learner], faces: Faces, course: Course, seconds: float
) -> None:
    """Train all learners on the same copies for about so many seconds; without teachers, on labels and votes only."""
    started, device = time.monotonic(), faces.crops.device
    torch.manual_seed(course.seed)
    rows = torch.zeros(course.batch, dtype=torch.int64, device=device)
    step = _recorded(lambda: _step(rows, learners, teachers, faces, course), device)
    epochs, done, settled = None, 0, started
    per_epoch = len(faces.training) // course.batch
    for epoch in range(course.most):
        if epochs is not None and epoch >= epochs:
            break
        for batch in _batches(faces.training, course.batch):
            share = done / ((epochs or course.most) * per_epoch)
            for each in learners:
                each.rate.fill_(each.plan.rate * _schedule(done / (WARM_UP * per_epoch), share))
            rows.copy_(batch)
            loss = step()
            done += 1
            if done == SETTLED:
                loss.item()  # waits for the GPU
                settled = time.monotonic()
            if epochs is None and done == min(MEASURED, WARM_UP * per_epoch):
                loss.item()
                per_step = (time.monotonic() - settled) / (done - SETTLED)
                left = seconds - (time.monotonic() - started)
                epochs = max(WARM_UP + 2, min(course.most, int((done + left / per_step) / per_epoch)))
        if (epoch + 1) % course.look == 0 or epoch + 1 == epochs:
            _look(learners, faces, epoch + 1, epochs or course.most, time.monotonic() - course.began)


def _batches(rows: Tensor, size: int) -> Iterator[Tensor]:
    order = rows[torch.randperm(len(rows), device=rows.device)]
    return (order[i : i + size] for i in range(0, len(rows) - size + 1, size))


def _schedule(warm: float, share: float) -> float:
    """Warm-up, then half a cosine, as a part of the peak rate."""
    return warm if warm < 1 else 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def _recorded(step: Callable[[], Tensor], device: torch.device) -> Callable[[], Tensor]:
    """The step as a CUDA graph; on the CPU, the step itself."""
    if device.type != "cuda":
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # as PyTorch's notes on CUDA graphs ask; the rate is 0
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay


def _step(
    rows: Tensor, learners: Sequence[Learner], teachers: Sequence[Learner], faces: Faces, course: Course
) -> Tensor:
    """One step of every learner; returns the sum of their losses without waiting for it."""
    for each in learners:
        each.optimiser.zero_grad(set_to_none=True)
    with torch.no_grad():
        batch = _Batch(rows, faces, course)
        taught = batch.taught(teachers)
    total = torch.stack([_loss(each, batch, taught) for each in learners]).sum()
    total.backward()
    for each in learners:
        _shorten([p.grad for p in each.network.parameters() if p.grad is not None])
        each.optimiser.step()
        _average(each, course.average)
    return total.detach()


class _Batch:
    """Copies of a batch in any size, mixed with the batch in reverse order, and their targets."""

    def __init__(self, rows: Tensor, faces: Faces, course: Course) -> None:
        self.course, self.rows, self.faces = course, rows, faces
        n, device = len(rows), rows.device
        self.draws = draw(n, course.ranges, device)
        self.crops = faces.crops[rows]
        self.displacements = faces.displacements[faces.targets[rows]]
        self.part = _parts(n, device)
        self.seen: dict[tuple[int, bool], Tensor] = {}
        even = course.smoothing / 7
        self.labels = self.mixed(torch.eye(7, device=device)[faces.targets[rows]] * (1 - course.smoothing) + even)
        weights = faces.weights[rows]
        self.votes = self.mixed(faces.shares[rows] * weights[:, None])
        self.voted = self.mixed(weights)

    def mixed(self, values: Tensor) -> Tensor:
        """Mixup of any values ``(n, ...)``."""
        part = self.part.view(-1, *[1] * (values.ndim - 1))
        return part * values + (1 - part) * values.flip(0)

    def copies(self, side: int, weakened: bool) -> Tensor:
        """The copies ``(n, 1, side, side)``, made once."""
        if (side, weakened) not in self.seen:
            made = copies(self.crops, self.displacements if weakened else None, self.draws, side)
            self.seen[side, weakened] = self.mixed(made)
        return self.seen[side, weakened]

    def taught(self, teachers: Sequence[Learner]) -> Tensor | None:
        """The teachers' softened predictions for the copies before weakening, with the other model's mixed in."""
        if not teachers:
            return None
        t, others = self.course.temperature, self.course.others
        answers = [_answers(each.averaged, self.copies(each.plan.side, False))["fer2013"] for each in teachers]
        said = torch.stack([functional.softmax(answer / t, 1) for answer in answers]).mean(0)
        opinions = self.faces.opinions[self.rows].clamp(min=1e-4) ** (1 / t)
        return (1 - others) * said + others * self.mixed(opinions / opinions.sum(1, keepdim=True))


def _parts(n: int, device: torch.device) -> Tensor:
    """Mixup weights ``(n,)`` of Beta(alpha, alpha), all 1 in half of the batches.

    Notes
    -----
    A Beta variable is the ratio of Gamma variables, but PyTorch's sampler for them waits for the GPU: Jöhnk's method
    instead, the first accepted of a number of tries.
    """
    tries = 24
    u, v = (torch.rand(tries, n, device=device).clamp(min=1e-12) ** (1 / BLEND) for _ in range(2))
    accepted = (u + v <= 1).float()
    first = accepted.argmax(0, keepdim=True)
    part = (u / (u + v).clamp(min=1e-30)).gather(0, first)[0]
    return torch.where(torch.rand(1, device=device) < 0.5, part, torch.ones_like(part))


def _answers(network: ResidualVgg, x: Tensor) -> dict[str, Tensor]:
    with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda, cache_enabled=False):
        answers = network(x.contiguous(memory_format=torch.channels_last))
    return {name: logits.float() for name, logits in answers.items()}


def _loss(each: Learner, batch: _Batch, taught: Tensor | None) -> Tensor:
    course = batch.course
    answers = _answers(each.network, batch.copies(each.plan.side, taught is not None))
    labels = functional.cross_entropy(answers["fer2013"], batch.labels)
    chosen = -(batch.votes * functional.log_softmax(answers["ferplus"], 1)).sum() / batch.voted.sum().clamp(min=1)
    if taught is None:
        return labels + course.votes * chosen
    t = course.temperature
    soft = functional.cross_entropy(answers["fer2013"] / t, taught) * t * t  # softening reduces gradients by t squared
    return (1 - course.taught) * labels + course.taught * soft + course.votes * chosen


def _shorten(gradients: list[Tensor]) -> None:
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, (LONGEST / (norm + 1e-6)).clamp(max=1))


@torch.no_grad()
def _average(each: Learner, decay: float) -> None:
    pairs = zip(each.averaged.state_dict().values(), each.network.state_dict().values(), strict=True)
    means, values = zip(*((mean, value) for mean, value in pairs if mean.is_floating_point()), strict=True)
    torch._foreach_lerp_(list(means), list(values), 1 - decay)


# --- Measuring -------------------------------------------------------------------------------


@torch.no_grad()
def logits(each: Learner, faces: Faces, rows: Tensor, size: int = 512) -> Tensor:
    """FER2013 logits ``(n, 7)`` of the averaged network as served: the crop and its mirror image, averaged."""
    found = []
    for part in rows.split(size):
        x = as_served(faces.crops[part], each.plan.side)
        both = [_answers(each.averaged, view)["fer2013"] for view in (x, x.flip(3))]
        found.append((both[0] + both[1]) / 2)
    return torch.cat(found)


def as_served(crops: Tensor, side: int) -> Tensor:
    """As `zoo.models.cnn.to_input`: ``(n, S, S)`` uint8 to ``(n, 1, side, side)`` float32."""
    resized = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR) for crop in crops.cpu().numpy()]
    return torch.from_numpy(np.stack(resized)[:, None].astype(np.float32)).to(crops.device)


def _look(learners: Sequence[Learner], faces: Faces, epoch: int, epochs: int, seconds: float) -> None:
    """Add PublicTest's accuracy and loss to each log, and print them."""
    truth = faces.targets[faces.public]
    for each in learners:
        answers = logits(each, faces, faces.public)
        right = (answers.argmax(1) == truth).float().mean().item()
        loss = functional.cross_entropy(answers, truth).item()
        each.log.append({"epoch": epoch, "val_accuracy": right, "val_loss": loss, "seconds": seconds})
        print(f"{each.plan.name} {epoch}/{epochs}: {right:.4f}, loss {loss:.4f}, {seconds:.0f} s", flush=True)
