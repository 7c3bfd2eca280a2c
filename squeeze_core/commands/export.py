"""`export TASK --out FILE.onnx`: a network to run elsewhere, without PyTorch."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from squeeze_core import gallery
from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import add_json_option, network_options, print_json
from squeeze_core.commands.compress import add_pictures_options, pictures_of
from squeeze_core.compression import runtime
from squeeze_core.compression.pictures import Judged, Pictures, logits
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.torch_network import to_onnx

BOXES = (
    "[N, positions, 4 + classes]: a box x0, y0, x1, y1 in pixels of the input, then logits; sigmoid gives "
    "scores"
)


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("export", help="write the classifier or the detector as ONNX")
    tasks = parser.add_subparsers(required=True, metavar="TASK", dest="task")
    for task, help_ in (("classify", "a classifier"), ("detect", "the detector")):
        _add_options(tasks.add_parser(task, help=help_), task)


def _add_options(parser: ArgumentParser, task: str) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    if task == "classify":
        parser.add_argument("--precision", choices=("float32", "float16", "int8"), default="float32")
        add_pictures_options(parser)
        network_options.add_options(parser)
    else:
        parser.add_argument("--weights", type=Path, metavar="FILE", help="a detector of your own training")
    parser.add_argument("--force", action="store_true", help="replace a file that exists")
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    if options.out.exists() and not options.force:
        raise UserError(f"{options.out} exists; --force replaces it.")
    judged, bad = None, 0
    if options.task == "classify":
        network = network_options.network_of(options)
        pictures, bad = pictures_of(options, network)
        module, preprocess, answers = network.load(), network.preprocess, runtime.LOGITS
        content, judged = export_classifier(network, options.precision, pictures)
    else:
        detector = load_detector(options.weights)
        module, preprocess, answers = detector.network, detector.preprocess, BOXES
        model = to_onnx(module, preprocess.size)
        content = runtime.described(model, detector.labels, preprocess, answers)
    difference = _difference(module, content, preprocess)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(options.out, content)
    document = {
        "file": str(options.out),
        "bytes": len(content),
        "input": ["N", 3, preprocess.size, preprocess.size],
        "answers": answers,
        "largest_difference": difference,
    }
    if options.task == "classify":
        document["precision"] = options.precision
        document["judged"] = judged.row(network.labels) if judged else None
    if options.json:
        print_json(document)
        return 2 if bad else 0
    side = preprocess.size
    print(f"{options.out}: {len(content):,} bytes, for pictures [N, 3, {side}, {side}].")
    print(f"On a sample picture its answer differs from PyTorch’s float32 by {difference:.1e} at most.")
    if judged:
        print(
            f"On {len(judged.pictures)} pictures that took no part: same first answer {judged.agreement}."
        )
    return 2 if bad else 0


def export_classifier(
    network: Network, precision: str, pictures: Pictures | None
) -> tuple[bytes, Judged | None]:
    """The classifier as an ONNX file in that precision, and how it answers on the pictures that judge; some
    of them calibrate int8."""
    calibrating, judging = (pictures or Pictures((), ())).divided()
    content = runtime.to_onnx(network, runtime.PRECISIONS[precision], calibrating)
    if not len(judging):
        return content, None
    got = runtime.answers(open_session(content), judging, network.preprocess)
    return content, Judged(judging, logits(network, judging), got)


def _difference(module: nn.Module, content: bytes, preprocess: Preprocess) -> float:
    """The largest difference between ONNX Runtime's answer and PyTorch's, on a sample picture."""
    batch = preprocess([gallery.samples()[0].picture().image])
    (answers,) = open_session(content).run(None, {"pictures": batch})
    with torch.inference_mode():
        expected: Tensor = module(torch.from_numpy(batch))
    return float((torch.from_numpy(answers) - expected).abs().max())
