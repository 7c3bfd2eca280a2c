"""`compress --out FILE`: a SqueezeNet in few bytes, as a file that classifies directly."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import add_json_option, check_new_file, complain, network_options, print_json
from squeeze_core.cost.units import percent
from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from squeeze_core.compression.fit import Fitted
    from squeeze_core.compression.pictures import Pictures
    from squeeze_core.networks.catalogue import Network


def add_to(subparsers: Any) -> None:
    parser: ArgumentParser = subparsers.add_parser("compress", help="a SqueezeNet in few bytes")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .sqz file to write")
    add_pictures_options(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--kilobytes",
        type=_positive,
        metavar="N",
        help="the file's size at most, 10³ bytes; where not given, as small as keeps 95 %% of the answers",
    )
    how.add_argument("--preset", metavar="NAME", help="another way of compressing")
    network_options.add_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def add_pictures_options(parser: ArgumentParser) -> None:
    """`--pictures DIR` and `--labels FILE`, as `pictures_of` reads them."""
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="pictures such as the network is meant for: some calibrate, the others judge; with one "
        "sub-folder a class also accuracy",
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="JSON or CSV: file name → class")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise ArgumentTypeError(f"{text!r} is not a number of kilobytes")
    return value


def run(options: Namespace) -> int:
    from squeeze_core.compression.fit import fit
    from squeeze_core.compression.presets import presets

    known = presets()
    if options.preset and options.preset not in known:
        raise UserError(f"There is no preset {options.preset!r}; try {', '.join(known)}.")
    check_new_file(options.out, ".sqz")
    network = network_options.network_of(options)
    pictures, bad = pictures_of(options, network)
    preset = known[options.preset] if options.preset else None
    with tqdm(total=100, desc="compress", unit="%", bar_format="{desc} {percentage:3.0f}% |{bar}|") as bar:
        found = fit(
            network,
            pictures,
            options.kilobytes,
            preset,
            lambda share: bar.update(100 * share - bar.n) and None,
        )
    write_whole(options.out, found.made.data)
    if options.json:
        print_json(found.row())
    else:
        _print(options.out, found)
    return 2 if bad else 0


def _print(out: Path, found: Fitted) -> None:
    made, judged = found.made, found.judged
    for stage in made.stages:
        entropy = "" if stage.entropy is None else f", entropy {stage.entropy:.2f} bits a weight"
        print(f"{stage.title}: {stage.bytes:,} bytes, {percent(stage.zeros, 0)} zeros{entropy}")
    print(
        f"{out}: {made.bytes:,} bytes, {made.ratio:.1f} times smaller than float32, "
        f"{made.bits_per_weight:.2f} bits a parameter"
    )
    if judged:
        before, after = judged.confidence
        print(
            f"On {len(judged.pictures)} pictures that took no part: same first answer {judged.agreement}, "
            f"mean confidence {before:.2f} before and {after:.2f} after, "
            f"divergence {judged.divergence:.3f} nats."
        )
        if judged.accuracy:
            first, second, difference = judged.accuracy
            print(f"Top-1 {first} before, {second} after: {difference.points()}.")
    if found.warning:
        print(found.warning)


def pictures_of(options: Namespace, network: Network) -> tuple[Pictures | None, int]:
    """The pictures that the options name, at most 1,000 drawn evenly, and how many could not be read, which
    is said on standard error; None where they name none."""
    from squeeze_core import images
    from squeeze_core.accuracy import read_labels
    from squeeze_core.commands.inputs import paths
    from squeeze_core.compression.pictures import gather
    from squeeze_core.images.sources import Source

    if options.pictures is None:
        if options.labels:
            raise UserError("--labels goes with --pictures.")
        return None, 0
    if not options.pictures.is_dir():
        raise UserError(f"There is no folder {options.pictures}.")
    truth = read_labels(options.labels, options.pictures, network.labels) if options.labels else {}
    files = list(truth) or list(paths([str(options.pictures)]))
    sources = [Source(file, partial(images.read, file)) for file in files]
    pictures, errors = gather(network, sources, list(truth.values()))
    for error in errors:
        complain(error)
    if not len(pictures):
        raise UserError(f"{options.pictures} holds no picture.")
    return pictures, len(errors)
