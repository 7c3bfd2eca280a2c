"""A process that only decodes pictures, so that one that breaks the decoder ends nothing else.

`python -m squeeze_core.images.worker SOCKET CPU_SECONDS MEMORY_BYTES`, started by `pool`: its end of a
socket, and what it may use for one picture. It ends when the other end does.
"""

from __future__ import annotations

import json
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.images.decoding import decode_here
from squeeze_core.images.picture import FACTS, ImageError
from squeeze_core.images.pool import NO_MEMORY, READY

# A process that keeps more than that after a picture is replaced.
_MOST_RESIDENT_BYTES = 150_000_000


def main(connection: Connection, cpu_seconds: int, memory_bytes: int) -> None:
    Image.MAX_IMAGE_PIXELS = None  # the limits here are our own
    memory_bytes = _at_most(resource.RLIMIT_DATA, memory_bytes)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection.send_bytes(READY)
    needs_restart = False
    while not needs_restart:
        try:
            request = json.loads(connection.recv_bytes())
            answer, pixels = _answered(request, connection, cpu_seconds)
        except EOFError:
            return
        needs_restart = _resident_bytes() > _MOST_RESIDENT_BYTES or _at_hard_cpu_limit()
        connection.send_bytes(json.dumps(answer | {"needs_restart": needs_restart}).encode())
        if pixels:
            connection.send_bytes(pixels)


def _answered(
    request: dict[str, Any], connection: Connection, cpu_seconds: int
) -> tuple[dict[str, Any], bytes]:
    """The facts of a picture and its RGB pixels; {"error": sentence} and none when there is no picture."""
    name, path = request["name"], request["path"]
    data = connection.recv_bytes()
    _allow(cpu_seconds)
    try:
        data = data if path is None else Path(path).read_bytes()
        picture = decode_here(data, name, request["least_side"], request["key"], request["frame"])
    except ImageError as error:
        return {"error": str(error)}, b""
    except OSError as error:
        return {"error": f"{name} cannot be read: {error.strerror}."}, b""
    facts = {key: getattr(picture, key) for key in FACTS}
    return facts | {"size": picture.image.size}, picture.image.tobytes()


def _resident_bytes() -> int:
    """This process's memory; 0 where the kernel does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _allow(cpu_seconds: int) -> None:
    """The kernel ends this process when it has computed for that much longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + cpu_seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(resource.RLIMIT_CPU, soft), hard))


def _at_hard_cpu_limit() -> bool:
    """True where the administrator's limit leaves the next picture less time than others have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    return soft == hard


def _at_most(limit: int, wanted: int) -> int:
    """The smaller of `wanted` and the hard limit that this process was given."""
    hard = resource.getrlimit(limit)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


if __name__ == "__main__":
    number, cpu_seconds, memory_bytes = map(int, sys.argv[1:])
    try:
        main(Connection(number), cpu_seconds, memory_bytes)
    except MemoryError:
        sys.exit(NO_MEMORY)
