"""Pictures to teach with: each as a small JPEG, with the features that SqueezeNet 1.1 has of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import PurePath

import numpy as np
from PIL import Image

from squeeze_core.images import ImageError, Picture
from squeeze_core.images.sources import Source, decoded
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_network import OnnxNetwork
from squeeze_core.progress import Progress, ignore

MOST = 2000  # pictures in all: about 100 MB
LONGEST_NAME = 80
_SIDE = 480  # pixels, the longest side kept: twice what the network sees
_CELLS = 8
_BATCH = 25


@dataclass(frozen=True, eq=False)
class Example:
    """`jpeg`: the picture, at most 480 pixels a side, of which all else is made. `feature`: float32 [512],
    fire9's output averaged over the picture. `colours`: uint8 [8, 8, 3], the picture in a few cells. `key`:
    that of the `Picture`."""

    name: str
    key: str
    jpeg: bytes
    feature: np.ndarray
    colours: np.ndarray

    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.jpeg)).convert("RGB")


class _Trunk:
    """A SqueezeNet up to that Fire module, as the engine loads it, always on the CPU."""

    def __init__(self, network: Network, until: str) -> None:
        self.network, self.until, self.key = network, until, f"{network.key}/{until}"

    def load_on(self, device: str) -> OnnxNetwork:
        assert self.network.plan is not None
        layers = self.network.plan.feature_layers()
        end = [layer.name for layer in layers].index(self.until) + 1
        state = self.network.weights.state()
        return OnnxNetwork(layers[:end], state, itemgetter(self.until), self.network.load)


def maps(
    engine: Engine, images: Iterable[Image.Image], network: Network = DEFAULT, until: str = "fire9"
) -> Iterator[np.ndarray]:
    """That Fire module's output for each picture, float32 [channels, H, W]; a turn of the engine's queue
    each."""
    trunk = _Trunk(network, until)
    return (engine.run(trunk, network.preprocess([image]))[0] for image in images)


def example(picture: Picture, engine: Engine) -> Example:
    """A picture to teach with."""
    image, buffer = picture.image.copy(), io.BytesIO()
    image.thumbnail((_SIDE, _SIDE))
    image.save(buffer, "JPEG", quality=90)
    kept = Example(picture.name, picture.key, buffer.getvalue(), np.zeros(0), np.zeros(0))
    seen = kept.image()
    feature = next(maps(engine, [seen])).mean((1, 2))
    colours = np.asarray(seen.resize((_CELLS, _CELLS), Image.Resampling.BOX))
    return Example(kept.name, kept.key, kept.jpeg, feature, colours)


def gather(
    sources: list[Source], engine: Engine, progress: Progress = ignore
) -> Iterator[tuple[PurePath, Example | ImageError]]:
    """Each source's path with its example, or with the reason why it is none."""
    for done, (source, found) in enumerate(decoded(sources), 1):
        yield source.path, found if isinstance(found, ImageError) else example(found, engine)
        progress(done / len(sources))


def class_name(text: str) -> str:
    """A class's name as it is kept: one line of at most 80 characters that can be a folder's name; "" where
    nothing is left."""
    printable = "".join(one if one.isprintable() or one == "\u200d" else " " for one in text)
    words = " ".join(printable.translate(str.maketrans("/\\:", "---")).split())
    return words.lstrip(".")[:LONGEST_NAME].strip()


def to_zip(classes: Mapping[str, Sequence[Example]]) -> bytes:
    """The pictures as a ZIP file with one folder a class, which `teach` and the page Teach open."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, examples in classes.items():
            for number, one in enumerate(examples, 1):
                archive.writestr(f"{name}/{number:04}.jpg", one.jpeg)
    return buffer.getvalue()
