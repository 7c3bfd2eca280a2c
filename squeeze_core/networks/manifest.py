"""The manifest of the shipped weights, read without PyTorch."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from squeeze_core.errors import WeightsError

FOLDER = Path(str(files("squeeze_core.networks"))) / "weights" / "files"


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Every shipped file by the network's name, as `manifest.json` has it.

    An entry has `file`, `title`, `source`, `licence`, `sha256` and `measured`. A classifier's also has
    `network`, from which its record in the catalogue is made: {"architecture": torchvision's name of it,
    "preprocess"} with `published` beside it, or {"compressed": the name of the network whose weights these
    are}.
    """
    file = FOLDER / "manifest.json"
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise WeightsError(f"{file} is missing or damaged; install Squeeze Lab again.") from None


def file_bytes(name: str) -> int:
    """Size of a shipped file in bytes."""
    return (FOLDER / manifest()[name]["file"]).stat().st_size


def smallest(name: str) -> str:
    """The smallest shipped file with the weights of that network: its own, or a compressed one."""
    same = [key for key, entry in manifest().items() if entry.get("network", {}).get("compressed") == name]
    return min((name, *same), key=file_bytes)
