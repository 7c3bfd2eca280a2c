"""Files that a command works on: named ones, folders, patterns, and lists on standard input."""

from __future__ import annotations

import glob
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from squeeze_core.images import SUFFIXES
from squeeze_core.images.formats import format_of
from squeeze_core.label_lists import encoding_of

STANDARD_INPUT = Path("-")  # as a picture itself


def paths(arguments: Iterable[str]) -> Iterator[Path]:
    """Every file that the arguments name, one at a time, in order.

    A folder stands for all pictures below it, a pattern such as `*.jpg` or `**/*.png` for what fits it
    (also where no shell expands it), `-` for standard input: a picture, or a list, one file a line or, as
    `find -print0` writes it, with NULs between, in quotes or not. A folder or pattern without a picture, or
    a folder that cannot be opened, come as they are, to be reported in their place.
    """
    for argument in arguments:
        if argument == "-":
            yield from _listed()
            continue
        path = Path(argument)
        if path.is_dir():
            found = _below(argument)
        elif re.search(r"[*?[]", argument) and not path.exists():
            found = (Path(name) for name in sorted(glob.iglob(argument, recursive=True)))
            found = (path for path in found if not path.is_dir())
        else:
            yield path
            continue
        yield next(found, path)
        yield from found


def _below(folder: str) -> Iterator[Path]:
    """Pictures in the folder and in those below it, by name; hidden ones are left out."""
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield Path(folder)
        return
    for entry in ordered:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)


def _listed() -> Iterator[Path]:
    """The files that standard input lists; STANDARD_INPUT itself where it is a picture."""
    stream = sys.stdin.buffer
    head = stream.peek()  # type: ignore[union-attr]
    encoding = encoding_of(head)
    if format_of(head):
        yield STANDARD_INPUT
    elif encoding.startswith(("utf-16", "utf-32")):
        for text in io.TextIOWrapper(stream, encoding, errors="replace"):
            yield from _named(text.rstrip("\r\n").encode())
    else:
        separator = b"\0" if b"\0" in head else b"\n"
        pending = b""
        for line in stream:
            *names, pending = (pending + line).split(separator)
            for name in names:
                yield from _named(name)
        yield from _named(pending)


def _named(line: bytes) -> Iterator[Path]:
    name = os.fsdecode(line.removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf"))
    if len(name) > 2 and name[0] == name[-1] and name[0] in "\"'" and not os.path.exists(name):
        name = name[1:-1]
    if name:
        yield Path(name)
