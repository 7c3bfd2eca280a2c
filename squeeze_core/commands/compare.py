"""`compare [--models A B …] [--measure]`: size, computation and accuracy of the networks."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from squeeze_core.commands import add_device_option, add_json_option, network_options, print_json
from squeeze_core.cost import comparison
from squeeze_core.cost.measure import Measurement, measure
from squeeze_core.networks.catalogue import Measured, Network
from squeeze_core.networks.engine import choose_device


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("compare", help="size, computation and accuracy of the networks")
    every = (*comparison.ROW_NAMES, *comparison.COMPRESSED)
    parser.add_argument("--models", nargs="+", default=every, metavar="NAME")
    parser.add_argument("--measure", action="store_true", help="also time each one on this machine")
    network_options.add_weights_options(parser)
    add_device_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    names = tuple(dict.fromkeys(options.models))
    own = network_options.own_of(options)
    rows = [comparison.row(name) for name in (*names, *([own] if own else []))]
    device = choose_device(options.device)
    measured = _measured([row.network for row in rows if row.network], device) if options.measure else {}
    if options.json:
        print_json({"models": [_document(row, measured.get(row.name)) for row in rows]})
    else:
        _print_table(rows, measured)
    return 0


def _measured(networks: Sequence[Network], device: str) -> dict[str, Measurement]:
    done: dict[str, Measurement] = {}
    with tqdm(unit="run", file=sys.stderr) as bar:
        for event in measure(networks, device):
            if isinstance(event, Measurement):
                done[event.name] = event
            else:
                bar.total, bar.n = event.total, event.done
                bar.set_description(event.name)
    return done


def _document(row: comparison.NetworkRow, measurement: Measurement | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": row.name,
        "parameters": row.parameters,
        "megabytes": round(row.float32_megabytes, 3),
        "gmacs": None if row.gmacs is None else round(row.gmacs, 4),
        "top1": row.top1,
        "top5": row.top5,
        "source": row.source,
        "file_bytes": row.file_bytes,
    }
    if row.measured:
        document["measured_accuracy"] = _measured_accuracy(row.measured)
    if measurement:
        peak = measurement.peak_memory_bytes
        document |= {
            "milliseconds": round(measurement.milliseconds, 2),
            "images_per_second": round(measurement.images_per_second, 2),
            "peak_memory_megabytes": None if peak is None else round(peak / 1e6, 1),
            "trained_weights": measurement.trained,
            "measured": measurement.conditions,
        }
    return document


def _measured_accuracy(measured: Measured) -> dict[str, Any]:
    """On pictures of ours, in percent, with 95 % intervals: `difference` is a compressed file's, in points
    against the uncompressed network on the same pictures."""
    difference = measured.difference
    return {
        "top1": measured.top1,
        "top5": measured.top5,
        "interval": [round(bound, 1) for bound in measured.interval[1:]],
        "difference": difference and [round(value, 1) for value in difference],
        "pictures": measured.pictures,
        "on": measured.on,
    }


def _print_table(rows: Sequence[comparison.NetworkRow], measured: dict[str, Measurement]) -> None:
    head = f"{'network':30}{'parameters':>13}{'MB':>9}{'GMACs':>9}{'top-1':>8}{'top-5':>8}"
    print(head + ("  ms (batch 1)" if measured else ""))
    for row in rows:
        line = f"{row.title:30}{row.parameters:13,}{row.float32_megabytes:9.2f}"
        for value, width, places in ((row.gmacs, 9, 3), (row.top1, 8, 1), (row.top5, 8, 1)):
            line += f"{'–' if value is None else format(value, f'.{places}f'):>{width}}"
        if row.name in measured:
            line += f"{measured[row.name].milliseconds:14.1f}"
        print(line)
    print("MB = 10^6 bytes of fp32 parameters; accuracy in percent on ImageNet, as published.")
    for row in rows:
        if row.difference:
            print(f"{row.title}: a file of {row.stored_bytes:,} bytes, {row.accuracy}.")
        elif row.note:
            print(f"{row.title}: {row.note}.")
    for measurement in list(measured.values())[:1]:
        print(f"Times: {measurement.conditions}.")
