from __future__ import annotations

import math

import pytest
import torch
from torchvision.ops import box_iou, generalized_box_iou_loss

from squeeze_core.detector.network import Detector, add_batchnorm, positions
from squeeze_core.detector.training.loss import assign, detection_loss, pairwise_iou, silence_weight
from tests.core.detector.training.truths import BOXES, CPU, LABELS, TRUTH, answer


def test_iou_is_torchvisions() -> None:
    torch.manual_seed(0)
    boxes = torch.rand(2, 5, 4) * 50
    boxes[..., 2:] += boxes[..., :2]
    others = torch.rand(2, 9, 4) * 50
    others[..., 2:] += others[..., :2]
    expected = torch.stack([box_iou(a, b) for a, b in zip(boxes, others, strict=True)])
    assert torch.allclose(pairwise_iou(boxes, others), expected, atol=1e-6)


def test_every_box_claims_positions_inside_it() -> None:
    centres = positions(128, 128, CPU)
    torch.manual_seed(0)
    output = torch.randn(1, len(centres), 6)
    output[..., :4] = torch.cat([centres - 20, centres + 20], 1)
    targets = assign(output, centres, *TRUTH)
    for box, label in zip(BOXES, LABELS, strict=True):
        mine = (targets.scores[0] > 0).any(1) & (targets.boxes[0] == box).all(1)
        assert 1 <= mine.sum() <= 10
        assert ((centres[mine] >= box[:2]) & (centres[mine] <= box[2:])).all()
        scores = targets.scores[0, mine]
        assert (scores[:, label] > 0).any() and (scores[:, 1 - label] == 0).all()


def test_the_best_position_is_asked_for_its_overlap() -> None:
    centres = positions(128, 128, CPU)
    targets = assign(answer(BOXES, LABELS, centres), centres, *TRUTH)
    assert torch.allclose(targets.scores.max(), torch.tensor(1.0), atol=1e-4)


def test_a_box_smaller_than_a_stride_is_not_lost() -> None:
    centres = positions(128, 128, CPU)
    tiny = torch.tensor([[40.0, 41.0, 44.0, 46.0]])
    output = torch.zeros(1, len(centres), 6)
    output[..., :4] = torch.cat([centres - 6, centres + 6], 1)
    assert (assign(output, centres, tiny[None], LABELS[None, :1], torch.ones(1, 1)).scores > 0).any()


def test_the_right_answer_costs_next_to_nothing() -> None:
    centres = positions(128, 128, CPU)
    right = answer(BOXES, LABELS, centres)
    asked = assign(right, centres, *TRUTH).scores
    right[..., 4:] = torch.where(asked > 0, 9.0, -9.0)
    wrong, shifted = right.clone(), right.clone()
    wrong[..., 4:] = right[..., 4:].flip(2)
    shifted[..., :4] += 6
    losses = [detection_loss(output, centres, *TRUTH) for output in (right, wrong, shifted)]
    assert losses[0]["class"] < 0.05 and losses[0]["box"] < 0.01
    assert losses[1]["class"] > 20 * losses[0]["class"]
    targets = assign(shifted, centres, *TRUTH)
    quality = targets.scores.sum(2)
    distances = generalized_box_iou_loss(shifted[..., :4], targets.boxes)
    assert losses[2]["box"] == pytest.approx(2.5 * float((quality * distances).sum() / quality.sum()))
    assert losses[2]["box"] > 0.2


def test_a_picture_without_boxes_costs_only_false_alarms() -> None:
    centres = positions(64, 64, CPU)
    nothing = torch.zeros(1, 1, 4), torch.zeros(1, 1, dtype=torch.int64), torch.full((1, 1), -1.0)
    output = torch.zeros(1, len(centres), 6, requires_grad=True)
    losses = detection_loss(output, centres, *nothing)
    assert losses["box"] == 0 and losses["class"] > 0
    (losses["class"] + losses["box"]).backward()
    assert output.grad is not None and torch.isfinite(output.grad).all()


