"""Make the shipped feature visualisations: for each channel a picture optimised to excite it.

    python -m tools.feature_visualisation [--work DIR] [--check]

Takes about 15 minutes on one core that has bfloat16 instructions, 36 on one without. Each module and branch
is saved to the working folder when it is done, and not made again.

Olah, Mordvintsev, Schubert, "Feature Visualization", Distill 2017, doi:10.23915/distill.00007: the picture
is stored as Fourier coefficients of decorrelated colours and shifted a little before every step, which
keeps the optimiser from answering with high-frequency noise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from squeeze_core import gallery
from squeeze_core.inside import feature_visualisation
from squeeze_core.inside.feature_visualisation import FOLDER
from squeeze_core.inside.trace import fire_trace
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine, choose_device
from squeeze_core.networks.plan import BRANCHES
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD
from squeeze_core.networks.torch_network import computes_bfloat16

COLUMNS = 16
QUALITY = 60
# Tiles up to this size stay lossless: they are small, and lossy blocks would spill into neighbours.
LOSSLESS_UP_TO = 32
LARGEST_TOTAL = 6_000_000


@dataclass(frozen=True)
class Settings:
    """Settings of one module's pictures: `size` and `jitter` (the largest shift) in pixels."""

    size: int
    jitter: int
    steps: int = 128
    learning_rate: float = 0.05
    seed: int = 0


# Each size holds what one unit of the module can see, up to 96 pixels; each jitter is half the
# distance between two units, so that the same unit stays the centre one.
SETTINGS = {
    "fire2": Settings(24, 2),
    "fire3": Settings(32, 2),
    "fire4": Settings(48, 4),
    "fire5": Settings(64, 4),
    "fire6": Settings(96, 8),
    "fire7": Settings(96, 8),
    "fire8": Settings(96, 8),
    "fire9": Settings(96, 8),
}

# Square root of the colour covariance of ImageNet, scaled to a largest row norm of 1 (the lucid
# library of the paper's authors).
COLOUR_SQRT = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLOUR_SQRT = COLOUR_SQRT / COLOUR_SQRT.norm(dim=0).max()


class FourierPictures(nn.Module):
    """`count` RGB pictures of size × size pixels, values in 0–1, parametrised for gradient ascent.

    Calling it returns float32 [count, 3, size, size]. Low frequencies are scaled up as 1/f, the
    spectrum of natural pictures.
    """

    def __init__(self, count: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        frequency = torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None])
        self.scale: Tensor
        self.colours: Tensor
        self.register_buffer("scale", size / frequency.clamp(min=1 / size))
        start = 0.01 * torch.randn(count, 3, *frequency.shape, 2, generator=generator)
        self.spectrum = nn.Parameter(start)
        self.register_buffer("colours", COLOUR_SQRT)
        self.size = size

    def forward(self) -> Tensor:
        spectrum = torch.view_as_complex(self.spectrum) * self.scale
        # A quarter of the signal: the starting contrast that the authors' library uses.
        signal = torch.fft.irfft2(spectrum, s=(self.size, self.size)) / 4
        return torch.sigmoid(torch.einsum("kc,nchw->nkhw", self.colours, signal))


def response(network: SqueezeNet, part: str, x: Tensor) -> Tensor:
    """float [N, 3, H, W] normalised → the values of a part such as "fire5/expand3x3", [N, channels, h, w].

    Before ReLU, so that a silent channel has a gradient.
    """
    (reads,) = next(layer.inputs for layer in network.layers() if layer.name == part)
    return network.convolution(part)(network.parts(x)[reads])


def normalise(pictures: Tensor) -> Tensor:
    """RGB in 0–1, float [N, 3, H, W] → what the network was trained on."""
    mean = torch.tensor(IMAGENET_MEAN, device=pictures.device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=pictures.device).view(3, 1, 1)
    return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)


def optimise(
    network: SqueezeNet, module: str, branch: str, channels: Sequence[int], settings: Settings
) -> np.ndarray:
    """One picture for each of the channels: uint8 [len(channels), size, size, 3].

    Adam climbs each channel's value at the centre of its map, before ReLU. The pictures are
    independent of one another: the batch only shares the work.
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(settings.seed)
    pictures = FourierPictures(len(channels), settings.size, generator).to(device)
    optimiser = torch.optim.Adam(pictures.parameters(), lr=settings.learning_rate)
    rows = torch.arange(len(channels), device=device)
    columns = torch.as_tensor(list(channels), device=device)
    for _ in range(settings.steps):
        shift = torch.randint(-settings.jitter, settings.jitter + 1, (2,), generator=generator).tolist()
        x = normalise(torch.roll(pictures(), shift, dims=(2, 3)))
        with torch.autocast(device.type, torch.bfloat16, enabled=computes_bfloat16(device.type)):
            maps = response(network, f"{module}/{branch}", x)
        height, width = maps.shape[2:]
        centre = maps[rows, columns, height // 2, width // 2].float()
        optimiser.zero_grad()
        (-centre.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        return (255 * pictures()).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def make(out: Path, device: torch.device, batch: int) -> None:
    """Optimise what `out` does not hold yet: one NPZ for each module and branch, uint8 `pictures`
    [channels, size, size, 3] and the `seconds` it took."""
    network = DEFAULT.load().to(memory_format=torch.channels_last).to(device)
    assert isinstance(network, SqueezeNet)
    for module, settings in SETTINGS.items():
        for branch in BRANCHES:
            path = out / f"{module}_{branch}.npz"
            if path.exists():
                continue
            channels = range(network.convolution(f"{module}/{branch}").out_channels)
            start = time.perf_counter()
            groups = [channels[i : i + batch] for i in range(0, len(channels), batch)]
            made = [
                optimise(network, module, branch, group, settings)
                for group in tqdm(groups, desc=f"{module} {branch}", file=sys.stderr)
            ]
            unfinished = path.with_suffix(".part.npz")
            np.savez(unfinished, pictures=np.concatenate(made), seconds=time.perf_counter() - start)
            unfinished.rename(path)


@dataclass(frozen=True)
class Excitement:
    """The shipped pictures against the gallery's, by the largest value of the channel's map.

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
        "command": "python -m tools.feature_visualisation",
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
    for module in network.plan.fire_names:
        for branch in BRANCHES:
            count = feature_visualisation.manifest()["sheets"][f"{module}/{branch}"]["channels"]
            samples.append(np.max([trace[module, branch].max for trace in traces], axis=0))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/feature_visualisation"), metavar="DIR")
    parser.add_argument("--batch", type=int, default=32, help="channels optimised at once")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--check", action="store_true", help="only measure the pictures that are shipped")
    options = parser.parse_args()
    if not options.check:
        options.work.mkdir(parents=True, exist_ok=True)
        make(options.work, torch.device(choose_device(options.device)), options.batch)
        print(f"{pack(options.work, FOLDER):,} bytes of sprite sheets in {FOLDER}")
    excitement = measure(Engine("cpu"))
    if not options.check:
        record(excitement, FOLDER)
    print(excitement)


if __name__ == "__main__":
    main()
