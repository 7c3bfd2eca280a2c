"""Do this in Python: the lines of the public API, and the command, that give what a page shows."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from pages.session import selected_network, tray
from squeeze_core.networks.catalogue import Network

# Page → Python and command. `lines` fills in the picture and the network in use; the rest is what the page
# says.
LINES = {
    "classify": (
        "import squeeze_core as sq\n\nanswer = sq.classify({file!r}, {network})\nanswer.top({top})",
        "classify {quoted} {model} --top {top}",
    ),
    "detect": (
        "import squeeze_core as sq\n\ncandidates = sq.detect({file!r}, tiled={tiled})\n"
        "candidates.detections({threshold}, overlap={overlap})",
        "detect {quoted} --threshold {threshold} --iou {overlap}{how}",
    ),
    "fire_modules": (
        "import squeeze_core as sq\n\ntrace = sq.trace({file!r}, {network})\n"
        "maps = trace[{module!r}, {branch!r}]\nmaps.values[{channel}], maps.mean, maps.zeros",
        "activations {quoted} {model} --out activations",
    ),
    "why": (
        "import squeeze_core as sq\n\n"
        "explanation = sq.explain({file!r}, {method!r}, {index}, {network})\nexplanation.map",
        "explain {quoted} {model} --method {method} --class {index} --out explained",
    ),
    "teach": (
        "import squeeze_core as sq\nfrom squeeze_core.__main__ import main\n\n"
        "main(['teach', 'pictures', '--out', 'mine.safetensors'])  # one sub-folder a class\n"
        "sq.open_network('mine.safetensors').labels",
        "teach pictures --out mine.safetensors",
    ),
    "compare": (
        "import squeeze_core as sq\n\nfor name in {names}:\n    cost = sq.profile(name)\n"
        "    print(name, cost.parameters, cost.macs)",
        "compare --models {models}",
    ),
    "compress": (
        "import squeeze_core as sq\nfrom squeeze_core.compression.fit import fit\n"
        "from squeeze_core.networks.catalogue import named\n\n"
        "fitted = fit({record}, kilobytes={kilobytes})\nfitted.made.bytes, fitted.made.ratio",
        "compress {model}{size} --out small.sqz",
    ),
    "design_space": (
        "from squeeze_core.cost.design_space import Choice, design\n"
        "from squeeze_core.networks.plan import Metaparameters\n\n"
        "cost = design({choice!r}).cost\ncost.parameters, cost.macs, cost.activation_bytes",
        "",
    ),
}


def lines(page: str, picture: str, network: Network, **said: Any) -> tuple[str, str]:
    """Those of that page for a picture's file, a network and what else the page says; "" for no command."""
    python, command = LINES[page]
    own, name = network.own, network.title if network.own else network.name
    opened = f"sq.open_network({name!r})"
    told = said | {
        "file": picture,
        "quoted": shlex.quote(picture),
        "network": opened if own else repr(name),
        "record": opened if own else f"named({name!r})",
        "model": f"{'--weights' if own else '--model'} {shlex.quote(name)}",
    }
    return python.format_map(told), command and f"python -m squeeze_core {command.format_map(told)}"


def draw(page: str, **said: Any) -> None:
    """A fold with the lines of that page, to be copied."""
    python, command = lines(page, tray.current().name, selected_network.current(), **said)
    with st.expander("Do this in Python", icon=":material/code:"):
        st.code(python, "python")
        if command:
            st.code(command, "bash")
