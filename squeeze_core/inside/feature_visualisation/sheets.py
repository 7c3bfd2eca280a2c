"""Optimised pictures → the sprite sheets that are shipped, and the measurement of what they excite."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from squeeze_core import gallery
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.feature_visualisation.optimise import SETTINGS, normalise, response
from squeeze_core.inside.trace import fire_trace
from squeeze_core.networks.architecture import BRANCHES, SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine

COLUMNS = 16
QUALITY = 60
# Tiles up to this size stay lossless: they are small, and lossy blocks would spill into neighbours.
LOSSLESS_UP_TO = 32
LARGEST_TOTAL = 6_000_000


@dataclass(frozen=True)
class Excitement:
    """How the shipped pictures compare with the gallery, by the largest value of the channel's map.

    `channels`: how many there are; `live`: how many any sample excites (a value above 0); `won`: on
    how many of those the optimised picture, as shipped, reaches a higher value than every sample;
    `median_ratio`: of its value to the best sample's, over the live channels.
    """

    channels: int
    live: int
    won: int
    median_ratio: float

    @property
    def share(self) -> float:
        return self.won / self.live

    def __str__(self) -> str:
        return (
            f"Of {self.channels:,} channels {self.live:,} are excited by a gallery sample; {self.won:,} of "
            f"those ({self.share:.1%}) are excited more by their optimised picture than by any sample "
            f"(largest value of the channel's map; the median is {self.median_ratio:.1f} times the best "
            "sample's)."
        )


def pack(work: Path, out: Path) -> int:
    """Write the sheets and their manifest to `out` from the NPZ files in `work`; their total bytes."""
    rows = {}
    seconds = 0.0
    for module in SETTINGS:
        for branch in BRANCHES:
            with np.load(work / f"{module}_{branch}.npz") as made:
                pictures, seconds = made["pictures"], seconds + float(made["seconds"])
            count, size = pictures.shape[:2]
            path = out / f"{module}_{branch}.webp"
            Image.fromarray(_tiled(pictures)).save(
                path, lossless=size <= LOSSLESS_UP_TO, quality=QUALITY, method=6
            )
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            columns = min(COLUMNS, count)
            rows[f"{module}/{branch}"] = {
                "file": path.name, "size": size, "columns": columns, "channels": count, "sha256": digest,
            }  # fmt: skip
    total = sum((out / row["file"]).stat().st_size for row in rows.values())
    if total > LARGEST_TOTAL:
        raise ValueError(f"The sheets take {total:,} bytes; lower QUALITY.")
    manifest = {
        "network": DEFAULT.name,
        "method": "Feature visualisation: Adam on Fourier coefficients of decorrelated colours, with "
        "jitter; the objective is the channel's value at the centre of its map, before ReLU",
        "source": "Olah, Mordvintsev, Schubert, Feature Visualization, Distill 2017, "
        "doi:10.23915/distill.00007",
        "command": "python -m squeeze_core.inside.feature_visualisation",
        "seconds": round(seconds),
        "settings": {module: asdict(settings) for module, settings in SETTINGS.items()},
        "sheets": rows,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return total


def record(excitement: Excitement, out: Path) -> None:
    """Write down in the manifest what was measured."""
    path = out / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) | {"measured": asdict(excitement)}
    path.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _tiled(pictures: np.ndarray) -> np.ndarray:
    """uint8 [n, size, size, 3] → one picture, COLUMNS tiles in a row."""
    count, size = pictures.shape[:2]
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    grid = np.zeros((rows * columns, size, size, 3), np.uint8)
    grid[:count] = pictures
    grid = grid.reshape(rows, columns, size, size, 3).swapaxes(1, 2)
    return grid.reshape(rows * size, columns * size, 3)


def measure(engine: Engine, batch: int = 64) -> Excitement:
    """Run every shipped picture and every gallery sample through the network."""
    network = DEFAULT.load()
    assert isinstance(network, SqueezeNet)
    traces = [fire_trace(sample.picture(), engine, DEFAULT) for sample in gallery.samples()]
    ours, samples = [], []
    for module in network.fire_names:
        for branch in BRANCHES:
            count = feature_visualisation.sheet(module, branch).channels
            samples.append(np.max([trace.maps(module, branch).max for trace in traces], axis=0))
            groups = [range(count)[i : i + batch] for i in range(0, count, batch)]
            ours += [_largest(network, module, branch, group) for group in groups]
    best, mine = np.concatenate(samples), np.concatenate(ours)
    live = best > 0
    ratio = mine[live] / best[live]
    return Excitement(best.size, ratio.size, int((ratio > 1).sum()), round(float(np.median(ratio)), 2))


def _largest(network: SqueezeNet, module: str, branch: str, channels: range) -> np.ndarray:
    """The largest value of each channel's map on its own picture, float32 [len(channels)]."""
    tiles = [np.asarray(feature_visualisation.tile(module, branch, channel)) for channel in channels]
    pictures = torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        maps = response(network, f"{module}/{branch}", normalise(pictures))
    return maps[torch.arange(len(channels)), torch.as_tensor(channels)].amax((1, 2)).numpy()
