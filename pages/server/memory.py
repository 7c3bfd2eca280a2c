"""What the process keeps for all sessions, within a bound in bytes, and how it gives memory back."""

from __future__ import annotations

import atexit
import ctypes
import gc
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from PIL import Image
from streamlit.runtime import Runtime, exists

Given = ParamSpec("Given")
Result = TypeVar("Result")

# Of all results together; the longest unused are forgotten first. An answer has 4 kB, a map 400 kB.
MOST_BYTES = 160_000_000
TRIM_SECONDS = 5.0
OFTEN, SELDOM = 4, 60  # in turns of that length


class Kept:
    """Results by key, as they are, since a result cannot be changed; `most` bytes of them at most.

    Whoever asks for what somebody else is making waits for it; other keys are not held up. What works may
    draw its progress: nothing that is drawn is remembered, as Streamlit's own caches would.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most, self.bytes = most, 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """What is kept under that key, else what `make` returns."""
        with self._lock:
            if key in self._values:
                return self._known(key)
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:  # made by whoever was before
                    return self._known(key)
            try:
                value = make()
                self._put(key, value, size_of(value))
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def _known(self, key: Hashable) -> Any:
        self._values.move_to_end(key)
        return self._values[key][0]

    def _put(self, key: Hashable, value: object, size: int) -> None:
        with self._lock:
            self.bytes += size - self._values.pop(key, (None, 0))[1]
            self._values[key] = value, size
            while self.bytes > self.most and len(self._values) > 1:
                self.bytes -= self._values.popitem(last=False)[1][1]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.bytes = 0

    def keeps(self, function: Callable[Given, Result]) -> Callable[Given, Result]:
        """Keeps a function's results, by what it is given: pictures and networks by their key."""
        name = f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def wrapper(*given: Given.args, **named: Given.kwargs) -> Result:
            key = (name, *map(_told_apart, given), *((k, _told_apart(v)) for k, v in sorted(named.items())))
            return self.get(key, lambda: function(*given, **named))

        return wrapper


RESULTS = Kept()
kept = RESULTS.keeps
# Apart, lest they push out what takes long to make: they are large and made again at once.
TRACES = Kept(48_000_000)
# For mallopt(3): M_ARENA_MAX; M_MMAP_THRESHOLD, above activations and below pictures; M_TRIM_THRESHOLD.
_LIMITS = {-8: 2, -3: 4_000_000, -1: 64_000_000}
# What is set apart is destroyed in order too when the process ends.
atexit.register(gc.unfreeze)


def _told_apart(given: object) -> Hashable:
    """A picture, a network or a detector is the same when its key is; two files may have one content."""
    key = getattr(given, "key", None)
    return given if key is None else (type(given).__name__, key, getattr(given, "name", ""))  # type: ignore[return-value]


def size_of(value: object) -> int:
    """About how many bytes a result holds: its arrays, tensors, pictures and texts.

    What several parts of it share counts once; a network's record, which others hold too, nothing.
    """
    return _size(value, set())


def _size(value: object, seen: set[int]) -> int:
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base  # a view keeps the whole
    if id(value) in seen or hasattr(value, "load_on"):
        return 0
    seen.add(id(value))
    if isinstance(value, Image.Image):
        return value.width * value.height * len(value.getbands())
    if isinstance(value, bytes | str):
        return sys.getsizeof(value)
    nbytes = getattr(value, "nbytes", None)  # NumPy's arrays and PyTorch's tensors
    if isinstance(nbytes, int):
        return nbytes
    if hasattr(value, "to_plotly_json"):
        value = value.to_plotly_json()
    if isinstance(value, Mapping):
        return sum(_size(key, seen) + _size(one, seen) for key, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return sys.getsizeof(value) + sum(_size(one, seen) for one in value)
    if is_dataclass(value):
        return sum(_size(getattr(value, one.name), seen) for one in fields(value))
    return sys.getsizeof(value)


def return_early() -> None:
    """Have glibc keep less for later.

    Each thread would get a heap of its own, and what one frees the others cannot use; and once a block of
    many megabytes was freed, blocks as large are kept from then on.
    """
    if sys.platform == "linux" and (limit := getattr(ctypes.CDLL(None), "mallopt", None)):
        for name, value in _LIMITS.items():
            limit(name, value)


def tidy(warm_up: Callable[[], object], seconds: float = TRIM_SECONDS) -> None:
    """For ever: return what is free to the system, and forget sessions that have ended, their pictures with
    them; now and then look for garbage also while nobody leaves.

    When the last one has gone, what was kept for all goes too, but for what `warm_up` makes again.
    """
    known = turns = 0
    while True:
        time.sleep(seconds)
        turns += 1
        if turns % OFTEN == 0:
            before, known = known, sessions()
            if before and not known:
                RESULTS.clear()
                TRACES.clear()
                warm_up()
            if known < before or turns % SELDOM == 0:
                give_back()
                continue
        trim()


def sessions() -> int:
    """How many sessions the server holds: those that are connected, and those that may still come back.

    Streamlit keeps one for two minutes after its browser has gone, and forgets it only when it counts.
    """
    if not exists():
        return 0
    manager: Any = Runtime.instance()._session_mgr
    return len(manager._active_session_info_by_id) + len(manager._session_storage._cache)


def give_back() -> None:
    """Free what nobody holds, and return it to the system, where the C library can.

    What is left is set apart until the next time: Streamlit looks for garbage after every run of a page,
    and looking through all that PyTorch, Plotly and the rest have made would hold everybody up for a
    quarter of a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    trim()


def trim() -> None:
    """Return free memory to the system, where the C library can: a burst of work leaves hundreds of MB."""
    if sys.platform == "linux" and (give := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        give(0)
