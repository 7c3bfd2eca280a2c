"""The least time of a network on a device, bounded by memory and arithmetic alone.

After Williams, Waterman and Patterson 2009, "Roofline" (doi:10.1145/1498765.1498785): a layer takes at
least as long as its bytes need at the device's bandwidth, and as its multiply-accumulates need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from squeeze_core.cost.profile import Layer, Profile
from squeeze_core.cost.timing import in_turns

_SECONDS = 0.4  # that each of the two figures is measured for


@dataclass(frozen=True)
class DevicePeak:
    """The peak of a device, as measured there: `bandwidth`, bytes read and written a second;
    `throughput`, multiply-accumulates a second. `number_bytes`: of each number that it computes with."""

    bandwidth: float
    throughput: float
    number_bytes: int

    def __str__(self) -> str:
        return f"{self.bandwidth / 1e9:,.0f} GB/s, {self.throughput / 1e9:,.0f} GMACs/s"


def measure_peak(device: str) -> DevicePeak:
    """Bandwidth by copying what no cache holds, throughput by a product of two square matrices.

    In half precision on a GPU, in float32 elsewhere, as networks run there. Takes about a second.
    """
    import torch

    gpu = device == "cuda"
    dtype = torch.float16 if gpu else torch.float32
    numbers, side = (2**28, 8192) if gpu else (2**25, 2048)
    source = torch.ones(numbers, dtype=dtype, device=device)
    target = torch.empty_like(source)
    size = source.element_size()

    def fastest(work: Callable[[], object]) -> float:
        """The fewest seconds that it took."""

        def once() -> None:
            work()
            if gpu:
                torch.cuda.synchronize()

        return min(in_turns([once], 1_000_000, 5, _SECONDS)[0]) / 1000

    copying = fastest(lambda: target.copy_(source))
    matrix = torch.randn(side, side, device=device).to(dtype)
    product = torch.empty_like(matrix)
    multiplying = fastest(lambda: torch.mm(matrix, matrix, out=product))
    return DevicePeak(2 * size * numbers / copying, side**3 / multiplying, size)


def moved(layer: Layer, number_bytes: int, batch: int = 1) -> int:
    """The bytes that a layer reads and writes at least for a batch, its weights included.

    What keeps the shape and multiplies nothing, such as a ReLU, is done in passing.
    """
    if layer.macs == 0 and layer.read == layer.written:
        return 0
    return number_bytes * (batch * (layer.read + layer.written) + layer.parameters)


def least_seconds(layer: Layer, peak: DevicePeak, batch: int = 1) -> float:
    """The least time of a layer for a batch, in seconds."""
    memory = moved(layer, peak.number_bytes, batch) / peak.bandwidth
    return max(memory, batch * layer.macs / peak.throughput)


def least_time(cost: Profile, peak: DevicePeak, batch: int = 1) -> float:
    """The least time of a network for a batch, layer by layer, in seconds."""
    return sum(least_seconds(layer, peak, batch) for layer in cost.layers)
