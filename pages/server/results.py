"""The engine and its results, shared by all sessions of this process.

PyTorch takes seconds to import, so it is imported where it is first used: a page draws its picture before.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server.cache import cached, cached_in
from pages.server.streamlit_internals import end_unwanted_run, session_id
from squeeze_core.images import Picture

if TYPE_CHECKING:
    from squeeze_core.classifier import Classification
    from squeeze_core.cost.timing import Timings
    from squeeze_core.detector.detections import Candidates
    from squeeze_core.detector.pretrained import PretrainedDetector
    from squeeze_core.networks.catalogue import Network
    from squeeze_core.networks.engine import Engine

PATIENCE_SECONDS = 1.0
SHOWN_AT_FIRST = ("squeezenet1_1", "efficientnet_lite0")
NETWORKS = "squeeze_core.networks.catalogue"


def import_networks() -> None:
    """Import what every network needs, with a line on screen meanwhile."""
    place = st.empty()
    if NETWORKS not in sys.modules:
        place.caption("Loading SqueezeNet…")
    import_module(NETWORKS)
    place.empty()


def warm_up(picture: Picture) -> None:
    """Answer that picture as the first screen and Detect do, so that the first visitor need not wait."""
    from squeeze_core.figures import classification as _figures  # noqa: F401
    from squeeze_core.networks.catalogue import named

    for network in map(named, SHOWN_AT_FIRST):
        if network.present():
            classification(picture, network)
    candidates(picture)


def engine() -> Engine:
    """The one engine: networks are loaded once for all sessions, which take turns at it."""
    from squeeze_core.networks.queue import Requester, requester

    if session := session_id():
        requester.set(Requester(session, _QueueNotice().on_wait))
    return _engine()


@st.cache_resource(show_spinner=False)
def _engine() -> Engine:
    from squeeze_core.networks.engine import Engine

    return Engine()


class _QueueNotice:
    """A line on screen saying how many requests come first, shown after `PATIENCE_SECONDS`."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._place: DeltaGenerator | None = None

    def on_wait(self, before: int) -> None:
        end_unwanted_run()
        if before and time.monotonic() > self._since + PATIENCE_SECONDS:
            self._place = self._place or st.empty()
            self._place.caption(f"{before} before you" if before > 1 else "You are next")
        elif self._place:
            self._place.empty()


@cached
def classification(picture: Picture, network: Network) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    from squeeze_core import classifier

    return next(classifier.classify([picture], engine(), network))


@cached
def candidates(
    picture: Picture, detector: PretrainedDetector | None = None, tiled: bool = False
) -> Candidates:
    """Everything the detector, the shipped one or a person's own, proposes for that picture; thresholds
    come later."""
    from squeeze_core.detector.detect import detect

    return next(detect([picture], engine(), detector, tiled=tiled))


@cached_in(seconds=60)
def timings(_picture: Picture, networks: tuple[Network, ...]) -> Timings | None:
    """Those networks' times for a picture here; None when other work left no turn for measuring.

    Measured with one picture for all, anew after a minute: for each picture it would be most of the work.
    """
    from squeeze_core.cost.timing import time_networks

    works = [(network.name, network, network.preprocess([_picture.image])) for network in networks]
    return time_networks(works, engine())


@cached_in(seconds=60)
def detector_timings(_picture: Picture, detector: PretrainedDetector | None, tiled: bool) -> Timings | None:
    """The detector network's time, as for `timings`."""
    from squeeze_core.cost.timing import time_networks
    from squeeze_core.detector.detect import given
    from squeeze_core.detector.pretrained import NAME, shipped_detector

    loaded = detector or shipped_detector()
    return time_networks([(NAME, loaded, given(_picture, loaded, tiled))], engine())


@cached_in(seconds=60)
def weights_problem(network: Network) -> str:
    """Why that network's weights cannot be had, in one sentence; "" when they are here.

    Downloads them when they are missing. Remembered for a minute, so that an answer that took
    seconds does not hold up every rerun.
    """
    from squeeze_core.errors import WeightsError

    try:
        engine().get(network)
    except WeightsError as error:
        return str(error)
    return ""
