"""The command line, one file a command. Each has `add_to(subparsers)`, whose parser sets `run`:
a function from the parsed options to the exit code (0 done, 2 bad input)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any


def add_device_option(parser: ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")


def add_json_option(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def print_json(document: Any) -> None:
    """The document on standard output, as one JSON text; not-a-number is refused, not printed."""
    json.dump(document, sys.stdout, indent=1, allow_nan=False)
    print()


def complain(sentence: object) -> None:
    """One sentence on standard error."""
    print(sentence, file=sys.stderr)
