"""`bench`: timings on this machine, with ratios measured in the same run."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from tqdm import tqdm

from squeeze_core.bench import Timing, bench
from squeeze_core.commands import add_device_option, add_json_option, network_options, print_json
from squeeze_core.errors import UserError
from squeeze_core.networks.engine import Engine


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("bench", help="time the start, the network and whole files")
    network_options.add_options(parser)
    add_device_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    network = network_options.network_of(options)
    if network.plan is None:
        raise UserError(f"bench times a SqueezeNet, which {network.title} is not.")
    engine = Engine(options.device)
    rows = list(tqdm(bench(engine, network), "bench", unit="row", file=sys.stderr))
    if options.json:
        print_json({"device": engine.device, "rows": [_document(row) for row in rows]})
        return 0
    print(f"Median times on {engine.device}; each ratio is of times taken in this run.")
    print_rows(rows)
    return 0


def print_rows(rows: list[Timing]) -> None:
    """One line a timing, and one for each of its ratios."""
    for row in rows:
        time = (
            f"{row.milliseconds:,.1f} ms" if row.milliseconds else f"{row.images_per_second:,.1f} images/s"
        )
        print(f"{row.what:55}{time:>18}")
        for other, ratio in row.ratio_to.items():
            print(f"    {ratio:.2f} × the time of {other}")


def _document(row: Timing) -> dict[str, Any]:
    times = {"milliseconds": row.milliseconds, "images_per_second": row.images_per_second}
    taken = {unit: round(value, 2) for unit, value in times.items() if value is not None}
    ratios = {other: round(ratio, 3) for other, ratio in row.ratio_to.items()}
    return {"what": row.what, **taken, "ratio_to": ratios}
