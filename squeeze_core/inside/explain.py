"""Attribution of a class to pixels, and a score of how well a map orders them.

The records here also serve the explanation of a detector's box, in `detector.attribution`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F

from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.trace import look_inside
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine

# Called with the share done, 0–1; from 0 again when a GPU runs out of memory and the CPU takes over. An
# exception that it raises ends the work.
Progress = Callable[[float], None]

GRADIENT_STEPS = 32
PATCH = 32
PATCH_STRIDE = 16
SCORE_STEPS = 32
BLUR = 31


@dataclass(frozen=True)
class TargetClass:
    """Class `index` of a picture; `batch`: float32 [1, 3, H, W]."""

    batch: Tensor
    index: int

    def confidence(self, output: Tensor) -> Tensor:
        """The class's probability from logits [M, classes]."""
        return output.softmax(1)[:, self.index]


@dataclass(frozen=True)
class Method:
    """An explanation method: the meaning of its map, its limits, its source, and its function.

    `attribute`: loaded network, target and `Progress` → the map, float [h, w]. `slow`: many passes
    through the network, reported to `Progress`.
    """

    name: str
    title: str
    meaning: str
    limits: str
    source: str
    attribute: Callable[[Any, Any, Progress], Tensor] = field(repr=False)
    slow: bool = False

    def map(self, network: nn.Module, target: object, progress: Progress) -> np.ndarray:
        """The map, float32 [h, w], read-only."""
        array = self.attribute(network, target, progress).detach().float().cpu().contiguous().numpy()
        array.setflags(write=False)
        return array


@dataclass(frozen=True)
class Score:
    """Deletion and insertion (Petsiuk et al., RISE, arXiv:1806.07421).

    The network's confidence in the target, 0–1, as pixels are removed, or put back into a blurred picture,
    the most important first. `deletion`, `insertion`: areas under the curves, 0–1; low deletion and high
    insertion are good. The arrays are float32 [SCORE_STEPS + 1].
    """

    shares: np.ndarray
    deletion_curve: np.ndarray
    insertion_curve: np.ndarray

    @property
    def deletion(self) -> float:
        return float(np.trapezoid(self.deletion_curve, self.shares))

    @property
    def insertion(self) -> float:
        return float(np.trapezoid(self.insertion_curve, self.shares))


@dataclass(frozen=True)
class Explanation:
    """One method's map for one class.

    `map`: float32 [height, width] in logits, at the method's own resolution. `probability`: the network's,
    0–1. `view`: the RGB picture that the map covers, at the network's input size.
    """

    file: str
    method: Method
    index: int
    label: str
    probability: float
    map: np.ndarray
    view: Image.Image
    milliseconds: float

    def upsampled(self) -> np.ndarray:
        """The map at the view's size, float32 [height, width], bilinear."""
        map_ = torch.from_numpy(self.map.copy())[None, None]
        size = (self.view.height, self.view.width)
        return torch.nn.functional.interpolate(map_, size, mode="bilinear")[0, 0].numpy()


def explain(
    picture: Picture,
    engine: Engine,
    network: Network,
    method: str,
    index: int,
    progress: Progress = lambda share: None,
) -> Explanation:
    """Attribute class `index` of that SqueezeNet to the picture's pixels, by one of METHODS.

    UserError for an unknown method or class, and for a network that is no SqueezeNet.
    """
    if method not in METHODS:
        raise UserError(f"There is no method named {method!r}; try {', '.join(METHODS)}.")
    if not 0 <= index < len(network.labels):
        raise UserError(f"{network.title} has classes 0 to {len(network.labels) - 1}, not {index}.")
    chosen = METHODS[method]

    def work(loaded: SqueezeNet, device: torch.device) -> Explanation:
        start = time.perf_counter()
        view = network.preprocess.view(picture.image)
        target = TargetClass(network.preprocess.tensor([view]).to(device), index)
        with torch.inference_mode():
            probability = target.confidence(loaded(target.batch).float()).item()
        heat = chosen.map(loaded, target, progress)
        elapsed, label = 1000 * (time.perf_counter() - start), network.labels[index]
        return Explanation(picture.name, chosen, index, label, probability, heat, view, elapsed)

    return look_inside(engine, network, work, chosen.slow)


