"""A SqueezeNet as ONNX files of several precisions, measured in ONNX Runtime.

"int8" has weights and activations of eight bits, with scales found by running pictures through the network
(static quantisation, Jacob et al., arXiv:1712.05877).
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from string import Template
from types import SimpleNamespace

import numpy as np
import onnx
import torch
from torch import Tensor

from squeeze_core.compression.presets import squeezenet_of, views
from squeeze_core.compression.sensitivity import Progress, divergence
from squeeze_core.cost.timing import in_turns
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.onnx_network import write_onnx
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session

_TURNS = 15


@dataclass(frozen=True)
class Precision:
    """One way of storing and computing. `convert`: float32 model and calibration pictures → the model."""

    name: str
    title: str
    words: str
    convert: Callable[[onnx.ModelProto, np.ndarray], onnx.ModelProto]


@dataclass(frozen=True)
class Measurement:
    """One precision, measured. `bytes`: of the ONNX file. `same`: the number of the `pictures` whose first
    answer is float32's; `divergence`: from its answers, nats. `milliseconds`: median of one picture.
    """

    precision: Precision
    bytes: int
    same: int
    pictures: int
    divergence: float
    milliseconds: float


def _half(model: onnx.ModelProto, pictures: np.ndarray) -> onnx.ModelProto:
    float16 = import_module("onnxruntime.transformers.float16")
    return float16.convert_float_to_float16(model, keep_io_types=True)


def _eight_bits(per_channel: bool) -> Callable[[onnx.ModelProto, np.ndarray], onnx.ModelProto]:
    def convert(model: onnx.ModelProto, pictures: np.ndarray) -> onnx.ModelProto:
        tools = import_module("onnxruntime.quantization")
        calibration = iter([{"pictures": picture[None]} for picture in pictures])
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "int8.onnx"
            tools.quantize_static(
                model,
                out,
                SimpleNamespace(get_next=lambda: next(calibration, None)),
                quant_format=tools.QuantFormat.QDQ,
                per_channel=per_channel,
                weight_type=tools.QuantType.QInt8,
                activation_type=tools.QuantType.QUInt8,
            )
            return onnx.load(out)

    return convert


PRECISIONS = (
    Precision("fp32", "float32", "32 bits a number, as trained.", lambda model, pictures: model),
    Precision("fp16", "float16", "Half the file; a processor still computes in float32.", _half),
    Precision("int8-tensor", "int8, per tensor", "One scale for a layer's weights.", _eight_bits(False)),
    Precision("int8", "int8, per channel", "A scale for each output channel.", _eight_bits(True)),
)


def to_onnx(network: Network, chosen: Precision) -> bytes:
    """An ONNX file: float32 "pictures" [N, 3, H, W] → "logits" [N, classes]; it also holds the labels and
    the preprocessing. CompressionError for a network that is no SqueezeNet."""
    loaded = squeezenet_of(network)
    given = views(network).contiguous().numpy() if chosen.name.startswith("int8") else np.zeros(0)
    model = chosen.convert(write_onnx(loaded.plan.layers(loaded.classes), network.weights.state()), given)
    see = network.preprocess
    expects = {"size": see.size, "resize": see.resize, "mean": see.mean, "std": see.std}
    texts = {"labels": json.dumps(network.labels, ensure_ascii=False), "pictures": json.dumps(expects)}
    onnx.helper.set_model_props(model, texts)
    return model.SerializeToString()


@torch.inference_mode()
def measure(network: Network, progress: Progress) -> tuple[Measurement, ...]:
    """Every precision, measured on the sample pictures.

    Times are taken in turns, so that a slow moment of the machine affects all alike. `progress` receives
    the share that is done, 0–1; an exception that it raises stops the work. Errors as `to_onnx`.
    """
    pictures = views(network)
    models, found, works = [], [], []
    for number, chosen in enumerate(PRECISIONS):
        progress(0.8 * number / len(PRECISIONS))
        models.append(to_onnx(network, chosen))
        session = open_session(models[-1])
        found.append(_answers(session, pictures))
        works.append(partial(_answers, session, pictures[:1]))
    progress(0.8)
    times = map(statistics.median, in_turns(works, _TURNS))
    same = [int((got.argmax(1) == found[0].argmax(1)).sum()) for got in found]
    moved = [divergence(found[0], got) for got in found]
    progress(1.0)
    return tuple(
        Measurement(chosen, len(model), agreeing, len(pictures), nats, taken)
        for chosen, model, agreeing, nats, taken in zip(PRECISIONS, models, same, moved, times, strict=True)
    )


def answers(model: bytes, pictures: Tensor) -> Tensor:
    """The logits [N, classes] of a file of `to_onnx` for pictures [N, 3, S, S], one at a time."""
    return _answers(open_session(model), pictures)


def _answers(session: onnxruntime.InferenceSession, pictures: Tensor) -> Tensor:
    batches = (picture.contiguous().numpy() for picture in pictures.split(1))
    return torch.cat([torch.from_numpy(session.run(None, {"pictures": batch})[0]) for batch in batches])


def snippet(network: Network, file: str) -> str:
    """Python source that answers for "cat.jpg" with an ONNX file of `to_onnx`, without this package."""
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


def own_snippet(file: str) -> str:
    """Python source that answers for "cat.jpg" with a .sqz file, by this package."""
    return f"""import squeeze_core

network = squeeze_core.open_network({json.dumps(file)})
print(squeeze_core.classify(squeeze_core.read("cat.jpg"), network).top(1)[0].label)
"""
