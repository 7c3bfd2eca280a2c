"""Options for the network that a command runs: one of the catalogue, or the user's own SqueezeNet."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from squeeze_core.commands import complain
from squeeze_core.errors import UserError
from squeeze_core.networks import CLASSIFIER

# What it takes to run a network is imported when one is: the options alone are known at once.
if TYPE_CHECKING:
    from squeeze_core.networks.catalogue import Network
    from squeeze_core.networks.preprocess import Preprocess


def add_options(parser: ArgumentParser) -> None:
    """`--model NAME`, and `--weights FILE` with what goes with a file of one's own."""
    parser.add_argument("--model", default=CLASSIFIER, metavar="NAME", help="a network of the catalogue")
    add_weights_options(parser)


def add_weights_options(parser: ArgumentParser) -> None:
    """`--weights FILE` and what goes with it."""
    own = parser.add_argument_group("a SqueezeNet of your own")
    own.add_argument(
        "--weights", type=Path, metavar="FILE", help="weights or a checkpoint: .safetensors, .sqz, .pth …"
    )
    own.add_argument(
        "--class-names",
        type=Path,
        metavar="FILE",
        help="a list of names: text, CSV, JSON or YAML",
    )
    own.add_argument("--key", metavar="NAME", help="where the network is in a checkpoint with several")
    input_form = own.add_mutually_exclusive_group()
    input_form.add_argument(
        "--stretch", type=int, metavar="SIDE", help="it sees whole pictures at that side"
    )
    input_form.add_argument(
        "--crop",
        type=int,
        nargs=2,
        metavar=("SHORTER", "SIDE"),
        help="pictures are scaled to the first number and their centre cut out; 256 224 when not given",
    )
    own.add_argument("--mean", type=float, nargs=3, metavar=("R", "G", "B"), help="of values in 0–1")
    own.add_argument("--std", type=float, nargs=3, metavar=("R", "G", "B"), help="of values in 0–1")


def network_of(options: Namespace) -> Network:
    """The network that the options name; UserError when there is none, or when they do not go together."""
    from squeeze_core.networks.catalogue import named

    return own_of(options, options.model) or named(options.model)


def own_of(options: Namespace, model: str = CLASSIFIER) -> Network | None:
    """The network whose weights are given, None where none are; it takes the place of the one named."""
    from squeeze_core.networks.catalogue import named
    from squeeze_core.networks.own import open_own_file, reweighted

    instead_of = named(model)
    if options.weights is None:
        for name in ("class_names", "key", "stretch", "crop", "mean", "std"):
            if getattr(options, name) is not None:
                raise UserError(f"--{name.replace('_', '-')} goes with --weights.")
        return None
    if instead_of.plan is None:
        return reweighted(instead_of, options.weights, options.key)
    own = open_own_file(options.weights, options.class_names, _preprocess(options), options.key)
    complain(f"{own.weights.words}: {own.classes_in_words()}")
    return own


def _preprocess(options: Namespace) -> Preprocess | None:
    """The preprocessing that the options state; None where they state nothing."""
    if all(getattr(options, name) is None for name in ("stretch", "crop", "mean", "std")):
        return None
    from squeeze_core.networks.own import TORCHVISION
    from squeeze_core.networks.preprocess import Preprocess

    seen = TORCHVISION
    if options.stretch is not None:
        seen = Preprocess(options.stretch)
    elif options.crop is not None:
        shorter, side = options.crop
        seen = Preprocess(side, resize=shorter)
    return replace(seen, mean=tuple(options.mean or seen.mean), std=tuple(options.std or seen.std))
