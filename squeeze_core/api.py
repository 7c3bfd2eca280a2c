"""The public functions: each task on one engine of this process, a network by record or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
from PIL import Image

from squeeze_core import classifier
from squeeze_core.classifier import Classification
from squeeze_core.cost.comparison import profile_of
from squeeze_core.cost.profile import Profile
from squeeze_core.detector import detect as detecting
from squeeze_core.detector.detections import Candidates
from squeeze_core.detector.pretrained import PretrainedDetector, shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.images import Picture, from_pillow, prefetch, read
from squeeze_core.inside import explain as explaining
from squeeze_core.inside.explain import Explanation
from squeeze_core.inside.trace import FireTrace, fire_trace
from squeeze_core.networks.catalogue import CATALOGUE, DEFAULT, Network, named
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.preprocess import Preprocess

# One picture. A path is decoded near the network's input side.
Source: TypeAlias = Picture | Image.Image | Path | str


@cache
def engine() -> Engine:
    """The engine of this process: a GPU where there is one, else the CPU."""
    return Engine()


def network_names() -> tuple[str, ...]:
    """The names of all networks, the shipped SqueezeNet 1.1 first."""
    return tuple(CATALOGUE)


def open_network(
    path: Path | str,
    class_names: Path | str | None = None,
    preprocess: Preprocess | None = None,
    key: str | None = None,
) -> Network:
    """Your own SqueezeNet from a weights file: safetensors, .sqz, or what PyTorch saved.

    `class_names`: a file that lists them, as text, CSV, JSON or YAML. `preprocess`: None for the file's
    own, else torchvision's. `key`: where the network is in a checkpoint with several. UserError for any
    other file.
    """
    return open_own_file(Path(path), None if class_names is None else Path(class_names), preprocess, key)


# A str is a path here, and no iterable of them.
@overload
def classify(  # type: ignore[overload-overlap]
    pictures: Source, network: Network | str = ...
) -> Classification: ...
@overload
def classify(pictures: Iterable[Source], network: Network | str = ...) -> Iterator[Classification]: ...
def classify(
    pictures: Source | Iterable[Source], network: Network | str = DEFAULT
) -> Classification | Iterator[Classification]:
    """Classify one picture, or a stream of pictures into a stream of results.

    UserError at the call for an unknown network, for weights that cannot be loaded and for what is not a
    picture; in a stream a file that cannot be read raises in its turn.
    """
    record = _record(network)
    given = _pictures(pictures, record.preprocess.least_side)
    engine().get(record)
    if isinstance(given, Picture):
        return next(classifier.classify([given], engine(), record))
    return classifier.classify(given, engine(), record)


@overload
def detect(  # type: ignore[overload-overlap]
    pictures: Source, detector: PretrainedDetector | None = ..., tiled: bool = ...
) -> Candidates: ...
@overload
def detect(
    pictures: Iterable[Source], detector: PretrainedDetector | None = ..., tiled: bool = ...
) -> Iterator[Candidates]: ...
def detect(
    pictures: Source | Iterable[Source], detector: PretrainedDetector | None = None, tiled: bool = False
) -> Candidates | Iterator[Candidates]:
    """Detect objects: every candidate box; `.detections(threshold)` selects those to show.

    `detector`: the result of `squeeze_core.detector.pretrained.load_detector`, None for the shipped one.
    `tiled`: also search four overlapping parts for small objects, in five times the time.
    UserError as in `classify`.
    """
    loaded = shipped_detector() if detector is None else detector
    if not isinstance(loaded, PretrainedDetector):
        raise UserError(f"A detector is what load_detector returns, not {_kind(loaded)}.")
    given = _pictures(pictures, detecting.least_side(loaded, tiled))
    if isinstance(given, Picture):
        return next(detecting.detect([given], engine(), loaded, tiled))
    return detecting.detect(given, engine(), loaded, tiled)


def trace(picture: Source, network: Network | str = DEFAULT) -> FireTrace:
    """Every activation of a SqueezeNet's Fire modules: `trace(picture)["fire5", "expand3x3"]` are maps.

    UserError for what is not a picture, and for a network that is not a SqueezeNet.
    """
    record = _record(network)
    return fire_trace(_picture(picture, record.preprocess.least_side), engine(), record)


def explain(
    picture: Source, method: str = "cam", index: int | None = None, network: Network | str = DEFAULT
) -> Explanation:
    """Attribute class `index` (None: the most probable) to pixels, by a method of `explain.METHODS`.

    UserError for an unknown method or class, and as in `trace`.
    """
    record = _record(network)
    given = _picture(picture, record.preprocess.least_side)
    if index is None:
        index = classify(given, record).top(1)[0].index
    return explaining.explain(given, engine(), record, method, index)


def profile(network: Network | str = DEFAULT) -> Profile:
    """Parameters, multiply-accumulates and activation memory, layer by layer; needs no weights."""
    return profile_of(_record(network))


def _record(network: object) -> Network:
    if isinstance(network, str):
        return named(network)
    if not isinstance(network, Network):
        raise UserError(f"A network is a name or what open_network returns, not {_kind(network)}.")
    return network


def _pictures(given: object, least_side: int) -> Picture | Iterator[Picture]:
    """One picture, or a stream of pictures that reads files ahead of the network."""
    if isinstance(given, Source | bytes | np.ndarray) or not isinstance(given, Iterable):
        return _picture(given, least_side)
    if isinstance(given, Sequence):
        for one in given:
            _check(one)
    return prefetch(lambda one: _picture(one, least_side), given)


def _picture(given: object, least_side: int) -> Picture:
    if isinstance(given, Path | str):
        return read(given, least_side)
    if isinstance(given, Image.Image):
        return from_pillow(given)
    _check(given)
    assert isinstance(given, Picture)
    return given


def _check(given: object) -> None:
    """UserError for anything that is not a picture."""
    if not isinstance(given, Source):
        raise UserError(f"A picture is a path, a Pillow image or a Picture, not {_kind(given)}.")


def _kind(given: object) -> str:
    return f"a {type(given).__name__}"
