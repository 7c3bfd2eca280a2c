"""Python source that answers for "cat.jpg" with a network's file."""

from __future__ import annotations

import json
from importlib.resources import files
from string import Template

from squeeze_core.networks.catalogue import Network


def onnx(network: Network, file: str) -> str:
    """For an ONNX file of `runtime.to_onnx`, without this package."""
    see = network.preprocess
    if see.resize is None:
        view = f"image = image.resize(({see.size}, {see.size}), Image.Resampling.BILINEAR)"
    else:
        view = (
            f"scale = {see.resize} / min(image.size)\n"
            "size = [round(side * scale) for side in image.size]\n"
            "image = image.resize(size, Image.Resampling.BILINEAR)\n"
            f"left, top = [(side - {see.size}) // 2 for side in image.size]\n"
            f"image = image.crop((left, top, left + {see.size}, top + {see.size}))"
        )
    text = (files("squeeze_core.compression") / "onnx_snippet.txt").read_text("utf-8")
    return Template(text).substitute(file=json.dumps(file), view=view, mean=[*see.mean], std=[*see.std])


def sqz_reader(file: str) -> str:
    """For a .sqz file: the number of weights, by `reader.py` of the format, without this package."""
    return f"""from pathlib import Path

import sqz_reader

arrays = sqz_reader.read_bytes(Path({json.dumps(file)}).read_bytes()).state_dict()
print(sum(array.size for array in arrays.values()))
"""


def sqz(file: str) -> str:
    """For a .sqz file, by this package."""
    return f"""import squeeze_core

network = squeeze_core.open_network({json.dumps(file)})
print(squeeze_core.classify(squeeze_core.read("cat.jpg"), network).top(1)[0].label)
"""


def torchvision(file: str) -> str:
    """For a .safetensors file of a SqueezeNet 1.1 that sees whole pictures, by torchvision alone."""
    text = (files("squeeze_core.compression") / "torchvision_snippet.txt").read_text("utf-8")
    return Template(text).substitute(file=json.dumps(file))
