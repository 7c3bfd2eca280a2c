"""The page About: weights and sample pictures with their sources, and versions."""

from __future__ import annotations

import platform
from importlib.metadata import version

import streamlit as st

from pages.server import results
from pages.widgets.words import plain
from squeeze_core import gallery
from squeeze_core.networks.catalogue import OURS, named
from squeeze_core.networks.weights import SHIPPED

PARTS = ("streamlit", "torch", "torchvision", "plotly", "pillow")

st.title("What is this?", anchor=False)
st.markdown(
    "Squeeze Lab runs **SqueezeNet**, a network of 1.2 million parameters from "
    "[Iandola et al., 2016](https://arxiv.org/abs/1602.07360), on your pictures, and shows its activations "
    "and its cost. Everything runs on the computer that serves this page; no picture leaves it."
)
st.page_link("pages/classify.py", label="Classify a picture", icon=":material/label:")

st.header("Weights", anchor=False)
for shipped in SHIPPED.values():
    with st.container(border=True):
        st.subheader(shipped.title, anchor=False)
        st.markdown(f"Source: {plain(shipped.words)}.")
        st.caption(f"Licence: {plain(shipped.licence)}")
        with st.expander("Checksum and measured accuracy", icon=":material/table:"):
            st.json({"sha256": shipped.sha256, "measured": shipped.measured})
for network in (named(name) for name in OURS if name not in SHIPPED):
    with st.container(border=True):
        st.subheader(network.title, anchor=False)
        source = f"Source: {plain(network.weights.words)}."
        st.markdown(source if network.present() else results.weights_problem(network))
with st.container(border=True):
    st.subheader("Every other network", anchor=False)
    st.markdown("torchvision's own weights, downloaded and hash-checked when they are first asked for.")

st.header("Sample pictures", anchor=False)
with st.grid(3, min_column_width=150, gap="medium"):
    for sample in gallery.samples():
        with st.container(border=True, height="stretch"):
            st.image(sample.path, width="stretch", alt=sample.alt)
            st.markdown(f"**{plain(sample.title)}**")
            st.caption(f"{plain(sample.source)}. Licence: {plain(sample.licence)}")

st.header("This installation", anchor=False)
device = {"part": "Device", "version": results.engine().device.upper()}
rows = [device, {"part": "Python", "version": platform.python_version()}]
rows += [{"part": part, "version": version(part)} for part in PARTS]
st.dataframe(rows, hide_index=True, width=360, alt="Versions of the parts this runs on")
