"""What the pages about the network's inside share: results, bounded in number and never changed.

Kept as they are and not copied for every rerun: a trace is 8 MB, and its arrays are read-only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import plotly.graph_objects as go
import streamlit as st

from pages.common import shared, tray
from squeeze_core import gallery
from squeeze_core.figures import ablation as ablation_figures
from squeeze_core.figures import fire_modules
from squeeze_core.images import Picture
from squeeze_core.inside import ablation, channels, explain
from squeeze_core.inside import trace as fire_trace
from squeeze_core.inside.ablation import Ablation, Contributions, Cost, Off
from squeeze_core.inside.channels import Filter, Peaks
from squeeze_core.inside.explain import Explanation, Progress, Score
from squeeze_core.inside.trace import FireTrace, Unit
from squeeze_core.networks.catalogue import DEFAULT

Value = TypeVar("Value")


def trace(picture: Picture) -> FireTrace:
    """Every Fire module's activations for that picture."""
    return _trace(picture.key, picture.name, picture)


def contributions(picture: Picture, index: int) -> Contributions:
    """How much each channel feeds that class."""
    return _contributions(picture.key, index, picture)


def ablated(picture: Picture, off: Off) -> Ablation:
    """The answer with those channels switched off."""
    return _ablated(picture.key, off, picture)


def costs(picture: Picture, index: int) -> list[Cost]:
    """What that class loses with ever more of the least useful channels off."""
    return _costs(picture.key, index, picture)


def explanation(picture: Picture, method: str, index: int, progress: Progress) -> Explanation:
    """Why the network would say that class; `progress` is called only when it is not known yet."""
    key = picture.key, picture.name, method, index
    return _explanations().get(
        key, lambda: explain.explain(picture, shared.engine(), DEFAULT, method, index, progress)
    )


def score(picture: Picture, of: Explanation, progress: Progress) -> Score:
    """Deletion and insertion of that explanation of the picture."""
    key = picture.key, of.method.name, of.index
    return _scores().get(key, lambda: explain.score(of, picture, shared.engine(), DEFAULT, progress))


def ranked_pictures() -> list[Peaks]:
    """The shipped samples and this session's own pictures, each once."""
    samples = {sample.file: tray.sample_entry(sample.file).key for sample in gallery.samples()}
    found = {key: _sample_peaks(file) for file, key in samples.items()}
    for picture in tray.pictures():
        if picture.key not in found:
            found[picture.key] = _peaks(picture.key, picture.name, picture)
    return list(found.values())


@st.cache_resource(max_entries=256, show_spinner=False)
def channel_filter(unit: Unit) -> Filter:
    """The weights behind that channel."""
    return channels.channel_filter(shared.engine(), DEFAULT, unit)


@st.cache_resource(max_entries=64, show_spinner=False)
def _strip(key: str, module: str, _picture: Picture) -> go.Figure:
    return fire_modules.network_strip(trace(_picture).layers, module)


@st.cache_resource(max_entries=64, show_spinner=False)
def _wiring(key: str, module: str, _picture: Picture) -> go.Figure:
    found = trace(_picture)
    return fire_modules.wiring(found.modules[module], found.before(module))


@st.cache_resource(max_entries=64, show_spinner=False)
def _before_after(key: str, off: Off, _picture: Picture) -> go.Figure:
    return ablation_figures.before_after(ablated(_picture, off))


@st.cache_resource(max_entries=12, show_spinner=False)
def _glance(key: str, _picture: Picture) -> go.Figure:
    return fire_modules.glance(trace(_picture))


@st.cache_resource(max_entries=12, show_spinner=False)
def _trace(key: str, name: str, _picture: Picture) -> FireTrace:
    return fire_trace.fire_trace(_picture, shared.engine(), DEFAULT)


@st.cache_resource(max_entries=64, show_spinner=False)
def _contributions(key: str, index: int, _picture: Picture) -> Contributions:
    return ablation.contributions(_picture, shared.engine(), DEFAULT, index)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ablated(key: str, off: Off, _picture: Picture) -> Ablation:
    return ablation.ablate(_picture, shared.engine(), DEFAULT, off)


@st.cache_resource(max_entries=64, show_spinner=False)
def _costs(key: str, index: int, _picture: Picture) -> list[Cost]:
    ranked = contributions(_picture, index).ranked()
    return ablation.cost_of_fewer(_picture, shared.engine(), DEFAULT, ranked, index)


def network_strip(picture: Picture, module: str) -> go.Figure:
    """The network as a strip with that module marked. Figures are shared: not to be changed."""
    return _strip(picture.key, module, picture)


def wiring(picture: Picture, module: str) -> go.Figure:
    """The wiring of that module."""
    return _wiring(picture.key, module, picture)


def before_after(picture: Picture, off: Off) -> go.Figure:
    """The answers with and without those channels."""
    return _before_after(picture.key, off, picture)


def glance(picture: Picture) -> go.Figure:
    """The strongest channels of all modules."""
    return _glance(picture.key, picture)


class Kept(Generic[Value]):
    """A bounded number of results, the longest unused forgotten first, for work that reports progress.

    Streamlit's own caches replay what is drawn while they work, and a bar that is gone cannot be drawn.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept under that key, else what `make` returns."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


@st.cache_resource(show_spinner=False)
def _explanations() -> Kept[Explanation]:
    return Kept(64)


@st.cache_resource(show_spinner=False)
def _scores() -> Kept[Score]:
    return Kept(64)


@st.cache_resource(max_entries=256, show_spinner=False)
def _peaks(key: str, name: str, _picture: Picture) -> Peaks:
    return channels.peaks(trace(_picture))


@st.cache_resource(show_spinner=False)
def _sample_peaks(file: str) -> Peaks:
    sample = next(sample for sample in gallery.samples() if sample.file == file)
    # Not through the bounded cache of traces, where the samples would push visitors' pictures out.
    return channels.peaks(fire_trace.fire_trace(sample.picture(), shared.engine(), DEFAULT))
