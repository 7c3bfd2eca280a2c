"""PyTorch's files without PyTorch: the tensors in them by name, and the lists beside them.

A file since version 1.6 is a zip archive, an older one some pickles in a row; one pickle of NumPy arrays is
read too. Nothing in them is run (see `pickles`), and a tensor's numbers are read when they are asked for.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from squeeze_core.errors import WeightsError
from squeeze_core.networks.weights import pickles
from squeeze_core.networks.weights.pickles import Foreign

HOW_TO_SAVE = 'save it with torch.save(model.state_dict(), "weights.pth")'
_LONGEST_PATH, _MOST_SIDES = 300, 8
_LEGACY = 0x1950A86A20F9469CFC6C  # the first pickle of an older file
_TYPES = {"Double": "f8", "Float": "f4", "Half": "f2", "BFloat16": "u2", "Long": "i8", "Int": "i4"}
_TYPES |= {"Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "?"}
# Where a whole module keeps what its state dict has.
_OF_MODULES = ("_modules", "_parameters", "_buffers")
Storage = Callable[[str], bytes]


@dataclass(frozen=True)
class Checkpoint:
    """`tensors`: by the keys that lead to them, with dots between; each a function that reads its numbers.
    `others`: everything else, by the same."""

    tensors: dict[str, Callable[[], np.ndarray]]
    others: list[tuple[str, Any]]


def read(content: bytes, name: str, most_bytes: int) -> Checkpoint:
    """The content of a PyTorch file; WeightsError when it is damaged, or would unpack to more than that."""
    with _no_traceback(name):
        root, storage = _unzipped(content, name, most_bytes) if content[:2] == b"PK" else _legacy(content)
        found = Checkpoint({}, [])
        for path, value in _walk(root):
            if (tensor := _tensor(value)) is not None:
                found.tensors[path] = partial(_array, tensor, storage, name)
            elif path:
                found.others.append((path, value))
    return found


@contextmanager
def _no_traceback(name: str) -> Iterator[None]:
    try:
        yield
    except WeightsError:
        raise
    except Exception:  # a damaged or hostile pickle makes its reader fail in any way
        raise WeightsError(f"{name} is a damaged or incomplete PyTorch file.") from None


def _unzipped(content: bytes, name: str, most_bytes: int) -> tuple[Any, Storage]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    files = {file.rpartition("/")[2]: file for file in reversed(sizes)}
    if "constants.pkl" in files:
        raise WeightsError(f"{name} is a TorchScript program, not weights; {HOW_TO_SAVE}.")
    if "data.pkl" not in files:
        raise WeightsError(f"{name} is a zip archive without weights in it.")
    if sum(sizes.values()) > most_bytes:
        raise WeightsError(f"{name} would unpack to more than {most_bytes // 10**6} MB.")
    folder = files["data.pkl"].removesuffix("data.pkl")
    if "byteorder" in files and archive.read(f"{folder}byteorder") != b"little":
        raise WeightsError(f"{name} comes from a big-endian machine; {HOW_TO_SAVE} on another.")
    root = pickles.load(io.BytesIO(archive.read(files["data.pkl"])))
    return root, lambda key: archive.read(f"{folder}data/{key}")


def _legacy(content: bytes) -> tuple[Any, Storage]:
    file, persistent = io.BytesIO(content), list[Any]()
    root = pickles.load(file)
    storages: dict[str, bytes] = {}
    if root == _LEGACY:
        for _ in range(3):  # a version, facts of the machine, and at last what was saved
            root = pickles.load(file, persistent)
        sizes = {key: np.dtype(_type(kind)).itemsize for _, kind, key, *_ in persistent if _is_key(key)}
        for key in filter(_is_key, pickles.load(file)):
            count = int.from_bytes(file.read(8), "little")
            storages[key] = file.read(count * sizes[key])
    return root, storages.__getitem__


def _is_key(value: object) -> bool:
    """True for a text: the hash of anything else, or its words, can take for ever."""
    return isinstance(value, str)


def _walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Everything in dicts and in the attributes of objects, by the keys that lead to it; a dict once."""
    seen: set[int] = set()
    if isinstance(root, list | tuple):
        root = {str(place): value for place, value in enumerate(root)}
    waiting = [("", root)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        state = value.state if isinstance(value, Foreign) else None
        parts = [value, *state] if isinstance(state, tuple) else [value, state]
        inside = [part for part in parts if isinstance(part, dict) and id(part) not in seen]
        seen.update(map(id, inside))
        for key, child in reversed([item for part in inside for item in part.items()]):
            if isinstance(key, str) and key.isprintable() and len(path) + len(key) < _LONGEST_PATH:
                waiting.append((".".join(filter(None, (path, "" if key in _OF_MODULES else key))), child))


def _tensor(value: Any) -> Foreign | None:
    """The tensor that is meant, inside a parameter or a subclass; None for anything else."""
    for _ in range(4):
        if not isinstance(value, Foreign):
            break
        match value.kind.rpartition(".")[2]:
            case "_rebuild_tensor" | "_rebuild_tensor_v2" | "_reconstruct" | "_frombuffer":
                return value
            case "_rebuild_parameter" | "_rebuild_parameter_with_state":
                value = value.arguments[0]
            case "_rebuild_from_type_v2":
                value = Foreign(value.arguments[0], value.arguments[2])
            case _:
                break
    return None


def is_other_tensor(value: Any) -> bool:
    """True for a tensor of a kind that is not read: quantised, sparse."""
    return isinstance(value, Foreign) and value.kind.startswith("torch._utils._rebuild")


def _type(kind: str) -> str:
    """NumPy's type of the numbers in such a storage; KeyError for one of numbers that no weights are."""
    return _TYPES[kind.rpartition(".")[2].removesuffix("Storage")]


def _array(tensor: Foreign, storage: Storage, name: str) -> np.ndarray:
    """A tensor's numbers, which may be a view that repeats some of them."""
    with _no_traceback(name):
        if not tensor.kind.startswith("torch."):  # NumPy's, of pickles up to protocol 4 and of later ones
            if tensor.kind.endswith("_frombuffer"):
                data, dtype, shape, order = tensor.arguments
                by_columns = order == "F"
            else:
                _, shape, dtype, by_columns, data = tensor.state
            data = data.arguments[0].encode("latin-1") if isinstance(data, Foreign) else data
            number, order = dtype.arguments[0], dtype.state[1]
            if not re.fullmatch("[fiub][1248]", number):
                raise WeightsError(f"{name} holds an array of something else than numbers.")
            return np.frombuffer(data, order + number).reshape(shape, order="F" if by_columns else "C")
        holder, offset, shape, strides = tensor.arguments[:4]
        _, kind, key, *_ = holder.arguments
        if len(shape) > _MOST_SIDES or not _is_key(key):
            raise ValueError("no weight has so many sides, or such a key")
        numbers = np.frombuffer(storage(key), _type(kind))
        if kind.endswith("BFloat16Storage"):  # the upper half of a float32
            numbers = (numbers.astype("<u4") << 16).view("<f4")
        last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
        if min(offset, *shape, *strides, 0) < 0 or (math.prod(shape) and last >= len(numbers)):
            raise ValueError("outside its storage")
        steps = tuple(stride * numbers.itemsize for stride in strides)
        return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False)
