"""Feature visualisation: one picture for each of the 2,880 channels, optimised to excite it.

The pictures are shipped as sprite sheets, one for each module and branch; `tile` cuts one out.
`tools/feature_visualisation.py` makes them again.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import Network

FOLDER = Path(str(files("squeeze_core.inside.feature_visualisation"))) / "files"


class SheetError(UserError):
    """A sprite sheet cannot be used; the message is one sentence for people."""


@dataclass(frozen=True)
class Sheet:
    """One sprite sheet: `channels` square tiles of `size` pixels, `columns` in a row, from the top left."""

    path: Path
    size: int
    columns: int
    channels: int
    sha256: str

    def box(self, channel: int) -> tuple[int, int, int, int]:
        """(x0, y0, x1, y1) of that channel's tile; KeyError where there is none."""
        if not 0 <= channel < self.channels:
            raise KeyError(channel)
        row, column = divmod(channel, self.columns)
        x, y = column * self.size, row * self.size
        return x, y, x + self.size, y + self.size


@cache
def manifest() -> dict[str, Any]:
    """The record of how the pictures were made and measured; code reads `network` and `sheets` alone."""
    return json.loads((FOLDER / "manifest.json").read_text("utf-8"))


def shows(network: Network) -> bool:
    """Whether the shipped pictures were made for that network's weights."""
    return network.key == manifest()["network"]


def sheet(module: str, branch: str) -> Sheet:
    """The sprite sheet of that module and branch; KeyError where there is none."""
    row = manifest()["sheets"][f"{module}/{branch}"]
    return Sheet(FOLDER / row["file"], row["size"], row["columns"], row["channels"], row["sha256"])


def tile(module: str, branch: str, channel: int) -> Image.Image:
    """The picture that excites this channel: RGB, square, 24 to 96 pixels by module.

    KeyError for a channel that does not exist; SheetError when the file is gone or is not the shipped one.
    """
    where = sheet(module, branch)
    return _pixels(where.path, where.sha256).crop(where.box(channel))


# All 24 sheets decoded are 55 MB; a visitor looks at a few.
@lru_cache(maxsize=8)
def _pixels(path: Path, sha256: str) -> Image.Image:
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SheetError(
            f"{path.name}, which comes with Squeeze Lab, is damaged or gone; install it again."
        )
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB")
