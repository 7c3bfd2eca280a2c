"""`classify FILE…`: what is in each picture?"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from squeeze_core import images
from squeeze_core.classifier import classify
from squeeze_core.commands import add_json_option, complain, print_json
from squeeze_core.engine import Engine


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("classify", help="name what is in each picture")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--model", default="squeezenet1_1", metavar="NAME")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="a weights file for that model")
    parser.add_argument("--top", type=int, default=5, metavar="K")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    engine = Engine(options.device)
    results: list[dict[str, Any]] = []
    for path in options.files:
        try:
            answer = next(classify([images.read(path)], engine, options.model, options.weights))
        except images.ImageError as error:
            complain(error)
            results.append({"file": str(path), "error": str(error)})
            continue
        results.append(answer.row(options.top) | {"file": str(path)})
        if not options.json:
            print(f"{path}  ({answer.milliseconds:.0f} ms)")
            for prediction in answer.top(options.top):
                print(f"  {prediction.probability:6.1%}  {prediction.label}")
    if options.json:
        print_json({"model": options.model, "device": engine.device.type, "results": results})
    return 2 if any("error" in result for result in results) else 0
