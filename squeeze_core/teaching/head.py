"""The head of a taught network: linear in the features, so it is a conv10; chosen by cross-validation.

The features are taken in units of their mean length, about their mean, and not standardised channel by
channel: single objects of PASCAL VOC, 10 pictures a class, cat against dog 77 % instead of 71, cat against
car 99.5 instead of 98.5, 17 classes 69.5 instead of 68.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from squeeze_core.classifier import softmax
from squeeze_core.networks.known import Known, cosines, unit
from squeeze_core.progress import Progress, ignore

# Inverse strengths of regularisation to choose from; 0 for the nearest class mean.
STRENGTHS = (0.0, 10.0, 100.0, 1000.0)
# Up to so many pictures a class the head is the nearest class mean.
FEWEST = 2
_SHARPNESS = 20.0  # of the nearest class mean: logits from cosines; the best of 5, 10, 20 and 40 on VOC
_LEFT_OUT_ONE_BY_ONE = 60  # pictures in all, at most
_FOLDS = 10
_DRAWS = 5  # of pictures, for each point of the learning curve
_REFUSED = 0.1  # of the pictures taught, left out one by one
# A likeness that is always enough, though pictures of one burst are more alike: others of VOC reach 0.75.
_ALIKE = 0.7


class Head(NamedTuple):
    """float [classes, channels] and [classes]: logits = weight · features + bias."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features [N, channels] → logits [N, classes]."""
        return features @ self.weight.T + self.bias


class Fitted(NamedTuple):
    """`unseen`: probabilities [N, classes], each picture's by a head made without it; None where a class
    has one picture. `strength`: the chosen one of STRENGTHS. `folds`: the number of heads made for them."""

    head: Head
    strength: float
    unseen: np.ndarray | None
    folds: int


def fit(features: np.ndarray, truth: np.ndarray, strength: float) -> Head:
    """The head of that strength for features [N, channels] of the classes 0, 1 … in `truth`."""
    length = np.linalg.norm(features, axis=1).mean() or 1.0
    if not strength:
        weight = unit(_means(features, truth)) * _SHARPNESS / length
        return Head(weight, np.zeros(len(weight)))
    from sklearn.linear_model import LogisticRegression

    middle = features.mean(0)
    found = LogisticRegression(C=strength, max_iter=500).fit((features - middle) / length, truth)
    weight, bias = found.coef_ / length, found.intercept_
    if len(weight) == 1:  # two classes share one row
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(weight, bias - weight @ middle)


def _inside(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features in the space that they span, float64 [N, ≤ N], and its axes: heads of any of them are
    the same there, from fewer numbers."""
    _, sizes, axes = np.linalg.svd(features.astype(np.float64), full_matrices=False)
    axes = axes[sizes > 1e-9 * sizes.max()]
    return features @ axes.T, axes


def _means(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The mean direction of each class [classes, channels]."""
    directions = unit(features)
    return np.array([directions[truth == one].mean(0) for one in range(truth.max() + 1)])


def folds(truth: np.ndarray) -> list[np.ndarray]:
    """The places of the pictures that are left out together: one by one where the smallest class has less
    than ten and there are at most 60, else in ten parts with the same share of each class."""
    if np.bincount(truth).min() < _FOLDS and len(truth) <= _LEFT_OUT_ONE_BY_ONE:
        return list(np.arange(len(truth))[:, None])
    return parts(truth, _FOLDS)


def parts(truth: np.ndarray, count: int) -> list[np.ndarray]:
    """The places of the pictures in so many parts, each with the same share of each class."""
    order = np.random.default_rng(0).permutation(len(truth))
    order = order[np.argsort(truth[order], kind="stable")]
    return [np.sort(order[number::count]) for number in range(count)]


def cross_validated(
    features: np.ndarray, truth: np.ndarray, strength: float, left_out: Sequence[np.ndarray]
) -> np.ndarray:
    """Probabilities [N, classes], each picture's by a head that was made without its fold."""
    answers = np.zeros((len(truth), truth.max() + 1))
    for places in left_out:
        kept = np.setdiff1d(np.arange(len(truth)), places)
        answers[places] = softmax(fit(features[kept], truth[kept], strength)(features[places]))
    return answers


# One thread: with more of them so small a problem takes ten times as long on a busy machine.
_ON_ONE_THREAD = threadpool_limits.wrap(limits=1)


@_ON_ONE_THREAD
def choose(features: np.ndarray, truth: np.ndarray, progress: Progress = ignore) -> Fitted:
    """The head whose strength has the smallest cross-validated log loss."""
    smallest = np.bincount(truth).min()
    inside, axes = _inside(features)
    if smallest < 2:
        return Fitted(fit(features, truth, 0.0), 0.0, None, 0)
    offered = STRENGTHS if smallest > FEWEST else STRENGTHS[:1]
    left_out = folds(truth)
    found = {}
    for strength in offered:
        found[strength] = cross_validated(inside, truth, strength, left_out)
        progress(len(found) / len(offered))
    best = min(found, key=lambda strength: log_loss(found[strength], truth))
    weight, bias = fit(inside, truth, best)
    return Fitted(Head(weight @ axes, bias), best, found[best], len(left_out))


def log_loss(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The mean of −log of the probability of the true class."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())


def known_of(features: np.ndarray, truth: np.ndarray) -> Known | None:
    """The class means, and the likeness, at most 0.7, that nine of ten pictures taught reach with a mean
    made without them; None without two pictures of a class."""
    means, directions = _means(features, truth), unit(features)
    counts = np.bincount(truth)
    likeness = cosines(features, means)
    mine = truth[:, None] == np.arange(len(means))
    others = counts[truth] - 1
    without = unit(means[truth] * counts[truth][:, None] - directions)
    likeness[mine] = (without * directions).sum(1)
    best = likeness[others > 0].max(1)
    if not len(best):
        return None
    return Known(unit(means).astype(np.float32), min(_ALIKE, float(np.quantile(best, _REFUSED))))


@_ON_ONE_THREAD
def learning_curve(
    features: np.ndarray, truth: np.ndarray, strength: float, progress: Progress = ignore
) -> dict[int, float]:
    """Pictures a class → accuracy in percent on the other pictures, the mean of five draws; from 1 to four
    fifths of the smallest class."""
    smallest = int(np.bincount(truth).min())
    sizes = [size for size in (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400) if size <= 0.8 * smallest]
    random, curve, features = np.random.default_rng(0), {}, _inside(features)[0]
    for size in sizes:
        shares = []
        for _ in range(_DRAWS):
            order = random.permutation(len(truth))
            drawn = np.concatenate([order[truth[order] == one][:size] for one in range(truth.max() + 1)])
            rest = np.setdiff1d(order, drawn)
            head = fit(features[drawn], truth[drawn], strength if size > FEWEST else 0.0)
            shares.append(100 * float((head(features[rest]).argmax(1) == truth[rest]).mean()))
        curve[size] = float(np.mean(shares))
        progress(len(curve) / len(sizes))
    return curve