def test_training_on_one_picture_lowers_the_loss() -> None:
    torch.manual_seed(0)
    network = add_batchnorm(Detector(classes=2, width=32))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    picture, centres = torch.rand(2, 3, 32, 32), positions(32, 32, CPU)
    box, label = torch.tensor([[[4.0, 4.0, 28.0, 24.0]]] * 2), torch.ones(2, 1, dtype=torch.int64)
    history = []
    for _ in range(20):
        losses = detection_loss(network(picture), centres, box, label, torch.ones(2, 1))
        total = losses["class"] + losses["box"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(losses["box"].item())
    assert history[-1] < 0.5 * history[0]


def slow_targets(
    output: torch.Tensor,
    centres: torch.Tensor,
    boxes: torch.Tensor,
    labels: torch.Tensor,
    worth: torch.Tensor,
) -> torch.Tensor:
    """What `assign` asks for, written out one box and one position at a time: [P, C] of one picture."""
    claims: dict[int, list[tuple[float, int]]] = {}
    iou, alignment = box_iou(boxes, output[:, :4]), {}
    for m, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        if worth[m] <= 0:
            continue
        half = [max(x1 - x0, 16) / 2, max(y1 - y0, 16) / 2]
        for p, (x, y) in enumerate(centres.tolist()):
            if abs(x - (x0 + x1) / 2) < half[0] and abs(y - (y0 + y1) / 2) < half[1]:
                alignment[m, p] = float(output[p, 4 + labels[m]].sigmoid() * iou[m, p] ** 6)
        mine = sorted((p for k, p in alignment if k == m), key=lambda p: -alignment[m, p])[:10]
        for p in mine:
            claims.setdefault(p, []).append((float(iou[m, p]), m))
    owner = {p: max(rivals)[1] for p, rivals in claims.items()}
    asked = torch.zeros(len(centres), output.shape[1] - 4)
    for p, m in owner.items():
        of_box = [q for q, k in owner.items() if k == m]
        most = max(alignment[m, q] for q in of_box)
        best = max(float(iou[m, q]) for q in of_box)
        asked[p, labels[m]] = alignment[m, p] / most * best * worth[m]
    return asked


def test_targets_are_those_of_a_slow_reference() -> None:
    """Two pictures with overlapping boxes, one of them a teacher's, one to be left alone, one padding."""
    torch.manual_seed(0)
    centres = positions(128, 128, CPU)
    output = torch.randn(2, len(centres), 4 + 3)
    output[..., :4] = torch.cat([centres - 25, centres + 25], 1) + 8 * torch.randn(2, len(centres), 4)
    corner = torch.rand(2, 5, 2) * 60
    boxes = torch.cat([corner, corner + 30 + 30 * torch.rand(2, 5, 2)], 2)
    labels = torch.randint(0, 3, (2, 5))
    worth = torch.tensor([[1, 1, 0.4, 0, -1.0], [1, 0.7, 1, 1, -1]])
    targets = assign(output, centres, boxes, labels, worth)
    for picture in range(2):
        expected = slow_targets(output[picture], centres, boxes[picture], labels[picture], worth[picture])
        assert torch.allclose(targets.scores[picture], expected, atol=1e-5)


def test_within_a_box_that_is_left_alone_its_class_costs_nothing() -> None:
    centres = positions(128, 128, CPU)
    output = torch.full((1, len(centres), 6), -9.0)
    output[..., :4] = torch.cat([centres - 4, centres + 4], 1)
    inside = ((centres > BOXES[0, :2]) & (centres < BOXES[0, 2:])).all(1)
    costs = []
    for label in (0, 1):
        alarm = output.clone()
        alarm[0, inside, 4 + label] = 3.0
        costs.append(detection_loss(alarm, centres, BOXES[None, :1], LABELS[None, :1], torch.zeros(1, 1)))
    assert costs[1]["class"] < 1e-3 and costs[0]["class"] > 1


def test_the_weight_of_a_class_that_is_not_there_grows_with_the_square_of_its_score() -> None:
    output = torch.zeros(1, 1, 6)
    output[..., 5] = math.log(3)  # a score of 3/4
    truths = torch.tensor([[5.0, 5.0]]), torch.zeros(1, 1, 4), torch.zeros(1, 1, dtype=torch.int64)
    weight = silence_weight(output, *truths, torch.full((1, 1), -1.0))
    assert weight.flatten().tolist() == pytest.approx([0.75 / 4, 0.75 * 9 / 16])
