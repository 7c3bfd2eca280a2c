"""`activations FILE… --out DIR`: every Fire module's maps as pictures and numbers."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core import images
from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import files, legible, network_options, print_json
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.work import Found, read_or_error, refused
from squeeze_core.errors import UserError
from squeeze_core.figures.maps import grid_picture, unit_scale
from squeeze_core.images import Picture, prefetch
from squeeze_core.inside.trace import PLACES, FireTrace, ModuleTrace, fire_trace
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine

NUMBERS = "activations.npz"
COLUMNS = 16
# Grids are at least this wide, so that the maps of the last modules can be seen.
GRID_PIXELS = 900


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("activations", help="write every Fire module's maps as PNG and NPZ")
    files.add_file_argument(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="for the files; of several pictures each gets a folder in it, and one that has it is left out",
    )
    files.add_engine_options(parser)
    network_options.add_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    done = work(options)
    named = paths(options.files)
    first = list(islice(named, 2))
    if len(options.files) == 1 and first == [Path(options.files[0])] and options.engine == "local":
        return _one(first[0], done, options)
    waiting = (
        path for path in chain(first, named) if not (folder_of(path, options.out) / NUMBERS).exists()
    )
    with ExitStack() as stack:
        document = None
        if options.json:
            device = done.engine.device.type
            document = stack.enter_context(files.Document(done.network.name, lambda: device))
        bar = stack.enter_context(files.progress(options.command, hidden=not sys.stderr.isatty()))
        return files.report(files.found(options, done.found, waiting), bar, document)


def work(options: Namespace) -> MapsWriter:
    """The work for every picture; weights that cannot be had are reported before any is read."""
    network, engine = network_options.network_of(options), Engine(options.device)
    engine.get(network)
    return MapsWriter(engine, network, options.out)


@dataclass(frozen=True)
class MapsWriter:
    """Writes each picture's maps into its folder in `out`."""

    engine: Engine
    network: Network
    out: Path

    def found(self, files: Iterable[Path]) -> Iterator[Found]:
        """The files written for every picture, in order; pictures are decoded meanwhile."""
        for path, picture in prefetch(lambda path: (path, read_or_error(path)), files):
            if isinstance(picture, images.ImageError):
                yield refused(path, picture)
                continue
            folder = folder_of(path, self.out)
            row = _written(path, picture, self.engine, self.network, folder)
            yield Found(row, (f"{row['file']}  {len(row['written'])} files in {legible(folder)}",))


def folder_of(path: Path, out: Path) -> Path:
    """The folder in `out` of one of many pictures: its own path, from the root or here on."""
    return out.joinpath(*(part for part in path.parts if part not in (path.anchor, "..")))


def _one(path: Path, done: MapsWriter, options: Namespace) -> int:
    found = _written(path, images.read(path), done.engine, done.network, options.out)
    if options.json:
        print_json(found)
        return 0
    for module in found["modules"]:
        shapes = "  ".join(f"{p} {'×'.join(map(str, module[p]))}" for p in PLACES if p in module)
        print(f"{module['name']}  {shapes}  ({module['sparsity']['output']:.0%} zeros)")
    print(f"{len(found['written'])} files in {options.out}")
    return 0


def _written(path: Path, picture: Picture, engine: Engine, network: Network, out: Path) -> dict[str, Any]:
    """One picture's maps, written to `out`; what JSON says of it."""
    trace = fire_trace(picture, engine, network)
    try:
        written = write(trace, out)
    except OSError as error:
        raise UserError(f"{out} cannot be written to: {error.strerror}.") from None
    modules = [row(module) for module in trace.modules.values()]
    return {"file": legible(path), "modules": modules, "written": [legible(p) for p in written]}


def row(module: ModuleTrace) -> dict[str, Any]:
    """One module of the JSON document: shapes [channels, height, width], and fractions of zeros."""
    shapes = {place: list(module.places[place].shape) for place in module.places}
    sparsity = {place: round(module.places[place].sparsity, 6) for place in module.places}
    return {"name": module.name, **shapes, "sparsity": sparsity}


def write(trace: FireTrace, out: Path) -> list[Path]:
    """One PNG for each module and branch, its channels in order on one colour scale, and one NPZ
    with all the numbers under names like "fire2/squeeze"; their paths."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    arrays = {}
    for module in trace.modules.values():
        for place in module.places:
            arrays[f"{module.name}/{place}"] = module.places[place].values
        for branch in module.branches:
            maps = module.places[branch]
            enlarge = max(1, -(-GRID_PIXELS // (COLUMNS * maps.shape[2])))
            path = out / f"{module.name}_{branch}.png"
            grid_picture(unit_scale(maps.values), COLUMNS, enlarge).save(path)
            written.append(path)
    numbers = io.BytesIO()
    np.savez_compressed(numbers, **arrays)  # type: ignore[arg-type]
    write_whole(out / NUMBERS, numbers.getvalue())  # last: its file says that a picture is done
    return [*written, out / NUMBERS]
