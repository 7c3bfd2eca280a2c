"""The command line, one file a command. Each has `add_to(subparsers)`, whose parser sets `run`:
a function from the parsed options to the exit code (0 done, 2 bad input)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from squeeze_core.errors import UserError


def add_device_option(parser: ArgumentParser) -> None:
    """`--device auto|cpu|cuda|mps`, as `engine.choose_device` takes it."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")


def add_json_option(parser: ArgumentParser) -> None:
    """`--json`: the command prints its result with `print_json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def check_new_file(path: Path, *suffixes: str) -> None:
    """UserError where a file of those kinds cannot be written, before any work is done."""
    if path.suffix.lower() not in suffixes:
        raise UserError(f"{path} does not end in {' or '.join(suffixes)}.")
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent}.")


def print_json(document: Any) -> None:
    """The document on standard output, as one JSON text: all of it, or none on an error.

    ValueError for not-a-number and infinity, TypeError for what JSON has no word for.
    """
    text = json.dumps(document, indent=1, allow_nan=False)
    print(text)


def complain(sentence: object) -> None:
    """One sentence on standard error."""
    print(legible(sentence), file=sys.stderr)


def legible(text: object) -> str:
    """A file's name, or a sentence with one, as Unicode whatever the locale; bytes that are no UTF-8
    become escapes."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
