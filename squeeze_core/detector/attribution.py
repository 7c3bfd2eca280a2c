"""Attribution for one detection: which pixels and which channels speak for its class and place.

Records, score and channel attribution are those of `inside.explain` and `inside.ablation`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_iou

from squeeze_core.detector.detect import candidates, decode, whole
from squeeze_core.detector.detections import AGREEMENT, Candidates, Detection
from squeeze_core.detector.network import Detector, average_flipped
from squeeze_core.detector.onnx_detector import OnnxDetector
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import Contributions, channel_mask, contributions_of
from squeeze_core.inside.explain import Explanation, Method, Progress, Score, deletion_insertion
from squeeze_core.inside.trace import Unit
from squeeze_core.networks.architecture import PLANS, Parts, SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

# What the neck is given: the backbone's last maps at strides 8 and 16.
LEVELS = ("fire5", "fire9")
MASKS = 400
CELLS = 8  # a mask is that many cells across, each hidden or not
AT_ONCE = 4


@dataclass(frozen=True)
class TargetBox:
    """One box as the network meets it.

    `batch`: float32 [2, 3, S, S], the picture and its mirror image as the network takes them; `boxes`:
    float32 [2, 4], the box in each, x0, y0, x1, y1 in pixels of the input; `index`: its class.
    """

    batch: Tensor
    boxes: Tensor
    index: int

    @classmethod
    def of(
        cls, detection: Detection, picture: Picture, record: PretrainedDetector, device: torch.device
    ) -> TargetBox:
        batch = record.preprocess([picture.image]).to(device)
        side = record.preprocess.size
        scale = torch.tensor([side / picture.width, side / picture.height] * 2)
        x0, y0, x1, y1 = (torch.tensor(detection.box) * scale).tolist()
        boxes = torch.tensor([[x0, y0, x1, y1], [side - x1, y0, side - x0, y1]], device=device)
        return cls(torch.cat([batch, batch.flip(3)]), boxes, detection.index)

    def evidence(self, answers: Tensor) -> Tensor:
        """How strongly the network answers class and place, in logits; the mean of picture and mirror.

        `answers`: [2, positions, 4 + classes]. The class logit plus the logarithm of the IoU with the
        box, in the mean over the positions that agree with it, each weighted by its score: those that
        placed the box.
        """
        rows = []
        for answer, box in zip(answers, self.boxes, strict=True):
            overlap = box_iou(answer[:, :4], box[None])[:, 0]
            logit = answer[:, 4 + self.index]
            weight = logit.detach().sigmoid() * (overlap.detach() >= AGREEMENT)
            if not weight.any():  # no position agrees, as when channels are disabled
                weight = logit.detach().sigmoid() * overlap.detach()
            total = weight * (logit + overlap.clamp(min=1e-6).log())
            rows.append(total.sum() / weight.sum().clamp(min=1e-12))
        return torch.stack(rows).mean()

    def confidence(self, output: Tensor) -> Tensor:
        """The share of the box that is left: its IoU with the answer most like it, times that one's
        probability of the class, 0–1, [N]. `output`: [N, positions, 4 + classes], of pictures that are not
        mirrored."""
        overlap = box_iou(output[..., :4].flatten(0, 1), self.boxes[:1]).view(output.shape[:2])
        return (overlap * output[..., 4 + self.index].sigmoid()).amax(1)


@dataclass(frozen=True)
class BoxExplanation(Explanation):
    """One method's map for one detection, whose score is `probability`; the map is ≥ 0 and has no unit.

    `box`: the detection's x0, y0, x1, y1 in pixels of the map, [S, S] over the whole picture.
    """

    detection: Detection
    box: tuple[float, float, float, float]

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


def _gradients(network: OnnxDetector, target: TargetBox, progress: Progress) -> Tensor:
    parts, evidence = _forward(network.network, target)
    gradients = torch.autograd.grad(evidence, [parts[name] for name in LEVELS])
    total = torch.zeros(())
    for name, gradient in zip(LEVELS, gradients, strict=True):
        level = level_map(parts[name], gradient).cpu()
        level = F.interpolate(level, target.batch.shape[-2:], mode="bilinear")
        total = total + level / level.max().clamp(min=1e-12)
    return total[0, 0]


def level_map(activations: Tensor, gradient: Tensor) -> Tensor:
    """Activation × gradient over the channels, float32 [1, 1, h, w]; what speaks against the box is 0.

    Both [2, channels, h, w], of a picture and its mirror image, whose map is turned back and added.
    """
    both = (activations * gradient).sum(1, keepdim=True).detach().float()
    return (both[:1] + both[1:].flip(3)).relu()


@torch.inference_mode()
def _masking(network: OnnxDetector, target: TargetBox, progress: Progress) -> Tensor:
    picture, side = target.batch[:1], target.batch.shape[-1]
    random = torch.Generator().manual_seed(0)
    total, seen, weights = torch.zeros(side, side), torch.zeros(side, side), 0.0
    for start in range(0, MASKS, AT_ONCE):
        masks = _masks(min(AT_ONCE, MASKS - start), side, random)
        confidence = target.confidence(network(picture * masks.to(picture.device)).float()).cpu()
        total += (confidence[:, None, None] * masks[:, 0]).sum(0)
        seen += masks[:, 0].sum(0)
        weights += float(confidence.sum())
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


def _centre(network: OnnxDetector, target: TargetBox, progress: Progress) -> Tensor:
    side = target.batch.shape[-1]
    squared = ((torch.arange(side) + 0.5 - side / 2) / (side / 4)) ** 2
    return (-(squared[:, None] + squared) / 2).exp()


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
            slow=True,
        ),
    )
}
# For comparison: what a map scores that knows only that photographers aim.
CENTRE = Method(
    "centre",
    "Centre of the picture",
    "A Gaussian in the middle of the picture, σ a quarter of its side.",
    "Knows neither the network nor the picture.",
    "the centre prior of Judd et al., ICCV 2009",
    _centre,
)


def explain(
    picture: Picture,
    detection: Detection,
    engine: Engine,
    detector: PretrainedDetector | None = None,
    method: str = "gradients",
    progress: Progress | None = None,
) -> BoxExplanation:
    """Why the detector (the shipped one when none is given) draws that box, by one of METHODS, or CENTRE's.

    `progress` may raise to give up; it starts again from 0 should the GPU run out of memory. UserError for
    an unknown method.
    """
    chosen = (METHODS | {CENTRE.name: CENTRE}).get(method)
    if chosen is None:
        raise UserError(f"There is no method named {method!r}; try {', '.join(METHODS)}.")
    report, record = progress or (lambda share: None), detector or shipped_detector()

    def work(network: OnnxDetector, device: torch.device) -> BoxExplanation:
        start = time.perf_counter()
        target = TargetBox.of(detection, picture, record, device)
        heat = chosen.map(network, target, report)
        x0, y0, x1, y1 = target.boxes[0].tolist()
        return BoxExplanation(
            file=picture.name,
            method=chosen,
            index=detection.index,
            label=detection.name,
            probability=detection.score,
            map=heat,
            view=record.preprocess.view(picture.image),
            milliseconds=1000 * (time.perf_counter() - start),
            detection=detection,
            box=(x0, y0, x1, y1),
        )

    return engine.work(record, work, chosen.slow)


def score(
    explanation: BoxExplanation,
    picture: Picture,
    engine: Engine,
    detector: PretrainedDetector | None = None,
    progress: Progress | None = None,
) -> Score:
    """Deletion and insertion of the map's pixels, by what is left of the box."""
    report, record = progress or (lambda share: None), detector or shipped_detector()

    def work(network: OnnxDetector, device: torch.device) -> Score:
        target = TargetBox.of(explanation.detection, picture, record, device)
        return deletion_insertion(explanation, network, target, report)

    return engine.work(record, work, large=True)


