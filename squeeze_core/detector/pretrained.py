"""The shipped detector's weights → a network ready to run."""

from __future__ import annotations

import base64
import copy
import zlib
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from squeeze_core.detector.calibration import UNCALIBRATED, Calibration
from squeeze_core.detector.network import Detector
from squeeze_core.detector.onnx_runtime import export_graph
from squeeze_core.errors import UserError
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import SHIPPED, WeightsError, check_finite

NAME = "squeezenet1_1_detector"


@dataclass(frozen=True)
class PretrainedDetector:
    """A detector in eval mode; its classes in label order, and how it wants to see a picture.

    `graph`: the network in ONNX, without its weights (`onnx_runtime.OnnxDetector`). `calibration`:
    what its scores come to (`calibrate`), or UNCALIBRATED.
    """

    network: Detector
    labels: tuple[str, ...]
    preprocess: Preprocess
    graph: bytes
    calibration: Calibration = UNCALIBRATED


def load_detector(file: Path | None = None) -> PretrainedDetector:
    """The shipped detector, or the one in `file` (made by `save_detector`).

    Raises WeightsError when the file is missing, is not a detector's, or holds a NaN or an infinity.
    """
    path = file or SHIPPED[NAME].checked()
    try:
        with safe_open(path, "pt") as opened:
            metadata = opened.metadata() or {}
            state = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118
        labels = tuple(metadata["labels"].split(","))
        network = Detector(len(labels), int(metadata["width"]))
        network.load_state_dict(state)
        preprocess = Preprocess(int(metadata["size"]))
        graph = zlib.decompress(base64.b64decode(metadata["graph"]))
        written = metadata.get("calibration")
        calibration = Calibration.from_json(written) if written else UNCALIBRATED
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}.") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError, zlib.error):
        raise WeightsError(f"{path} does not hold a detector's weights.") from None
    check_finite(state, path)
    network.eval().requires_grad_(False)
    return PretrainedDetector(network, labels, preprocess, graph, calibration)


def check_side(size: int) -> None:
    """UserError unless a detector can take pictures of that side, pixels."""
    if size < 32 or size % 32:
        raise UserError(f"An input side of {size} is not a multiple of 32.")


def save_detector(network: Detector, labels: tuple[str, ...], size: int, path: Path) -> None:
    """Write a folded detector as fp16 safetensors that say their classes, width, input size and graph."""
    if any("," in label for label in labels):
        raise UserError("A class name must not contain a comma.")
    rounded = copy.deepcopy(network).cpu().half()
    state = {key: value.contiguous() for key, value in rounded.state_dict().items()}
    graph = base64.b64encode(zlib.compress(export_graph(rounded.float(), size))).decode()
    metadata = {"labels": ",".join(labels), "width": str(network.width), "size": str(size), "graph": graph}
    save_file(state, path, metadata=metadata)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Put a calibration into a detector's weights file, whose weights stay bit by bit what they are.

    WeightsError when the file is missing or is not a detector's.
    """
    load_detector(path)
    mode = path.stat().st_mode
    with safe_open(path, "pt") as opened:
        metadata = opened.metadata() | {"calibration": calibration.to_json()}
        state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    save_file(state, path, metadata=metadata)
    path.chmod(mode)  # safetensors writes for the owner alone
