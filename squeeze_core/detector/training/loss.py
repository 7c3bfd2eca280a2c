"""Which position learns which box, and what it costs to be wrong.

Task-aligned assignment after TOOD (Feng et al. 2021, arXiv:2108.07755), varifocal loss after Zhang
et al. 2021 (arXiv:2008.13367), generalised IoU after Rezatofighi et al. 2019 (arXiv:1902.09630).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import generalized_box_iou_loss

CANDIDATES = 10  # positions that each box may claim
IOU_POWER = 6.0
SMALLEST_SIDE = 16.0  # pixels: a smaller box claims positions as if it were this large
BOX_WEIGHT = 2.5


class Targets(NamedTuple):
    """What a batch should have answered: `scores` float32 [N, P, C] (0–1, the quality of the
    position's box), `boxes` float32 [N, P, 4], `assigned` bool [N, P]."""

    scores: Tensor
    boxes: Tensor
    assigned: Tensor


def pairwise_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """IoU of [N, M, 4] with [N, P, 4] → [N, M, P], 0–1."""
    low = torch.maximum(boxes[:, :, None, :2], others[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], others[:, None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(3)
    areas = [(b[..., 2:] - b[..., :2]).clamp(min=0).prod(2) for b in (boxes, others)]
    return overlap / (areas[0][:, :, None] + areas[1][:, None] - overlap).clamp(min=1e-6)


@torch.no_grad()
def assign(output: Tensor, centres: Tensor, boxes: list[Tensor], labels: list[Tensor]) -> Targets:
    """Give every box the positions inside it that answer it best: alignment = score · IoU^6.

    `output`: the network's, [N, P, 4 + C]; `centres`: [P, 2]; `boxes`: per picture [M, 4] pixels;
    `labels`: per picture [M]. A position claimed by several boxes takes the one it overlaps most.
    """
    pictures, places, classes = output.shape[0], output.shape[1], output.shape[2] - 4
    truth = pad_sequence(boxes, batch_first=True)
    classes_of = pad_sequence(labels, batch_first=True)
    most = truth.shape[1]
    if most == 0:
        zeros = output.new_zeros
        return Targets(
            zeros(pictures, places, classes), zeros(pictures, places, 4), zeros(pictures, places).bool()
        )
    real = (
        torch.arange(most, device=output.device)
        < torch.tensor([len(b) for b in boxes], device=output.device)[:, None]
    )
    middle = (truth[..., :2] + truth[..., 2:]) / 2
    reach = ((truth[..., 2:] - truth[..., :2]) / 2).clamp(min=SMALLEST_SIDE / 2)
    inside = ((centres - middle[:, :, None]).abs() < reach[:, :, None]).all(3) & real[..., None]
    iou = pairwise_iou(truth, output[..., :4]) * inside
    index = classes_of[:, None, :].expand(-1, places, -1)
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
    quality = alignment / strongest * (iou * claimed).amax(2, keepdim=True)
    owner = owner.squeeze(1)
    assigned = claimed.any(1)
    target_boxes = truth.gather(1, owner[..., None].expand(-1, -1, 4))
    value = quality.sum(1)
    target_scores = output.new_zeros(pictures, places, classes)
    target_scores.scatter_(2, classes_of.gather(1, owner)[..., None], value[..., None])
    return Targets(target_scores, target_boxes, assigned)


def detection_loss(
    output: Tensor, centres: Tensor, boxes: list[Tensor], labels: list[Tensor]
) -> dict[str, Tensor]:
    """{"class", "box"}: two scalars whose sum is trained on; arguments as for `assign`."""
    targets = assign(output, centres, boxes, labels)
    logits = output[..., 4:]
    probability = logits.detach().sigmoid()
    weight = torch.where(targets.scores > 0, targets.scores, 0.75 * probability**2)
    total = targets.scores.sum().clamp(min=1.0)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets.scores, weight, reduction="sum")
    quality = targets.scores.sum(2)[targets.assigned]
    overlap = generalized_box_iou_loss(output[..., :4][targets.assigned], targets.boxes[targets.assigned])
    return {"class": cross_entropy / total, "box": BOX_WEIGHT * (overlap * quality).sum() / total}
