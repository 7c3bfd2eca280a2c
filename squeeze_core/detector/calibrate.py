"""Calibrate the scores of a detector of your own on annotated pictures that it was not trained on.

    python -m squeeze_core.detector.calibrate DIR --annotations coco.json --weights FILE

Writes the calibration and the default threshold into the weights file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from squeeze_core.cost.units import percent
from squeeze_core.detector.annotations import read
from squeeze_core.detector.calibration import expected_error, fit
from squeeze_core.detector.evaluate import answers_to, judge
from squeeze_core.detector.pretrained import load_detector, write_calibration
from squeeze_core.errors import UserError
from squeeze_core.networks.engine import Engine


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.detector.calibrate", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE", help="COCO JSON")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="the detector's file")
    options = parser.parse_args(arguments)
    try:
        detector = load_detector(options.weights)
        annotations = read(options.folder, options.annotations, detector.labels)
        judged = judge(annotations, answers_to(annotations, Engine(), detector))
        found = fit(judged, f"{len(annotations.examples):,} pictures, {judged.truths:,} boxes")
        write_calibration(options.weights, found)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    before, after = expected_error(found.before), expected_error(found.after)
    print(
        f"Calibration error {percent(before)} → {percent(after)} "
        f"on {found.on}; boxes are shown from {percent(found.threshold, 0)}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
