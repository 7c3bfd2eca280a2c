"""Fine-tuning of the last two Fire modules with augmented pictures: for classes unlike ImageNet's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import save
from torch import Tensor
from torch.nn import functional as F

from squeeze_core.accuracy import Interval, share
from squeeze_core.classifier import softmax
from squeeze_core.errors import UserError
from squeeze_core.networks.architecture import BoundLayer, SqueezeNet, bind, run
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.torch_network import numpy_arrays
from squeeze_core.networks.weights import OwnFile
from squeeze_core.networks.weights.reading import State
from squeeze_core.progress import Progress, ignore
from squeeze_core.teaching import head
from squeeze_core.teaching.examples import maps
from squeeze_core.teaching.head import Head
from squeeze_core.teaching.taught import Taught

_FROZEN = "fire7"
_FOLDS = 3
_RATE, _BATCH = 2e-4, 16
# Views of all pictures together, and pictures that one training sees: about a minute on two cores.
_VIEWS, _SEEN = 800, 1600


class Deepened(NamedTuple):
    """`taught`: the better of the two. `before`, `after`: top-1 of both in percent, by the same parts of
    the pictures left out. `kept`: the trained network is the better one."""

    taught: Taught
    before: Interval
    after: Interval
    kept: bool

    @property
    def words(self) -> str:
        verdict = "kept" if self.kept else "not kept, because it is no better"
        return f"Trained deeper: top-1 {self.before} before, {self.after} after, {_FOLDS}-fold; {verdict}."


class _Trained(NamedTuple):
    layers: list[BoundLayer]
    network: SqueezeNet
    head: Head


def deeper(taught: Taught, engine: Engine, progress: Progress = ignore) -> Deepened:
    """Train fire8, fire9 and conv10 from where they are; kept where both the accuracy and the log loss of
    cross-validation are better. UserError for classes of fewer than three pictures."""
    truth = taught.truth
    if np.bincount(truth).min() < _FOLDS:
        raise UserError(f"Each class needs {_FOLDS} pictures before deeper layers are trained.")
    views = _views(taught, engine, lambda share: progress(0.3 * share))
    straight, tuned = (np.zeros((len(truth), len(taught.classes))) for _ in range(2))
    plain = [places[0] for places in views]
    done = 0.3
    with engine.queue.turn(large=True):
        for places in head.parts(truth, _FOLDS):
            kept = np.setdiff1d(np.arange(len(truth)), places)
            first = head.fit(taught.features[kept].astype(float), truth[kept], taught.strength)
            straight[places] = softmax(first(taught.features[places]))
            steps = _part(progress, done, 0.15)
            trained = _train([views[place] for place in kept], truth[kept], first, steps)
            done += 0.15
            tuned[places] = softmax(trained.head(_features(trained, [plain[place] for place in places])))
        before, after = (
            share(100 * float((answers.argmax(1) == truth).mean()), len(truth))
            for answers in (straight, tuned)
        )
        better = after.value >= before.value
        if not better or head.log_loss(tuned, truth) >= head.log_loss(straight, truth):
            return Deepened(taught, before, after, False)
        trained = _train(views, truth, taught.head, _part(progress, done, 0.25))
        features = _features(trained, plain)
    made = replace(
        taught,
        trunk=_trunk(numpy_arrays(trained.network.state_dict())),
        features=features,
        known=head.known_of(features, truth),
        head=trained.head,
        unseen=tuned,
        folds=_FOLDS,
    )
    return Deepened(made, before, after, True)


def _trunk(state: State) -> Network:
    """The network of those weights; its key is their hash, because the engine keeps networks by key."""
    key = f"deeper:{hashlib.sha256(save(state)).hexdigest()}"
    return replace(DEFAULT, weights=OwnFile("", 0, state), key=key)


def _part(progress: Progress, start: float, part: float) -> Progress:
    return lambda share: progress(start + part * share)


def _views(taught: Taught, engine: Engine, progress: Progress) -> list[list[np.ndarray]]:
    """fire7's output for each picture as it is, first, and augmented, float16 [channels, H, W]."""
    random = np.random.default_rng(0)
    each = int(np.clip(_VIEWS // len(taught.examples), 1, 8))
    found = []
    for done, one in enumerate(taught.examples, 1):
        image = one.image()
        images = [image, *(_augmented(image, random) for _ in range(each))]
        found.append([array.astype(np.float16) for array in maps(engine, images, until=_FROZEN)])
        progress(done / len(taught.examples))
    return found


def _augmented(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A part of the picture, of 60 % of its area or more, mirrored or not, a little brighter or darker."""
    width, height = (round(side * random.uniform(0.78, 1)) for side in image.size)
    left, top = (
        int(random.integers(0, a - b + 1)) for a, b in zip(image.size, (width, height), strict=True)
    )
    part = image.crop((left, top, left + width, top + height))
    part = ImageOps.mirror(part) if random.random() < 0.5 else part
    return ImageEnhance.Brightness(part).enhance(random.uniform(0.7, 1.3))


def _train(views: list[list[np.ndarray]], truth: np.ndarray, start: Head, progress: Progress) -> _Trained:
    """Fire modules trained from SqueezeNet's, with a head from `start`, on one random view of each picture
    an epoch."""
    network = DEFAULT.load()
    assert isinstance(network, SqueezeNet)
    layers = network.plan.feature_layers()
    layers = layers[[layer.name for layer in layers].index(_FROZEN) + 1 :]
    trained = [network.get_submodule(layer.path).requires_grad_(True) for layer in layers if layer.path]
    parameters = [one for module in trained for one in module.parameters()]
    bound = bind(layers, network)
    weight, bias = (torch.tensor(part, dtype=torch.float32, requires_grad=True) for part in start)
    epochs = int(np.clip(_SEEN // len(views), 3, 30))
    optimiser = torch.optim.AdamW([*parameters, weight, bias], _RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    random = np.random.default_rng(0)
    labels = torch.from_numpy(truth)
    for epoch in range(epochs):
        order = random.permutation(len(views))
        for places in np.array_split(order, -(-len(order) // _BATCH)):
            batch = np.stack([views[place][random.integers(len(views[place]))] for place in places])
            logits = F.linear(_mean(bound, torch.from_numpy(batch).float()), weight, bias)
            loss = F.cross_entropy(logits, labels[places], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        progress((epoch + 1) / epochs)
    network.requires_grad_(False)
    return _Trained(bound, network, Head(weight.detach().numpy(), bias.detach().numpy()))


def _mean(layers: list[BoundLayer], x: Tensor) -> Tensor:
    return run(layers, x)["fire9"].mean((2, 3))


def _features(trained: _Trained, views: list[np.ndarray]) -> np.ndarray:
    """The trained fire9's output, averaged over each picture, float32 [N, channels]."""
    with torch.inference_mode():
        means = [_mean(trained.layers, torch.from_numpy(view[None]).float()) for view in views]
        return torch.cat(means).numpy()
