"""Messages between the pool and its workers: JSON and bytes. Nothing is unpickled on either side."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

# The exit status of a worker that could not even take a request in.
NO_MEMORY = 3
_LENGTHS = struct.Struct("<II")


def send(
    connection: socket.socket, facts: dict[str, Any], body: bytes, waiting: Callable[[], None]
) -> None:
    """Send one message; `waiting` is called whenever the connection's timeout passes, and may raise."""
    head = json.dumps(facts).encode()
    for part in (_LENGTHS.pack(len(head), len(body)) + head, body):
        rest = memoryview(part)
        while rest:
            try:
                rest = rest[connection.send(rest) :]
            except TimeoutError:
                waiting()


def receive(connection: socket.socket, waiting: Callable[[], None]) -> tuple[dict[str, Any], bytearray]:
    """The next message; EOFError when the other side is gone."""

    def exactly(count: int) -> bytearray:
        data = bytearray(count)
        rest = memoryview(data)
        while rest:
            try:
                taken = connection.recv_into(rest)
            except TimeoutError:
                waiting()
                continue
            if not taken:
                raise EOFError
            rest = rest[taken:]
        return data

    head, body = _LENGTHS.unpack(exactly(_LENGTHS.size))
    return json.loads(exactly(head)), exactly(body)
