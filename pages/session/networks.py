"""Which SqueezeNet this session looks through: one of the catalogue, or a file of the person's own.

The tray's bar is drawn before PyTorch is imported, so what needs it is imported where it is used.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.widgets.words import plain
from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from squeeze_core.detector.pretrained import PretrainedDetector
    from squeeze_core.networks.catalogue import Network
    from squeeze_core.networks.preprocess import Preprocess

FIRST = "SqueezeNet 1.1"  # the title of catalogue.DEFAULT
MOST = 4
MOST_MEGABYTES = 100
_STATE = "networks"
_SIGHTS = {"file": "As the file says", "crop": "Centre crop", "stretch": "Whole, stretched"}


@dataclass
class Lens:
    """One session's choice; `own`: its files, by the names they have here."""

    chosen: str = ""
    own: dict[str, Network] = field(default_factory=dict)
    detector: PretrainedDetector | None = None
    detector_name: str = ""


def state() -> Lens:
    return st.session_state.setdefault(_STATE, Lens())


def current() -> Network:
    """The SqueezeNet that every page looks through."""
    from squeeze_core.networks.catalogue import DEFAULT

    return _offered().get(state().chosen, DEFAULT)


def own() -> tuple[Network, ...]:
    """The session's own networks, in the order in which they were opened."""
    return tuple(state().own.values())


def named(name: str) -> Network:
    """The session's own network of that name, else the catalogue's."""
    from squeeze_core.networks import catalogue

    return state().own.get(name) or catalogue.named(name)


def detector() -> PretrainedDetector | None:
    """The session's own detector; None for the shipped one."""
    return state().detector


def choose(name: str) -> None:
    """Look through that network from now on."""
    state().chosen = name


def picker() -> None:
    """Beside the tray: says which SqueezeNet it is, and opens the choice."""
    title = current().title if state().chosen else FIRST
    opened = st.popover(
        plain(title),
        key="network-pick",
        icon=":material/visibility:",
        help="The SqueezeNet that every page looks through; open your own",
        on_change="rerun",
    )
    if opened.open:
        with opened:
            _content()


@st.fragment
def _content() -> None:
    """Redrawn alone while files are given; the page follows once something was chosen."""
    _choice()
    _closing()
    st.divider()
    _opening()


def _choice() -> None:
    offered, now = _offered(), current().name
    names = list(offered)
    chosen = st.radio(
        "Look through",
        names,
        index=names.index(now),
        format_func=lambda name: plain(offered[name].title),
        captions=[_caption(network) for network in offered.values()],
        key=f"network-choice-{now}-{len(names)}",
    )
    if chosen and chosen != now:
        choose(chosen)
        st.rerun()


def _closing() -> None:
    """A way to let go of what was opened."""
    lens = state()
    with st.container(horizontal=True, gap="small"):
        for name in list(lens.own):
            if st.button(f"Close {plain(name)}", key=f"network-close-{name}", icon=":material/close:"):
                del lens.own[name]
                st.rerun()
        if lens.detector and st.button(
            f"Close {plain(lens.detector_name)}", key="detector-close", icon=":material/close:"
        ):
            lens.detector = None
            st.rerun()


def _opening() -> None:
    """Open your own: the file, its class names, and what it expects to see."""
    st.markdown(
        "**Open your own** SqueezeNet: a state dict (.safetensors, .pth, .pt) or a compressed file (.sqz); "
        "or a detector that was trained here (.safetensors, .sqz)"
    )
    left, right = st.columns(2)
    weights = left.file_uploader("Weights", key="network-file", max_upload_size=MOST_MEGABYTES)
    names = right.file_uploader(
        "Class names, if the file lacks them",
        key="network-names",
        max_upload_size=1,
        help="One a line, a JSON list, or a JSON object index → name.",
    )
    with st.expander("What it expects to see", icon=":material/crop:"):
        seen = _sight()
    if st.button("Open", key="network-open", type="primary", disabled=weights is None) and weights:
        try:
            choose(open_file(weights, names, seen) or state().chosen)
        except UserError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
            return
        st.rerun()


def _sight() -> tuple[str, dict[str, Any]]:
    sight = st.segmented_control(
        "Picture",
        list(_SIGHTS),
        default="file",
        required=True,
        format_func=_SIGHTS.__getitem__,
        key="network-sight",
        help="Most files say nothing: then as torchvision shows it, shorter side 256, centre 224×224.",
    )
    values: dict[str, Any] = {}
    if sight != "file":
        grid = st.columns(4)
        values["size"] = grid[0].number_input("Side (pixels)", 32, 1024, 224, key="network-side")
        if sight == "crop":
            values["resize"] = grid[1].number_input("Shorter side", 32, 2048, 256, key="network-shorter")
        values["mean"] = grid[2].text_input("Mean (R, G, B)", "0.485, 0.456, 0.406", key="network-mean")
        values["std"] = grid[3].text_input("Deviation", "0.229, 0.224, 0.225", key="network-std")
    return str(sight), values


def open_file(file: UploadedFile, names: UploadedFile | None, seen: tuple[str, dict[str, Any]]) -> str:
    """Take a person's file; the name under which it is to be chosen, "" for a detector. UserError says
    why it cannot be taken."""
    from squeeze_core.detector.pretrained import holds_detector, load_detector
    from squeeze_core.networks.own import open_own

    content, lens = file.getvalue(), state()
    if holds_detector(content):
        with tempfile.TemporaryDirectory() as folder:
            # A browser may send any text for a name.
            name = re.sub(r"[^\w.()+ -]", "_", file.name)[-100:].lstrip(".") or "detector"
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                lens.detector, lens.detector_name = load_detector(path), path.name
            except UserError as error:  # where it lies here is nobody's business
                raise UserError(str(error).replace(str(path), path.name)) from None
        return ""
    opened = open_own(
        content, file.name, (names.name, names.getvalue()) if names else None, _preprocess(*seen)
    )
    return _keep(opened)


def take(network: Network) -> None:
    """Look through a network that was made here. UserError when as many are open as may be."""
    choose(_keep(network))


def _keep(network: Network) -> str:
    """Add it to the session's own; the name that it has there."""
    from squeeze_core.networks.own import renamed

    lens = state()
    for known in lens.own.values():
        if known == network:
            return known.name
    if len(lens.own) >= MOST:
        raise UserError(f"{MOST} networks of your own are open; close one first.")
    if network.name in lens.own:
        network = renamed(network, f"{network.name} ({len(lens.own) + 1})")
    lens.own[network.name] = network
    return network.name


def _preprocess(sight: str, values: dict[str, Any]) -> Preprocess | None:
    from squeeze_core.networks.preprocess import Preprocess

    if sight == "file":
        return None
    mean, std = (_three(values[key]) for key in ("mean", "std"))
    return Preprocess(int(values["size"]), values.get("resize"), mean, std)


def _three(text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"“{text}” is not three numbers with commas between them.") from None
    return red, green, blue


def _offered() -> dict[str, Network]:
    """The SqueezeNets to choose from, by name: the shipped one first, the session's own last."""
    from squeeze_core.networks.catalogue import CATALOGUE

    return {name: network for name, network in CATALOGUE.items() if network.plan} | state().own


def _caption(network: Network) -> str:
    words = [network.weights.words, str(network.preprocess)]
    if not network.present():
        words.insert(0, "not on this machine yet")
    classes = len(network.labels)
    return plain("; ".join([*words, f"{classes:,} class{'' if classes == 1 else 'es'}"]))
