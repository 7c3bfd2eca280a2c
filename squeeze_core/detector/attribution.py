"""Attribution of a detection, its class and place, to pixels and to channels.

Records and channel attribution are those of `inside.explain` and `inside.ablation`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from squeeze_core.detector.detect import candidates, decode, network_input, whole
from squeeze_core.detector.detections import AGREEMENT, Candidates, Detection, iou
from squeeze_core.detector.layers import BACKBONE_ENDS, average_flipped
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside import explain as explaining
from squeeze_core.inside.ablation import Contributions, channel_mask, contributions_of
from squeeze_core.inside.explain import PATCH, Explanation, Method, occlusion
from squeeze_core.inside.trace import Unit, differentiable_parts
from squeeze_core.networks.engine import Engine, Runner
from squeeze_core.networks.plan import PLANS
from squeeze_core.progress import Progress, ignore

if TYPE_CHECKING:
    from torch import Tensor

    from squeeze_core.networks.architecture import Parts


@dataclass(frozen=True)
class TargetBox:
    """One box at the network's input.

    `batch`: float32 [2, 3, S, S], the picture and its mirror image; `boxes`: float32 [2, 4], the box in
    each, x0, y0, x1, y1 in pixels of the input; `index`: its class.
    """

    batch: np.ndarray
    boxes: np.ndarray
    index: int

    @classmethod
    def of(cls, detection: Detection, picture: Picture, record: PretrainedDetector) -> TargetBox:
        side = record.preprocess.size
        x0, y0, x1, y1 = np.array(detection.box) * side / np.array([picture.width, picture.height] * 2)
        boxes = np.array([[x0, y0, x1, y1], [side - x1, y0, side - x0, y1]], np.float32)
        return cls(network_input([whole(picture)], record), boxes, detection.index)

    def evidence(self, answers: Tensor) -> Tensor:
        """The network's evidence for class and place, a scalar in logits.

        Class logit plus the logarithm of the IoU with the box, averaged over the positions that agree with
        the box, weighted by their scores, and over the picture and its mirror image. `answers`: [2,
        positions, 4 + classes].
        """
        import torch
        from torchvision.ops import box_iou

        rows = []
        for answer, box in zip(answers, torch.from_numpy(self.boxes).to(answers.device), strict=True):
            overlap = box_iou(answer[:, :4], box[None])[:, 0]
            logit = answer[:, 4 + self.index]
            weight = logit.detach().sigmoid() * (overlap.detach() >= AGREEMENT)
            if not weight.any():  # no position agrees, as when channels are disabled
                weight = logit.detach().sigmoid() * overlap.detach()
            total = weight * (logit + overlap.clamp(min=1e-6).log())
            rows.append(total.sum() / weight.sum().clamp(min=1e-12))
        return torch.stack(rows).mean()

    def confidence(self, output: np.ndarray) -> np.ndarray:
        """IoU with the box times probability of its class, the largest over all positions, 0–1, [N].

        `output`: [N, positions, 4 + classes], of pictures that are not mirrored.
        """
        overlap = iou(output[..., :4].reshape(-1, 4), self.boxes[:1]).reshape(output.shape[:2])
        return (overlap / (1 + np.exp(-output[..., 4 + self.index]))).max(1)


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
        """Share of the picture that the box covers, 0–1: `inside` of a uniform map."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0) / self.map.size


def _gradients(network: Runner, target: TargetBox, progress: Progress) -> np.ndarray:
    import torch

    parts, evidence = _forward(network, target)
    gradients = torch.autograd.grad(evidence, [parts[name] for name in BACKBONE_ENDS])
    side = target.batch.shape[-1]
    total = np.zeros((side, side), np.float32)
    for name, gradient in zip(BACKBONE_ENDS, gradients, strict=True):
        level = level_map(*(one.detach().float().cpu().numpy() for one in (parts[name], gradient)))
        enlarged = Image.fromarray(level).resize((side, side), Image.Resampling.BILINEAR)
        total += np.asarray(enlarged) / max(float(level.max()), 1e-12)
    return total


