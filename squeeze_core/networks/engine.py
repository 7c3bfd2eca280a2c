"""The device that networks run on, and the networks, each loaded once per process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from squeeze_core.errors import UserError

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


class DeviceError(UserError):
    """The device asked for is not on this machine; the message is one sentence for people."""


class HasNetwork(Protocol):
    """What the engine keeps: anything with a `network`."""

    @property
    def network(self) -> nn.Module: ...


Loaded = TypeVar("Loaded", bound=HasNetwork)
Result = TypeVar("Result")


def choose_device(choice: DeviceChoice = "auto") -> torch.device:
    """CUDA, else MPS, else the CPU; or the one asked for. DeviceError when that one is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name, present in here.items() if present))
    if not here.get(choice, False):
        raise DeviceError(f"This machine has no {choice} device; use --device auto or cpu.")
    return torch.device(choice)


def computes_bfloat16(device: torch.device) -> bool:
    """Whether that device has instructions for it; a CPU without them takes ten times as long in it."""
    capabilities = torch.cpu.get_capabilities()
    return device.type != "cpu" or bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def file_key(file: Path | None) -> str:
    """What of a weights file belongs in an engine's key: one written anew is another network."""
    if file is None or not file.is_file():
        return str(file or "")
    return f"{file.resolve()}:{file.stat().st_mtime_ns}"


class Engine:
    """Runs networks on one device, for any number of threads at once.

    `notice` is None, or one sentence saying that the GPU ran out of memory and the CPU took over.
    """

    def __init__(self, choice: DeviceChoice = "auto") -> None:
        self.device = choose_device(choice)
        self.notice: str | None = None
        self._loaded: dict[tuple[str, str], HasNetwork] = {}
        self._loading: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Engine(device={self.device.type}, networks={[name for name, _ in list(self._loaded)]})"

    @property
    def batch_size(self) -> int:
        """Pictures worth running at once: a CPU gains nothing from batches of this size."""
        return 1 if self.device.type == "cpu" else 32

    def get(self, key: str, load: Callable[[], Loaded]) -> Loaded:
        """What `load` returns, its network in memory of the device; loaded once for each key.

        Threads that ask for the same key wait for one load; other keys are not held up.
        """
        return self.work(key, load, lambda loaded, device: loaded)

    def run(self, key: str, load: Callable[[], Loaded], batch: Tensor) -> Tensor:
        """The network's output tensor for a batch, float32 on the CPU; falls back as `work` does."""

        def forward(loaded: Loaded, device: torch.device) -> Tensor:
            with torch.inference_mode():
                return loaded.network(batch.to(device)).float().cpu()

        return self.work(key, load, forward)

    def work(
        self, key: str, load: Callable[[], Loaded], function: Callable[[Loaded, torch.device], Result]
    ) -> Result:
        """What `function` returns for what `load` returned and the device that its network is on.

        The two belong together even while another thread leaves the GPU, so `function` never reads
        `device` of the engine. When the GPU runs out of memory `function` is called once more, on the
        CPU, where every later call runs too, and `notice` says so. Its other errors are raised as
        they are.
        """
        device = self.device
        try:
            return function(self._get(key, load, device), device)
        except RuntimeError as error:
            self._fall_back(device, error)
        return self.work(key, load, function)

    def _get(self, key: str, load: Callable[[], Loaded], device: torch.device) -> Loaded:
        place = (key, device.type)
        with self._lock:
            loading = self._loading.setdefault(place, threading.Lock())
        with loading:
            loaded = self._loaded.get(place)
            if loaded is None:
                loaded = load()
                loaded.network.to(device).to(memory_format=torch.channels_last)
                with self._lock:
                    self._loaded[place] = loaded
        return loaded  # type: ignore[return-value]

    def _fall_back(self, device: torch.device, error: RuntimeError) -> None:
        """Leave a GPU that ran out of memory; any other error is raised again."""
        # Only CUDA has an error class of its own for this; MPS says it in the message.
        if device.type == "cpu" or "out of memory" not in str(error).lower():
            raise error
        with self._lock:
            self._loaded = {k: v for k, v in self._loaded.items() if k[1] != device.type}
            self.device = torch.device("cpu")
            self.notice = f"The {device.type.upper()} device ran out of memory, so the CPU is used now."
        if device.type == "cuda":
            torch.cuda.empty_cache()
