"""`card --out FILE`: a network's model card, as Markdown or HTML."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import check_new_file, network_options
from squeeze_core.commands.compress import add_pictures_options, pictures_of
from squeeze_core.errors import UserError


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("card", help="a network's model card")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .md or .html")
    parser.add_argument("--measure", action="store_true", help="also time it on this machine")
    add_pictures_options(parser)
    network_options.add_options(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    check_new_file(options.out, ".md", ".html")
    from squeeze_core.compression.pictures import logits
    from squeeze_core.cost.measure import Measurement, measure
    from squeeze_core.report import card

    network = network_options.network_of(options)
    pictures, bad = pictures_of(options, network)
    if pictures is not None and pictures.truth is None:
        raise UserError(f"{options.pictures} has no sub-folder a class; give the classes by --labels.")
    judged = None if pictures is None else (pictures, logits(network, pictures))
    events = measure([network]) if options.measure else ()
    timed = next((one for one in events if isinstance(one, Measurement)), None)
    write = card.html if options.out.suffix.lower() == ".html" else card.markdown
    write_whole(options.out, write(network, card.parts(network, judged, timed)).encode())
    return 2 if bad else 0
