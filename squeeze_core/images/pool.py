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
import time
from collections.abc import Callable
from math import inf
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from PIL import Image

from squeeze_core.images.picture import LONGEST_SIDE, TOO_LONG, TOO_MUCH_MEMORY, ImageError
from squeeze_core.queue import Queue, Requester, slots

# For one picture. The memory is that of data, as the kernel counts it, 60 MB of it before the first
# picture; the seconds by the clock matter where the machine is busy or a disk does not answer.
CPU_SECONDS = 5
MEMORY_BYTES = 440_000_000
_CLOCK_SECONDS = 6.0
_CHECK_SECONDS = 0.1
# A picture whose process was ended by something else is tried again, with a new process.
_TRIES = 3
_STARTS, _START_SECONDS = 10, 60.0
_WORKER = "squeeze_core.images.worker"
_ROOT = str(Path(__file__).parents[2])
_MOST_ANSWER_BYTES, _MOST_PIXEL_BYTES = 1_000_000, 3 * LONGEST_SIDE**2
# What a worker says once it has started, and its exit status where it could not even take a request in.
READY, NO_MEMORY = b"ready", 3
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE")


class Pool:
    """At most `most` pictures are decoded at a time; later requests wait, in order."""

    def __init__(self, most: int, cpu_seconds: int = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.most = most
        self._limits = (str(cpu_seconds), str(memory_bytes))
        self._idle: list[_Worker] = []
        self.queue = Queue(most, inf)

    def warm(self) -> None:
        """Start the workers, without waiting until they are ready."""
        while len(self._idle) + self.queue.running < self.most:
            self._idle.append(_Worker(self._limits))

    def run(
        self, request: dict[str, Any], data: bytes, poll: Callable[[], object] = lambda: None
    ) -> tuple[dict[str, Any], Image.Image]:
        """A picture's facts and itself, RGB; ImageError when it cannot be read within the limits.

        `poll` is called every tenth of a second; what it raises takes the request out, even half done.
        """
        name = request["name"]
        with self.queue.turn(who=Requester(on_wait=lambda before: poll())):
            for tries_left in reversed(range(_TRIES)):
                worker, stays = self._ready_worker(name, poll), False
                try:
                    answer, image = worker.work(request, data, poll)
                    stays = not answer["needs_restart"]
                    break
                except _Interrupted as reason:
                    if not tries_left:
                        raise ImageError(f"{name} {reason}.") from None
                finally:
                    self._idle.append(worker) if stays else worker.end()
        if image is None:
            raise ImageError(answer["error"])
        return answer, image

    def close(self) -> None:
        """End the workers that have nothing to do."""
        while self._idle:
            self._idle.pop().end()

    def _ready_worker(self, name: str, poll: Callable[[], object]) -> _Worker:
        """An idle worker that lives, or a new one that has started."""
        starts = 0
        while starts < _STARTS:
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = _Worker(self._limits)
                starts += 1
            try:
                if worker.is_ready(poll):
                    return worker
            except BaseException:
                worker.end()
                raise
            worker.end()
        raise ImageError(f"{name} cannot be read: the process that decodes pictures does not start here.")


class _Interrupted(Exception):
    """The worker ended or was held up, perhaps not by the picture; the text completes "NAME …"."""


class _Worker:
    def __init__(self, limits: tuple[str, str]) -> None:
        self._connection, theirs = Pipe()
        self._started = False
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

    def is_ready(self, poll: Callable[[], object]) -> bool:
        """True once it has started and takes a picture, False where it has ended."""
        if self._started:
            return self._process.poll() is None
        self._started = self._answers(_START_SECONDS, poll)
        try:
            return self._started and self._connection.recv_bytes(_MOST_ANSWER_BYTES) == READY
        except (EOFError, OSError):
            return False

    def work(
        self, request: dict[str, Any], data: bytes, poll: Callable[[], object]
    ) -> tuple[dict[str, Any], Image.Image | None]:
        """The facts of the picture in `data` (or at the request's path), and the picture unless refused.

        ImageError where the picture ended the worker, _Interrupted where something else may have.
        """
        used = self._cpu_seconds()
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            self._connection.send_bytes(data)
            if not self._answers(_CLOCK_SECONDS, poll):
                if self._cpu_seconds() - used > CPU_SECONDS / 2:
                    raise ImageError(f"{request['name']} {TOO_LONG}.")
                raise _Interrupted(
                    "cannot be read in time: the machine is too busy, or a disk does not answer"
                )
            answer = json.loads(self._connection.recv_bytes(_MOST_ANSWER_BYTES))
            if "error" in answer:
                return answer, None
            pixels = self._connection.recv_bytes(_MOST_PIXEL_BYTES)
            return answer, Image.frombytes("RGB", answer["size"], pixels)
        except (EOFError, OSError):
            raise self._why_it_ended(request["name"]) from None

    def _answers(self, seconds: float, poll: Callable[[], object]) -> bool:
        """True when it sends something, or ends, within that time."""
        end = time.monotonic() + seconds
        while not self._connection.poll(_CHECK_SECONDS):
            poll()
            if time.monotonic() > end:
                return False
        return True

    def _cpu_seconds(self) -> float:
        """Computing time so far; 0 where the kernel does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _why_it_ended(self, name: str) -> Exception:
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:  # it answers with more than a picture
            status = 0
        if status == -signal.SIGXCPU:
            return ImageError(f"{name} {TOO_LONG}.")
        if status == NO_MEMORY:
            return ImageError(f"{name} {TOO_MUCH_MEMORY}.")
        if status in [-one for one in signal.Signals if one.name in _CRASHES]:
            return _Interrupted("is damaged: reading it broke the decoder")
        return _Interrupted(
            "cannot be read: the process that decodes it was ended, as when memory is short"
        )

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


_shared = Pool(slots())


def shared() -> Pool:
    """This process's pool: one picture a core."""
    return _shared


def _forget() -> None:
    """A forked process shares its parent's sockets and locks: it gets a pool of its own."""
    global _shared
    _shared = Pool(slots())


atexit.register(lambda: _shared.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
