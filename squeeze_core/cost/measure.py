"""How fast is a network here, and how much memory does it take? Each in a process of its own.

A process of its own measures what a person would see: no other network's memory, no warm caches of
the application, and it can be stopped at any moment.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from squeeze_core.errors import UserError

if TYPE_CHECKING:
    from squeeze_core.cost.roofline import Machine
    from squeeze_core.networks.catalogue import Network

WARM_UP, RUNS, BATCHES = 2, 20, 3
FEWEST = 3
SECONDS = 1.0
HEARTBEAT_S = 0.3
PATIENCE_S = 5.0
_one_at_a_time = threading.Lock()
BATCH = {"cpu": 8, "cuda": 64, "mps": 16}


class MeasureError(UserError):
    """A network could not be measured; the message is one sentence for people."""


@dataclass(frozen=True)
class Measurement:
    """One network, measured on this machine.

    `milliseconds`: median time of one picture at batch 1, from the tensor to the scores.
    `fastest`, `slowest`: of the `runs`. `images_per_second`: at `batch` pictures at once.
    `peak_memory_bytes`: the most memory it took for its weights and one picture, on top of Python
    and PyTorch themselves (on a GPU: that PyTorch allocated there); None where the system does not
    tell. `trained`: whether its trained weights were there; untrained ones are as fast.
    `device`, `day`, `versions`: where, when and with what. `layers`: milliseconds of each layer of a
    SqueezeNet on a processor, as `layer_times` gives them; empty for others. `machine`: what the device
    reached at best when this was measured.
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
    layers: dict[str, float] = field(default_factory=dict)
    machine: Machine | None = None

    @property
    def conditions(self) -> str:
        """ "Intel Xeon…, 2 threads, 2026-01-31, PyTorch 2.15": what every measured figure carries."""
        return f"{self.device}, {self.day}, {self.versions}"


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` runs over all networks, `name` the network at work."""

    name: str
    done: int
    total: int


def measure(subjects: Sequence[Network | str], device: str = "cpu") -> Generator[Step | Measurement]:
    """Measure each in turn, a record or the name of a network of the catalogue or of the hand-made
    features: a Step after every run (and while nothing ends, the same one again), a Measurement after
    every network.

    Closing the iterator stops the work at once. MeasureError when a network's process fails, and
    when another measurement is under way, because both would come out wrong.
    """
    # One that was just stopped needs a moment to end.
    if not _one_at_a_time.acquire(timeout=PATIENCE_S):
        raise MeasureError("Another measurement is running on this machine; try again when it is done.")
    try:
        yield from _measure(subjects, device)
    finally:
        _one_at_a_time.release()


def _measure(subjects: Sequence[Network | str], device: str) -> Iterator[Step | Measurement]:
    from squeeze_core.cost.roofline import Machine

    each = WARM_UP + RUNS + BATCHES
    total = each * len(subjects)
    names = [subject if isinstance(subject, str) else subject.name for subject in subjects]
    with ExitStack() as open_files:
        told = [open_files.enter_context(_told(subject)) for subject in subjects]
        complaints = open_files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
        process = subprocess.Popen(
            [sys.executable, "-m", "squeeze_core.cost.measure", device, *told],
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,  # its children end with it
        )
        number = done = 0
        machine = None
        try:
            yield Step(names[0], 0, total)
            for message in _messages(process):
                if "reached" in message:
                    machine = Machine(**message["reached"])
                elif message and "done" not in message:
                    yield Measurement(**{**message, "name": names[number], "machine": machine})
                    number, done = number + 1, 0
                else:
                    done = message.get("done", done)
                if number < len(names):
                    yield Step(names[number], number * each + done, total)
            if process.wait() != 0:
                complaints.seek(0)
                reason = (complaints.read().strip().splitlines() or ["it was stopped"])[-1]
                raise MeasureError(f"{names[number]} could not be measured on {device}: {reason}")
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """End it and its children, if they still run."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


@contextmanager
def _told(subject: Network | str) -> Iterator[str]:
    """What tells the measuring process which network is meant: its name, or the file of one's own."""
    if isinstance(subject, str) or not subject.own:
        yield subject if isinstance(subject, str) else subject.name
        return
    from squeeze_core.networks.own import to_safetensors

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "own.safetensors"
        file.write_bytes(to_safetensors(subject))
        yield str(file)


def _messages(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What the process tells, and {} now and then, so that whoever waits can also stop."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=HEARTBEAT_S)
        except queue.Empty:
            yield {}
            continue
        if line is None:
            return
        yield json.loads(line)


def versions() -> str:
    """The software that figures measured here depend on, for people."""
    import torch

    from squeeze_core.networks.onnx_runtime import onnxruntime

    said = f"Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]}"
    return f"{said}, ONNX Runtime {onnxruntime.__version__}"


def device_title(device: str) -> str:
    """The device's own name, and for a CPU the number of threads that PyTorch uses."""
    import torch

    if device == "cuda":
        return torch.cuda.get_device_name()
    if device == "mps":
        return f"{platform.machine()} GPU (MPS)"
    threads = torch.get_num_threads()
    return f"{_cpu_model()}, {threads} thread{'' if threads == 1 else 's'}"


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _work(device: str, told: str, tell: Callable[[dict[str, Any]], None]) -> None:
    """What the process of one network does; `tell` gets each message for `measure`."""
    import torch

    from squeeze_core.cost import handmade

    torch.nn.Conv2d(3, 8, 3).to(device)(torch.zeros(1, 3, 64, 64, device=device))
    before = _memory("VmRSS")
    run, trained, by_layer = _hog() if told == handmade.NAME else runner(_named(told), device)
    _reset_peak()
    done = 0

    def timed(batch: int) -> float:
        nonlocal done
        start = time.perf_counter()
        run(batch)
        if device == "cuda":
            torch.cuda.synchronize()
        elapsed = time.perf_counter() - start
        done += 1
        tell({"done": done})
        return elapsed

    for _ in range(WARM_UP):
        timed(1)
    times = _until(SECONDS, RUNS, lambda: timed(1), fewest=FEWEST)
    if device == "cuda":
        peak: int | None = torch.cuda.max_memory_allocated()
    else:
        after = _memory("VmHWM")
        peak = None if before is None or after is None else after - before
    done = WARM_UP + RUNS
    batch = BATCH[device]
    batches = _until(SECONDS, BATCHES, lambda: timed(batch))
    result = Measurement(
        told,
        device_title(device),
        1000 * statistics.median(times),
        1000 * min(times),
        1000 * max(times),
        len(times),
        batch / statistics.median(batches),
        batch,
        peak,
        trained,
        date.today().isoformat(),
        versions(),
        by_layer(),
    )
    tell(asdict(result))


def _until(seconds: float, runs: int, once: Callable[[], float], fewest: int = 1) -> list[float]:
    """The times of `runs` runs, or of as many (at least `fewest`) as fit into the seconds."""
    times: list[float] = []
    while len(times) < fewest or (len(times) < runs and sum(times) < seconds):
        times.append(once())
    return times


def _named(told: str) -> Network:
    """The network of that name in the catalogue, or in that file."""
    from squeeze_core.networks.catalogue import named
    from squeeze_core.networks.own import open_own_file

    return open_own_file(Path(told)) if told.endswith(".safetensors") else named(told)


class Runner(NamedTuple):
    """A network ready to be measured.

    `run` takes a batch of that many pictures through it, as the pages and commands do; `trained`: whether
    its weights are; `layers`: see `Measurement`.
    """

    run: Callable[[int], object]
    trained: bool
    layers: Callable[[], dict[str, float]] = dict


def runner(network: Network, device: str) -> Runner:
    """Trained weights where they are on this machine, else random ones of the usual variance."""
    import torch
    from torch import nn

    from squeeze_core.cost.layer_times import layer_times
    from squeeze_core.networks.architecture import SqueezeNet
    from squeeze_core.networks.catalogue import fastest

    trained = network.present()
    if trained:
        built = network.load()
    else:
        with torch.device("meta"):
            built = network.build()
        built.to_empty(device="cpu")
        for module in built.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
        for weight in built.parameters():
            # Variance kept from layer to layer: tiny activations would become slow denormals.
            fan_in = math.prod(weight.shape[1:]) if weight.dim() > 1 else 1
            nn.init.normal_(weight, std=math.sqrt(2 / fan_in)) if fan_in > 1 else nn.init.ones_(weight)
    built = fastest(built.eval().requires_grad_(False), torch.device(device))
    size = network.preprocess.size
    order = torch.contiguous_format if device == "cpu" else torch.channels_last

    def run(batch: int) -> None:
        images = torch.randn(batch, 3, size, size, device=device)
        with torch.inference_mode():
            built(images.contiguous(memory_format=order))

    if isinstance(built, SqueezeNet) and device == "cpu":
        return Runner(run, trained, partial(layer_times, built, size))
    return Runner(run, trained)


def _hog() -> Runner:
    from squeeze_core import gallery
    from squeeze_core.cost.handmade import HogLinear, hog_features

    classifier = HogLinear.untrained()
    image = gallery.samples()[0].picture().image
    hog_features(image)  # imports scikit-image
    return Runner(lambda batch: classifier.scores([image] * batch), False)


def _memory(field: str) -> int | None:
    """VmRSS (resident now) or VmHWM (its peak) in bytes; None where there is no /proc."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    row = next(line for line in status.read_text("utf-8").splitlines() if line.startswith(field))
    return 1024 * int(row.split()[1])


def _reset_peak() -> None:
    """Start VmHWM anew, so that reading the weights file does not count (proc(5), clear_refs)."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("device")
    parser.add_argument("networks", nargs="+")
    options = parser.parse_args()
    # What any network needs is imported once, so that the rest is each network's own time and memory.
    import torch  # noqa: F401

    from squeeze_core.cost import comparison  # noqa: F401

    def tell(message: dict[str, Any]) -> None:
        print(json.dumps(message), flush=True)

    _in_a_process_of_its_own(partial(_reach, options.device, tell))
    for told in options.networks:
        _in_a_process_of_its_own(partial(_work, options.device, told, tell))


def _reach(device: str, tell: Callable[[dict[str, Any]], None]) -> None:
    """Tell what the device reaches at best."""
    import torch

    from squeeze_core.cost.roofline import measure_machine

    tell({"reached": asdict(measure_machine(torch.device(device)))})


def _in_a_process_of_its_own(work: Callable[[], None]) -> None:
    """A copy of this process does the work; where the system cannot copy one, this process itself."""
    if not hasattr(os, "fork"):
        work()
        return
    sys.stdout.flush()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(1)
        return
    try:
        work()
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)  # what else this process has to do is its parent's


if __name__ == "__main__":
    main()
