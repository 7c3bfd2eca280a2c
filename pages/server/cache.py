"""Results that all sessions share, kept within a bound in bytes.

`@cached()` is for results; `st.cache_resource` for single objects that live as long as the process, such as
the engine. `st.cache_data` is not used: it pickles on every read and has no bound in bytes.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import fields, is_dataclass
from functools import wraps
from math import inf
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
from PIL import Image

from pages.server.streamlit_internals import end_unwanted_run
from squeeze_core.errors import UserError

_POLL_SECONDS = 0.1

Given = ParamSpec("Given")
Result = TypeVar("Result")


class _Entry(NamedTuple):
    value: Any
    bytes: int
    expires: float


class ByteBoundedCache:
    """Values by key, `limit` bytes of them at most; the least recently used are dropped first.

    A second request for a value that is being made waits for it, and ends when its visitor moves on; other
    keys are not held up. Values are handed out as they are, not copied: nobody may change them.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.bytes = limit, 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._making: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Result], seconds: float = inf) -> Result:
        """The value under that key, else what `make` returns; kept for `seconds` unless it is None.

        All who wait for it get it, or the UserError of `make`; after another error the next one makes it.
        """
        mine: Future[Result] = Future()
        while True:
            with self._lock:
                if entry := self._find(key):
                    return entry.value
                made = self._making.setdefault(key, mine)
            if made is mine:
                break
            while not wait([made], _POLL_SECONDS).done:
                end_unwanted_run()
            if made.exception() is None or isinstance(made.exception(), UserError):
                return made.result()
        try:
            value = make()
            if value is not None:
                self._put(key, _Entry(value, size_of(value), time.monotonic() + seconds))
            mine.set_result(value)
            return value
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[key]

    def _find(self, key: Hashable) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or time.monotonic() > entry.expires:
            return None
        self._entries.move_to_end(key)
        return entry

    def _put(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            if old := self._entries.pop(key, None):
                self.bytes -= old.bytes
            self._entries[key] = entry
            self.bytes += entry.bytes
            while self.bytes > self.limit and len(self._entries) > 1:
                self.bytes -= self._entries.popitem(last=False)[1].bytes

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.bytes = 0


# An answer has 4 kB, a map 400 kB.
RESULTS = ByteBoundedCache(96_000_000)
# Apart from the results, which take long to make: a trace has 8 MB and is made again at once.
TRACES = ByteBoundedCache(32_000_000)


def cached(
    cache: ByteBoundedCache = RESULTS, seconds: float = inf
) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Keep a function's results in that cache, for so many seconds.

    The key is made of the arguments by `cache_key`, without those whose names begin with an underscore, as
    that of a callback `_progress`. A result is shared by all sessions and never copied: nobody may change
    it. The function may draw: what it draws is not kept.
    """

    def keeping(function: Callable[Given, Result]) -> Callable[Given, Result]:
        signature = inspect.signature(function)
        # The file and not the module: every page is run as `__main__`.
        name = inspect.getsourcefile(function), function.__qualname__

        @wraps(function)
        def answer(*given: Given.args, **named: Given.kwargs) -> Result:
            bound = signature.bind(*given, **named)
            bound.apply_defaults()
            told = (value for name, value in bound.arguments.items() if not name.startswith("_"))
            key = (*name, *map(cache_key, told))
            return cache.get(key, lambda: function(*given, **named), seconds)

        return answer

    return keeping


def cache_key(value: object) -> Hashable:
    """The part of a key for one argument: for pictures, networks and detectors their content's `key` and
    their name, since two files may have one content; for tuples that of their members; else the value."""
    if type(value) is tuple:
        return tuple(map(cache_key, value))
    key = getattr(value, "key", None)
    return value if key is None else (type(value).__name__, key, getattr(value, "name", ""))  # type: ignore[return-value]


def size_of(value: object, _counted: set[int] | None = None) -> int:
    """About how many bytes the arrays, tensors, pictures and texts of a result have.

    What several parts share counts once; a network's record, which others hold too, counts nothing.
    """
    counted = set() if _counted is None else _counted
    while isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
        value = value.base  # a view keeps the whole
    if id(value) in counted or hasattr(value, "load_on"):
        return 0
    counted.add(id(value))
    if isinstance(value, Image.Image):
        return value.width * value.height * len(value.getbands())
    if isinstance(nbytes := getattr(value, "nbytes", None), int):  # NumPy's arrays and PyTorch's tensors
        return nbytes
    parts: list[object] = []
    if isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = [*value]
    elif is_dataclass(value):
        parts = [getattr(value, one.name) for one in fields(value)]
    return sys.getsizeof(value) + sum(size_of(part, counted) for part in parts)