def contributions(
    picture: Picture, detection: Detection, engine: Engine, detector: PretrainedDetector | None = None
) -> Contributions:
    """Each channel's contribution to that box, from one backward pass; picture and mirror image's mean."""
    record = detector or shipped_detector()

    def work(network: OnnxDetector, device: torch.device) -> Contributions:
        parts, evidence = _forward(network.network, TargetBox.of(detection, picture, record, device))
        return contributions_of(parts, evidence, detection.name)

    return engine.work(record, work)


def filter_cosines(
    units: Iterable[Unit], engine: Engine, detector: PretrainedDetector | None = None
) -> list[float]:
    """The cosine of the detector's filter behind each channel and the classifier's of the same name.

    1 where training for boxes left the filter as it was (the first layers), lower the further it moved.
    """
    wanted = list(units)

    def work(network: OnnxDetector, device: torch.device) -> list[float]:
        inner, classifier = network.network, engine.get(DEFAULT)
        assert isinstance(classifier, SqueezeNet)
        cosines = []
        for module, branch, channel in wanted:
            layers = inner.backbone[inner.backbone_names.index(module)], classifier.layer(module)
            ours, theirs = (getattr(layer, branch).weight[channel].flatten().cpu() for layer in layers)
            cosines.append(F.cosine_similarity(ours, theirs, 0).item())
        return cosines

    return engine.work(detector or shipped_detector(), work)


def ablate(
    picture: Picture, disabled: Iterable[Unit], engine: Engine, detector: PretrainedDetector | None = None
) -> Candidates:
    """The detector's candidates with those channels of its backbone, a SqueezeNet 1.1, disabled."""
    units, record = list(disabled), detector or shipped_detector()

    def work(network: OnnxDetector, device: torch.device) -> Candidates:
        start = time.perf_counter()
        batch = record.preprocess([picture.image]).to(device)
        mask = channel_mask(PLANS["1.1"], units, device)
        with torch.inference_mode():
            answers = network.network(torch.cat([batch, batch.flip(3)]), mask).cpu()
        output = average_flipped(answers[:1], answers[1:], *batch.shape[2:])[0]
        elapsed = 1000 * (time.perf_counter() - start)
        return candidates(picture, decode(output, record, whole(picture)), record, device.type, elapsed)

    return engine.work(record, work)


def remaining_score(detection: Detection, found: Candidates) -> float:
    """The score, 0–1, of the box of that class that is left at that place (IoU from 0.5); 0 for none."""
    scores = [
        one.score
        for one in found.proposals()
        if one.index == detection.index and one.overlap(detection) >= 0.5
    ]
    return max(scores, default=0.0)


def _forward(network: Detector, target: TargetBox) -> tuple[Parts, Tensor]:
    """The network's parts for the box, and its evidence, with what gradients need."""
    with torch.enable_grad():
        # The parameters want no gradient, so the pictures must, for the activations to have one.
        parts = network.parts(target.batch.clone().requires_grad_())
        return parts, target.evidence(parts["answers"])
