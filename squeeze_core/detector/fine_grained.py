"""Fine-grained classes: the ImageNet classifier's class of a box's content, dog → golden retriever.

Only ImageNet classes below the box's class in WordNet are considered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from squeeze_core import classifier
from squeeze_core.classifier import Prediction
from squeeze_core.detector.detect import View
from squeeze_core.detector.detections import Detection
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT, IMAGENET_LABELS, Network
from squeeze_core.networks.engine import Engine

MARGIN = 0.1  # of the box's sides, around the crop: ImageNet's pictures show some surroundings

# VOC's class → indices of ImageNet's classes; there are none for person, potted plant and dining table.
IMAGENET_CLASSES: dict[str, tuple[int, ...]] = {
    "aeroplane": (404, 895),  # airliner, warplane
    "bicycle": (444, 671),  # tandem, mountain bike
    "bird": (*range(7, 25), *range(80, 101), *range(127, 147)),
    # Container ship, canoe, catamaran, fireboat, gondola, lifeboat, liner, pirate ship, sailing boats.
    "boat": (403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 871, 914),
    "bottle": (440, 720, 737, 898, 899, 901, 907),  # beer, pill, pop, water, wine; jugs
    "bus": (654, 779, 874),  # minibus, school bus, trolleybus
    # Ambulance, beach wagon, cab, convertible, jeep, limousine, minivan, Model T, racer, sports car.
    "car": (407, 436, 468, 511, 609, 627, 656, 661, 751, 817),
    "cat": tuple(range(281, 286)),
    "chair": (423, 559, 765, 857),  # barber, folding, rocking chair, throne
    "cow": (345,),  # ox
    "diningtable": (),
    "dog": tuple(range(151, 269)),
    "horse": (339,),  # sorrel
    "motorbike": (665, 670),  # moped, motor scooter
    "person": (),
    "pottedplant": (),
    "sheep": (348, 349),  # ram, bighorn
    "sofa": (831,),  # studio couch
    "train": (466, 547, 565, 705, 820, 829),  # locomotives, freight and passenger cars, streetcar
    "tvmonitor": (664, 851),  # monitor, television
}


def applies(network: Network, labels: Collection[str]) -> bool:
    """True if the classifier's classes are ImageNet's, and `labels`, the detector's, VOC's."""
    return network.labels == IMAGENET_LABELS and IMAGENET_CLASSES.keys() >= set(labels)


def fine_grained(
    picture: Picture, detections: Sequence[Detection], engine: Engine, network: Network = DEFAULT
) -> tuple[Prediction | None, ...]:
    """Each detection's most probable fine-grained class, in order; None where its class has none.

    `probability` is over the classifier's 1,000 classes, not renormalised. All crops are one batch.
    """
    numbers = [number for number, one in enumerate(detections) if IMAGENET_CLASSES.get(one.label)]
    found: list[Prediction | None] = [None] * len(detections)
    crops = [crop(picture, detections[number]) for number in numbers]
    answers = classifier.classify(crops, engine, network, at_once=len(crops) or None)
    for number, answer in zip(numbers, answers, strict=True):
        best = max(IMAGENET_CLASSES[detections[number].label], key=answer.probabilities.__getitem__)
        found[number] = Prediction(answer.labels[best], best, float(answer.probabilities[best]))
    return tuple(found)


def crop(picture: Picture, detection: Detection) -> Picture:
    """A detection's box with MARGIN around it as a picture of its own, at least one pixel each way."""
    x0, y0, x1, y1 = detection.box
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    right, bottom = min(picture.width, x1 + across), min(picture.height, y1 + down)
    part = View(picture, (max(0.0, x0 - across), max(0.0, y0 - down), right, bottom)).image
    return replace(picture, image=part, width=part.width, height=part.height, milliseconds=0.0)
