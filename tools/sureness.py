"""Find the probability from which answers are right more often than wrong, for networks/sureness.json.

    python -m tools.sureness --data IMAGENET_SAMPLE [--out sureness.json]

On the 300 pictures by which compressed files are chosen: the temperature of least log loss (Guo et al.,
arXiv:1706.04599), then the calibrated probability at which a logistic curve of "right" crosses one half.
What this gives on the 300 after them is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from squeeze_core.compression.pictures import logits
from squeeze_core.compression.sensitivity import log_probabilities
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import CATALOGUE, OURS, compressed_of
from squeeze_core.networks.sureness import RECORD, Sureness
from tools.compression_curve import JUDGED, gathered, in_order

TEMPERATURES = np.linspace(0.5, 2, 301)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.sureness", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="imagenet_sample, with its labels.json")
    parser.add_argument("--out", type=Path, default=RECORD)
    options = parser.parse_args(arguments)
    try:
        truth = in_order(options.data)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    found = {}
    for network in [one for name in OURS for one in (CATALOGUE[name], *compressed_of(CATALOGUE[name]))]:
        choosing, others = (gathered(network, truth, slice(first, first + JUDGED)) for first in (0, JUDGED))
        assert choosing.truth is not None and others.truth is not None
        found[network.name] = sureness = fitted(logits(network, choosing), choosing.truth)
        answers = logits(network, others)
        right = answers.argmax(1) == others.truth
        sure = np.array([sureness.of(row) for row in np.exp(log_probabilities(answers))])
        print(
            f"{network.name}: {sureness}; on {len(others)} others {sure.mean():.1%} are sure, "
            f"{right[sure].mean():.1%} of these right, {right[~sure].mean():.1%} of the rest"
        )
    document = {"pictures": JUDGED, "networks": {name: asdict(one) for name, one in found.items()}}
    options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


def fitted(answers: np.ndarray, truth: np.ndarray) -> Sureness:
    """Of logits [N, classes] and true classes [N]."""
    places = np.arange(len(truth))
    loss = [-log_probabilities(answers / one)[places, truth].mean() for one in TEMPERATURES]
    temperature = float(TEMPERATURES[int(np.argmin(loss))])
    best = log_probabilities(answers / temperature).max(1)
    right = (answers.argmax(1) == truth).astype(float)
    odds = np.clip(best - np.log1p(-np.exp(np.minimum(best, -1e-6))), -10, 10)
    given, weights = np.stack([np.ones_like(odds), odds], 1), np.zeros(2)
    for _ in range(30):  # Newton's steps
        chance = 1 / (1 + np.exp(-given @ weights))
        curvature = (given * (chance * (1 - chance))[:, None]).T @ given
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(2), given.T @ (right - chance))
    least = 1 / (1 + np.exp(weights[0] / weights[1]))
    return Sureness(round(temperature, 3), round(float(least), 4))


if __name__ == "__main__":
    sys.exit(main())
