"""The shipped detector's weights → a network ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from squeeze_core.detector.network import Detector
from squeeze_core.errors import UserError
from squeeze_core.preprocess import Preprocess
from squeeze_core.weights import SHIPPED, WeightsError

NAME = "squeezenet1_1_detector"


@dataclass(frozen=True)
class PretrainedDetector:
    """A detector in eval mode; its classes in label order, and how it wants to see a picture."""

    network: Detector
    labels: tuple[str, ...]
    preprocess: Preprocess


def load_detector(file: Path | None = None) -> PretrainedDetector:
    """The shipped detector, or the one in `file` (made by `save_detector`).

    Raises WeightsError when the file is missing or is not a detector's.
    """
    path = file or SHIPPED[NAME].path
    try:
        with safe_open(path, "pt") as opened:
            metadata = opened.metadata() or {}
            state = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118
        labels = tuple(metadata["labels"].split(","))
        network = Detector(len(labels), int(metadata["width"]))
        network.load_state_dict(state)
        preprocess = Preprocess(int(metadata["size"]))
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}.") from None
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError):
        raise WeightsError(f"{path} does not hold a detector's weights.") from None
    network.eval().requires_grad_(False)
    return PretrainedDetector(network, labels, preprocess)


def save_detector(network: Detector, labels: tuple[str, ...], size: int, path: Path) -> None:
    """Write a folded detector as fp16 safetensors that say their classes, width and input size."""
    if any("," in label for label in labels):
        raise UserError("A class name must not contain a comma.")
    state = {
        key: value.detach().cpu().to(torch.float16).contiguous()
        for key, value in network.state_dict().items()
    }
    metadata = {"labels": ",".join(labels), "width": str(network.width), "size": str(size)}
    save_file(state, path, metadata=metadata)
