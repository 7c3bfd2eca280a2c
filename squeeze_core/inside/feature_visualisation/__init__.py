"""Feature visualisation: one picture for each of the 2,880 channels, optimised to excite it.

The pictures are shipped as sprite sheets, one for each module and branch, made by
`tools/feature_visualisation.py`.
"""

from __future__ import annotations

import io
import json
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.weights import shipped_bytes

FOLDER = Path(str(files("squeeze_core.inside.feature_visualisation"))) / "files"


@cache
def manifest() -> dict[str, Any]:
    """The record of how the pictures were made and measured.

    `network` is the key of its weights; `sheets` has the file of each "module/branch", its sha256, the
    number of channels, and the `size` in pixels and the `columns` of its tiles.
    """
    return json.loads((FOLDER / "manifest.json").read_text("utf-8"))


def made_for(network: Network) -> bool:
    """True if the shipped pictures were made for that network's weights."""
    return network.key == manifest()["network"]


def tile(module: str, branch: str, channel: int) -> Image.Image:
    """The picture that excites this channel: RGB, square, 24 to 96 pixels by module.

    KeyError for a channel that does not exist; UserError when the file is not the shipped one.
    """
    sheet = manifest()["sheets"][f"{module}/{branch}"]
    if not 0 <= channel < sheet["channels"]:
        raise KeyError(channel)
    size = sheet["size"]
    y, x = (size * place for place in divmod(channel, sheet["columns"]))
    return _pixels(FOLDER / sheet["file"], sheet["sha256"]).crop((x, y, x + size, y + size))


# All 24 sheets decoded are 55 MB; a visitor looks at a few.
@lru_cache(maxsize=8)
def _pixels(path: Path, sha256: str) -> Image.Image:
    with Image.open(io.BytesIO(shipped_bytes(path, sha256))) as image:
        return image.convert("RGB")
