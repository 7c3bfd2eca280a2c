"""What all sessions of this process share: the engine and, bounded in number, its results."""

from __future__ import annotations

import streamlit as st

from squeeze_core import classifier
from squeeze_core.classifier import Classification
from squeeze_core.engine import Engine
from squeeze_core.images import Picture


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine: its networks are loaded once, for everybody."""
    return Engine()


def classification(picture: Picture, model: str) -> Classification:
    """The network's answer for that picture. WeightsError when its weights cannot be had."""
    return _classification(picture.key, picture.name, model, picture)


@st.cache_data(max_entries=512, show_spinner=False)
def _classification(key: str, name: str, model: str, _picture: Picture) -> Classification:
    return next(classifier.classify([_picture], engine(), model))
