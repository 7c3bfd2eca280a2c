"""Untrusted files of weights → arrays. Nothing in them is executed, and PyTorch is not needed.

safetensors hold tensors alone, and so do .sqz files; PyTorch's own files are read by `pytorch`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from squeeze_core.errors import WeightsError
from squeeze_core.images import formats
from squeeze_core.networks.weights import pytorch, sqz
from squeeze_core.networks.weights.pytorch import HOW_TO_SAVE

# A state dict.
State = dict[str, np.ndarray]

MAX_BYTES = 400_000_000
# What torch.ao.quantization puts beside the weights while a network is trained for 8 bits.
_QUANTISATION = re.compile(r".*(_fake_quant|activation_post_process)")


@dataclass(frozen=True)
class Stored:
    """The content of a weights file: a network's tensors by their names in it, and the file's metadata.

    `beside`: names of the file's tensors that are not the network's. `others`: what else the file holds,
    each with the keys that lead to it, with dots between.
    """

    state: State
    metadata: Mapping[str, str]
    beside: tuple[str, ...] = ()
    others: tuple[tuple[str, Any], ...] = ()


def read_file(path: Path, what: str = "weights file") -> bytes:
    """The file's bytes. WeightsError when there is no such file, or it is too large for weights."""
    if path.is_dir():
        raise WeightsError(f"{path} is a folder, not a {what}.")
    if path.exists() and not path.is_file():
        raise WeightsError(f"{path} is a device, not a {what}.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(
                f"{path} is larger than {MAX_BYTES // 10**6} MB, too large for these weights."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"There is no {what} {path}.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from None


def read_weights(content: bytes, name: str, mark: str = "(.*)", key: str | None = None) -> Stored:
    """A network's tensors, in float32 and finite, from a safetensors, .sqz or PyTorch file, in whatever
    dicts, attributes and wrappers they are there.

    `mark`: a pattern of one of the network's own tensors, by which it is found; what stands before it is
    taken off all names. `key`: where the network is, when there are several. `name`: the file's, for the
    sentence of a WeightsError.
    """
    if not content:
        raise WeightsError(f"{name} is empty.")
    if len(content) > MAX_BYTES:
        raise WeightsError(f"{name} is larger than {MAX_BYTES // 10**6} MB, too large for these weights.")
    metadata: Mapping[str, str] = {}
    others: tuple[tuple[str, Any], ...] = ()
    # A safetensors header's length may begin as a pickle does.
    if content[:2] == b"PK" or (content[:1] == b"\x80" and content[8:9] != b"{"):
        found = pytorch.read(content, name, MAX_BYTES)
        if not found.tensors:
            keys = ", ".join([key for key, _ in found.others if "." not in key][:4])
            holds = f"no weights but {keys}" if keys else "no weights"
            if odd := [key for key, value in found.others if pytorch.is_other_tensor(value)]:
                holds = f"tensors that are quantised or otherwise not plain numbers, {odd[0]} first"
            raise WeightsError(f"{name} holds {holds}; {HOW_TO_SAVE}.")
        tensors, others = found.tensors, tuple(found.others)
    elif content[8:9] == b"{":
        arrays, metadata = _safetensors(content, name)
        tensors = {key: partial(np.asarray, array) for key, array in arrays.items()}
    elif content.startswith(sqz.MAGIC):
        compressed = sqz.read_bytes(content, name)
        return Stored(compressed.state_dict(), compressed.metadata)
    else:
        what = formats.kind(content) or "of an unknown format"
        raise WeightsError(f"{name} is {what}, not a file of weights (.safetensors, .pth, .pt, .sqz).")
    if not tensors:
        raise WeightsError(f"{name} holds no weights; {HOW_TO_SAVE}.")
    place = _place(tensors, mark, key, name)
    own = {full.removeprefix(place): full for full in tensors if full.startswith(place)}
    own = {key: full for key, full in own.items() if not _QUANTISATION.match(key)}
    state = {key: _checked(tensors[full](), key, name, len(content)) for key, full in own.items()}
    # What torch.nn.utils.prune leaves until its `remove`.
    for mask in [key for key in state if key.endswith("_mask")]:
        weight = mask.removesuffix("_mask")
        if f"{weight}_orig" in state and state[f"{weight}_orig"].shape == state[mask].shape:
            state[weight] = state.pop(f"{weight}_orig") * state.pop(mask)
    beside = tuple(full for full in tensors if full not in own.values())
    return Stored(state, metadata, beside, others)


def _place(names: Iterable[str], mark: str, key: str | None, name: str) -> str:
    """The prefix of the wanted network's names, "" where there is none of that mark."""
    found = (re.fullmatch(f"(|.*?\\.){mark}", tensor) for tensor in names)
    places = list(dict.fromkeys(match[1] for match in found if match)) or [""]
    called = {place.removesuffix(".") or "top": place for place in places}
    fits = [place for title, place in called.items() if key in (None, title, *title.split("."))]
    if len(fits) != 1:
        raise WeightsError(
            f"{name} holds {'' if fits else f'no {key!r}, but '}{len(called)} "
            f"network{'s' if len(called) > 1 else ''}, {', '.join(called)}; say which by its key (--key)."
        )
    return fits[0]


def _checked(array: np.ndarray, key: str, name: str, most_bytes: int) -> np.ndarray:
    """Floating-point numbers as float32, others as they are; WeightsError for what is no weight's."""
    if array.dtype.kind != "f" and key.endswith(("weight", "bias")):
        raise WeightsError(f"{name}: {key} holds {array.dtype}, not floating-point numbers.")
    # A view of one number can claim any size.
    if array.nbytes > 4 * most_bytes:
        raise WeightsError(f"{name}: {key} claims to be larger than the file.")
    with np.errstate(over="ignore"):
        array = np.asarray(array, np.float32 if array.dtype.kind == "f" else None, order="C")
    if not np.isfinite(array).all():
        raise WeightsError(f"{name}: the tensor {key} holds values that are not finite numbers.")
    return array


def _safetensors(content: bytes, name: str) -> tuple[State, Mapping[str, str]]:
    """Tensors and metadata of a safetensors file. WeightsError when it is none, or not whole."""
    try:
        tensors = deserialize(content)  # which also limits the header's size
        header = content[8 : 8 + int.from_bytes(content[:8], "little")]
        metadata = json.loads(header).get("__metadata__") or {}
    except (SafetensorError, ValueError, KeyError, AttributeError, RecursionError):
        raise WeightsError(f"{name} is a damaged or incomplete safetensors file.") from None
    state = {}
    for key, tensor in tensors:
        kind, data = tensor["dtype"], tensor["data"]
        if kind == "BF16":  # the upper half of a float32
            array = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        elif kind in _DTYPES:
            array = np.frombuffer(data, _DTYPES[kind])
        else:
            raise WeightsError(f"{name}: {key} holds {kind}, not floating-point numbers.")
        state[key] = array.reshape(tensor["shape"])
    return state, metadata


# BatchNorm counts in whole numbers.
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8"}
