"""Results that all sessions share, kept within a bound in bytes.

`@cached` is the one cache for results of pages. What remains beside it:

- `st.cache_resource` for single objects that live as long as the process: the engine, the shipped detector,
  the samples of the tray, registered components. It makes each once, under a lock, and drops none of them.
- `functools.lru_cache` inside `squeeze_core`, which does not know the screen, for small pure functions.
- `st.cache_data` nowhere: it copies (pickles) on every read, has no bound in bytes, and warns at import.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import update_wrapper
from math import inf
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, overload

import numpy as np
from PIL import Image

Given = ParamSpec("Given")
Result = TypeVar("Result")


class _Entry(NamedTuple):
    value: Any
    bytes: int
    expires: float


class ByteBoundedCache:
    """Values by key, `limit` bytes of them at most; the least recently used are dropped first.

    A second request for a value that is being made waits for it; other keys are not held up. Values are
    handed out as they are, not copied: nobody may change them.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.bytes = limit, 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return self._find(key) is not None

    def get(self, key: Hashable, make: Callable[[], Result], seconds: float = inf) -> Result:
        """The value under that key, else what `make` returns, which is then kept for `seconds`."""
        with self._lock:
            if entry := self._find(key):
                return entry.value
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if entry := self._find(key):  # made while this request waited
                    return entry.value
            try:
                value = make()
                self._put(key, _Entry(value, size_of(value), time.monotonic() + seconds))
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

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
RESULTS = ByteBoundedCache(160_000_000)
# Apart from the results, which take long to make: a trace has 8 MB and is made again at once.
TRACES = ByteBoundedCache(48_000_000)


class _Cached(Generic[Given, Result]):
    """A function whose results are kept."""

    def __init__(self, function: Callable[Given, Result], cache: ByteBoundedCache, seconds: float) -> None:
        self._function, self._cache, self._seconds = function, cache, seconds
        self._signature = inspect.signature(function)
        # The file and not the module: every page is run as `__main__`.
        self._name = inspect.getsourcefile(function), function.__qualname__
        update_wrapper(self, function)

    def __call__(self, *given: Given.args, **named: Given.kwargs) -> Result:
        return self._cache.get(
            self._key(given, named), lambda: self._function(*given, **named), self._seconds
        )

    def is_known(self, *given: Given.args, **named: Given.kwargs) -> bool:
        """Whether a call with those arguments would be answered at once."""
        return self._key(given, named) in self._cache

    def _key(self, given: tuple[Any, ...], named: dict[str, Any]) -> Hashable:
        bound = self._signature.bind(*given, **named)
        bound.apply_defaults()
        told = (cache_key(value) for name, value in bound.arguments.items() if not name.startswith("_"))
        return (*self._name, *told)


@overload
def cached(function: Callable[Given, Result]) -> _Cached[Given, Result]: ...


@overload
def cached(
    *, cache: ByteBoundedCache = RESULTS, seconds: float = inf
) -> Callable[[Callable[Given, Result]], _Cached[Given, Result]]: ...


def cached(function: Any = None, *, cache: ByteBoundedCache = RESULTS, seconds: float = inf) -> Any:
    """Keep a function's results in `cache`, each for `seconds` at most: `@cached` or `@cached(seconds=60)`.

    Arguments are told apart by `cache_key` and must be hashable; those whose names begin with an
    underscore, such as a callback `_progress`, are not part of the key. A result is shared by all sessions
    and never copied: it must not be changed. The function may draw: what it draws is not kept.
    """
    if function is None:
        return lambda function: _Cached(function, cache, seconds)
    return _Cached(function, cache, seconds)


def cache_key(value: object) -> Hashable:
    """What tells a value apart: for pictures, networks and detectors their content's `key` and their name,
    since two files may have one content; for tuples that of their members; else the value itself."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(cache_key, value))
    key = getattr(value, "key", None)
    return value if key is None else (type(value).__name__, key, getattr(value, "name", ""))  # type: ignore[return-value]


def size_of(value: object, _counted: set[int] | None = None) -> int:
    """About how many bytes a result holds: its arrays, tensors, pictures and texts.

    What several parts of it share counts once; a network's record, which others hold too, nothing.
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
