"""Time plain recipes that others would write beside ours, in the same run: files, and a busy machine.

    python -m tools.bench_peers

`python -m squeeze_core bench` has the forward pass on a quiet machine.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from squeeze_core import bench, classifier, gallery
from squeeze_core.bench import Timing
from squeeze_core.commands.bench import print_rows
from squeeze_core.images import prefetch, read
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.torch_network import to_onnx

BUSY = 2  # processes that compute beside, where a row says so
FILES = 300
ONE_FILE = (3, 5)  # turns, and runs in each
LARGE, SMALL, USUAL = (4000, 3000), (336, 252), (500, 375)


@contextmanager
def busy() -> Iterator[None]:
    """Keep BUSY processes computing meanwhile."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def beside_busy(engine: Engine, network: Network) -> list[Timing]:
    """One picture through the network, as the engine and as others run it, beside other processes."""
    works = bench.forward_works(engine, network)
    with busy():
        taken = bench.in_blocks(works.values(), *bench.FORWARD)
    return bench.compared(f"one picture, forward pass beside {BUSY} busy processes", works, taken)


def _answer(network: nn.Module, pictures: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(pictures)


def one_file(engine: Engine, network: Network) -> list[Timing]:
    """A JPEG's bytes to five classes: the plain recipe, six lines with a reduced decode, and ours."""
    see = network.preprocess
    ordered = network.load().to(memory_format=torch.channels_last)
    session = open_session(to_onnx(network.load(), see.size).SerializeToString())
    rows: list[Timing] = []
    with tempfile.TemporaryDirectory() as folder:
        for title, side in (("12-megapixel JPEG", LARGE), ("336-pixel JPEG", SMALL)):
            path = _written(Path(folder) / "one.jpg", side)
            works: dict[str, Callable[[], object]] = {
                "plain recipe (Pillow, PyTorch)": partial(_plain, ordered, see, path),
                "reduced decode, ONNX Runtime": partial(_six_lines, session, see, path),
                "ours": partial(_ours, engine, network, [path]),
            }
            taken = bench.in_blocks(works.values(), *ONE_FILE)
            rows += bench.compared(f"{title}, file to five classes", works, taken)
    return rows


def _plain(network: nn.Module, see: Preprocess, path: Path) -> Tensor:
    image = Image.open(path).convert("RGB")
    return _answer(network, torch.from_numpy(see([image]))).softmax(1).topk(5).indices


def _six_lines(session: onnxruntime.InferenceSession, see: Preprocess, path: Path) -> np.ndarray:
    opened = Image.open(path)
    opened.draft("RGB", (see.size, see.size))
    image = opened.convert("RGB").resize((see.size, see.size), Image.Resampling.BILINEAR)
    pixels = (np.asarray(image, np.float32) / 255 - see.mean) / see.std
    pictures = pixels.transpose(2, 0, 1)[None].astype(np.float32)
    return np.argsort(session.run(None, {"pictures": pictures})[0][0])[-5:]


def _ours(engine: Engine, network: Network, paths: Sequence[Path]) -> list[object]:
    pictures = prefetch(lambda path: read(path, network.preprocess.least_side), paths)
    return [answer.top(5) for answer in classifier.classify(pictures, engine, network)]


def many_files(engine: Engine, network: Network) -> list[Timing]:
    """Many JPEGs: a DataLoader of two workers, ONNX Runtime and Pillow on one thread, and ours."""
    see = network.preprocess
    ordered = network.load().to(memory_format=torch.channels_last)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = to_onnx(network.load(), see.size).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as folder:
        first = _written(Path(folder) / "0.jpg", USUAL)
        paths = [Path(folder) / f"{number}.jpg" for number in range(FILES)]
        for path in paths[1:]:
            path.write_bytes(first.read_bytes())
        works: dict[str, Callable[[], object]] = {
            "DataLoader, two workers, PyTorch": partial(_loader, ordered, see, paths),
            "Pillow and ONNX Runtime, one thread": lambda: [_six_lines(session, see, p) for p in paths],
            "ours": partial(_ours, engine, network, paths),
        }
        taken = bench.interleaved(list(works.values()), 1)
    title = f"{FILES} JPEGs of 500×375"
    medians = dict(zip(works, taken, strict=True))
    return [
        Timing(
            f"{title}: {name}",
            images_per_second=1000 * FILES / taken,
            ratio_to={
                f"{title}: {other}": taken / medians[other] for other in works if name == "ours" != other
            },
        )
        for name, taken in medians.items()
    ]


class _Files(Dataset[Tensor]):
    def __init__(self, see: Preprocess, paths: Sequence[Path]) -> None:
        self.see, self.paths = see, paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> Tensor:
        return self.see([Image.open(self.paths[place]).convert("RGB")])[0]


def _loader(network: nn.Module, see: Preprocess, paths: Sequence[Path]) -> list[Tensor]:
    loader = DataLoader(_Files(see, paths), batch_size=32, num_workers=2)
    return [_answer(network, batch).softmax(1).topk(5).indices for batch in loader]


def _written(path: Path, side: tuple[int, int]) -> Path:
    """A sample picture as a JPEG of that size."""
    buffer = io.BytesIO()
    gallery.samples()[2].picture().image.resize(side, Image.Resampling.BICUBIC).save(
        buffer, "JPEG", quality=90
    )
    path.write_bytes(buffer.getvalue())
    return path


def main() -> None:
    engine = Engine("cpu")
    for group in (beside_busy, one_file, many_files):
        print_rows(group(engine, DEFAULT))


if __name__ == "__main__":
    main()
