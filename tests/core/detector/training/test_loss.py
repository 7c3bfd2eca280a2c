from __future__ import annotations

import torch
from torchvision.ops import box_iou

from squeeze_core.detector.network import Detector, add_batchnorm, positions
from squeeze_core.detector.training.loss import assign, detection_loss, pairwise_iou

CPU = torch.device("cpu")
BOXES = torch.tensor([[10.0, 12.0, 60.0, 50.0], [70.0, 40.0, 120.0, 120.0]])
LABELS = torch.tensor([1, 0])


def answer(boxes: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """A network output that gives every position inside a box exactly that box and its class."""
    output = torch.full((1, len(centres), 4 + 2), -9.0)
    output[0, :, :4] = torch.cat([centres - 4, centres + 4], 1)
    for box, label in zip(boxes, labels, strict=True):
        inside = ((centres > box[:2]) & (centres < box[2:])).all(1)
        output[0, inside, :4] = box
        output[0, inside, 4 + label] = 9.0
    return output


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
    targets = assign(output, centres, [BOXES], [LABELS])
    for box, label in zip(BOXES, LABELS, strict=True):
        mine = targets.assigned[0] & (targets.boxes[0] == box).all(1)
        assert 1 <= mine.sum() <= 10
        assert ((centres[mine] >= box[:2]) & (centres[mine] <= box[2:])).all()
        scores = targets.scores[0, mine]
        assert (scores[:, label] > 0).any() and (scores[:, 1 - label] == 0).all()
    assert (targets.scores[0][~targets.assigned[0]] == 0).all()


def test_the_best_position_is_asked_for_its_overlap() -> None:
    centres = positions(128, 128, CPU)
    targets = assign(answer(BOXES, LABELS, centres), centres, [BOXES], [LABELS])
    assert torch.allclose(targets.scores.max(), torch.tensor(1.0), atol=1e-4)


def test_a_box_smaller_than_a_stride_is_not_lost() -> None:
    centres = positions(128, 128, CPU)
    tiny = torch.tensor([[40.0, 41.0, 44.0, 46.0]])
    output = torch.zeros(1, len(centres), 6)
    output[..., :4] = torch.cat([centres - 6, centres + 6], 1)
    assert assign(output, centres, [tiny], [LABELS[:1]]).assigned.any()


def test_the_right_answer_costs_next_to_nothing() -> None:
    centres = positions(128, 128, CPU)
    right = answer(BOXES, LABELS, centres)
    asked = assign(right, centres, [BOXES], [LABELS]).scores
    right[..., 4:] = torch.where(asked > 0, 9.0, -9.0)
    wrong, shifted = right.clone(), right.clone()
    wrong[..., 4:] = right[..., 4:].flip(2)
    shifted[..., :4] += 6
    losses = [detection_loss(output, centres, [BOXES], [LABELS]) for output in (right, wrong, shifted)]
    assert losses[0]["class"] < 0.05 and losses[0]["box"] < 0.01
    assert losses[1]["class"] > 20 * losses[0]["class"]
    assert losses[2]["box"] > 0.2


def test_a_picture_without_boxes_costs_only_false_alarms() -> None:
    centres = positions(64, 64, CPU)
    none, no_labels = torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
    output = torch.zeros(1, len(centres), 6, requires_grad=True)
    losses = detection_loss(output, centres, [none], [no_labels])
    assert losses["box"] == 0 and losses["class"] > 0
    (losses["class"] + losses["box"]).backward()
    assert output.grad is not None and torch.isfinite(output.grad).all()


def test_training_on_one_picture_lowers_the_loss() -> None:
    torch.manual_seed(0)
    network = add_batchnorm(Detector(classes=2, width=32))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    picture, centres = torch.rand(2, 3, 64, 64), positions(64, 64, CPU)
    box, label = torch.tensor([[8.0, 8.0, 56.0, 48.0]]), torch.tensor([1])
    history = []
    for _ in range(40):
        losses = detection_loss(network(picture), centres, [box] * 2, [label] * 2)
        total = losses["class"] + losses["box"]
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(losses["box"].item())
    assert history[-1] < 0.5 * history[0]
