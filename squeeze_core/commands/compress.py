"""`compress --out FILE`: a SqueezeNet in few bytes, as a file that classifies directly."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import add_json_option, network_options, print_json
from squeeze_core.errors import UserError

_SUFFIX = ".sqz"


def add_to(subparsers: Any) -> None:
    parser: ArgumentParser = subparsers.add_parser("compress", help="a SqueezeNet in few bytes")
    parser.add_argument("--out", type=_sqz, required=True, metavar="FILE", help="the .sqz file to write")
    parser.add_argument("--preset", metavar="NAME", help="how: second-order where not given")
    network_options.add_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def _sqz(text: str) -> Path:
    if not text.lower().endswith(_SUFFIX):
        raise ArgumentTypeError(f"{text!r} does not end in {_SUFFIX}")
    return Path(text)


def run(options: Namespace) -> int:
    from squeeze_core.compression.presets import DEFAULT_PRESET, compress, presets

    known = presets()
    name = options.preset or DEFAULT_PRESET.name
    if name not in known:
        raise UserError(f"There is no preset {name!r}; try {', '.join(known)}.")
    if not options.out.parent.is_dir():
        raise UserError(f"There is no folder {options.out.parent}.")
    network = network_options.network_of(options)
    with tqdm(total=100, desc="compress", unit="%", bar_format="{desc} {percentage:3.0f}% |{bar}|") as bar:
        result = compress(network, known[name], lambda share: bar.update(100 * share - bar.n) and None)
    write_whole(options.out, result.data)
    if options.json:
        print_json(result.row())
        return 0
    for stage in result.stages:
        entropy = "" if stage.entropy is None else f", entropy {stage.entropy:.2f} bits a weight"
        print(f"{stage.title}: {stage.bytes:,} bytes, {stage.zeros:.0%} zeros{entropy}")
    print(
        f"{options.out}: {result.bytes:,} bytes, {result.ratio:.1f} times smaller than float32, "
        f"{result.bits_per_weight:.2f} bits a parameter"
    )
    return 0
