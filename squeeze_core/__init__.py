"""SqueezeNet for classification and detection, its activations, and its comparison with other networks.

>>> import squeeze_core as sq
>>> [p.label for p in sq.classify("cat.jpg").top(2)]
['Egyptian cat', 'tiger cat']

>>> picture = sq.read("cat.jpg")
>>> found = sq.detect(picture).detections(0.5)
>>> len(found), found[0].name, found.boxes.shape
(1, 'cat', (1, 4))

>>> sq.trace(picture)["fire5", "expand3x3"].shape
(128, 28, 28)

>>> explanation = sq.explain(picture, "cam")
>>> explanation.label, explanation.map.shape
('Egyptian cat', (14, 14))

>>> sq.profile("vgg16").parameters // sq.profile("squeezenet1_1").parameters
111

A picture is a path, a Pillow image, or the result of `read`. A path is decoded near the network's input
side; `read` decodes for a screen, once for several tasks. `classify` and `detect` take one picture or an
iterable of them, and then return an iterator that holds a few at a time. Every task takes `network=`: a
name of `network_names()`, or the result of `open_network`. Bad input raises a `UserError`, in one sentence.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from squeeze_core.api import classify as classify
    from squeeze_core.api import detect as detect
    from squeeze_core.api import explain as explain
    from squeeze_core.api import network_names as network_names
    from squeeze_core.api import open_network as open_network
    from squeeze_core.api import profile as profile
    from squeeze_core.api import trace as trace
    from squeeze_core.detector.detections import Detections as Detections
    from squeeze_core.errors import UserError as UserError
    from squeeze_core.images import Picture as Picture
    from squeeze_core.images import read as read
    from squeeze_core.networks.catalogue import Network as Network

__version__ = "0.1.0"

_API = ("classify", "detect", "trace", "explain", "profile", "network_names", "open_network")
_HOMES = dict.fromkeys(_API, "api") | {
    "read": "images",
    "Picture": "images",
    "Detections": "detector.detections",
    "Network": "networks.catalogue",
    "UserError": "errors",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """A public name, imported when first used: PyTorch takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
