"""`activations FILE --out DIR`: every Fire module's maps as pictures and numbers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core.commands import add_device_option, add_json_option, legible, network_options, print_json
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError
from squeeze_core.figures.maps import grid_picture, unit_scale
from squeeze_core.images import read
from squeeze_core.inside.trace import PLACES, FireTrace, ModuleTrace, fire_trace
from squeeze_core.networks.engine import Engine

NUMBERS = "activations.npz"
COLUMNS = 16
# Grids are at least this wide, so that the maps of the last modules can be seen.
GRID_PIXELS = 900


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("activations", help="write every Fire module's maps as PNG and NPZ")
    parser.add_argument("file", metavar="FILE", help="a picture")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder for the files")
    network_options.add_options(parser)
    add_device_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    picture = read(options.file)
    trace = fire_trace(picture, Engine(options.device), network_options.network_of(options))
    try:
        written = write(trace, options.out)
    except OSError as error:
        raise UserError(f"{options.out} cannot be written to: {error.strerror}.") from None
    modules = [row(module) for module in trace.modules.values()]
    if options.json:
        names = [legible(path) for path in written]
        print_json({"file": legible(options.file), "modules": modules, "written": names})
        return 0
    for module in modules:
        shapes = "  ".join(f"{p} {'×'.join(map(str, module[p]))}" for p in PLACES if p in module)
        print(f"{module['name']}  {shapes}  ({percent(module['sparsity']['output'], 0)} zeros)")
    print(f"{len(written)} files in {options.out}")
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
    np.savez_compressed(out / NUMBERS, **arrays)  # type: ignore[arg-type]
    return [*written, out / NUMBERS]
