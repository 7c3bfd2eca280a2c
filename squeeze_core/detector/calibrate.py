"""Calibrate a detector's scores on annotated pictures that it was not trained on.

    python -m squeeze_core.detector.calibrate DIR --annotations coco.json

Writes the calibration and the default threshold into the weights file (the shipped one, or
`--weights`); for the shipped one the manifest's sha256 follows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from squeeze_core.detector.annotations import Annotations, read
from squeeze_core.detector.calibration import Calibration, expected_error, fit
from squeeze_core.detector.evaluate import answers_to, judge
from squeeze_core.detector.pretrained import NAME, PretrainedDetector, load_detector, write_calibration
from squeeze_core.errors import UserError
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.manifest import FOLDER
from squeeze_core.networks.weights import SHIPPED


def calibrate(annotations: Annotations, engine: Engine, detector: PretrainedDetector) -> Calibration:
    """The detector's calibration on those pictures. UserError when no box is right, or none wrong."""
    judged = judge(annotations, answers_to(annotations, engine, detector))
    boxes = f"{len(annotations.examples):,} pictures, {judged.truths:,} boxes"
    try:
        return fit(judged, boxes)
    except ValueError as error:
        raise UserError(f"{annotations.source}: {error}") from None


def write(calibration: Calibration, file: Path | None = None) -> None:
    """Put it into a weights file: `file`, or the shipped one and its sha256 into the manifest."""
    write_calibration(file or SHIPPED[NAME].path, calibration)
    if file is None:
        manifest = FOLDER / "manifest.json"
        rows = json.loads(manifest.read_text("utf-8"))
        rows[NAME]["sha256"] = hashlib.sha256(SHIPPED[NAME].path.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.detector.calibrate", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE", help="COCO JSON")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a detector of your own training")
    options = parser.parse_args(arguments)
    try:
        detector = load_detector(options.weights)
        annotations = read(options.folder, options.annotations, detector.labels)
        found = calibrate(annotations, Engine(), detector)
        write(found, options.weights)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"Calibration error {expected_error(found.before):.1%} → {expected_error(found.after):.1%} "
        f"on {found.on}; boxes are shown from {found.threshold:.0%}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
