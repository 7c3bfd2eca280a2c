"""The choice of the network that every page uses, beside the tray."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.session import selected_network
from pages.widgets.words import plain
from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from squeeze_core.networks.catalogue import Network
    from squeeze_core.networks.preprocess import Preprocess

FIRST = "SqueezeNet 1.1"  # the title of catalogue.DEFAULT, which takes seconds to import
_INPUTS = {"file": "As the file says", "crop": "Centre crop", "stretch": "Whole, stretched"}


def title() -> str:
    """The title of the network that every page uses."""
    return selected_network.current().title if selected_network.state().chosen else FIRST


def draw() -> None:
    """A button with the network's name that opens the choice."""
    opened = st.popover(
        plain(title()),
        key="network-pick",
        icon=":material/visibility:",
        help="The network of all pages but Design space; Detect's boxes have their own. Open yours here.",
        on_change="rerun",
    )
    if opened.open:
        with opened:
            _content()


@st.fragment
def _content() -> None:
    """Redrawn alone while files are given; the page follows once something was chosen."""
    _open_own()
    st.divider()
    _choice()
    _close_own()


def _open_own() -> None:
    st.markdown(
        "**Open your own** SqueezeNet: weights or a checkpoint (.safetensors, .pth, .pt, .ckpt), or a "
        "compressed file (.sqz); or a detector that was trained here (.safetensors, .sqz). "
        "It stays open until the page is reloaded."
    )
    left, right = st.columns(2)
    weights = left.file_uploader("Weights", key="network-file")
    names = right.file_uploader(
        "Class names, if the file lacks them",
        key="network-names",
        help="A list of names: text, CSV, JSON or YAML.",
    )
    problem = st.empty()  # above the button, where the popover shows it
    pressed = st.button("Open", key="network-open", type="primary", disabled=weights is None)
    with st.expander("What it expects to see", icon=":material/crop:"):
        preprocess = _preprocess_controls()
        where = st.text_input(
            "Key", key="network-key", help="Where the network is, in a checkpoint with several."
        )
    if pressed and weights:
        try:
            # A detector is converted to ONNX, which takes some seconds.
            with st.spinner("Opening the file", show_time=True):
                selected_network.open_file(weights, names, preprocess(), where or None)
        except UserError as error:
            problem.error(plain(str(error)), icon=":material/broken_image:")
            return
        st.rerun()


def _preprocess_controls() -> Callable[[], Preprocess | None]:
    """Controls for what a network expects to see; what they say, read when the file is opened."""
    form = st.segmented_control(
        "Picture",
        list(_INPUTS),
        default="file",
        required=True,
        format_func=_INPUTS.__getitem__,
        key="network-input",
        help="Most files say nothing: then as torchvision shows it, shorter side 256, centre 224×224.",
    )
    if form == "file":
        return lambda: None
    grid = st.columns(4)
    size = grid[0].number_input("Side (pixels)", 32, 1024, 224, key="network-side")
    shorter = None
    if form == "crop":
        shorter = grid[1].number_input("Shorter side", 32, 2048, 256, key="network-shorter")
    mean = grid[2].text_input("Mean (R, G, B)", "0.485, 0.456, 0.406", key="network-mean")
    std = grid[3].text_input("Deviation", "0.229, 0.224, 0.225", key="network-std")

    def read() -> Preprocess:
        from squeeze_core.networks.preprocess import Preprocess

        return Preprocess(size, shorter, _three_numbers(mean), _three_numbers(std))

    return read


def _three_numbers(text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"“{text}” is not three numbers with commas between them.") from None
    return red, green, blue


def _choice() -> None:
    offered, now = selected_network.offered(), selected_network.current().name
    names = list(offered)
    chosen = st.radio(
        "Use on every page",
        names,
        index=names.index(now),
        format_func=lambda name: plain(offered[name].title),
        captions=[_caption(network) for network in offered.values()],
        key=f"network-choice-{now}-{len(names)}",
    )
    if chosen and chosen != now:
        selected_network.state().chosen = chosen
        st.rerun()


def _caption(network: Network) -> str:
    words = [network.weights.words, str(network.preprocess)]
    if not network.present():
        words.insert(0, "not downloaded yet")
    text = "; ".join([*words, network.classes_in_words()])
    return plain(text[0].upper() + text[1:])


def _close_own() -> None:
    selection = selected_network.state()
    with st.container(horizontal=True, gap="small"):
        for name in list(selection.own):
            if _close_button(name, f"network-close-{name}"):
                del selection.own[name]
                st.rerun()
        if selection.detector and _close_button(selection.detector_name, "detector-close"):
            selection.detector = None
            st.rerun()


def _close_button(name: str, key: str) -> bool:
    return st.button(f"Close {plain(name)}", key=key, icon=":material/close:")
