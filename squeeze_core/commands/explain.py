"""`explain FILE… --out DIR`: which pixels speak for a class, as a picture and as numbers."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core.atomic_file import write_whole
from squeeze_core.classifier import classify
from squeeze_core.commands import files, legible, network_options
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.figures.explanations import explained, in_words
from squeeze_core.figures.maps import encoded
from squeeze_core.images import Picture
from squeeze_core.inside.explain import METHODS, Explanation, explain
from squeeze_core.label_lists import index_of
from squeeze_core.networks.engine import Engine

PICTURE, NUMBERS = "explanation.png", "explanation.npz"
OPACITY = 0.6


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("explain", help="write which pixels speak for a class, as PNG and NPZ")
    files.add_file_argument(parser)
    out_help = "for the files, a folder in it for each picture; one that has it is left out"
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=out_help)
    parser.add_argument("--method", choices=tuple(METHODS), default="cam", help="cam when not given")
    target_help = "the class's name or index; the first answer when not given"
    parser.add_argument("--class", dest="target", metavar="NAME", help=target_help)
    files.add_engine_options(parser)
    network_options.add_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    return files.answer(options, work, lambda path: (folder_of(path, options.out) / NUMBERS).exists())


def work(options: Namespace) -> Work:
    """The work for every picture; a class or weights that cannot be had are reported before any is read."""
    network, engine = network_options.network_of(options), Engine(options.device)
    index = None if options.target is None else index_of(options.target, network.labels)
    if options.target is not None and index is None:
        near = [label for label in network.labels if options.target.casefold() in label.casefold().split()]
        hint = f"; there is {', '.join(near[:3])}" if near else ""
        raise UserError(f"{network.title} has no class {options.target!r}{hint}.")
    engine.get(network)

    def one(picture: Picture) -> Explanation:
        target = next(classify([picture], engine, network)).top(1)[0].index if index is None else index
        return explain(picture, engine, network, options.method, target)

    def row(path: Path, found: Explanation) -> Row:
        out = folder_of(path, options.out)
        numbers = io.BytesIO()
        np.savez_compressed(numbers, map=found.map)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out} cannot be written to: {error.strerror}.") from None
        write_whole(out / PICTURE, encoded(explained(found, found.view, OPACITY), "PNG"))
        write_whole(out / NUMBERS, numbers.getvalue())  # last: its file says that a picture is done
        written = [legible(out / name) for name in (PICTURE, NUMBERS)]
        answer = {"class": found.label, "index": found.index, "probability": round(found.probability, 6)}
        return {**answer, "method": found.method.name, "where": in_words(found), "written": written}

    return Work(
        engine,
        network.name,
        lambda pictures: map(one, pictures),
        row,
        lambda row, found: (f"{row['file']}  {found.label} {percent(found.probability)}: {row['where']}",),
        None,
        None,
    )


def folder_of(path: Path, out: Path) -> Path:
    """The folder in `out` of one of many pictures: its own path, from the root or here on."""
    return out.joinpath(*(part for part in path.parts if part not in (path.anchor, "..")))
