"""Calibration of scores: of the boxes that score 60 %, about 60 % are right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from squeeze_core.errors import UserError

# Score from which a box is shown, 0–1, by a detector that was never calibrated.
THRESHOLD = 0.45
# F1 is flat around its maximum: of thresholds within this of it the highest is taken.
TIE = 0.01
THRESHOLDS = np.round(np.arange(0.05, 1.0, 0.05), 2)  # as on the page's slider
BINS = 10
SHOWN_FROM = 0.1  # score below which no box is ever shown
# The many boxes far below any threshold would dominate the fit: it takes this many for each true box.
STRONGEST = 3


@dataclass(frozen=True)
class Bin:
    """The boxes of one tenth of the scale: mean score and share right, 0–1, and their number."""

    score: float
    right: float
    boxes: int


@dataclass(frozen=True)
class Calibration:
    """From a detector's score s, 0–1, to the share of such boxes that is right.

    Beta calibration (Kull et al., AISTATS 2017): σ(a·ln s − b·ln(1 − s) + c) with a and b ≥ 0, so that
    the order of boxes and mAP stay. The defaults change nothing. `threshold`: calibrated score from which a
    box is shown. `before`, `after`: bins of uncalibrated and calibrated scores, measured on the pictures
    that `on` describes, each half of them by a fit to the other half.
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0
    threshold: float = THRESHOLD
    before: tuple[Bin, ...] = ()
    after: tuple[Bin, ...] = ()
    on: str = ""

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Scores 0–1, any shape → calibrated, float64 of that shape, 0–1."""
        return 1 / (1 + np.exp(-(_features(scores) @ np.array([self.a, self.b]) + self.c)))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """The inverse of `to_json`; ValueError, KeyError or TypeError for what cannot come from it."""
        fields = json.loads(text)
        for name in ("before", "after"):
            rows = [
                Bin(float(row["score"]), float(row["right"]), int(row["boxes"])) for row in fields[name]
            ]
            fields[name] = tuple(rows[:BINS])
        for name in ("a", "b", "c", "threshold"):
            fields[name] = float(fields[name])
        found = cls(**fields | {"on": str(fields["on"])[:200]})
        rises = min(found.a, found.b) >= 0 < found.a + found.b
        if not (rises and 0 < found.threshold < 1 and np.isfinite([found.a, found.b, found.c]).all()):
            raise ValueError("A calibration rises, and its threshold lies between 0 and 1.")
        return found


UNCALIBRATED = Calibration()


@dataclass(frozen=True)
class Judged:
    """A detector's boxes on many pictures, compared with the annotations.

    `scores`: float64 [n], uncalibrated, 0–1; `right`: bool [n]; `pictures`: int64 [n], the number of each
    one's picture; `truths`: the number of annotated boxes.
    """

    scores: np.ndarray
    right: np.ndarray
    pictures: np.ndarray
    truths: int


def fit(judged: Judged, on: str) -> Calibration:
    """The calibration fitted to these boxes, and the threshold of the best F1 with it (TIE).

    `on`: the pictures, in words. UserError when the boxes are all right or all wrong.
    """
    a, b, c = _fit(judged, np.full(len(judged.scores), True))
    halved = np.empty(len(judged.scores))
    for half in (0, 1):
        here = judged.pictures % 2 == half
        halved[here] = Calibration(*_fit(judged, ~here))(judged.scores[here])
    scores = Calibration(a, b, c)(judged.scores)
    by_threshold = {float(t): f1(scores >= t, judged) for t in THRESHOLDS}
    threshold = max(t for t, value in by_threshold.items() if value >= max(by_threshold.values()) - TIE)
    before, after = bins(judged.scores, judged.right), bins(halved, judged.right)
    return Calibration(a, b, c, threshold, before, after, on)


def _fit(judged: Judged, among: np.ndarray) -> tuple[float, float, float]:
    """a, b, c from the strongest boxes of those that `among` (bool [n]) marks."""
    from sklearn.linear_model import LogisticRegression  # a third of the detector's import time

    count = round(STRONGEST * judged.truths * among.mean())
    chosen = np.flatnonzero(among)[np.argsort(-judged.scores[among], kind="stable")[:count]]
    if len(set(judged.right[chosen])) < 2:
        raise UserError("A calibration needs boxes that are right and boxes that are wrong.")
    features = _features(judged.scores[chosen])
    for used in ([0, 1], [0], [1]):
        model = LogisticRegression(C=np.inf).fit(features[:, used], judged.right[chosen])
        if (model.coef_ > 0).all():
            factors = np.zeros(2)
            factors[used] = model.coef_[0]
            return float(factors[0]), float(factors[1]), float(model.intercept_[0])
    raise UserError("Boxes with higher scores are not right more often.")


def _features(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(np.asarray(scores, np.float64), 1e-6, 1 - 1e-6)
    return np.stack([np.log(clipped), -np.log(1 - clipped)], -1)


def f1(shown: np.ndarray, judged: Judged) -> float:
    """F1, 0–1, of the boxes that `shown` (bool [n]) marks."""
    return 2 * float(judged.right[shown].sum()) / (float(shown.sum()) + judged.truths)


def bins(scores: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Equal parts of the scale from 0 to 1; those without a box are left out."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    members = (place == k for k in range(BINS))
    return tuple(
        Bin(float(scores[m].mean()), float(right[m].mean()), int(m.sum())) for m in members if m.any()
    )


def expected_error(rows: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al., AAAI 2015), 0–1, over the bins from SHOWN_FROM.

    The boxes below are never shown and outnumber all others.
    """
    counted = [row for row in rows if row.score >= SHOWN_FROM]
    boxes = sum(row.boxes for row in counted)
    return sum(row.boxes * abs(row.score - row.right) for row in counted) / max(1, boxes)
