"""Pictures to be decoded later, one at a time: files, uploads, and the members of ZIP files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from pathlib import PurePath
from typing import IO, NamedTuple

from squeeze_core.errors import UserError
from squeeze_core.images import SUFFIXES, ImageError, Picture, decode, prefetch
from squeeze_core.images.picture import check_bytes


class Source(NamedTuple):
    """A picture's path, and how to decode it; ImageError when it is none."""

    path: PurePath
    picture: Callable[[], Picture]


def uploaded(files: Iterable[tuple[str, bytes]]) -> Iterator[Source]:
    """The pictures among files given as name and content: of a ZIP file those in it, and of a folder, which
    is in its files' names, what may be one. UserError for a damaged ZIP file."""
    for name, data in files:
        path = PurePath(name.replace("\\", "/"))
        if path.suffix.lower() == ".zip":
            yield from in_zip(BytesIO(data), path.name)
        elif len(path.parts) == 1 or _may_be_picture(path):
            yield Source(path, partial(decode, data, path.name))


def in_zip(file: IO[bytes], name: str) -> Iterator[Source]:
    """The entries of a ZIP file that may be pictures. UserError when it is no ZIP file."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise UserError(f"{name} is not a ZIP file.") from None
    for entry in archive.infolist():
        path = PurePath(entry.filename)
        if _may_be_picture(path):
            yield Source(path, partial(_member, archive, entry))


def _may_be_picture(path: PurePath) -> bool:
    """By its name, and not one of the hidden files that systems leave in folders."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Picture:
    name = PurePath(entry.filename).name
    check_bytes(entry.file_size, name)
    try:
        data = archive.read(entry)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError):
        raise ImageError(f"{name} cannot be read from the ZIP file.") from None
    return decode(data, name)


def decoded(sources: list[Source]) -> Iterator[tuple[Source, Picture | ImageError]]:
    """Each source with its picture, or with the reason why there is none; decoded on all cores."""

    def read(source: Source) -> Picture | ImageError:
        try:
            return source.picture()
        except ImageError as error:
            return error

    return zip(sources, prefetch(read, sources), strict=True)
