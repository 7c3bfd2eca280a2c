"""What all sessions of this process share: the engine and, bounded in number, its results.

PyTorch and what is built on it takes seconds to import, so it is imported where it is first used: a page
draws its picture before.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from squeeze_core.classifier import Classification
    from squeeze_core.cost.timing import Timings
    from squeeze_core.detector.detections import Candidates
    from squeeze_core.images import Picture
    from squeeze_core.networks.engine import Engine


SHOWN_AT_FIRST = ("squeezenet1_1", "efficientnet_lite0")
NETWORKS = "squeeze_core.networks.catalogue"


def ready() -> None:
    """Wait for what every network needs, with one line of what is happening while this process starts."""
    place = st.empty()
    if NETWORKS not in sys.modules:
        place.caption("Loading SqueezeNet…")
    import_module(NETWORKS)
    place.empty()


def warm_up(picture: Picture) -> None:
    """Load what the first screen and Detect need, and let each network run once.

    Its answers stay: the first visitor has them at once.
    """
    from squeeze_core.figures import classification as _figures  # noqa: F401
    from squeeze_core.networks.catalogue import named

    for model in SHOWN_AT_FIRST:
        if named(model).present():
            classification(picture, model)
    candidates(picture)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine: its networks are loaded once, for everybody."""
    from squeeze_core.networks.engine import Engine

    return Engine()


def classification(picture: Picture, model: str) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    return _classification(picture.key, picture.name, model, picture)


def candidates(picture: Picture, closely: bool = False) -> Candidates:
    """Everything the detector proposes for that picture; thresholds come later."""
    return _candidates(picture.key, picture.name, closely, picture)


def timings(picture: Picture, models: tuple[str, ...]) -> Timings:
    """How long those networks take for that picture here; measured again after a while."""
    return _timings(picture.key, models, picture)


@st.cache_data(ttl=60, max_entries=128, show_spinner=False)
def weights_problem(model: str) -> str:
    """Why that classifier's weights cannot be had, in one sentence; "" when they are here.

    Downloads them when they are missing. Remembered for a minute, so that an answer that took
    seconds does not hold up every rerun.
    """
    from squeeze_core.networks.catalogue import named
    from squeeze_core.networks.weights import WeightsError

    try:
        engine().get(named(model))
    except WeightsError as error:
        return str(error)
    return ""


# Kept as they are and not copied for every rerun: a result cannot be changed.
@st.cache_resource(max_entries=1024, show_spinner=False)
def _classification(key: str, name: str, model: str, _picture: Picture) -> Classification:
    from squeeze_core import classifier
    from squeeze_core.networks.catalogue import named

    return next(classifier.classify([_picture], engine(), named(model)))


@st.cache_data(max_entries=1024, show_spinner=False)
def _candidates(key: str, name: str, closely: bool, _picture: Picture) -> Candidates:
    from squeeze_core.detector.detect import detect

    _warm_up_detector(_picture)
    return next(detect([_picture], engine(), closely=closely))


@st.cache_resource(show_spinner=False)
def _warm_up_detector(_picture: Picture) -> None:
    """Run it once unseen: a first run also loads it, which is not an answer's price."""
    from squeeze_core.detector.detect import detect

    next(detect([_picture], engine()))


@st.cache_data(ttl=600, max_entries=256, show_spinner=False)
def _timings(key: str, models: tuple[str, ...], _picture: Picture) -> Timings:
    from squeeze_core.cost.timing import time_networks

    return time_networks(_picture, engine(), models)
