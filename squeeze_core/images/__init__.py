"""Decoding of untrusted image files: bytes become an upright picture in sRGB, or an ImageError.

Everything later trusts a `Picture`. The supported formats and the rules are in docs/pictures.md.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from squeeze_core.images import pool
from squeeze_core.images.decoding import decode_here, from_pillow
from squeeze_core.images.formats import SUFFIXES
from squeeze_core.images.picture import FACTS, LONGEST_SIDE, MAX_BYTES, ImageError, Picture, check_bytes

__all__ = [
    "LONGEST_SIDE",
    "MAX_BYTES",
    "SUFFIXES",
    "ImageError",
    "Picture",
    "decode",
    "from_pillow",
    "key_of",
    "prefetch",
    "read",
    "warm",
]


Item = TypeVar("Item")
Result = TypeVar("Result")


def read(path: Path | str, least_side: int | None = None) -> Picture:
    """The picture in that file, as `decode` gives it; ImageError when there is none.

    `least_side`: for a network that sees the picture at that many pixels a side; the shorter side then
    keeps at least one and a half times as many, which is quicker than what a screen needs.
    """
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:/", str(path)):
        raise ImageError(f"{path} is an address; files on this machine are read.")
    path = Path(path)
    try:
        if path.is_dir():
            raise ImageError(f"{path.name or path} is a folder, not a picture.")
        if path.exists() and not path.is_file():
            raise ImageError(f"{path.name} is a device, not a picture.")
        facts = path.stat()
        check_bytes(facts.st_size, path.name)
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read: {error.strerror}.") from None
    # Not of its bytes: a checksum of megabytes would be a part of each answer's time.
    key = key_of(os.fsencode(f"{path.absolute()} {facts.st_size} {facts.st_mtime_ns}"))
    return _decode(path, path.name, least_side, key=key)


def key_of(data: bytes) -> str:
    """The `Picture.key` of those bytes."""
    return hashlib.sha256(data).hexdigest()


def decode(
    data: bytes,
    name: str,
    poll: Callable[[], object] = lambda: None,
    key: str | None = None,
    frame: int = 0,
) -> Picture:
    """The picture in those bytes, whatever the name's extension; of an animation or pages that `frame`.

    `poll` is called every tenth of a second meanwhile; what it raises ends the work. `key`: their
    `key_of`, where it is known.

    Transparent places become white; 16-bit and float values are scaled to 0–255. ImageError when the
    bytes hold no whole picture in a supported format, more than MAX_BYTES, MAX_PIXELS or (baseline
    JPEG) MAX_BASELINE_JPEG_PIXELS, or a picture that takes too long or too much memory.
    """
    check_bytes(len(data), name)
    return _decode(data, name, None, poll, key or key_of(data), frame)


def prefetch(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The results of `work`, which reads a picture, for each item, in order, prefetched on all cores.

    An exception of `work` is raised in its item's place. `items` are taken as they are needed.
    """
    most = 4 * pool.shared().most
    waiting = iter(items)
    first = list(islice(waiting, most))
    if len(first) == 1:  # nothing to prefetch
        yield work(first[0])
        return
    with ThreadPoolExecutor(most) as threads:
        running = deque(threads.submit(work, item) for item in first)
        try:
            while running:
                result = running.popleft().result()
                running.extend(threads.submit(work, item) for item in islice(waiting, 1))
                yield result
        finally:
            for future in running:
                future.cancel()


def warm() -> None:
    """Start the processes that decode, in the background, for a first picture that does not wait."""
    if _IN_PROCESSES:
        pool.shared().warm()


# Limits on a process's time and memory are POSIX's; elsewhere pictures are decoded without them.
_IN_PROCESSES = os.name == "posix"


def _decode(
    source: bytes | Path,
    name: str,
    least_side: int | None,
    poll: Callable[[], object] = lambda: None,
    key: str | None = None,
    frame: int = 0,
) -> Picture:
    if not _IN_PROCESSES:
        data = source.read_bytes() if isinstance(source, Path) else source
        return decode_here(data, name, least_side, key, frame)
    path = os.path.abspath(source) if isinstance(source, Path) else None
    request = {"name": name, "path": path, "least_side": least_side, "key": key, "frame": frame}
    answer, image = pool.shared().run(request, b"" if isinstance(source, Path) else source, poll)
    return Picture(name, image, *(answer[fact] for fact in FACTS))
