"""Attribution: which pixels speak for a class, and how well a map orders them.

The records here serve every explanation: of a class below, of a detector's box in `detector.attribution`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

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

# Called with the share done, 0–1.
Progress = Callable[[float], None]

GRADIENT_STEPS = 32
PATCH = 32
PATCH_STRIDE = 16
SCORE_STEPS = 32
BLUR = 31


class Target(Protocol):
    """The answer that is explained.

    `batch`: float32 [N, 3, H, W], whose first picture is the one that the map covers. `confidence`: the
    network's output for M pictures → its confidence in this answer, float [M], 0–1.
    """

    @property
    def batch(self) -> Tensor: ...

    def confidence(self, output: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class TargetClass:
    """Class `index` of a picture; `batch`: float32 [1, 3, H, W], as the network takes it."""

    batch: Tensor
    index: int

    def confidence(self, output: Tensor) -> Tensor:
        """The class's probability from logits [M, classes]."""
        return output.softmax(1)[:, self.index]


@dataclass(frozen=True)
class Method:
    """A way to explain: what its map means, where it misleads, its source, and the way itself.

    `attribute`: the loaded network, the `Target` and how to report progress → the map, float [h, w].
    `slow`: many passes through the network, told to `Progress`.
    """

    name: str
    title: str
    meaning: str
    limits: str
    source: str
    attribute: Callable[[Any, Any, Progress], Tensor] = field(repr=False)
    slow: bool = False

    def map(self, network: nn.Module, target: Target, progress: Progress) -> np.ndarray:
        """The map, float32 [h, w], read-only."""
        array = self.attribute(network, target, progress).detach().float().cpu().contiguous().numpy()
        array.setflags(write=False)
        return array


