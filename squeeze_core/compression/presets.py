"""Compositions of stages, and `compress`, which runs one on a network and measures each step."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import numpy as np
import torch
from PIL import ImageOps
from torch import nn

from squeeze_core.compression import stages
from squeeze_core.compression.sensitivity import Curvature, Study
from squeeze_core.compression.stages import Stage, Tensors
from squeeze_core.compression.steps import StageResult
from squeeze_core.errors import UserError
from squeeze_core.gallery import samples
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.own import metadata_of, open_own
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.sqz import Packed
from squeeze_core.progress import Progress, ignore


class CompressionError(UserError):
    """The network cannot be compressed; the message is one sentence for people."""


@dataclass(frozen=True)
class Preset:
    """A composition of stages."""

    name: str
    title: str
    stages: tuple[Stage, ...]


def second_order(rd_weight: float = 1e-7) -> Preset:
    """The smallest file at a given accuracy; `rd_weight`, λ in nats a bit, says how small."""
    return Preset(
        "second-order",
        "Smallest file (recommended)",
        (stages.second_order(rd_weight), stages.range_coding()),
    )


def uniform(bits: float = 3.5) -> Preset:
    """One rule for all layers, adaptive range coding: what the others are compared with."""
    return Preset(
        "uniform",
        "Uniform steps",
        (stages.uniform(bits), stages.range_coding()),
    )


DEFAULT_PRESET = second_order()


def presets() -> dict[str, Preset]:
    """Every preset by name, the default first."""
    return {preset.name: preset for preset in (DEFAULT_PRESET, uniform())}


@dataclass(frozen=True)
class Compressed:
    """A compressed network. `data`: its .sqz file. `tensors`: levels, steps and values by name.

    `network`: its record, as it is opened from the file. `ratio`: float32 bytes over the file's.
    """

    original: Network
    network: Network
    preset: Preset
    tensors: Tensors
    data: bytes
    stages: tuple[StageResult, ...]

    @property
    def bytes(self) -> int:
        return len(self.data)

    @property
    def ratio(self) -> float:
        return self.stages[-1].ratio

    @property
    def bits_per_weight(self) -> float:
        return self.stages[-1].bits_per_weight

    @property
    def float32_bytes(self) -> int:
        """Of the parameters as they were."""
        return round(self.bytes * self.ratio)

    def row(self) -> dict[str, object]:
        """The document that the command line prints as JSON."""
        stages = [
            {
                "name": stage.name,
                "title": stage.title,
                "bytes": stage.bytes,
                "zeros": round(stage.zeros, 4),
                "entropy": None if stage.entropy is None else round(stage.entropy, 3),
                "seconds": round(stage.seconds, 2),
            }
            for stage in self.stages
        ]
        ratio, bits = round(self.ratio, 2), round(self.bits_per_weight, 3)
        return {"bytes": self.bytes, "ratio": ratio, "bits_per_weight": bits, "stages": stages}


def squeezenet_of(network: Network) -> SqueezeNet:
    """The trained network of a SqueezeNet's record. CompressionError for any other network, WeightsError
    without its weights."""
    loaded = network.load() if network.plan else None
    if not isinstance(loaded, SqueezeNet):
        raise CompressionError(f"{network.title} is no SqueezeNet, and only those are compressed here.")
    return loaded


def packed(network: nn.Module) -> Tensors:
    """The network's tensors by name, uncompressed: float32."""
    state = network.state_dict().items()
    return {name: Packed(np.ascontiguousarray(value.float().numpy())) for name, value in state}


def compress(
    network: Network,
    preset: Preset = DEFAULT_PRESET,
    progress: Progress = ignore,
    inputs: np.ndarray | None = None,
    curvature: Curvature | None = None,
) -> Compressed:
    """Run `preset` on a SqueezeNet's record; the network stays as it is.

    `progress` receives the share that is done, 0–1; an exception that it raises stops the work. `inputs`:
    preprocessed pictures, float32 [N, 3, S, S], without labels: the network's own answers on them give each
    layer's sensitivity; None for `views` of the sample pictures. `curvature`: where it was measured before.
    Errors as `squeezenet_of`.
    """
    loaded = squeezenet_of(network)
    study = Study(loaded, torch.from_numpy(views(network) if inputs is None else inputs))
    if curvature:
        study.curvature = curvature
    tensors = packed(loaded)
    results: list[StageResult] = []

    def tick(share: float) -> None:
        progress((len(results) + share) / len(preset.stages))

    study.tick = tick
    data = b""
    for stage in preset.stages:
        tick(0.0)
        begun = time.perf_counter()
        tensors = stage.run(tensors, study)
        seconds = time.perf_counter() - begun
        names = json.dumps([s.name for s in preset.stages[: len(results) + 1]])
        metadata = metadata_of(network) | {"title": network.title, "stages": names}
        data = sqz.write_bytes(sqz.Sqz(tensors, metadata))
        results.append(measure(stage, tensors, len(data), seconds))
    progress(1.0)
    opened = open_own(data, f"{network.title}, compressed")
    return Compressed(network, opened, preset, tensors, data, tuple(results))


def views(network: Network, each: int = 4) -> np.ndarray:
    """The sample pictures as float32 [N, 3, S, S]: each whole, and `each` − 1 random crops of it."""
    generator = torch.Generator().manual_seed(0)
    images = []
    for sample in samples():
        image = sample.picture().image
        images.append(image)
        for k in range(1, each):
            share, x, y = (torch.rand(1, generator=generator).item() for _ in range(3))
            width, height = (max(1, round(side * (0.5 + 0.4 * share))) for side in image.size)
            left, top = round((image.width - width) * x), round((image.height - height) * y)
            crop = image.crop((left, top, left + width, top + height))
            images.append(ImageOps.mirror(crop) if k % 2 else crop)
    return network.preprocess(images)


def measure(stage: Stage, tensors: Tensors, size: int, seconds: float) -> StageResult:
    """The figures after a stage, of a file of `size` bytes."""
    count = sum(one.values.size for one in tensors.values())
    weights = [one for one in tensors.values() if one.values.ndim == 4]
    zeros = sum(int((one.values == 0).sum()) for one in weights) / sum(one.values.size for one in weights)
    quantised = all(one.levels is not None for one in weights)
    return StageResult(
        stage.name,
        stage.title,
        stage.words,
        stage.source,
        size,
        4 * count / size,
        8 * size / count,
        zeros,
        stages.mean_entropy(tensors) if quantised else None,
        seconds,
    )
