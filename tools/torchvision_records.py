"""Write what torchvision publishes of its classification networks, so that no page waits for its import.

    python -m tools.torchvision_records

`squeeze_core/networks/torchvision.json` then holds each network's weights, preprocessing, accuracy and
counts, and `imagenet_classes.txt` the names of ImageNet's classes in index order, one a line.
"""

from __future__ import annotations

import json
import re
from typing import Any

import torchvision
from torchvision.models import WeightsEnum

from squeeze_core.networks.catalogue import CLASSES, RECORDS


def record(model: str) -> dict[str, Any]:
    """One network's record, from torchvision's own metadata."""
    enum = torchvision.models.get_model_weights(model).DEFAULT
    see, meta = enum.transforms(), enum.meta
    accuracy = meta["_metrics"]["ImageNet-1K"]
    return {
        "title": spelled(enum),
        "enum": str(enum),
        "url": enum.url,
        "size": see.crop_size[0],
        "resize": see.resize_size[0],
        "mean": see.mean,
        "std": see.std,
        "interpolation": see.interpolation.value,
        "top1": accuracy["acc@1"],
        "top5": accuracy["acc@5"],
        "parameters": meta["num_params"],
        "gmacs": meta["_ops"],
    }


def spelled(enum: WeightsEnum) -> str:
    """torchvision's own spelling: SqueezeNet1_0_Weights → "SqueezeNet 1.0"."""
    name = type(enum).__name__.removesuffix("_Weights")
    name = re.sub(r"(X|MNASNet|Squeeze[Nn]et)(\d)_(\d+)", r"\1\2.\3", name)  # a decimal point
    return name.replace("SqueezeNet1", "SqueezeNet 1").replace("_", " ")


def records() -> dict[str, Any]:
    """The whole file."""
    models = torchvision.models.list_models(module=torchvision.models)
    version = torchvision.__version__.split("+")[0]
    return {"torchvision": version, "networks": {model: record(model) for model in models}}


def classes() -> str:
    names = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    return "".join(f"{name}\n" for name in names)


if __name__ == "__main__":
    RECORDS.write_text(json.dumps(records(), indent=1) + "\n", encoding="utf-8")
    CLASSES.write_text(classes(), encoding="utf-8")
