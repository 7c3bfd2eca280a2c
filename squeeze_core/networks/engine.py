"""The device that networks run on, and the networks, each loaded once per process."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np

from squeeze_core.errors import UserError
from squeeze_core.networks.onnx_network import Arrays
from squeeze_core.queue import Queue, slots

if TYPE_CHECKING:
    from torch import nn

DeviceChoice = Literal["auto", "cpu", "cuda"]

# Of loaded networks' weights together; the least recently used are dropped first.
MOST_BYTES = 3_000_000_000


class Runner(Protocol):
    """A network on its device, shared and not to be changed; it takes and gives NumPy's float32 arrays.

    `device`: cpu or cuda. `bytes`: of memory for its weights. `module`: the PyTorch module on the
    device, in eval mode, for gradients.
    """

    @property
    def device(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def module(self) -> nn.Module: ...

    def __call__(self, batch: np.ndarray, channel_mask: Arrays | None = None) -> np.ndarray: ...
    def parts(self, batch: np.ndarray) -> Arrays: ...


class Loadable(Protocol):
    """A record that loads its network. Equal keys mean the same network."""

    @property
    def key(self) -> str: ...

    def load_on(self, device: str) -> Runner: ...


Result = TypeVar("Result")


def choose_device(choice: DeviceChoice = "auto") -> str:
    """CUDA where it is, else the CPU; or the chosen one. UserError when that one is not here."""
    cuda = choice != "cpu" and _cuda()
    if choice == "cuda" and not cuda:
        raise UserError("This machine has no cuda device; use --device auto or cpu.")
    return "cuda" if cuda else "cpu"


def _cuda() -> bool:
    """True if PyTorch can use a CUDA device; it is asked only where the driver loads and has a device."""
    count = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
            return False
    except (OSError, AttributeError):
        return False
    import torch

    return torch.cuda.is_available()


class Engine:
    """Runs networks on one device, for any number of threads at once.

    `notice` is None, or one sentence saying that the GPU ran out of memory and the CPU took over.
    """

    def __init__(self, choice: DeviceChoice = "auto") -> None:
        self.device = choose_device(choice)
        self.notice: str | None = None
        self._loaded: OrderedDict[tuple[str, str], Runner] = OrderedDict()
        self._loading: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self.queue = Queue(slots() if self.device == "cpu" else 1)

    def __repr__(self) -> str:
        return f"Engine(device={self.device}, networks={[key for key, _ in list(self._loaded)]})"

    @property
    def batch_size(self) -> int:
        """Pictures to run at once: a CPU gains nothing from batches."""
        return 1 if self.device == "cpu" else 32

    def get(self, network: Loadable) -> Runner:
        """The record's network in the device's memory, loaded once and shared.

        Threads that need the same network wait for one load; others do not wait.
        """
        device = self.device
        try:
            return self._get(network, device)
        except RuntimeError as error:
            self._fall_back(device, error)
        return self.get(network)

    def run(self, network: Loadable, batch: np.ndarray) -> np.ndarray:
        """The network's answer for a batch, float32; falls back as `work` does."""
        return self.work(network, lambda runner: runner(batch))

    def work(self, network: Loadable, function: Callable[[Any], Result], large: bool = False) -> Result:
        """The result of `function` for the loaded network, a `Runner`.

        `function` uses its device and not the engine's, which another thread may change. When the GPU runs
        out of memory, this and every later call runs on the CPU, and `notice` says so; other errors of
        `function` are raised. Each call is a turn of `queue`; `large`: work of many passes, which calls
        `queue.rest` between them.
        """
        device = self.device
        try:
            loaded = self._get(network, device)
            with self.queue.turn(large):
                return function(loaded)
        except RuntimeError as error:
            self._fall_back(device, error)
        return self.work(network, function, large)

    def _get(self, network: Loadable, device: str) -> Runner:
        place = (network.key, device)
        with self._lock:
            loading = self._loading.setdefault(place, threading.Lock())
        with loading:
            with self._lock:
                if place in self._loaded:
                    self._loaded.move_to_end(place)
                    return self._loaded[place]
            loaded = network.load_on(device)
            with self._lock:
                self._loaded[place] = loaded
                self._forget()
        return loaded

    def _forget(self) -> None:
        """Drop networks until the rest fits; the one used last always stays."""
        total = sum(loaded.bytes for loaded in self._loaded.values())
        while total > MOST_BYTES and len(self._loaded) > 1:
            place, oldest = self._loaded.popitem(last=False)
            self._loading.pop(place, None)
            total -= oldest.bytes

    def _fall_back(self, device: str, error: RuntimeError) -> None:
        """Change to the CPU when the GPU ran out of memory; any other error is raised again."""
        if device == "cpu" or "out of memory" not in str(error).lower():
            raise error
        with self._lock:
            self._loaded = OrderedDict((k, v) for k, v in self._loaded.items() if k[1] != device)
            self.device = "cpu"
            self.notice = f"The {device.upper()} device ran out of memory, so the CPU is used now."
        import torch

        torch.cuda.empty_cache()
