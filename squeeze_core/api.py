"""The public functions: each task on one engine of this process, a network by record or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import overload

from squeeze_core import classifier
from squeeze_core.classifier import Classification
from squeeze_core.cost.comparison import profile_of
from squeeze_core.cost.profile import Profile
from squeeze_core.detector import detect as detecting
from squeeze_core.detector.detections import Candidates
from squeeze_core.detector.pretrained import PretrainedDetector
from squeeze_core.images import Picture
from squeeze_core.inside import explain as explaining
from squeeze_core.inside.explain import Explanation
from squeeze_core.inside.trace import FireTrace, fire_trace
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT, Network, named
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.preprocess import Preprocess


@cache
def engine() -> Engine:
    """The engine of this process: a GPU where there is one, else the CPU."""
    return Engine()


def network_names() -> tuple[str, ...]:
    """The names of every network that is known, the shipped SqueezeNet 1.1 first."""
    return tuple(CATALOGUE)


def open_network(
    path: Path | str, class_names: Path | str | None = None, preprocess: Preprocess | None = None
) -> Network:
    """Your own SqueezeNet from a weights file: safetensors, or a state dict saved by PyTorch.

    `class_names`: a file with one class a line, a JSON list, or a JSON object index → name.
    `preprocess`: what it expects to see; None for what the file says, else torchvision's.
    UserError for anything else, saying what is in the file.
    """
    names = None if class_names is None else Path(class_names)
    return open_own_file(Path(path), names, preprocess)


@overload
def classify(pictures: Picture, network: Network | str = ...) -> Classification: ...
@overload
def classify(pictures: Iterable[Picture], network: Network | str = ...) -> Iterator[Classification]: ...
def classify(
    pictures: Picture | Iterable[Picture], network: Network | str = DEFAULT
) -> Classification | Iterator[Classification]:
    """What is it? One picture's answer, or a stream of answers for a stream of pictures.

    UserError when the network is unknown or its weights cannot be had.
    """
    if isinstance(pictures, Picture):
        return next(classifier.classify([pictures], engine(), _record(network)))
    return classifier.classify(pictures, engine(), _record(network))


@overload
def detect(pictures: Picture, detector: PretrainedDetector | None = ...) -> Candidates: ...
@overload
def detect(
    pictures: Iterable[Picture], detector: PretrainedDetector | None = ...
) -> Iterator[Candidates]: ...
def detect(
    pictures: Picture | Iterable[Picture], detector: PretrainedDetector | None = None
) -> Candidates | Iterator[Candidates]:
    """Where is it? Everything the detector proposes; `.detections(threshold)` decides what to show.

    `detector`: one of your own training (`squeeze_core.detector.pretrained.load_detector`), None for ours.
    """
    if isinstance(pictures, Picture):
        return next(detecting.detect([pictures], engine(), detector))
    return detecting.detect(pictures, engine(), detector)


def trace(picture: Picture, network: Network | str = DEFAULT) -> FireTrace:
    """What every Fire module of a SqueezeNet answers: `trace(picture)["fire5", "expand3x3"]` are maps."""
    return fire_trace(picture, engine(), _record(network))


def explain(
    picture: Picture, method: str = "cam", index: int | None = None, network: Network | str = DEFAULT
) -> Explanation:
    """Which pixels speak for class `index` (None: the most probable), by a method of `explain.METHODS`."""
    record = _record(network)
    if index is None:
        index = classify(picture, record).top(1)[0].index
    return explaining.explain(picture, engine(), record, method, index)


def profile(network: Network | str = DEFAULT) -> Profile:
    """Parameters, multiply-accumulates and activation memory, layer by layer; needs no weights."""
    return profile_of(_record(network))


def _record(network: Network | str) -> Network:
    return named(network) if isinstance(network, str) else network
