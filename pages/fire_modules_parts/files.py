"""The menu "Downloads": the files of the chosen module and channel."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.fire_modules_parts import all_channels, channel
from pages.server import inside_results
from pages.session import tray
from pages.widgets import downloads
from squeeze_core.figures import fire_modules as figures
from squeeze_core.figures.maps import encoded
from squeeze_core.images import Picture
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.trace import FireTrace, Unit
from squeeze_core.spreadsheet import csv_bytes

TILE = 112  # pixels of a map in a file, about


def menu(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """One menu; each file is made when it is asked for. A session holds the picture, not the trace."""
    network, (module, branch, _) = trace.network, unit
    enlarge = max(1, TILE // trace[module, branch].shape[2])
    scale, opacity, pictures = all_channels.scale(), channel.opacity(), tray.with_samples()

    def now() -> FireTrace:
        return inside_results.trace(picture, network)

    def over() -> bytes:
        return encoded(channel.over(picture, now()[module, branch], unit, opacity), "PNG")

    def maps() -> bytes:
        return encoded(figures.tiles(now()[module, branch], scale, enlarge), "PNG")

    def activations() -> bytes:
        places = now().modules[module].places
        return downloads.npz_bytes({place: maps.values for place, maps in places.items()})

    one = channel.file_name(unit)
    offers: dict[str, tuple[str, Callable[[], bytes | str]]] = {
        f"Map of {unit} over the picture": (f"{one}.png", over),
        f"All maps of {module}/{branch}": (f"{module}-{branch}.png", maps),
        f"All activations of {module}": (f"{module}-activations.npz", activations),
        f"Pictures that activate {unit} most": (
            f"{one}-pictures.csv",
            lambda: csv_bytes(channel.ranking(pictures, network, unit)),
        ),
    }
    if feature_visualisation.made_for(network):
        offers[f"What {unit} looks for"] = (
            f"{one}-looks-for.png",
            lambda: encoded(feature_visualisation.tile(*unit), "PNG"),
        )
    with st.popover("Downloads", icon=":material/download:", key="fire-files"), st.container(gap="xsmall"):
        for label, (name, make) in offers.items():
            words = f"{label} ({name.rpartition('.')[2].upper()})"
            downloads.file(words, make, name, f"download-{name}", "download", type="tertiary")
