"""A process that only decodes pictures: one that is slow, bloated or killed by a picture harms nobody.

`python -m squeeze_core.images.worker SOCKET PIXELS CPU_SECONDS MEMORY_BYTES`, started by `pool`: its end of
a socket, a file whose memory both sides see, and what it may use for one picture. It ends when the other
end does.
"""

from __future__ import annotations

import mmap
import resource
import socket
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.images import wire
from squeeze_core.images.decoding import decode_here
from squeeze_core.images.picture import ImageError

# A process that keeps more than that after a picture is replaced.
_TIRED_BYTES = 150_000_000


def main(connection: socket.socket, shared: mmap.mmap, cpu_seconds: int, memory_bytes: int) -> None:
    Image.MAX_IMAGE_PIXELS = None  # the limits here are our own
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tired = False
    while not tired:
        try:
            request, data = wire.receive(connection, _never)
        except EOFError:
            return
        _allow(cpu_seconds)
        answer, pixels = _answer(request, data)
        shared[: len(pixels)] = pixels
        tired = _resident_bytes() > _TIRED_BYTES
        wire.send(connection, answer | {"tired": tired}, b"", _never)


def _answer(request: dict[str, Any], data: bytearray) -> tuple[dict[str, Any], bytes]:
    """The facts of a picture and its RGB pixels; {"error": sentence} and none when there is no picture."""
    name, path = request["name"], request["path"]
    try:
        encoded = bytes(data) if path is None else Path(path).read_bytes()
        data.clear()
        picture = decode_here(encoded, name, request["least_side"], request["key"])
    except ImageError as error:
        return {"error": str(error)}, b""
    except OSError as error:
        return {"error": f"{name} cannot be read: {error.strerror}."}, b""
    facts = {key: getattr(picture, key) for key in ("width", "height", "format", "key", "milliseconds")}
    return facts | {"size": picture.image.size}, picture.image.tobytes()


def _resident_bytes() -> int:
    """This process's memory; 0 where the kernel does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _never() -> None:
    raise AssertionError("this side waits as long as it takes")


def _allow(cpu_seconds: int) -> None:
    """The kernel ends this process when it has computed for that much longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    number, pixels, cpu_seconds, memory_bytes = map(int, sys.argv[1:])
    try:
        main(socket.socket(fileno=number), mmap.mmap(pixels, 0), cpu_seconds, memory_bytes)
    except MemoryError:
        sys.exit(wire.NO_MEMORY)