def _cam(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    with torch.inference_mode():
        return network.parts(target.batch)["conv10"][0, target.index]


def _grad_cam(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    # The parameters require no gradient, so the picture must, for the maps to have one.
    parts = network.parts(target.batch.requires_grad_())
    maps = parts[network.fire_names[-1]]
    (gradients,) = torch.autograd.grad(parts["logits"][0, target.index], maps)
    return (gradients.mean((2, 3), keepdim=True) * maps)[0].sum(0).relu()


def _integrated_gradients(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    from squeeze_core.inside.captum_methods import IntegratedGradients  # takes a second to import

    counted = _counted(network, GRADIENT_STEPS, progress)
    # The baseline 0 is ImageNet's mean colour, a plain grey, after normalisation.
    options = {"n_steps": GRADIENT_STEPS, "internal_batch_size": 4}
    return IntegratedGradients(counted).attribute(target.batch, target=target.index, **options)[0].sum(0)


def _occlusion(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    from squeeze_core.inside.captum_methods import Occlusion

    batch = target.batch
    across = -(-(batch.shape[-1] - PATCH) // PATCH_STRIDE) + 1
    method = Occlusion(_counted(network, across**2, progress))
    options = {"strides": (3, PATCH_STRIDE, PATCH_STRIDE), "perturbations_per_eval": 8}
    with torch.inference_mode():
        return method.attribute(batch, (3, PATCH, PATCH), target=target.index, **options)[0, 0]


def _counted(network: SqueezeNet, total: int, progress: Progress) -> Callable[[Tensor], Tensor]:
    """The network as a function that reports how many of `total` pictures it has seen."""
    done = 0

    def run(batch: Tensor) -> Tensor:
        nonlocal done
        done += len(batch)
        progress(min(done / total, 1.0))
        return network(batch)

    return run


METHODS = {
    method.name: method
    for method in (
        Method(
            "cam",
            "CAM",
            "conv10 has one map for each class, and the logit is that map's mean: the attribution is "
            "exact, not an estimate.",
            "As coarse as the last module's maps, whose cells each have a large receptive field: it shows "
            "the region, not the pixels.",
            "Zhou et al., CVPR 2016, arXiv:1512.04150",
            _cam,
        ),
        Method(
            "grad_cam",
            "Grad-CAM",
            "The last module's maps, each weighted by the mean gradient of the class's logit.",
            "As coarse as CAM. On a network that ends in global average pooling, like this one, it equals "
            "CAM but for the scale.",
            "Selvaraju et al., ICCV 2017, arXiv:1610.02391",
            _grad_cam,
        ),
        Method(
            "integrated_gradients",
            "Integrated gradients",
            "Each pixel's contribution to the logit along the path from a grey picture to this one; the "
            "contributions sum to the difference of the logits.",
            "Fine-grained but noisy, and relative to the grey baseline: a grey part gets no attribution.",
            "Sundararajan et al., ICML 2017, arXiv:1703.01365",
            _integrated_gradients,
            slow=True,
        ),
        Method(
            "occlusion",
            "Occlusion",
            f"The fall of the logit when a grey patch of {PATCH}×{PATCH} pixels covers that place.",
            "Finds only what a patch of this size can hide, and the patch's edge also changes the answer.",
            "Zeiler and Fergus, ECCV 2014, arXiv:1311.2901",
            _occlusion,
            slow=True,
        ),
    )
}


def score(
    explanation: Explanation,
    picture: Picture,
    engine: Engine,
    network: Network,
    progress: Progress = lambda share: None,
) -> Score:
    """Deletion and insertion of that explanation's pixels, in SCORE_STEPS equal shares."""
    order = np.argsort(-explanation.upsampled(), axis=None, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    shares = np.linspace(0, 1, SCORE_STEPS + 1, dtype=np.float32)

    def work(loaded: SqueezeNet, device: torch.device) -> Score:
        target = TargetClass(network.preprocess([picture.image]).to(device), explanation.index)
        plain, blurred = target.batch, F.gaussian_blur(target.batch, [BLUR, BLUR])
        ranks = torch.as_tensor(rank.reshape(1, 1, *plain.shape[-2:]), device=device)
        curves = np.empty((2, len(shares)), np.float32)
        with torch.inference_mode():
            for number, share in enumerate(shares):
                taken = ranks < round(float(share) * order.size)
                pair = torch.cat([plain.masked_fill(taken, 0), torch.where(taken, plain, blurred)])
                curves[:, number] = target.confidence(loaded(pair).float()).cpu().numpy()
                progress((number + 1) / len(shares))
        return Score(shares, curves[0], curves[1])

    return look_inside(engine, network, work, large=True)
