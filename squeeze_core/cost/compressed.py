"""The compressed files that come with this package, as far as there are any: bytes and accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from squeeze_core.networks import weights


@dataclass(frozen=True)
class File:
    """One compressed SqueezeNet. `bytes`: on disk. `top1`, `top5`: percent, measured on the set `on`."""

    title: str
    bytes: int
    top1: float
    top5: float
    on: str


def shipped() -> tuple[File, ...]:
    """Every compressed classifier in the manifest, the largest first; none where none is shipped."""
    found = [
        File(
            file.title,
            file.path.stat().st_size,
            file.measured["top1"],
            file.measured["top5"],
            file.measured["on"],
        )
        for file in weights.SHIPPED.values()
        if file.path.suffix == ".sqz" and "top1" in file.measured and file.path.exists()
    ]
    return tuple(sorted(found, key=lambda file: -file.bytes))
