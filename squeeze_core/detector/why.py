"""Why this box? What in the picture speaks for one detection's class and place."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_iou
from torchvision.transforms.v2 import functional as pixels

from squeeze_core.detector.detect import candidates, decode, whole
from squeeze_core.detector.detections import AGREEMENT, Candidates, Detection
from squeeze_core.detector.network import Detector, both_ways
from squeeze_core.detector.onnx_runtime import OnnxDetector
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.images import Picture
from squeeze_core.inside.explain import BLUR, SCORE_STEPS, Progress, Score
from squeeze_core.inside.trace import Unit
from squeeze_core.networks.architecture import BRANCHES, SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

# What the neck is given: the backbone's last maps at strides 8 and 16.
LEVELS = ("fire5", "fire9")
MASKS = 400
CELLS = 8  # a mask is that many cells across, each hidden or not
AT_ONCE = 4
STRONGEST = 10  # channels named, and switched off together at first
COUNTS = (1, 5, STRONGEST, 20, 40, 80)


@dataclass(frozen=True)
class Focus:
    """One box as the network meets it.

    `pictures`: float32 [2, 3, S, S], the picture and its mirror image as the network takes them;
    `boxes`: float32 [2, 4], the box in each, in pixels of the input; `index`: its class.
    """

    pictures: Tensor
    boxes: Tensor
    index: int

    def evidence(self, answers: Tensor) -> Tensor:
        """How strongly the network answers class and place, a number for picture and mirror image each.

        `answers`: [2, positions, 4 + classes]. The class logit plus the logarithm of the IoU with the
        box, in the mean over the positions that agree with it, each weighted by its score: those that
        placed the box.
        """
        rows = []
        for answer, box in zip(answers, self.boxes, strict=True):
            overlap = box_iou(answer[:, :4], box[None])[:, 0]
            logit = answer[:, 4 + self.index]
            weight = logit.detach().sigmoid() * (overlap.detach() >= AGREEMENT)
            if not weight.any():  # no position agrees, as when channels are off
                weight = logit.detach().sigmoid() * overlap.detach()
            total = weight * (logit + overlap.clamp(min=1e-6).log())
            rows.append(total.sum() / weight.sum().clamp(min=1e-12))
        return torch.stack(rows)

    def similarity(self, answers: Tensor, mirrored: int = 0) -> Tensor:
        """How much like the box is the answer most like it: IoU times the class's probability, 0–1, [N].

        `answers`: [N, positions, 4 + classes] for pictures all alike, or all mirrored (1).
        """
        overlap = box_iou(answers[..., :4].flatten(0, 1), self.boxes[mirrored, None]).view(
            answers.shape[:2]
        )
        return (overlap * answers[..., 4 + self.index].sigmoid()).amax(1)


Result = TypeVar("Result")

# The network, the box, and how to report progress → the map, float [S, S].
Draw = Callable[[OnnxDetector, Focus, Progress], Tensor]


@dataclass(frozen=True)
class Method:
    """A way to explain a box: what its map means, where it misleads, its source, and the way itself."""

    name: str
    title: str
    meaning: str
    limits: str
    source: str
    draw: Draw = field(repr=False)


def _gradients(network: OnnxDetector, focus: Focus, progress: Progress) -> Tensor:
    parts, evidence = _forward(network.network, focus)
    gradients = torch.autograd.grad(evidence, [parts[name] for name in LEVELS])
    total = torch.zeros(())
    for name, gradient in zip(LEVELS, gradients, strict=True):
        both = (parts[name] * gradient).sum(1, keepdim=True).detach().float().cpu()
        level = (both[:1] + both[1:].flip(3)).relu()
        level = F.interpolate(level, focus.pictures.shape[-2:], mode="bilinear")
        total = total + level / level.max().clamp(min=1e-12)
    progress(1.0)
    return total[0, 0]


@torch.inference_mode()
def _masking(network: OnnxDetector, focus: Focus, progress: Progress) -> Tensor:
    picture, side = focus.pictures[:1], focus.pictures.shape[-1]
    random = torch.Generator().manual_seed(0)
    total, seen, weights = torch.zeros(side, side), torch.zeros(side, side), 0.0
    for start in range(0, MASKS, AT_ONCE):
        masks = _masks(min(AT_ONCE, MASKS - start), side, random)
        answers = network(picture * masks.to(picture.device)).float().cpu()
        similarity = focus.similarity(answers)
        total += (similarity[:, None, None] * masks[:, 0]).sum(0)
        seen += masks[:, 0].sum(0)
        weights += float(similarity.sum())
        progress(min(1.0, (start + AT_ONCE) / MASKS))
    # Against the mean over all masks, so that a place that matters nothing is 0.
    return (total / seen.clamp(min=1e-6) - weights / MASKS).relu()


def _masks(count: int, side: int, random: torch.Generator) -> Tensor:
    """Smooth random masks as RISE's (Petsiuk et al., arXiv:1806.07421), [count, 1, side, side], 0–1."""
    cell = -(-side // CELLS)
    grid = torch.randint(0, 2, (count, 1, CELLS + 1, CELLS + 1), generator=random).float()
    large = F.interpolate(grid, ((CELLS + 1) * cell,) * 2, mode="bilinear")
    masks = []
    for mask in large:
        y, x = torch.randint(0, cell, (2,), generator=random).tolist()
        masks.append(mask[:, y : y + side, x : x + side])
    return torch.stack(masks)


METHODS = {
    method.name: method
    for method in (
        Method(
            "gradients",
            "Gradients",
            "The maps that the backbone hands to the neck (fire5's and fire9's), each value times the "
            "gradient of this box's class and place: what had to be seen there for this box, and no other.",
            "One cell for every 8 pixels of the network's view at the finest, and true for small changes "
            "only: what two places say twice counts twice.",
            "Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391), for one box and without averaging "
            "the gradients over the picture, as in ODAM (Zhao and Chan, ICLR 2023, arXiv:2304.06354)",
            _gradients,
        ),
        Method(
            "masking",
            "Masking",
            f"{MASKS} times about half of the picture is hidden at random; a place counts by how much of "
            "the box is left, in class and place, when that place can be seen.",
            "Knows nothing of the network, so it cannot be wrong about it; but it sees only what a mask of "
            f"{CELLS} cells across can hide, and some of it is chance.",
            "D-RISE, Petsiuk et al., CVPR 2021, arXiv:2006.03204",
            _masking,
        ),
    )
}


@dataclass(frozen=True)
class Explanation:
    """One method's map for one detection.

    `map`: float32 [S, S] ≥ 0 over the whole picture, stretched to the network's input; no unit.
    `box`: the detection's, in pixels of the map.
    """

    file: str
    method: str
    detection: Detection
    map: np.ndarray
    box: tuple[float, float, float, float]
    milliseconds: float

    @property
    def inside(self) -> float:
        """Share of the map's mass that lies in the box, 0–1."""
        x0, y0, x1, y1 = (round(value) for value in self.box)
        return float(self.map[y0:y1, x0:x1].sum() / max(float(self.map.sum()), 1e-12))

    @property
    def area(self) -> float:
        """Share of the picture that the box covers, 0–1: what `inside` is where a map knows nothing."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0) / self.map.size


def explain(
    picture: Picture,
    detection: Detection,
    engine: Engine,
    method: str = "gradients",
    progress: Progress | None = None,
    detector: PretrainedDetector | None = None,
) -> Explanation:
    """Why the detector (the shipped one when none is given) draws that box, by one of METHODS.

    `progress` may raise to give up; it starts again from 0 should the GPU run out of memory.
    """
    report = progress or (lambda share: None)

    def draw(network: OnnxDetector, record: PretrainedDetector, device: torch.device) -> Explanation:
        start = time.perf_counter()
        focus = _focus(picture, detection, record, device)
        heat = METHODS[method].draw(network, focus, report).float().cpu().contiguous().numpy()
        heat.setflags(write=False)
        x0, y0, x1, y1 = focus.boxes[0].tolist()
        elapsed = 1000 * (time.perf_counter() - start)
        return Explanation(picture.name, method, detection, heat, (x0, y0, x1, y1), elapsed)

    return _work(engine, draw, detector)


def centred(like: Explanation) -> Explanation:
    """A map that knows nothing but that photographers aim: a Gaussian in the middle, σ a quarter side."""
    side = len(like.map)
    away = (np.arange(side, dtype=np.float32) + 0.5 - side / 2) / (side / 4)
    heat = np.exp(-(away[:, None] ** 2 + away**2) / 2)
    heat.setflags(write=False)
    return Explanation(like.file, "centred", like.detection, heat, like.box, 0.0)


def score(
    explanation: Explanation,
    picture: Picture,
    engine: Engine,
    progress: Progress | None = None,
    detector: PretrainedDetector | None = None,
) -> Score:
    """Deletion and insertion of the map's pixels; in place of a probability the box's similarity."""
    report = progress or (lambda share: None)

    def run(network: OnnxDetector, record: PretrainedDetector, device: torch.device) -> Score:
        focus = _focus(picture, explanation.detection, record, device)
        plain = focus.pictures[:1]
        blurred = pixels.gaussian_blur(plain, [BLUR, BLUR])
        order = np.argsort(-explanation.map, axis=None, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size)
        ranks = torch.as_tensor(rank.reshape(1, 1, *explanation.map.shape), device=device)
        shares = np.linspace(0, 1, SCORE_STEPS + 1, dtype=np.float32)
        curves = np.empty((2, len(shares)), np.float32)
        with torch.inference_mode():
            for number, share in enumerate(shares):
                taken = ranks < round(float(share) * order.size)
                pair = torch.cat([plain.masked_fill(taken, 0), torch.where(taken, plain, blurred)])
                curves[:, number] = focus.similarity(network(pair).float().cpu()).numpy()
                report((number + 1) / len(shares))
        return Score(shares, curves[0], curves[1])

    return _work(engine, run, detector)


@dataclass(frozen=True)
class Feeders:
    """How much each channel feeds one box's class and place, to first order: the sum over its map of
    activation × gradient (Molchanov et al., arXiv:1611.06440).

    `of`: (module, branch) → float32 [channels], in logits; positive speaks for the box. The modules of
    the head stand once, for all levels together.
    """

    detection: Detection
    of: Mapping[tuple[str, str], np.ndarray]

    def modules(self) -> dict[str, tuple[float, float]]:
        """What each Fire module passes on for the box (≥ 0) and against it (≤ 0), in the network's order.

        Channels of both expands; each number says what the evidence would lose without them.
        """
        sums: dict[str, tuple[float, float]] = {}
        for (module, branch), row in self.of.items():
            if branch != "squeeze":
                speaks, against = sums.get(module, (0.0, 0.0))
                sums[module] = (
                    speaks + float(row.clip(min=0).sum()),
                    against + float(row.clip(max=0).sum()),
                )
        return sums

    def strongest(self, count: int = STRONGEST) -> list[tuple[Unit, float]]:
        """The backbone's channels that speak for the box most, the strongest first."""
        every = [
            (Unit(module, branch, channel), float(value))
            for (module, branch), row in self.of.items()
            if module.startswith("fire")
            for channel, value in enumerate(row)
        ]
        return sorted(every, key=lambda one: -one[1])[:count]


def feeders(
    picture: Picture, detection: Detection, engine: Engine, detector: PretrainedDetector | None = None
) -> Feeders:
    """Each channel's contribution to that box, from one backward pass; picture and mirror image's mean."""

    def run(network: OnnxDetector, record: PretrainedDetector, device: torch.device) -> Feeders:
        focus = _focus(picture, detection, record, device)
        parts, evidence = _forward(network.network, focus)
        names = [name for name in parts if name.rpartition("/")[2] in BRANCHES]
        gradients = torch.autograd.grad(evidence, [parts[name] for name in names], allow_unused=True)
        of: dict[tuple[str, str], np.ndarray] = {}
        for name, gradient in zip(names, gradients, strict=True):
            module, _, branch = name.partition("/")
            place = re.sub(r"\.p\d+", "", module), branch
            flow = torch.zeros(parts[name].shape[1]) if gradient is None else parts[name] * gradient
            row = (flow.sum((0, 2, 3)) / 2 if gradient is not None else flow).detach().float().cpu().numpy()
            of[place] = of[place] + row if place in of else row
        for row in of.values():
            row.setflags(write=False)
        return Feeders(detection, of)

    return _work(engine, run, detector)


def alike(units: Iterable[Unit], engine: Engine, detector: PretrainedDetector | None = None) -> list[float]:
    """How alike the filter behind each channel is to the classifier's of the same name: their cosine.

    1 where training for boxes left the filter as it was (the first layers), lower the further it moved.
    """
    wanted = list(units)

    def run(network: OnnxDetector, record: PretrainedDetector, device: torch.device) -> list[float]:
        inner, classifier = network.network, engine.get(DEFAULT)
        assert isinstance(classifier, SqueezeNet)
        cosines = []
        for module, branch, channel in wanted:
            layers = inner.backbone[inner.backbone_names.index(module)], classifier.layer(module)
            ours, theirs = (getattr(layer, branch).weight[channel].flatten().cpu() for layer in layers)
            cosines.append(F.cosine_similarity(ours, theirs, 0).item())
        return cosines

    return _work(engine, run, detector)


def without(
    picture: Picture, off: Iterable[Unit], engine: Engine, detector: PretrainedDetector | None = None
) -> Candidates:
    """What the detector proposes with those channels of its backbone switched off."""
    units = list(off)

    def run(network: OnnxDetector, record: PretrainedDetector, device: torch.device) -> Candidates:
        start = time.perf_counter()
        batch = record.preprocess([picture.image]).to(device)
        inner = network.network
        kept: dict[str, Tensor] = {}
        for module, branch, channel in units:
            place = f"{module}/{branch}"
            conv = getattr(inner.backbone[inner.backbone_names.index(module)], branch)
            kept.setdefault(place, torch.ones(conv.out_channels, 1, 1, device=device))[channel] = 0
        with torch.inference_mode():
            answers = inner.parts(torch.cat([batch, batch.flip(3)]), kept)["answers"].float().cpu()
        output = both_ways(answers[:1], answers[1:], *batch.shape[2:])[0]
        elapsed = 1000 * (time.perf_counter() - start)
        return candidates(picture, decode(output, record, whole(picture)), record, device.type, elapsed)

    return _work(engine, run, detector)


def still_there(detection: Detection, found: Candidates) -> float:
    """The score, 0–1, of the box of that class that is left at that place (IoU from 0.5); 0 for none."""
    scores = [
        one.score
        for one in found.proposals()
        if one.index == detection.index and one.overlap(detection) >= 0.5
    ]
    return max(scores, default=0.0)


def _focus(
    picture: Picture, detection: Detection, record: PretrainedDetector, device: torch.device
) -> Focus:
    batch = record.preprocess([picture.image]).to(device)
    side = record.preprocess.size
    scale = torch.tensor([side / picture.width, side / picture.height] * 2)
    box = torch.tensor(detection.box) * scale
    mirrored = torch.stack([side - box[2], box[1], side - box[0], box[3]])
    return Focus(torch.cat([batch, batch.flip(3)]), torch.stack([box, mirrored]), detection.index)


def _forward(network: Detector, focus: Focus) -> tuple[Mapping[str, Tensor], Tensor]:
    """The network's parts for the box, and its evidence, with what gradients need."""
    with torch.enable_grad():
        # The parameters want no gradient, so the pictures must, for the activations to have one.
        parts = network.parts(focus.pictures.clone().requires_grad_())
        boxes = focus.boxes.to(focus.pictures.device)
        evidence = Focus(focus.pictures, boxes, focus.index).evidence(parts["answers"]).sum()
    return parts, evidence


def _work(
    engine: Engine,
    function: Callable[[OnnxDetector, PretrainedDetector, torch.device], Result],
    detector: PretrainedDetector | None,
) -> Result:
    record = detector or shipped_detector()
    return engine.work(record, lambda loaded, device: function(loaded, record, device))
