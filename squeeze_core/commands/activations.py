"""`activations FILE… --out DIR`: every Fire module's maps as pictures and numbers."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import files, legible, network_options, print_json
from squeeze_core.commands.inputs import paths
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.figures.maps import grid_picture, unit_scale
from squeeze_core.inside.trace import PLACES, FireTrace, ModuleTrace, fire_trace
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
    if options.engine == "local" and options.files != ["-"]:
        path = Path(options.files[0])
        if len(options.files) == 1 and list(islice(paths(options.files), 2)) == [path]:
            return _one(path, options)
    return files.answer(options, work, lambda path: (folder_of(path, options.out) / NUMBERS).exists())


def work(options: Namespace) -> Work:
    """The work for every picture; weights that cannot be had are reported before any is read."""
    return _work(options, lambda path: folder_of(path, options.out))


def _work(options: Namespace, folder: Callable[[Path], Path]) -> Work:
    """The same; `folder`: of each picture's files."""
    network, engine = network_options.network_of(options), Engine(options.device)
    engine.get(network)

    def written(path: Path, trace: FireTrace) -> Row:
        out = folder(path)
        try:
            names = [legible(name) for name in write(trace, out)]
        except OSError as error:
            raise UserError(f"{out} cannot be written to: {error.strerror}.") from None
        modules = [row(module) for module in trace.modules.values()]
        return {"file": legible(path), "modules": modules, "written": names}

    return Work(
        engine,
        network.name,
        lambda pictures: (fire_trace(picture, engine, network) for picture in pictures),
        written,
        lambda row, trace: (
            f"{row['file']}  {len(row['written'])} files in {Path(row['written'][-1]).parent}",
        ),
        None,
        None,
    )


def folder_of(path: Path, out: Path) -> Path:
    """The folder in `out` of one of many pictures: its own path, from the root or here on."""
    return out.joinpath(*(part for part in path.parts if part not in (path.anchor, "..")))


def _one(path: Path, options: Namespace) -> int:
    """The only picture: its files lie in `--out` itself."""
    (found,) = _work(options, lambda path: options.out).found([path])
    if found.error:
        raise UserError(found.error)
    if options.json:
        print_json(found.row)
        return 0
    for module in found.row["modules"]:
        shapes = "  ".join(f"{p} {'×'.join(map(str, module[p]))}" for p in PLACES if p in module)
        print(f"{module['name']}  {shapes}  ({percent(module['sparsity']['output'], 0)} zeros)")
    print(f"{len(found.row['written'])} files in {options.out}")
    return 0


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