@dataclass(frozen=True)
class Score:
    """How well a map orders the pixels (Petsiuk et al., RISE, arXiv:1806.07421).

    The network's confidence in the target, 0–1, as pixels are taken away, or put back into a blurred
    picture, the most important first. `deletion`, `insertion`: areas under the curves, 0–1; low deletion
    and high insertion are good. The arrays are float32 [SCORE_STEPS + 1].
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

    `map`: float32 [height, width] in logits, at the method's own resolution; positive speaks for the
    class. `probability`: the network's, 0–1. `view`: the RGB picture that the map covers, at the network's
    input size.
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
    progress: Progress | None = None,
) -> Explanation:
    """Why that SqueezeNet would say class `index` of this picture, by one of METHODS.

    `progress` starts again from 0 should the GPU run out of memory on the way. UserError for an unknown
    method or class, and for a network that is no SqueezeNet.
    """
    if method not in METHODS:
        raise UserError(f"There is no method named {method!r}; try {', '.join(METHODS)}.")
    if not 0 <= index < len(network.labels):
        raise UserError(f"{network.title} has classes 0 to {len(network.labels) - 1}, not {index}.")
    report = progress or (lambda share: None)

    chosen = METHODS[method]

    def work(loaded: SqueezeNet, device: torch.device) -> Explanation:
        start = time.perf_counter()
        view = network.preprocess.view(picture.image)
        target = TargetClass(network.preprocess.tensor([view]).to(device), index)
        with torch.inference_mode():
            probability = target.confidence(loaded(target.batch).float()).item()
        heat = chosen.map(loaded, target, report)
        elapsed = 1000 * (time.perf_counter() - start)
        return Explanation(
            picture.name, chosen, index, network.labels[index], probability, heat, view, elapsed
        )

    return look_inside(engine, network, work, chosen.slow)


def _cam(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    with torch.inference_mode():
        return network.parts(target.batch)["conv10"][0, target.index]


def _grad_cam(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    # The parameters want no gradient, so the picture must, for the maps to have one.
    parts = network.parts(target.batch.requires_grad_())
    maps = parts[network.fire_names[-1]]
    (gradients,) = torch.autograd.grad(parts["logits"][0, target.index], maps)
    return (gradients.mean((2, 3), keepdim=True) * maps)[0].sum(0).relu()


def _integrated_gradients(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    from squeeze_core.inside.captum_methods import IntegratedGradients  # takes a second to import

    counted = _counted(network, GRADIENT_STEPS, progress)
    # The baseline 0 is ImageNet's mean colour, a plain grey, after normalisation.
    method = IntegratedGradients(counted)
    heat = method.attribute(
        target.batch, target=target.index, n_steps=GRADIENT_STEPS, internal_batch_size=4
    )
    return heat[0].sum(0)


def _occlusion(network: SqueezeNet, target: TargetClass, progress: Progress) -> Tensor:
    from squeeze_core.inside.captum_methods import Occlusion

    batch = target.batch
    across = -(-(batch.shape[-1] - PATCH) // PATCH_STRIDE) + 1
    method = Occlusion(_counted(network, across**2, progress))
    window, strides = (batch.shape[1], PATCH, PATCH), (batch.shape[1], PATCH_STRIDE, PATCH_STRIDE)
    with torch.inference_mode():
        heat = method.attribute(
            batch,
            target=target.index,
            sliding_window_shapes=window,
            strides=strides,
            perturbations_per_eval=8,
        )
    return heat[0, 0]


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
            "conv10 draws one map for each class and the logit is that map's average, so this is the "
            "network's own sum, not an estimate.",
            "As coarse as the last module's maps, whose cells each see a large part of the picture: it "
            "says roughly where, not which pixels.",
            "Zhou et al., CVPR 2016, arXiv:1512.04150",
            _cam,
        ),
        Method(
            "grad_cam",
            "Grad-CAM",
            "The last module's maps, weighted by how strongly the class's logit follows each of them on "
            "average.",
            "As coarse as CAM, and on a network that ends in an average, like this one, it repeats CAM but "
            "for the scale: it shows that the two agree, not something new.",
            "Selvaraju et al., ICCV 2017, arXiv:1610.02391",
            _grad_cam,
        ),
        Method(
            "integrated_gradients",
            "Integrated gradients",
            "What each pixel adds to the logit on the way from a plain grey picture to this one; the parts "
            "sum to the difference.",
            "Fine but noisy, and relative to the grey start: a part that is grey itself gets no credit.",
            "Sundararajan et al., ICML 2017, arXiv:1703.01365",
            _integrated_gradients,
            slow=True,
        ),
        Method(
            "occlusion",
            "Occlusion",
            f"How far the logit falls when a grey patch of {PATCH}×{PATCH} pixels covers that place.",
            "Sees only what a patch of this size can hide, and a patch's edge is itself something new.",
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
    progress: Progress | None = None,
) -> Score:
    """Deletion and insertion of that explanation's pixels.

    `progress` starts again from 0 should the GPU run out of memory on the way.
    """
    report = progress or (lambda share: None)

    def work(loaded: SqueezeNet, device: torch.device) -> Score:
        target = TargetClass(network.preprocess([picture.image]).to(device), explanation.index)
        return deletion_insertion(explanation, loaded, target, report)

    return look_inside(engine, network, work, large=True)


def deletion_insertion(
    explanation: Explanation, network: nn.Module, target: Target, progress: Progress
) -> Score:
    """The score of a map by the network's confidence in the target, pixels in SCORE_STEPS equal shares."""
    plain = target.batch[:1]
    blurred = F.gaussian_blur(plain, [BLUR, BLUR])
    order = np.argsort(-explanation.upsampled(), axis=None, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    ranks = torch.as_tensor(rank.reshape(1, 1, *plain.shape[-2:]), device=plain.device)
    shares = np.linspace(0, 1, SCORE_STEPS + 1, dtype=np.float32)
    curves = np.empty((2, len(shares)), np.float32)
    with torch.inference_mode():
        for number, share in enumerate(shares):
            taken = ranks < round(float(share) * order.size)
            pair = torch.cat([plain.masked_fill(taken, 0), torch.where(taken, plain, blurred)])
            curves[:, number] = target.confidence(network(pair).float()).cpu().numpy()
            progress((number + 1) / len(shares))
    return Score(shares, curves[0], curves[1])
