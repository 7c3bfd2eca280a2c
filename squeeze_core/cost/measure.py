"""Time and memory of each network on this machine.

Measured in another process (`measure_process`): no other network's memory, no warm caches of the
application, and it can be stopped at any moment.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from squeeze_core.networks.catalogue import Network

RUNS_A_NETWORK = 25  # warm-up, single pictures and batches together
HEARTBEAT_S = 0.1  # a caller that waits can stop at least so often
PATIENCE_S = 5.0  # a measurement that was just stopped needs a moment to end
_one_at_a_time = threading.Lock()


class MeasureError(UserError):
    """A network could not be measured; the message is one sentence for people."""


@dataclass(frozen=True)
class Measurement:
    """One network, measured on this machine.

    `milliseconds`: median time of one picture at batch 1, from the tensor to the scores.
    `fastest`, `slowest`: of the `runs`. `images_per_second`: at `batch` pictures at once.
    `peak_memory_bytes`: the most memory for its weights and one picture, on top of Python and PyTorch
    themselves (on a GPU: that PyTorch allocated there); None where the system does not tell. `trained`:
    whether its trained weights were there; untrained ones are as fast. `device`, `day`, `versions`: where,
    when and with what. `threads`: of the processor that one picture used, 1 on a GPU.
    """

    name: str
    device: str
    milliseconds: float
    fastest: float
    slowest: float
    runs: int
    images_per_second: float
    batch: int
    peak_memory_bytes: int | None
    trained: bool
    day: str
    versions: str
    threads: int = 1

    @property
    def conditions(self) -> str:
        """ "Intel Xeon…, 2 threads, 2026-01-31, PyTorch 2.15": what every measured figure carries."""
        return f"{self.device}, {self.day}, {self.versions}"


@dataclass(frozen=True)
class MeasureStep:
    """Progress: `done` of `total` runs over all networks, `name` the network at work."""

    name: str
    done: int
    total: int


def measure(networks: Sequence[Network], device: str = "cpu") -> Generator[MeasureStep | Measurement]:
    """Measure each in turn: a MeasureStep after every run (and while nothing ends, the same one again), a
    Measurement after every network.

    Closing the iterator stops the work at once. MeasureError when a network cannot be measured, and when
    another measurement is under way, because both would come out wrong.
    """
    if not _one_at_a_time.acquire(timeout=PATIENCE_S):
        raise MeasureError("Another measurement is running on this machine; try again when it is done.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            arguments = [_argument(network, Path(folder) / str(i)) for i, network in enumerate(networks)]
            names = [network.name for network in networks]
            with (Path(folder) / "messages").open("w+", encoding="utf-8") as messages:
                yield from _events(names, [device, *arguments], messages)
    finally:
        _one_at_a_time.release()


def _argument(network: Network, file: Path) -> str:
    """The name that the measuring process knows a network by; of a user's network the path of a file."""
    if not network.own:
        return network.name
    from squeeze_core.networks.own import to_safetensors

    file = file.with_suffix(".safetensors")
    file.write_bytes(to_safetensors(network))
    return str(file)


def _events(
    names: list[str], arguments: list[str], messages: TextIO
) -> Iterator[MeasureStep | Measurement]:
    process = subprocess.Popen(
        [sys.executable, "-m", "squeeze_core.cost.measure_process", *arguments],
        stdout=messages,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        start_new_session=True,  # its children end with it
    )
    number, done = 0, 0
    failed = "it was stopped"
    total = RUNS_A_NETWORK * len(names)
    try:
        for message in _messages(process, messages.name):
            failed = message.get("error", failed)
            done = message.get("done", done)
            if "measurement" in message:
                yield Measurement(**message["measurement"], name=names[number])
                number, done = number + 1, 0
            if number < len(names):
                yield MeasureStep(names[number], number * RUNS_A_NETWORK + done, total)
        if process.wait() != 0:
            raise MeasureError(f"{names[number]} could not be measured on {arguments[0]}: {failed}")
    finally:
        _kill(process)


def _messages(process: subprocess.Popen[bytes], file: str) -> Iterator[dict[str, Any]]:
    """The messages that the process writes, and {} at once and now and then, so that a caller can stop."""
    line = ""
    with open(file, encoding="utf-8") as messages:
        while True:
            ended = process.poll() is not None
            line += messages.readline()
            if line.endswith("\n"):
                yield json.loads(line)
                line = ""
            elif ended:
                return
            else:
                yield {}
                time.sleep(HEARTBEAT_S)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and its children, if they still run."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def versions() -> str:
    """The software that figures measured here depend on, for people."""
    import torch

    from squeeze_core.networks.onnx_runtime import onnxruntime

    said = f"Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]}"
    return f"{said}, ONNX Runtime {onnxruntime.__version__}"
