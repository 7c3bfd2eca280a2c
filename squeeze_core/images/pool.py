"""Processes that decode pictures within limits on time and memory, one a core.

Messages between them and this process are JSON and bytes; nothing is unpickled on either side.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.images.picture import LONGEST_SIDE, TOO_LONG, TOO_MUCH_MEMORY, ImageError

# For one picture. The memory is that of data, as the kernel counts it, 60 MB of it before the first
# picture; the seconds by the clock matter where the machine is busy or a disk does not answer.
CPU_SECONDS = 5
MEMORY_BYTES = 440_000_000
_CLOCK_SECONDS = 6.0
_CHECK_SECONDS = 0.1
_WORKER = "squeeze_core.images.worker"
_ROOT = str(Path(__file__).parents[2])
_MOST_ANSWER_BYTES, _MOST_PIXEL_BYTES = 1_000_000, 3 * LONGEST_SIDE**2
# The exit status of a worker that could not even take a request in.
NO_MEMORY = 3


class Pool:
    """At most `most` pictures are decoded at a time; whoever comes later waits, in order."""

    def __init__(self, most: int, cpu_seconds: int = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.most = most
        self._limits = (str(cpu_seconds), str(memory_bytes))
        self._idle: list[_Worker] = []
        self._busy = 0
        self._queue: deque[object] = deque()
        self._turn = threading.Condition()

    def warm(self) -> None:
        """Start the workers, without waiting until they are ready."""
        with self._turn:
            while len(self._idle) + self._busy < self.most:
                self._idle.append(_Worker(self._limits))

    def run(
        self, request: dict[str, Any], data: bytes, poll: Callable[[], object] | None = None
    ) -> tuple[dict[str, Any], Image.Image]:
        """A picture's facts and itself, RGB; ImageError when it cannot be read within the limits.

        `poll` is called every tenth of a second; what it raises takes the request out, even half done.
        """
        worker = self._next_worker(poll)
        try:
            answer, image = worker.work(request, data, poll)
        except BaseException:
            worker.end()
            self._give_back(None)
            raise
        self._give_back(None if answer["needs_restart"] else worker)
        if image is None:
            raise ImageError(answer["error"])
        return answer, image

    def close(self) -> None:
        """End the workers that have nothing to do."""
        with self._turn:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _next_worker(self, poll: Callable[[], object] | None) -> _Worker:
        ticket = object()
        with self._turn:
            self._queue.append(ticket)
        try:
            while True:
                with self._turn:
                    if self._queue[0] is ticket and self._busy < self.most:
                        worker = self._idle.pop() if self._idle else _Worker(self._limits)
                        self._busy += 1
                        return worker
                    self._turn.wait(_CHECK_SECONDS)
                if poll:
                    poll()
        finally:
            with self._turn:
                self._queue.remove(ticket)
                self._turn.notify_all()

    def _give_back(self, worker: _Worker | None) -> None:
        with self._turn:
            self._busy -= 1
            if worker:
                self._idle.append(worker)
            self._turn.notify_all()


class _Worker:
    def __init__(self, limits: tuple[str, str]) -> None:
        self._connection, theirs = Pipe()
        number = theirs.fileno()
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
        with theirs:
            self._process = subprocess.Popen(
                # -P: a folder that somebody works in may hold modules of our names.
                [sys.executable, "-P", "-W", "ignore", "-m", _WORKER, str(number), *limits],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C is for the parent, which ends its workers
                env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )

    def work(
        self, request: dict[str, Any], data: bytes, poll: Callable[[], object] | None
    ) -> tuple[dict[str, Any], Image.Image | None]:
        """The facts of the picture in `data` (or at the request's path), and the picture unless refused."""
        end = time.monotonic() + _CLOCK_SECONDS
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            self._connection.send_bytes(data)
        except OSError:
            raise ImageError(f"{request['name']} {self._why_it_ended()}.") from None
        while not self._connection.poll(_CHECK_SECONDS):
            if poll:
                poll()
            if time.monotonic() > end:
                raise ImageError(f"{request['name']} {TOO_LONG}.")
        try:
            answer = json.loads(self._connection.recv_bytes(_MOST_ANSWER_BYTES))
            if "error" in answer:
                return answer, None
            pixels = self._connection.recv_bytes(_MOST_PIXEL_BYTES)
            return answer, Image.frombytes("RGB", answer["size"], pixels)
        except (EOFError, OSError):
            raise ImageError(f"{request['name']} {self._why_it_ended()}.") from None

    def _why_it_ended(self) -> str:
        try:
            number = self._process.wait(_CLOCK_SECONDS)
        except subprocess.TimeoutExpired:  # it answers with more than a picture
            number = 0
        if number == -signal.SIGXCPU:
            return TOO_LONG
        if number in (-signal.SIGKILL, NO_MEMORY):  # killed by the kernel, short of memory
            return TOO_MUCH_MEMORY
        return "is damaged: reading it broke the decoder"

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


_pool: Pool | None = None
_lock = threading.Lock()


def shared() -> Pool:
    """This process's pool: one picture a core."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(
                len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            )
            atexit.register(_pool.close)
        return _pool


def _forget() -> None:
    """A forked process shares its parent's sockets and locks: it gets a pool of its own."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
