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
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx

from squeeze_core.compression.pictures import Judged, Pictures, logits
from squeeze_core.compression.presets import views
from squeeze_core.cost.timing import in_turns
from squeeze_core.networks import torch_network
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.onnx_network import write_onnx
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.progress import Progress, ignore

LOGITS = "logits [N, classes]; softmax gives probabilities"
_TURNS = 15


@dataclass(frozen=True)
class Precision:
    """One way of storing and computing. `words`: what it saves. `convert`: float32 model and calibration
    pictures, float32 [N, 3, S, S], → the model."""

    name: str
    title: str
    words: str
    convert: Callable[[onnx.ModelProto, np.ndarray], onnx.ModelProto]


@dataclass(frozen=True)
class Measurement:
    """One precision, measured. `bytes`: of the ONNX file. `milliseconds`: median of one picture. `judged`:
    against the network in float32 before compression, None without pictures to judge by."""

    precision: Precision
    bytes: int
    milliseconds: float
    judged: Judged | None


def _half(model: onnx.ModelProto, pictures: np.ndarray) -> onnx.ModelProto:
    float16 = import_module("onnxruntime.transformers.float16")
    return float16.convert_float_to_float16(model, keep_io_types=True)


def _eight_bits(model: onnx.ModelProto, pictures: np.ndarray) -> onnx.ModelProto:
    tools = import_module("onnxruntime.quantization")
    calibration = iter([{"pictures": picture[None]} for picture in pictures])
    # The graph needs no preparation, which the tool would advise on standard error.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "int8.onnx"
        tools.quantize_static(
            model,
            out,
            SimpleNamespace(get_next=lambda: next(calibration, None)),
            quant_format=tools.QuantFormat.QDQ,
            per_channel=True,
            weight_type=tools.QuantType.QInt8,
            activation_type=tools.QuantType.QUInt8,
        )
        return onnx.load(out)


PRECISIONS = {
    one.name: one
    for one in (
        Precision("float32", "float32", "As trained: saves nothing.", lambda model, pictures: model),
        Precision(
            "float16", "float16", "Half the download and flash; a processor computes in float32.", _half
        ),
        Precision(
            "int8",
            "int8, per channel",
            "A quarter of download, flash and memory; less time with 8-bit arithmetic.",
            _eight_bits,
        ),
    )
}
SQZ_SAVES = "A tenth of the download and flash; memory and time as float32."


def to_onnx(network: Network, chosen: Precision, calibrating: Pictures | None = None) -> bytes:
    """An ONNX file: float32 "pictures" [N, 3, H, W] → logits [N, classes]; see `described`. `calibrating`:
    for the scales of int8; the sample pictures where there are none."""
    if network.plan:
        model = write_onnx(network.plan.layers(len(network.labels)), network.weights.state())
    else:
        model = torch_network.to_onnx(network.load(), network.preprocess.size)
    pictures = np.zeros(0)
    if chosen.name == "int8":
        pictures = network.preprocess.array(calibrating.views) if calibrating else views(network)
    return described(chosen.convert(model, pictures), network.labels, network.preprocess, LOGITS)


def described(model: onnx.ModelProto, labels: tuple[str, ...], see: Preprocess, answers: str) -> bytes:
    """The model as a file that also says its classes, what pictures it expects and what its answers are."""
    expects = {"size": see.size, "resize": see.resize, "mean": see.mean, "std": see.std}
    metadata = {
        "labels": json.dumps(labels, ensure_ascii=False),
        "pictures": json.dumps(expects | {"range": "RGB, 0–1, then normalised"}, ensure_ascii=False),
        "answers": answers,
    }
    onnx.helper.set_model_props(model, metadata)
    return model.SerializeToString()


def measure(
    network: Network,
    full: Network,
    pictures: Pictures | None = None,
    progress: Progress = ignore,
) -> tuple[Measurement, ...]:
    """Every precision of the network, measured against `full` in float32.

    `pictures` are divided: some calibrate int8, the others judge. Times are taken in turns, so that a slow
    moment of the machine affects all alike. `progress` receives the share that is done, 0–1; an exception
    that it raises stops the work.
    """
    calibrating, judging = (pictures or Pictures((), ())).divided()
    want = logits(full, judging) if len(judging) else None
    models, works, judged = [], [], []
    for number, chosen in enumerate(PRECISIONS.values()):
        progress(0.8 * number / len(PRECISIONS))
        models.append(to_onnx(network, chosen, calibrating))
        session, see = open_session(models[-1]), network.preprocess
        judged.append(None if want is None else Judged(judging, want, answers(session, judging, see)))
        one = np.zeros((1, 3, see.size, see.size), np.float32)
        works.append(partial(session.run, None, {"pictures": one}))
    times = map(statistics.median, in_turns(works, _TURNS))
    progress(1.0)
    rows = zip(PRECISIONS.values(), map(len, models), times, judged, strict=True)
    return tuple(Measurement(*row) for row in rows)


def answers(session: onnxruntime.InferenceSession, pictures: Pictures, see: Preprocess) -> np.ndarray:
    """The answers [N, classes] of a file of `to_onnx`."""
    return np.concatenate([session.run(None, {"pictures": one})[0] for one in pictures.batches(see)])
