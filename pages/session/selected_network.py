"""The network that every page of this session uses: one of the catalogue, or a file of the user's own.

The tray's bar is drawn before PyTorch is imported, so what needs it is imported where it is used.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from squeeze_core.detector.pretrained import PretrainedDetector
    from squeeze_core.networks.catalogue import Network
    from squeeze_core.networks.preprocess import Preprocess

MOST = 4
_STATE = "networks"


@dataclass
class NetworkSelection:
    """One session's choice.

    `own`: the user's networks, by the names they have here; `detector`: the user's, None for the shipped
    one.
    """

    chosen: str = ""
    own: dict[str, Network] = field(default_factory=dict)
    detector: PretrainedDetector | None = None
    detector_name: str = ""


def state() -> NetworkSelection:
    return st.session_state.setdefault(_STATE, NetworkSelection())


def has_own() -> bool:
    """Whether a file of the user's is open, which a reload of the page closes."""
    return bool(state().own or state().detector)


def current() -> Network:
    """The SqueezeNet that every page uses."""
    from squeeze_core.networks.catalogue import DEFAULT

    return offered().get(state().chosen, DEFAULT)


def own() -> tuple[Network, ...]:
    """The user's own networks, in the order in which they were opened."""
    return tuple(state().own.values())


def named(name: str) -> Network:
    """The user's own network of that name, else the catalogue's."""
    from squeeze_core.networks import catalogue

    return state().own.get(name) or catalogue.named(name)


def detector() -> PretrainedDetector:
    """The detector that every page uses: the user's own, else the shipped one."""
    from squeeze_core.detector.pretrained import shipped_detector

    return state().detector or shipped_detector()


def offered() -> dict[str, Network]:
    """The SqueezeNets to choose from, by name: the catalogue's first, the user's own last."""
    from squeeze_core.networks.catalogue import CATALOGUE

    return {name: network for name, network in CATALOGUE.items() if network.plan} | state().own


def take(network: Network) -> None:
    """Use a network that was made here. UserError when `MOST` are open already."""
    own = state().own
    if network not in own.values():
        if len(own) >= MOST:
            raise UserError(f"{MOST} networks of your own are open; close one first.")
        if network.name in own:
            name = f"{network.name} ({len(own) + 1})"
            network = replace(network, name=name, title=name)
        own[network.name] = network
    state().chosen = next(name for name, known in own.items() if known == network)


def open_file(
    file: UploadedFile,
    class_names: UploadedFile | None,
    preprocess: Preprocess | None,
    key: str | None = None,
) -> None:
    """Open a user's file and use it: a network's weights or a detector. `preprocess`: what the network
    expects to see, None for what the file says; `key`: as `open_own` takes it. UserError says why a file
    cannot be used."""
    from squeeze_core.detector.pretrained import holds_detector
    from squeeze_core.networks.own import open_own

    content = file.getvalue()
    if holds_detector(content):
        _open_detector(file.name, content)
        return
    names = (class_names.name, class_names.getvalue()) if class_names else None
    take(open_own(content, file.name, names, preprocess, key))


def _open_detector(file_name: str, content: bytes) -> None:
    from squeeze_core.detector.pretrained import load_detector

    # A browser may send any text for a name.
    name = re.sub(r"[^\w.()+ -]", "_", file_name)[-100:].lstrip(".") or "detector"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            state().detector, state().detector_name = load_detector(path), name
        except UserError as error:  # the folder's name is nobody's business
            raise UserError(str(error).replace(str(path), name)) from None
