"""`explain FILE… --out DIR`: which pixels speak for a class, as a picture and as numbers."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core.atomic_file import write_whole
from squeeze_core.classifier import classify
from squeeze_core.commands import folder_output, legible, network_options
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.errors import UserError
from squeeze_core.figures.explanations import explained, in_words
from squeeze_core.figures.maps import encoded
from squeeze_core.images import Picture
from squeeze_core.inside.explain import METHODS, Explanation, explain
from squeeze_core.label_lists import index_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine

PICTURE, NUMBERS = "explanation.png", "explanation.npz"
OPACITY = 0.6


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("explain", help="write which pixels speak for a class, as PNG and NPZ")
    folder_output.add_options(parser)
    parser.add_argument("--method", choices=tuple(METHODS), default="cam", help="cam when not given")
    parser.add_argument(
        "--class",
        dest="target",
        metavar="NAME",
        help="the class's name or index; the first answer when not given",
    )
    network_options.add_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    return folder_output.run(options, work, NUMBERS, _lines)


def work(options: Namespace) -> Work:
    """The work for every picture; a class or weights that cannot be had are reported before any is read."""
    network, engine = network_options.network_of(options), Engine(options.device)
    index = None if options.target is None else class_index(options.target, network)
    engine.get(network)

    def one(picture: Picture) -> tuple[Picture, Explanation]:
        target = next(classify([picture], engine, network)).top(1)[0].index if index is None else index
        return picture, explain(picture, engine, network, options.method, target)

    def written(path: Path, result: tuple[Picture, Explanation]) -> Row:
        names = folder_output.written(path, options, lambda out: write(*result, out))
        found = result[1]
        answer = {"class": found.label, "index": found.index, "probability": round(found.probability, 6)}
        return {
            "file": legible(path),
            **answer,
            "method": options.method,
            "where": in_words(found),
            "written": names,
        }

    return folder_output.work(engine, network, lambda pictures: map(one, pictures), written)


def class_index(text: str, network: Network) -> int:
    """The class of that name or index; UserError for none."""
    index = index_of(text, network.labels)
    if index is None:
        near = [label for label in network.labels if text.casefold() in label.casefold().split()][:3]
        hint = f"; there is {', '.join(near)}" if near else ""
        raise UserError(f"{network.title} has no class {text!r}{hint}.")
    return index


def write(picture: Picture, explanation: Explanation, out: Path) -> list[Path]:
    """The map over what the network sees of the picture, and its numbers, float32 [height, width], in
    logits; their paths."""
    (out / PICTURE).write_bytes(encoded(explained(explanation, explanation.view, OPACITY), "PNG"))
    numbers = io.BytesIO()
    np.savez_compressed(numbers, map=explanation.map)
    write_whole(out / NUMBERS, numbers.getvalue())  # last: its file says that a picture is done
    return [out / PICTURE, out / NUMBERS]


def _lines(row: Row) -> Iterator[str]:
    yield f"{row['class']} {row['probability']:.1%}, {row['method']}: {row['where']}"
