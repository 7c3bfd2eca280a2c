"""What all sessions of this process share: the engine and, bounded in bytes, its results.

PyTorch and what is built on it takes seconds to import, so it is imported where it is first used: a page
draws its picture before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.server.memory import RESULTS, kept
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
# How Streamlit's own caches tell apart what they are given; classes by name, since importing takes seconds.
KEYS: dict[str | type, Callable[[Any], object]] = {
    Picture: lambda picture: (picture.key, picture.name),
    "squeeze_core.networks.catalogue.Network": lambda network: (network.key, network.name),
    "squeeze_core.detector.pretrained.PretrainedDetector": lambda detector: detector.key,
}


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

    for network in map(named, SHOWN_AT_FIRST):
        if network.present():
            classification(picture, network)
    candidates(picture)


def engine() -> Engine:
    """The one engine: its networks are loaded once, for everybody, and sessions take turns."""
    from squeeze_core.networks.queue import Asker, asker

    context = get_script_run_ctx(suppress_warning=True)
    if context:
        asker.set(Asker(context.session_id, _Waiting().tell))
    return _engine()


@st.cache_resource(show_spinner=False)
def _engine() -> Engine:
    from squeeze_core.networks.engine import Engine

    return Engine()


class _Waiting:
    """Says how many come before, once somebody has waited for a moment; ends the run of who moved on."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._place: DeltaGenerator | None = None

    def tell(self, before: int) -> None:
        len(st.session_state)  # where Streamlit ends a run that nobody wants any more
        if before and time.monotonic() > self._since + PATIENCE_SECONDS:
            self._place = self._place or st.empty()
            self._place.caption(f"{before} before you" if before > 1 else "You are next")
        elif self._place:
            self._place.empty()


@kept
def classification(picture: Picture, network: Network) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    from squeeze_core import classifier

    return next(classifier.classify([picture], engine(), network))


@kept
def candidates(
    picture: Picture, detector: PretrainedDetector | None = None, tiled: bool = False
) -> Candidates:
    """Everything the detector, the shipped one or a person's own, proposes for that picture; thresholds
    come later."""
    from squeeze_core.detector.detect import detect

    _warm_up_detector(picture, detector)
    return next(detect([picture], engine(), detector, tiled=tiled))


@st.cache_data(ttl=600, max_entries=256, show_spinner=False, hash_funcs=KEYS)
def timings(picture: Picture, networks: tuple[Network, ...]) -> Timings:
    """How long those networks take for that picture here."""
    from squeeze_core.cost.timing import for_another, passes

    return for_another(_timings(picture, networks), passes(picture, networks), picture.milliseconds)


@st.cache_data(ttl=60, max_entries=64, show_spinner=False, hash_funcs=KEYS)
def _timings(_picture: Picture, networks: tuple[Network, ...]) -> Timings:
    """How long they take for any picture, measured anew after a minute: under many people's hands measuring
    for each would be most of the work."""
    from squeeze_core.cost.timing import passes, time_passes

    return time_passes(passes(_picture, networks), _picture.milliseconds, engine())


@st.cache_data(ttl=600, max_entries=256, show_spinner=False, hash_funcs=KEYS)
def detector_timings(picture: Picture, detector: PretrainedDetector | None, tiled: bool) -> Timings:
    """How long the detector's network takes for that picture here."""
    from squeeze_core.cost.timing import Pass, time_passes
    from squeeze_core.detector.detect import given
    from squeeze_core.detector.pretrained import NAME, shipped_detector

    loaded = detector or shipped_detector()
    work = Pass(NAME, loaded, partial(given, picture, loaded, tiled))
    return time_passes([work], picture.milliseconds, engine())


@st.cache_data(ttl=60, max_entries=128, show_spinner=False, hash_funcs=KEYS)
def weights_problem(network: Network) -> str:
    """Why that network's weights cannot be had, in one sentence; "" when they are here.

    Downloads them when they are missing. Remembered for a minute, so that an answer that took
    seconds does not hold up every rerun.
    """
    from squeeze_core.networks.weights import WeightsError

    try:
        engine().get(network)
    except WeightsError as error:
        return str(error)
    return ""


def _warm_up_detector(picture: Picture, detector: PretrainedDetector | None) -> None:
    """Run it once unseen: a first run also loads it, which is not an answer's price."""
    from squeeze_core.detector.detect import detect

    key = ("warm", detector.key if detector else "")
    RESULTS.get(key, lambda: bool(next(detect([picture], engine(), detector))))
