"""The shipped detector's weights → a network ready to run."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import safe_open
from safetensors.numpy import save

from squeeze_core.atomic_file import write_whole
from squeeze_core.detector.calibration import UNCALIBRATED, Calibration
from squeeze_core.detector.layers import HEADS, answers, detector_layers, detector_shapes
from squeeze_core.errors import UserError, WeightsError
from squeeze_core.networks import DETECTOR
from squeeze_core.networks.engine import Runner
from squeeze_core.networks.onnx_network import OnnxNetwork
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import SHIPPED, sqz
from squeeze_core.networks.weights.reading import State, read_file, read_weights

if TYPE_CHECKING:
    from squeeze_core.detector.network import Detector

NAME = DETECTOR
MIN_WIDTH, MAX_WIDTH = 8, 1024
MAX_SIDE = 2048
MAX_CLASSES = 1000
# That of a trained file has 24,000.
MAX_HEADER_BYTES = 1_000_000
_LAST = tuple(f"{head}.weight" for head in HEADS)


@dataclass(frozen=True, eq=False)
class PretrainedDetector:
    """A detector's weights, its classes in label order, its preprocessing and its calibration.

    `key`: equal for the same weights only. `width`: of its neck and head, in channels.
    """

    key: str
    state: State = field(repr=False)
    labels: tuple[str, ...]
    width: int
    preprocess: Preprocess
    calibration: Calibration = UNCALIBRATED

    @cached_property
    def network(self) -> Detector:
        """The PyTorch module in eval mode, shared: not to be changed."""
        from squeeze_core.detector.network import Detector
        from squeeze_core.networks.torch_network import load_state

        network = load_state(partial(Detector, len(self.labels), self.width), self.state)
        assert isinstance(network, Detector)
        return network

    def load_on(self, device: str) -> Runner:
        """The network as that device runs it fastest."""
        if device == "cpu":
            answer = partial(answers, level_scale=self.state["level_scale"])
            layers = detector_layers(len(self.labels), self.width)
            return OnnxNetwork(layers, self.state, answer, lambda: self.network)
        from squeeze_core.networks.torch_network import TorchNetwork, placed

        return TorchNetwork(placed(copy.deepcopy(self.network), device), device)


@cache
def shipped_detector() -> PretrainedDetector:
    """The detector that comes with the package, read once."""
    return load_detector()


def holds_detector(content: bytes) -> bool:
    """True if the bytes are a safetensors or .sqz file, if damaged, with a detector's last layers."""
    if content.startswith(sqz.MAGIC):
        return set(_LAST) <= set(sqz.reader.tensor_names(content))
    size = int.from_bytes(content[:8], "little")
    head = content[8 : 8 + size] if size <= MAX_HEADER_BYTES else b""
    return all(f'"{name}"'.encode() in head for name in _LAST)


def load_detector(file: Path | None = None) -> PretrainedDetector:
    """The shipped detector, or the one in `file` (made by `save_detector`, or compressed).

    Nothing in the file is run, and beyond its tensors nothing is allocated before its description is
    checked. WeightsError when it is missing, is not a detector's, or holds a NaN or an infinity.
    """
    path = file or SHIPPED[NAME].path
    content = _read(file) if file else SHIPPED[NAME].content()
    stored = read_weights(content, str(path))
    key = f"detector:{hashlib.sha256(content).hexdigest()}"
    try:
        detector = PretrainedDetector(key, stored.state, **_described(stored.metadata))
        expected = detector_shapes(len(detector.labels), detector.width)
        if {name: array.shape for name, array in stored.state.items()} != expected:
            raise ValueError("its tensors are not those of a detector of that width and classes")
    except ValueError as error:
        raise WeightsError(f"{path} does not hold a detector's weights: {error}.") from None
    return detector


def _described(metadata: Mapping[str, str]) -> dict[str, Any]:
    """The text of `describe` as fields of `PretrainedDetector`; ValueError saying what is missing or out of
    bounds."""
    for key in ("labels", "width", "size"):
        if key not in metadata:
            raise ValueError(f"it does not say its {key}")
    width, size = (_whole(metadata, key) for key in ("width", "size"))
    if not MIN_WIDTH <= width <= MAX_WIDTH or width % 2:
        raise ValueError(f"its width is {width}, not an even number from {MIN_WIDTH} to {MAX_WIDTH}")
    if not 32 <= size <= MAX_SIDE or size % 32:
        raise ValueError(f"its size is {size}, not a multiple of 32 up to {MAX_SIDE}")
    written = metadata.get("calibration")
    try:
        calibration = Calibration.from_json(written) if written else UNCALIBRATED
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError):
        raise ValueError("its calibration is not one") from None
    labels, preprocess = _labels(metadata["labels"]), Preprocess(size)
    return {"labels": labels, "width": width, "preprocess": preprocess, "calibration": calibration}


def _whole(metadata: Mapping[str, str], key: str) -> int:
    text = metadata[key]
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise ValueError(f"its {key} is {text[:40]!r}, not a whole number")
    return int(text)


def _labels(text: str) -> tuple[str, ...]:
    """1 to MAX_CLASSES different class names, a JSON list."""
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("its labels are not a list") from None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError("its labels are not a list of names")
    if not 1 <= len(labels) <= MAX_CLASSES or len(set(labels)) < len(labels):
        raise ValueError(f"its labels are not 1 to {MAX_CLASSES:,} different names")
    return tuple(labels)


def _read(path: Path) -> bytes:
    """The file's bytes; WeightsError unless it is a .sqz or a safetensors file with a short header."""
    content = read_file(path)
    has_header = content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= MAX_HEADER_BYTES
    if not (has_header or content.startswith(sqz.MAGIC)):
        raise WeightsError(f"{path} does not hold a detector's weights.")
    return content


def check_side(size: int) -> None:
    """UserError unless a detector can take pictures of that side, pixels."""
    if not 32 <= size <= MAX_SIDE or size % 32:
        raise UserError(f"An input side of {size} is not a multiple of 32 up to {MAX_SIDE:,}.")


def save_detector(network: Detector, labels: tuple[str, ...], size: int, path: Path) -> None:
    """Write a folded detector as fp16 safetensors with `describe`'s metadata."""
    state = {key: value.detach().half().cpu().numpy() for key, value in network.state_dict().items()}
    write_whole(path, save(state, describe(labels, network.width, size)))


def describe(
    labels: tuple[str, ...], width: int, size: int, calibration: Calibration = UNCALIBRATED
) -> dict[str, str]:
    """The metadata of a detector's weights file."""
    names = json.dumps(labels, ensure_ascii=False)
    described = {"labels": names, "width": str(width), "size": str(size)}
    if calibration is not UNCALIBRATED:
        described["calibration"] = calibration.to_json()
    return described


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Put a calibration into a detector's weights file. WeightsError when it is not a detector's."""
    load_detector(path)
    content, told = _read(path), {"calibration": calibration.to_json()}
    if content.startswith(sqz.MAGIC):
        stored = sqz.read_bytes(content)
        write_whole(path, sqz.write_bytes(sqz.Sqz(stored.tensors, {**stored.metadata, **told})))
        return
    with safe_open(path, "np") as opened:
        metadata = opened.metadata() | told
        state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    write_whole(path, save(state, metadata))
