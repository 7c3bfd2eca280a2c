"""The device that networks run on, and the networks, each loaded once per process."""

from __future__ import annotations

import threading
from collections.abc import Callable
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


def choose_device(choice: DeviceChoice = "auto") -> torch.device:
    """CUDA, else MPS, else the CPU; or the one asked for. DeviceError when that one is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name, present in here.items() if present))
    if not here.get(choice, False):
        raise DeviceError(f"This machine has no {choice} device; use --device auto or cpu.")
    return torch.device(choice)


class Engine:
    """Runs networks on one device, for any number of threads at once.

    `notice` is None, or one sentence saying that the GPU ran out of memory and the CPU took over.
    """

    def __init__(self, choice: DeviceChoice = "auto") -> None:
        self.device = choose_device(choice)
        self.notice: str | None = None
        self._loaded: dict[tuple[str, str], HasNetwork] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Engine(device={self.device.type}, networks={[name for name, _ in self._loaded]})"

    @property
    def batch_size(self) -> int:
        """Pictures worth running at once: a CPU gains nothing from batches of this size."""
        return 1 if self.device.type == "cpu" else 32

    def get(self, key: str, load: Callable[[], Loaded]) -> Loaded:
        """What `load` returns, its network moved to the device; loaded once for each key."""
        device = self.device
        with self._lock:
            loaded = self._loaded.get((key, device.type))
            if loaded is None:
                loaded = load()
                loaded.network.to(device, memory_format=torch.channels_last)
                self._loaded[key, device.type] = loaded
        return loaded  # type: ignore[return-value]

    def run(self, key: str, load: Callable[[], Loaded], batch: Tensor) -> Tensor:
        """The network's output for a batch, float32 on the CPU.

        When the GPU runs out of memory this and every later call runs on the CPU, and `notice`
        says so.
        """
        device = self.device
        try:
            loaded = self.get(key, load)
            with torch.inference_mode():
                return loaded.network(batch.to(device)).float().cpu()
        except torch.OutOfMemoryError:
            if device.type == "cpu":
                raise
            self._fall_back(device)
        return self.run(key, load, batch)

    def _fall_back(self, device: torch.device) -> None:
        with self._lock:
            self._loaded = {k: v for k, v in self._loaded.items() if k[1] != device.type}
            self.device = torch.device("cpu")
            self.notice = f"The {device.type.upper()} device ran out of memory, so the CPU is used now."
        if device.type == "cuda":
            torch.cuda.empty_cache()
