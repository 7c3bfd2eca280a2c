"""Pictures that the selected network is meant for: dropped on the page, else the tray's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from pages.session import tray
from squeeze_core.compression.pictures import Pictures, gather
from squeeze_core.errors import UserError
from squeeze_core.images import Picture
from squeeze_core.images.sources import Source, uploaded
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
    sources = list(uploaded((file.name, file.getvalue()) for file in files))
    if not files:
        kept = [entry.picture for entry in tray.state().entries.values()]
        sources = [Source(PurePath(picture.name), partial(_same, picture)) for picture in kept]
    found, _ = gather(network, sources, progress=progress)
    if files and not len(found):
        raise UserError("None of the files dropped here is a picture.")
    return found


def _same(picture: Picture) -> Picture:
    return picture
