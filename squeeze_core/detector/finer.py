"""What kind? The ImageNet classifier names what each box holds: dog → golden retriever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from squeeze_core import classifier
from squeeze_core.classifier import Prediction
from squeeze_core.detector.detections import Detection
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine

# A crop with some of what surrounds the box is nearer to what ImageNet's pictures look like.
MARGIN = 0.1


def kinds(
    picture: Picture, detections: Sequence[Detection], engine: Engine, network: Network = DEFAULT
) -> tuple[Prediction, ...]:
    """The classifier's first answer for each detection's crop, in order, all in one batch."""
    if not detections:
        return ()
    crops = [crop(picture, detection) for detection in detections]
    answers = classifier.classify(crops, engine, network, at_once=len(crops))
    return tuple(answer.top(1)[0] for answer in answers)


def crop(picture: Picture, detection: Detection) -> Picture:
    """What a detection's box holds with MARGIN around it, at least one pixel each way."""
    image = picture.image
    x, y = image.width / picture.width, image.height / picture.height
    x0, y0, x1, y1 = detection.box
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    left = min(max(0, int((x0 - across) * x)), image.width - 1)
    top = min(max(0, int((y0 - down) * y)), image.height - 1)
    right = min(image.width, max(left + 1, round((x1 + across) * x)))
    bottom = min(image.height, max(top + 1, round((y1 + down) * y)))
    part = image.crop((left, top, right, bottom))
    return replace(picture, image=part, width=part.width, height=part.height, milliseconds=0.0)
