"""`activations FILE --out DIR`: what do the Fire modules see?"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core import images
from squeeze_core.commands import add_device_option, add_json_option, networks, print_json
from squeeze_core.errors import UserError
from squeeze_core.figures.maps import grid_picture, unit_scale
from squeeze_core.inside.trace import PLACES, FireTrace, ModuleTrace, fire_trace
from squeeze_core.networks.engine import Engine

COLUMNS = 16
# Grids are at least this wide, so that the maps of the last modules can be seen.
GRID_PIXELS = 900


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("activations", help="write every Fire module's maps as PNG and NPZ")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    networks.add_options(parser)
    add_device_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    network = networks.network_of(options)
    picture = images.read(options.file)
    trace = fire_trace(picture, Engine(options.device), network)
    try:
        written = write(trace, options.out)
    except OSError as error:
        raise UserError(f"{options.out} cannot be written to: {error.strerror}.") from None
    modules = [row(module) for module in trace.modules.values()]
    if options.json:
        print_json({"file": str(options.file), "modules": modules, "written": [str(p) for p in written]})
        return 0
    for module in modules:
        shapes = "  ".join(
            f"{place} {'×'.join(map(str, module[place]))}" for place in PLACES if place in module
        )
        print(f"{module['name']}  {shapes}  ({module['sparsity']['output']:.0%} zeros)")
    print(f"{len(written)} files in {options.out}")
    return 0


def row(module: ModuleTrace) -> dict[str, Any]:
    """One module of the JSON document: shapes [channels, height, width], and fractions of zeros."""
    shapes = {place: list(module.at(place).shape) for place in module.places}
    sparsity = {place: round(module.at(place).sparsity, 6) for place in module.places}
    return {"name": module.name, **shapes, "sparsity": sparsity}


def write(trace: FireTrace, out: Path) -> list[Path]:
    """One PNG for each module and branch, its channels in order on one colour scale, and one NPZ
    with all the numbers under names like "fire2/squeeze"; their paths."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    arrays = {}
    for module in trace.modules.values():
        for place in module.places:
            arrays[f"{module.name}/{place}"] = module.at(place).values
        for branch in module.branches:
            maps = module.at(branch)
            enlarge = max(1, -(-GRID_PIXELS // (COLUMNS * maps.shape[2])))
            path = out / f"{module.name}_{branch}.png"
            grid_picture(unit_scale(maps.values), COLUMNS, enlarge).save(path)
            written.append(path)
    numbers = out / "activations.npz"
    np.savez_compressed(numbers, **arrays)  # type: ignore[arg-type]
    return [*written, numbers]
