"""What all sessions of this process share: the engine and, bounded in number, its results."""

from __future__ import annotations

import streamlit as st

from squeeze_core import classifier
from squeeze_core.classifier import Classification
from squeeze_core.detector.detect import detect
from squeeze_core.detector.detections import Candidates
from squeeze_core.images import Picture
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.weights import Pretrained, WeightsError


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine: its networks are loaded once, for everybody."""
    return Engine()


def classification(picture: Picture, model: str) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    return _classification(picture.key, picture.name, model, picture)


def network(model: str) -> Pretrained:
    """The classifier of that name. WeightsError when its weights cannot be had."""
    return classifier.network(engine(), model)


def candidates(picture: Picture) -> Candidates:
    """Everything the detector proposes for that picture; thresholds come later."""
    return _candidates(picture.key, picture.name, picture)


@st.cache_data(ttl=60, max_entries=128, show_spinner=False)
def weights_problem(model: str) -> str:
    """Why that classifier's weights cannot be had, in one sentence; "" when they are here.

    Downloads them when they are missing. Remembered for a minute, so that an answer that took
    seconds does not hold up every rerun.
    """
    try:
        network(model)
    except WeightsError as error:
        return str(error)
    return ""


@st.cache_data(max_entries=1024, show_spinner=False)
def _classification(key: str, name: str, model: str, _picture: Picture) -> Classification:
    _warm_up(model, _picture)
    return next(classifier.classify([_picture], engine(), model))


@st.cache_resource(show_spinner=False)
def _warm_up(model: str, _picture: Picture) -> None:
    """Run each network once unseen: a first run also loads it, which is not an answer's price."""
    next(classifier.classify([_picture], engine(), model))


@st.cache_data(max_entries=1024, show_spinner=False)
def _candidates(key: str, name: str, _picture: Picture) -> Candidates:
    _warm_up_detector(_picture)
    return next(detect([_picture], engine()))


@st.cache_resource(show_spinner=False)
def _warm_up_detector(_picture: Picture) -> None:
    next(detect([_picture], engine()))
