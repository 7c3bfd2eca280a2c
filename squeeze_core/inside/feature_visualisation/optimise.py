"""Pictures optimised to excite one channel each: feature visualisation.

Olah, Mordvintsev, Schubert, "Feature Visualization", Distill 2017, doi:10.23915/distill.00007: the
picture is stored as Fourier coefficients of decorrelated colours and shifted a little before every
step, which keeps the optimiser from answering with high-frequency noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.engine import computes_bfloat16
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD


@dataclass(frozen=True)
class Settings:
    """How one module's pictures are made: `size` and `jitter` (the largest shift) in pixels."""

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
    return network.convolution(part)(network.parts(x)[network.reads(part)])


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
        with torch.autocast(device.type, torch.bfloat16, enabled=computes_bfloat16(device)):
            maps = response(network, f"{module}/{branch}", x)
        height, width = maps.shape[2:]
        centre = maps[rows, columns, height // 2, width // 2].float()
        optimiser.zero_grad()
        (-centre.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        return (255 * pictures()).round().byte().permute(0, 2, 3, 1).cpu().numpy()
