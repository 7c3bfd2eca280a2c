"""The engine and its results, shared by all sessions of this process.

What takes long to import is imported where it is first used: a page draws its picture before.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.server.cache import cached
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
# The pages that compute gradients, compress or count; the others do without PyTorch, which takes seconds
# to import and 450 MB.
PYTORCH_PAGES = ("fire_modules", "why", "compress", "design_space")


def import_for(page: str) -> None:
    """Import what that page needs, with a line on screen meanwhile."""
    needed = {NETWORKS: "Loading SqueezeNet…"}
    if page in PYTORCH_PAGES:
        needed["squeeze_core.networks.torch_network"] = "Loading PyTorch…"
    place = st.empty()
    for module, words in needed.items():
        if module not in sys.modules:
            place.caption(words)
        import_module(module)
    place.empty()


def warm_up(picture: Picture) -> None:
    """Compute that picture's results of Classify and Detect, so that the first visitor does not wait."""
    from squeeze_core.detector.pretrained import shipped_detector
    from squeeze_core.figures import classification as _figures  # noqa: F401
    from squeeze_core.networks.catalogue import named

    for network in map(named, SHOWN_AT_FIRST):
        if network.present():
            classification(picture, network)
    candidates(picture, shipped_detector())


def engine() -> Engine:
    """The engine of this process, at which the sessions take turns."""
    from squeeze_core.queue import Requester, requester

    if session := session_id():
        requester.set(Requester(session, _QueueNotice().on_wait))
    return _engine()


@st.cache_resource(show_spinner=False)
def _engine() -> Engine:
    from squeeze_core.networks.engine import Engine

    return Engine()


class _QueueNotice:
    """A line on screen with the number of requests that come first, shown after `PATIENCE_SECONDS`."""

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


@cached()
def classification(picture: Picture, network: Network) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    from squeeze_core import classifier

    return next(classifier.classify([picture], engine(), network))


@cached()
def candidates(picture: Picture, detector: PretrainedDetector, tiled: bool = False) -> Candidates:
    """All boxes that the detector proposes for that picture, before any threshold."""
    from squeeze_core.detector.detect import detect

    return next(detect([picture], engine(), detector, tiled))


@cached(seconds=60)
def timings(_picture: Picture, networks: tuple[Network, ...]) -> Timings | None:
    """The times of those networks for a picture; None when other work left no turn for measuring.

    Measured with one picture for all, again after a minute: for each picture it would be most of the work.
    """
    from squeeze_core.cost.timing import time_networks

    works = [(network.name, network, network.preprocess([_picture.image])) for network in networks]
    return time_networks(works, engine())


@cached(seconds=60)
def detector_timings(_picture: Picture, detector: PretrainedDetector, tiled: bool) -> Timings | None:
    """The time of the detector's network, as for `timings`."""
    from squeeze_core.cost.timing import time_networks
    from squeeze_core.detector.detect import network_input, views
    from squeeze_core.detector.pretrained import NAME

    return time_networks([(NAME, detector, network_input(views(_picture, tiled), detector))], engine())


@cached(seconds=60)
def weights_problem(network: Network) -> str:
    """The reason why that network cannot be loaded, in one sentence; "" when it can. Downloads missing
    weights; a failure is remembered for a minute, so that not every rerun tries again."""
    from squeeze_core.errors import WeightsError
    from squeeze_core.networks.weights import hub_folder

    try:
        engine().get(network)
    except WeightsError as error:
        # A visitor's own computer has no such folder.
        folder = str(hub_folder())
        return str(error).replace(f"{folder}/", "").replace(folder, "the server's folder of torch.hub")
    return ""
