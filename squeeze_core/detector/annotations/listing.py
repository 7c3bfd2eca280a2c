"""The content of an annotation file, in whatever format: pictures with boxes, not yet checked."""

from __future__ import annotations

import json
import math
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from squeeze_core.errors import UserError
from squeeze_core.images import SUFFIXES
from squeeze_core.label_lists import encoding_of

MOST_SHOWN = 20
# What a set is called in the names of folders and of lists.
_PARTS = {part: part for part in ("train", "val", "test")}
_PARTS |= {"training": "train", "valid": "val", "validation": "val"}


class AnnotationError(UserError):
    """The annotations cannot be used; the message lists what is wrong, the first MOST_SHOWN and a count."""


@dataclass(frozen=True)
class ListedBox:
    """A box before it is checked: x0, y0, x1, y1; `entry` says where it is listed.

    `ignored`: a crowd, or an object marked difficult: neither learnt nor counted as missed.
    """

    entry: str
    label: str
    corners: tuple[float, float, float, float]
    ignored: bool = False


@dataclass
class ListedPicture:
    """A picture before it is checked; `size`: width and height as annotated, None where not said."""

    entry: str
    path: Path
    size: tuple[int, int] | None
    boxes: list[ListedBox] = field(default_factory=list)


@dataclass
class Listing:
    """Everything that a source lists, and what is wrong with it or worth a word so far.

    `categories`: names, in the source's order. `left_out`: what was done to
    boxes, completing "12 boxes …" → where they are listed. `in_shares`: corners are shares of the sides.
    """

    source: Path
    categories: list[str] = field(default_factory=list)
    pictures: list[ListedPicture] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    in_shares: bool = False

    def all_notices(self) -> tuple[str, ...]:
        """One sentence for each thing that was put right or left out."""
        counted = (
            f"{self.source}: {len(entries):,} {'box' if len(entries) == 1 else 'boxes'} {why} "
            f"({entries[0]}{'' if len(entries) == 1 else ' first'})."
            for why, entries in self.left_out.items()
        )
        return (*(f"{self.source}: {notice}." for notice in self.notices), *counted)

    def error(self) -> AnnotationError:
        """Every fault: one in a line, several in a list."""
        if len(self.faults) == 1:
            return AnnotationError(f"{self.source}, {self.faults[0]}.")
        shown = [f"  {fault}" for fault in self.faults[:MOST_SHOWN]]
        more = len(self.faults) - len(shown)
        rest = [f"  and {more:,} more"] if more else []
        return AnnotationError(
            "\n".join([f"{self.source} has {len(self.faults):,} faults:", *shown, *rest])
        )


def read_json(file: Path) -> Any:
    """The JSON document in that file, whatever its Unicode encoding; AnnotationError when there is none."""
    data = read_bytes(file)
    try:
        return json.loads(data)
    except RecursionError:
        raise AnnotationError(f"{file} is nested too deeply to be read.") from None
    except ValueError:
        raise AnnotationError(f"{file} is not a JSON file.") from None


def read_bytes(file: Path) -> bytes:
    """That file's content; AnnotationError when it cannot be had."""
    try:
        if file.exists() and not file.is_file():
            raise AnnotationError(f"{file} is not a file.")
        return file.read_bytes()
    except OSError as error:
        raise AnnotationError(f"{file} cannot be read: {error.strerror}.") from None


def read_text(file: Path) -> str:
    """That file's text, whatever its Unicode encoding; AnnotationError when it has none."""
    data = read_bytes(file)
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError:
        raise AnnotationError(f"{file} is not a text file.") from None


def number(value: object) -> float | None:
    """A finite number as float, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def number_in(text: str | None) -> float | None:
    """The finite number that the text is, else None."""
    try:
        return number(float(text or ""))
    except ValueError:
        return None


class Tree:
    """The files below a folder, hidden ones left out; which go together is told by what they are called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[Path] = []
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            self.files += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
        for file in self.files:
            self._by_stem[file.stem.lower()].append(file)

    def of(self, *suffixes: str) -> list[Path]:
        """The files whose names end so, in capitals or not."""
        return [file for file in self.files if file.suffix.lower() in suffixes]

    def pictures(self, part: str | None) -> list[Path]:
        """The picture files in folders of that set."""
        return [file for file in self.of(*SUFFIXES) if self.part_of(file.parent) == part]

    def part_of(self, path: Path) -> str | None:
        """ "train", "val" or "test", where the path below the root says it, else None."""
        below = path.relative_to(self.root) if path.is_relative_to(self.root) else Path(*path.parts[-2:])
        words = re.findall("[a-z]+", str(below).lower())
        return next((_PARTS[word] for word in reversed(words) if word in _PARTS), None)

    def partner(self, path: Path, suffixes: Collection[str]) -> Path | None:
        """The file of the same name and set, with one of those endings: beside it, in a folder of the same
        name, or else the only one; capitals do not matter. Where one of both says no set, only files whose
        name no other has go together."""
        namesakes = self._by_stem[path.stem.lower()]
        found = [file for file in namesakes if file.suffix.lower() in suffixes]
        part = self.part_of(path.parent)
        same = [file for file in found if self.part_of(file.parent) == part]
        if not same and len(found) == 1 and None in (part, self.part_of(found[0].parent)):
            alike = [file for file in namesakes if file.suffix.lower() == path.suffix.lower()]
            same = found if len(alike) == 1 else []
        beside = [file for file in same if file.parent == path.parent]
        same = beside or [file for file in same if file.parent.name == path.parent.name] or same
        return same[0] if len({file.parent for file in same}) == 1 else None


def find_picture(name: str, *folders: Path) -> Path | None:
    """The file that an annotation calls `name`, in one of the folders; None when it is in none.

    Tools write the paths of the machine that they ran on: with backslashes, percent escapes, as the
    address of their own server, below folders that are not here. The longest end of the path that is
    here is taken; nothing outside the folders ever is.
    """
    for spelled in _spellings(name):
        parts = [part for part in PurePosixPath(spelled).parts if part not in ("/", "..", ".")]
        for start in range(len(parts)):
            for folder in folders:
                path = folder.joinpath(*parts[start:])
                try:
                    if path.is_file():
                        return path
                except (OSError, ValueError):  # a name that no file can have
                    return None
    return None


def _spellings(name: str) -> Iterator[str]:
    """The ways in which that name may be meant, as written first."""
    yield name
    plain = re.sub(r"\\/?", "/", name)
    yield plain
    yield unquote(plain)
    try:
        address = urlsplit(plain)
    except ValueError:
        return
    # Label Studio's own server: /data/local-files/?d=folder/picture.jpg
    yield from parse_qs(address.query).get("d", [])
    yield unquote(address.path)
