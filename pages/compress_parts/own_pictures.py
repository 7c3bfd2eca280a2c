"""Pictures that the selected network is meant for: dropped on the page, else the tray's."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from pages.session import tray
from squeeze_core import images
from squeeze_core.compression.pictures import Pictures, Source, gather
from squeeze_core.errors import UserError
from squeeze_core.images import SUFFIXES, ImageError, Picture
from squeeze_core.images.picture import check_bytes
from squeeze_core.networks.catalogue import Network

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def ask() -> list[UploadedFile]:
    """The place to drop pictures, and what was dropped."""
    return st.file_uploader(
        "Pictures that it is meant for",
        accept_multiple_files=True,
        key="compress-pictures",
        help="Some tens at least: half of them calibrate, the others judge. A ZIP file or files; with "
        "one folder a class in the ZIP file accuracy is measured too. Without any, those of the tray.",
    )


def gathered(network: Network, files: list[UploadedFile], progress: Callable[[float], object]) -> Pictures:
    """The pictures dropped, at most 1,000 drawn evenly, else the tray's own.

    UserError for a damaged ZIP file, and when none of those dropped is a picture.
    """
    sources = [source for file in files for source in _sources(file)]
    if not files:
        kept = [entry.picture for entry in tray.state().entries.values()]
        sources = [Source(PurePath(picture.name), partial(_same, picture)) for picture in kept]
    found, _ = gather(network, sources, progress=progress)
    if files and not len(found):
        raise UserError("None of the files dropped here is a picture.")
    return found


def _same(picture: Picture) -> Picture:
    return picture


def _sources(file: UploadedFile) -> Iterator[Source]:
    if not file.name.lower().endswith(".zip"):
        yield Source(PurePath(file.name), partial(images.decode, file.getvalue(), file.name))
        return
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise UserError(f"{file.name} is not a ZIP file.") from None
    for entry in archive.infolist():
        path = PurePath(entry.filename)
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if path.suffix.lower() in SUFFIXES and not hidden:
            yield Source(path, partial(_member, archive, entry))


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Picture:
    """A picture in a ZIP file."""
    name = PurePath(entry.filename).name
    check_bytes(entry.file_size, name)
    try:
        data = archive.read(entry)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError):
        raise ImageError(f"{name} cannot be read from the ZIP file.") from None
    return images.decode(data, name)
