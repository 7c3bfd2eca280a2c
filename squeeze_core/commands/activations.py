"""`activations FILE… --out DIR`: every Fire module's maps as pictures and numbers."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import folder_output, legible, network_options
from squeeze_core.commands.result_table import Row
from squeeze_core.commands.work import Work
from squeeze_core.figures.maps import grid_picture, unit_scale
from squeeze_core.inside.trace import PLACES, FireTrace, ModuleTrace, fire_trace
from squeeze_core.networks.engine import Engine

NUMBERS = "activations.npz"
COLUMNS = 16
# Grids are at least this wide, so that the maps of the last modules can be seen.
GRID_PIXELS = 900


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("activations", help="write every Fire module's maps as PNG and NPZ")
    folder_output.add_options(parser)
    network_options.add_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    return folder_output.run(options, work, NUMBERS, _lines)


def work(options: Namespace) -> Work:
    """The work for every picture; weights that cannot be had are reported before any is read."""
    network, engine = network_options.network_of(options), Engine(options.device)
    engine.get(network)

    def written(path: Path, trace: FireTrace) -> Row:
        names = folder_output.written(path, options, lambda out: write(trace, out))
        modules = [row(module) for module in trace.modules.values()]
        return {"file": legible(path), "modules": modules, "written": names}

    traces = partial(fire_trace, engine=engine, network=network)
    return folder_output.work(engine, network, lambda pictures: map(traces, pictures), written)


def _lines(row: Row) -> Iterator[str]:
    for module in row["modules"]:
        shapes = "  ".join(f"{p} {'×'.join(map(str, module[p]))}" for p in PLACES if p in module)
        yield f"{module['name']}  {shapes}  ({module['sparsity']['output']:.0%} zeros)"


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
