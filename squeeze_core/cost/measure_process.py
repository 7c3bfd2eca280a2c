"""The process that `measure` starts: `python -m squeeze_core.cost.measure_process DEVICE NETWORK…`.

It imports what any network needs, then measures each network in a copy of itself, so that
what one leaves in memory does not count for the next. Every message is one line of JSON on standard output:
{"done": runs of the network at work}, {"measurement"} or {"error"}.
"""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from squeeze_core.cost.measure import RUNS_A_NETWORK, versions
from squeeze_core.cost.timing import in_turns
from squeeze_core.networks.catalogue import Network, named
from squeeze_core.networks.own import open_own_file
from squeeze_core.networks.torch_network import fastest

BATCHES, FEWEST = 3, 3
RUNS = RUNS_A_NETWORK - BATCHES - 2  # one before each kind is not counted
SECONDS = 1.0
BATCH = {"cpu": 8, "cuda": 64, "mps": 16}


def main(device: str, *networks: str) -> int:
    works = [partial(measure_network, device, one) for one in networks]
    return 0 if all(map(in_a_copy, works)) else 1


def in_a_copy(work: Callable[[], None]) -> bool:
    """True when the work was done, by a copy of this process where the system can make one."""
    child = os.fork() if hasattr(os, "fork") else 0
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        work()
        done = True
    except BaseException as error:
        send(error=f"{type(error).__name__}: {error}")
        done = False
    if hasattr(os, "fork"):
        os._exit(0 if done else 1)  # what is left to do is the parent's
    return done


def send(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def measure_network(device: str, name: str) -> None:
    """One network's times and memory, with random weights where its own are not on this machine."""
    nn.Conv2d(3, 8, 3).to(device)(torch.zeros(1, 3, 64, 64, device=device))
    before = memory("VmRSS")
    network = found(name)
    trained, size = network.present(), network.preprocess.size
    built = network.load_on(device) if trained else fastest(partial(untrained, network), device, size)
    random = np.random.default_rng(0)
    reset_peak()
    done = 0

    @contextmanager
    def turn() -> Iterator[None]:
        nonlocal done
        yield
        done += 1
        send(done=done)

    def timed(batch: int, most: int, fewest: int) -> list[float]:
        def run() -> None:
            built(random.standard_normal((batch, 3, size, size), np.float32))
            if device == "cuda":
                torch.cuda.synchronize()

        return in_turns([run], most, fewest, SECONDS, turn)[0]

    times = timed(1, RUNS, FEWEST)
    peak = peak_memory(device, before)
    done = 1 + RUNS
    batch = BATCH[device]
    batches = timed(batch, BATCHES, 1)
    send(
        measurement={
            "device": device_title(device),
            "milliseconds": statistics.median(times),
            "fastest": min(times),
            "slowest": max(times),
            "runs": len(times),
            "images_per_second": 1000 * batch / statistics.median(batches),
            "batch": batch,
            "peak_memory_bytes": peak,
            "trained": trained,
            "day": date.today().isoformat(),
            "versions": versions(),
            "threads": torch.get_num_threads() if device == "cpu" else 1,
        }
    )


def found(name: str) -> Network:
    """The network of that name in the catalogue, or in that file."""
    return open_own_file(Path(name)) if name.endswith(".safetensors") else named(name)


def untrained(network: Network) -> nn.Module:
    """Random weights that keep the variance from layer to layer: denormals would be slow."""
    built = network.build()
    for weight in built.parameters():
        fan_in = math.prod(weight.shape[1:]) if weight.dim() > 1 else 1
        nn.init.normal_(weight, std=math.sqrt(2 / fan_in)) if fan_in > 1 else nn.init.ones_(weight)
    return built.eval().requires_grad_(False)


def peak_memory(device: str, before: int | None) -> int | None:
    """Bytes on top of `before`; on a GPU what PyTorch allocated there."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    after = memory("VmHWM")
    return None if before is None or after is None else after - before


def memory(field: str) -> int | None:
    """VmRSS (resident now) or VmHWM (its peak) in bytes; None where there is no /proc."""
    kilobytes = proc("self/status", field)
    return 1024 * int(kilobytes.split()[0]) if kilobytes else None


def proc(file: str, field: str) -> str:
    """The first value of that field in a file of /proc; "" where there is none."""
    path = Path("/proc") / file
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def reset_peak() -> None:
    """Start VmHWM anew, so that reading the weights file does not count (proc(5), clear_refs)."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", encoding="utf-8")


def device_title(device: str) -> str:
    """The device's own name, and for a CPU the number of threads that PyTorch uses."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    if device == "mps":
        return f"{platform.machine()} GPU (MPS)"
    threads, model = torch.get_num_threads(), proc("cpuinfo", "model name")
    model = model or platform.processor() or platform.machine()
    return f"{model}, {threads} thread{'' if threads == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
