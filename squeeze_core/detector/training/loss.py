"""Assignment of boxes to positions, and the losses for classes and boxes.

Task-aligned assignment after TOOD (Feng et al. 2021, arXiv:2108.07755), varifocal loss after Zhang
et al. 2021 (arXiv:2008.13367), generalised IoU after Rezatofighi et al. 2019 (arXiv:1902.09630).

Truths are padded: `boxes` float32 [N, M, 4] in pixels, `labels` int64 [N, M], `worth` float32 [N, M]: the
weight of a box, over 0 to 1; 0 where its class is not to be learnt within the box; -1 for padding.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

CANDIDATES = 10  # positions that each box may claim
IOU_POWER = 6.0
SMALLEST_SIDE = 16.0  # pixels: a smaller box claims positions as if it were this large
BOX_WEIGHT = 2.5


class Targets(NamedTuple):
    """Targets of a batch: `scores` float32 [N, P, C] (0–1, the quality of the position's box times its
    worth), `boxes` float32 [N, P, 4]."""

    scores: Tensor
    boxes: Tensor


def pairwise_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """IoU of [N, M, 4] with [N, P, 4] → [N, M, P], 0–1."""
    low = torch.maximum(boxes[:, :, None, :2], others[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], others[:, None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(3)
    areas = [(b[..., 2:] - b[..., :2]).clamp(min=0).prod(2) for b in (boxes, others)]
    return overlap / (areas[0][:, :, None] + areas[1][:, None] - overlap).clamp(min=1e-6)


def by_class(of_boxes: Tensor, labels: Tensor, classes: int) -> Tensor:
    """bool [N, M, P] per box → bool [N, P, C]: whether any box of the class has it."""
    one_hot = F.one_hot(labels, classes).to(of_boxes.device, torch.float32)
    return of_boxes.float().transpose(1, 2) @ one_hot > 0


def within(boxes: Tensor, centres: Tensor, least: float = 0.0) -> Tensor:
    """bool [N, M, P]: `centres` [P, 2] that lie in `boxes` [N, M, 4], widened to sides of `least`."""
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    reach = ((boxes[..., 2:] - boxes[..., :2]) / 2).clamp(min=least / 2)
    return ((centres - middle[:, :, None]).abs() < reach[:, :, None]).all(3)


@torch.no_grad()
def assign(output: Tensor, centres: Tensor, boxes: Tensor, labels: Tensor, worth: Tensor) -> Targets:
    """Give every box the positions inside it that answer it best: alignment = score · IoU^6.

    `output`: the network's, [N, P, 4 + C]; `centres`: [P, 2]; the rest: see above. A position claimed
    by several boxes takes the one it overlaps most.
    """
    places, classes = output.shape[1], output.shape[2] - 4
    inside = within(boxes, centres, SMALLEST_SIDE) & (worth > 0)[..., None]
    iou = pairwise_iou(boxes, output[..., :4]) * inside
    index = labels[:, None, :].expand(-1, places, -1)
    scores = output[..., 4:].sigmoid().gather(2, index).transpose(1, 2)
    alignment = scores * iou**IOU_POWER
    # The tiny term keeps boxes that overlap nothing yet from claiming nothing.
    ranked = (alignment + 1e-9) * inside
    best = ranked.topk(min(CANDIDATES, places), dim=2).indices
    claimed = torch.zeros_like(inside).scatter_(2, best, True) & inside
    owner = torch.where(claimed, iou, -1.0).argmax(1, keepdim=True)
    claimed &= torch.zeros_like(inside).scatter_(1, owner, True)
    alignment = alignment * claimed
    strongest = alignment.amax(2, keepdim=True).clamp(min=1e-12)
    quality = alignment / strongest * (iou * claimed).amax(2, keepdim=True) * worth[..., None]
    owner = owner.squeeze(1)
    target_boxes = boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    value = (quality * claimed).sum(1)
    target_scores = output.new_zeros(*output.shape[:2], classes)
    target_scores.scatter_(2, labels.gather(1, owner)[..., None], value[..., None])
    return Targets(target_scores, target_boxes)


def box_loss(answers: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """Generalised IoU loss of [N, P, 4] with the same, weighted by [N, P], summed."""
    return (generalized_box_iou_loss(answers, targets) * weight).sum()


def silence_weight(output: Tensor, centres: Tensor, boxes: Tensor, labels: Tensor, worth: Tensor) -> Tensor:
    """The weight of each class at positions where it is not, [N, P, C]: the surer the answer, the more.

    0 within boxes whose class is not to be learnt there.
    """
    logits = output[..., 4:]
    ignored = by_class(within(boxes, centres) & (worth == 0)[..., None], labels, logits.shape[2])
    return 0.75 * logits.detach().sigmoid() ** 2 * ~ignored


def losses_of(output: Tensor, targets: Targets, silence: Tensor) -> dict[str, Tensor]:
    """{"class", "box"}: scalars to add up; `silence`: see `silence_weight`."""
    weight = torch.where(targets.scores > 0, targets.scores, silence)
    total = targets.scores.sum().clamp(min=1.0)
    cross_entropy = F.binary_cross_entropy_with_logits(
        output[..., 4:], targets.scores, weight, reduction="sum"
    )
    boxes = box_loss(output[..., :4], targets.boxes, targets.scores.sum(2))
    return {"class": cross_entropy / total, "box": BOX_WEIGHT * boxes / total}


def detection_loss(
    output: Tensor, centres: Tensor, boxes: Tensor, labels: Tensor, worth: Tensor
) -> dict[str, Tensor]:
    """{"class", "box"}: scalars to add up. Arguments as for `assign`."""
    truths = (output, centres, boxes, labels, worth)
    return losses_of(output, assign(*truths), silence_weight(*truths))