def level_map(activations: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The positive part of activation × gradient, summed over the channels, float32 [h, w].

    Both [2, channels, h, w], of a picture and its mirror image, whose map is flipped back and added.
    """
    picture, mirror = (activations * gradient).sum(1)
    return (picture + mirror[:, ::-1]).clip(0)


def _occlusion(network: Runner, target: TargetBox, progress: Progress) -> np.ndarray:
    return occlusion(network, target.batch[:1], target.confidence, progress).clip(0)


METHODS = {
    method.name: method
    for method in (
        Method(
            "gradients",
            "Gradients",
            "The maps that the neck takes from the backbone (fire5's and fire9's), times the gradient of "
            "this box's class and place.",
            "One cell for every 8 pixels of the network's input at the finest, and to first order only: "
            "redundant evidence counts twice.",
            "Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391), for one box and without averaging "
            "the gradients over the picture, as in ODAM (Zhao and Chan, ICLR 2023, arXiv:2304.06354)",
            _gradients,
        ),
        replace(
            explaining.METHODS["occlusion"],
            meaning="What the box loses, in class and place, when a grey patch of "
            f"{PATCH}×{PATCH} pixels of the network's input covers that place.",
            attribute=_occlusion,
        ),
    )
}


def explain(
    picture: Picture,
    detection: Detection,
    engine: Engine,
    detector: PretrainedDetector | None = None,
    method: str = "gradients",
    progress: Progress = ignore,
) -> BoxExplanation:
    """Attribute that box to the picture's pixels, by one of METHODS.

    `detector`: None for the shipped one, here as below. UserError for an unknown method.
    """
    if method not in METHODS:
        raise UserError(f"There is no method named {method!r}; try {', '.join(METHODS)}.")
    chosen, record = METHODS[method], detector or shipped_detector()

    def work(network: Runner) -> BoxExplanation:
        start = time.perf_counter()
        target = TargetBox.of(detection, picture, record)
        heat = chosen.map(network, target, progress)
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


def contributions(
    picture: Picture, detection: Detection, engine: Engine, detector: PretrainedDetector | None = None
) -> Contributions:
    """Each channel's contribution to that box's evidence, from one backward pass."""
    record = detector or shipped_detector()

    def work(network: Runner) -> Contributions:
        parts, evidence = _forward(network, TargetBox.of(detection, picture, record))
        return contributions_of(parts, evidence, detection.name)

    return engine.work(record, work)


def ablate(
    picture: Picture, disabled: Iterable[Unit], engine: Engine, detector: PretrainedDetector | None = None
) -> Candidates:
    """The detector's candidates with those channels of its backbone, a SqueezeNet 1.1, disabled."""
    units, record = list(disabled), detector or shipped_detector()

    def work(network: Runner) -> Candidates:
        start = time.perf_counter()
        batch = network_input([whole(picture)], record)
        answers = network(batch, channel_mask(PLANS["1.1"], units))
        (output,) = average_flipped(answers, *batch.shape[2:])
        elapsed = 1000 * (time.perf_counter() - start)
        return candidates(picture, decode(output, record, whole(picture)), record, elapsed)

    return engine.work(record, work)


def remaining_score(detection: Detection, found: Candidates) -> float:
    """The best score, 0–1, of boxes of that class with IoU of at least 0.5; 0 for none."""
    same = (one for one in found.proposals() if one.index == detection.index)
    return max((one.score for one in same if one.overlap(detection) >= 0.5), default=0.0)


def _forward(network: Runner, target: TargetBox) -> tuple[Parts, Tensor]:
    """The network's parts for the box, and its evidence, differentiable."""
    import torch

    parts = differentiable_parts(network, target.batch)
    with torch.enable_grad():
        return parts, target.evidence(parts["answers"])
