"""`teach DIR --out FILE`: a SqueezeNet of one's own classes, one sub-folder a class."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from squeeze_core.atomic_file import write_whole
from squeeze_core.commands import add_json_option, check_new_file, complain, print_json
from squeeze_core.errors import UserError


def add_to(subparsers: Any) -> None:
    parser: ArgumentParser = subparsers.add_parser("teach", help="a SqueezeNet of your own classes")
    parser.add_argument("folder", type=Path, metavar="DIR", help="one sub-folder a class, with its name")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--deeper",
        action="store_true",
        help="also train fire8 and fire9, for a minute or so; kept if cross-validation finds it better",
    )
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    from squeeze_core import images
    from squeeze_core.accuracy import class_folders
    from squeeze_core.images import ImageError
    from squeeze_core.images.sources import Source
    from squeeze_core.networks.engine import Engine
    from squeeze_core.networks.own import to_safetensors
    from squeeze_core.teaching import taught
    from squeeze_core.teaching.examples import MOST, Example, class_name, gather

    begun = time.perf_counter()
    if not options.folder.is_dir():
        raise UserError(f"There is no folder {options.folder}.")
    check_new_file(options.out, ".safetensors")
    folders = class_folders(options.folder)
    if len(folders) < 2:
        raise UserError(f"{options.folder} needs two sub-folders at least, one a class.")
    sources = [Source(file, partial(images.read, file)) for files in folders.values() for file in files]
    if len(sources) > MOST:
        raise UserError(
            f"{options.folder} holds {len(sources):,} pictures; at most {MOST:,} can be taught."
        )
    classes: dict[str, list[Example]] = {class_name(one.name): [] for one in folders}
    of_file = {file: class_name(one.name) for one, files in folders.items() for file in files}
    engine, bad, tried = Engine(), 0, ""
    with tqdm(total=100, desc="teach", unit="%", bar_format="{desc} {percentage:3.0f}% |{bar}|") as bar:

        def part(start: float, share: float, done: float) -> None:
            bar.update(100 * (start + share * done) - bar.n)

        for path, found in gather(sources, engine, partial(part, 0.0, 0.5)):
            if isinstance(found, ImageError):
                complain(found)
                bad += 1
            else:
                classes[of_file[Path(path)]].append(found)
        made = taught.teach(classes, partial(part, 0.5, 0.1))
        if options.deeper:
            from squeeze_core.teaching.deeper import deeper

            deepened = deeper(made, engine, partial(part, 0.6, 0.3))
            made, tried = deepened.taught, deepened.words
        network = taught.network(made, engine, options.out.name, partial(part, 0.9, 0.1))
    write_whole(options.out, to_safetensors(network))
    accuracy, seconds = made.accuracy, time.perf_counter() - begun
    for warning in made.warnings():
        complain(warning)
    if options.json:
        checked = accuracy and {
            "top1": round(accuracy.value, 2),
            "spread": [round(accuracy.low, 2), round(accuracy.high, 2)],
        }
        counts = {name: len(several) for name, several in classes.items()}
        document = {"classes": counts, "cross_validated": checked, "seconds": round(seconds, 2)}
        print_json(document | {"deeper": made.deeper, "file": str(options.out)})
    else:
        pictures, several = len(made.examples), len(made.classes)
        print(f"{pictures} pictures of {several} classes in {seconds:.1f} s: {options.out}")
        print(f"Top-1 {accuracy}, {made.how}." if accuracy else "A class of one picture: not judged.")
    if tried:
        complain(tried)
    return 2 if bad else 0
