"""Attribution of a class to pixels, and a score of how well a map orders them.

The records here also serve the explanation of a detector's box, in `detector.attribution`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from squeeze_core.classifier import softmax
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.inside.trace import differentiable_parts, frozen, plan_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine, Runner
from squeeze_core.progress import Progress, ignore

if TYPE_CHECKING:
    from torch import Tensor

GRADIENT_STEPS = 32
PATCH = 32
PATCH_STRIDE = 16
SCORE_STEPS = 32
BLUR = 31


@dataclass(frozen=True)
class TargetClass:
    """Class `index` of a picture; `batch`: float32 [1, 3, H, W]."""

    batch: np.ndarray
    index: int

    def confidence(self, output: np.ndarray) -> np.ndarray:
        """The class's probability from logits [M, classes]."""
        return softmax(output)[:, self.index]


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
    attribute: Callable[[Runner, Any, Progress], np.ndarray | Tensor] = field(repr=False)
    slow: bool = False

    def map(self, network: Runner, target: object, progress: Progress) -> np.ndarray:
        """The map, float32 [h, w], read-only."""
        found = self.attribute(network, target, progress)
        array = found if isinstance(found, np.ndarray) else found.detach().float().cpu().numpy()
        return frozen(array)


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

    def _repr_png_(self) -> bytes:
        from squeeze_core.figures.explanations import explained  # a result imports no figures
        from squeeze_core.figures.maps import encoded

        return encoded(explained(self, self.view, 0.6), "PNG")

    def upsampled(self) -> np.ndarray:
        """The map at the view's size, float32 [height, width], bilinear."""
        return np.asarray(Image.fromarray(self.map).resize(self.view.size, Image.Resampling.BILINEAR))


def explain(
    picture: Picture,
    engine: Engine,
    network: Network,
    method: str,
    index: int,
    progress: Progress = ignore,
) -> Explanation:
    """Attribute class `index` of that SqueezeNet to the picture's pixels, by one of METHODS.

    UserError for an unknown method or class, and for a network that is no SqueezeNet.
    """
    if method not in METHODS:
        raise UserError(f"There is no method named {method!r}; try {', '.join(METHODS)}.")
    if not 0 <= index < len(network.labels):
        raise UserError(f"{network.title} has classes 0 to {len(network.labels) - 1}, not {index}.")
    chosen = METHODS[method]

    def work(loaded: Runner) -> Explanation:
        start = time.perf_counter()
        view = network.preprocess.view(picture.image)
        target = TargetClass(network.preprocess.array([view]), index)
        probability = target.confidence(loaded(target.batch)).item()
        heat = chosen.map(loaded, target, progress)
        elapsed, label = 1000 * (time.perf_counter() - start), network.labels[index]
        return Explanation(picture.name, chosen, index, label, probability, heat, view, elapsed)

    plan_of(network)
    return engine.work(network, work, chosen.slow)


def _cam(network: Runner, target: TargetClass, progress: Progress) -> np.ndarray:
    return network.parts(target.batch)["conv10"][0, target.index]


def _grad_cam(network: Runner, target: TargetClass, progress: Progress) -> Tensor:
    import torch

    parts = differentiable_parts(network, target.batch)
    maps = parts[[name for name in parts if name.startswith("fire") and "/" not in name][-1]]
    (gradients,) = torch.autograd.grad(parts["logits"][0, target.index], maps)
    return (gradients.mean((2, 3), keepdim=True) * maps)[0].sum(0).relu()


def _integrated_gradients(network: Runner, target: TargetClass, progress: Progress) -> Tensor:
    import torch

    from squeeze_core.inside.captum_methods import IntegratedGradients  # takes a second to import

    batch = torch.from_numpy(target.batch).to(network.device)
    # The baseline 0 is ImageNet's mean colour, a plain grey, after normalisation.
    options = {"target": target.index, "n_steps": GRADIENT_STEPS, "internal_batch_size": 4}
    counted = _counted(network.module, GRADIENT_STEPS, progress)
    return IntegratedGradients(counted).attribute(batch, **options)[0].sum(0)


def _occlusion(network: Runner, target: TargetClass, progress: Progress) -> np.ndarray:
    return occlusion(network, target.batch, lambda logits: logits[:, target.index], progress)


def occlusion(
    network: Runner, batch: np.ndarray, measure: Callable[[np.ndarray], np.ndarray], progress: Progress
) -> np.ndarray:
    """The fall of `measure` of the network's answers, [N], when a grey patch covers a place.

    `batch`: one picture, float32 [1, 3, S, S]. The map is [S, S].
    """
    import torch

    from squeeze_core.inside.captum_methods import Occlusion

    across = -(-(batch.shape[-1] - PATCH) // PATCH_STRIDE) + 1
    counted = _counted(lambda x: torch.from_numpy(measure(network(x.numpy()))), across**2, progress)
    options = {"strides": (3, PATCH_STRIDE, PATCH_STRIDE), "perturbations_per_eval": 8}
    with torch.inference_mode():
        found = Occlusion(counted).attribute(torch.from_numpy(batch), (3, PATCH, PATCH), **options)
    return found[0, 0].numpy()


def _counted(
    answer: Callable[[Tensor], Tensor], total: int, progress: Progress
) -> Callable[[Tensor], Tensor]:
    """The function `answer` of pictures, which reports how many of `total` it has seen."""
    done = 0

    def run(batch: Tensor) -> Tensor:
        nonlocal done
        done += len(batch)
        progress(min(done / total, 1.0))
        return answer(batch)

    return run


METHODS = {
    method.name: method
    for method in (
        Method(
            "cam",
            "CAM",
            "Class activation map: conv10 has one for each class, and the class's logit is its mean. So "
            "the attribution is exact, not an estimate.",
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
    progress: Progress = ignore,
) -> Score:
    """Deletion and insertion of that explanation's pixels, in SCORE_STEPS equal shares."""
    order = np.argsort(-explanation.upsampled(), axis=None, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    shares = np.linspace(0, 1, SCORE_STEPS + 1, dtype=np.float32)

    def work(loaded: Runner) -> Score:
        import torch
        from torchvision.transforms.v2 import functional as F

        target = TargetClass(network.preprocess([picture.image]), explanation.index)
        plain = target.batch
        blurred = F.gaussian_blur(torch.from_numpy(plain), [BLUR, BLUR]).numpy()
        curves = np.empty((2, len(shares)), np.float32)
        for number, share in enumerate(shares):
            taken = rank.reshape(plain.shape[-2:]) < round(float(share) * order.size)
            pair = np.concatenate([np.where(taken, 0, plain), np.where(taken, plain, blurred)])
            curves[:, number] = target.confidence(loaded(pair.astype(np.float32)))
            progress((number + 1) / len(shares))
        return Score(shares, curves[0], curves[1])

    return engine.work(network, work, large=True)
