"""Untrusted files of weights → arrays. Nothing in them is executed.

safetensors hold tensors alone, and so do .sqz files. PyTorch's own files are pickles, read by
`torch.load(weights_only=True)`, which admits tensors and plain containers; only they need PyTorch.
"""

from __future__ import annotations

import io
import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, deserialize

from squeeze_core.errors import WeightsError
from squeeze_core.networks.weights import sqz

if TYPE_CHECKING:
    from torch import Tensor

# A state dict.
State = dict[str, np.ndarray]

MAX_BYTES = 400_000_000
HOW_TO_SAVE = 'save it with torch.save(model.state_dict(), "weights.pth")'
# Keys of the state dict in a checkpoint, and prefixes that wrappers give its names.
WRAPPERS = ("state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "model.", "_orig_mod.")
_KINDS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a WebP picture",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file, as Keras writes it",
    b"<": "a web page",
}


@dataclass(frozen=True)
class Stored:
    """The content of a weights file: tensors as they were stored, and the metadata."""

    state: State
    metadata: Mapping[str, str]


def read_file(path: Path) -> bytes:
    """The file's bytes. WeightsError when there is no such file, or it is too large for weights."""
    if path.is_dir():
        raise WeightsError(f"{path} is a folder, not a weights file.")
    if path.exists() and not path.is_file():
        raise WeightsError(f"{path} is a device, not a weights file.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(
                f"{path} is larger than {MAX_BYTES // 10**6} MB, too large for these weights."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from None


def read_weights(content: bytes, name: str) -> Stored:
    """A state dict, its weights in float32 and finite, from a safetensors, .sqz or PyTorch file; taken out
    of its checkpoint, its names without the prefixes of wrappers.

    `name`: the file's, for the sentence of a WeightsError.
    """
    if not content:
        raise WeightsError(f"{name} is empty.")
    if len(content) > MAX_BYTES:
        raise WeightsError(f"{name} is larger than {MAX_BYTES // 10**6} MB, too large for these weights.")
    if content[:2] == b"PK":
        stored = Stored(_state_in(_unzipped(content, name), name), {})
    elif content[:1] == b"\x80" and content[8:9] != b"{":  # a safetensors header's length may begin so
        stored = Stored(_state_in(_unpickled(content, name), name), {})
    elif content[8:9] == b"{":
        stored = _safetensors(content, name)
    elif content.startswith(sqz.MAGIC):
        found = sqz.read_bytes(content, name)
        return Stored(found.state_dict(), found.metadata)
    else:
        raise WeightsError(
            f"{name} is {_kind(content)}, not a file of weights (.safetensors, .pth, .pt, .sqz)."
        )
    if not stored.state:
        raise WeightsError(f"{name} holds no weights; {HOW_TO_SAVE}.")
    state = {}
    for key, array in _unwrapped(stored.state).items():
        # int64: BatchNorm's counters.
        if array.dtype.kind != "f" and array.dtype != np.int64:
            raise WeightsError(f"{name}: {key} holds {array.dtype}, not floating-point numbers.")
        # A view of one number can claim any size.
        if array.nbytes > 4 * len(content):
            raise WeightsError(f"{name}: {key} claims to be larger than the file.")
        with np.errstate(over="ignore"):
            state[key] = np.asarray(array, np.float32 if array.dtype.kind == "f" else None, order="C")
        if not np.isfinite(state[key]).all():
            raise WeightsError(f"{name}: the tensor {key} holds values that are not finite numbers.")
    return Stored(state, stored.metadata)


def _safetensors(content: bytes, name: str) -> Stored:
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
    return Stored(state, metadata)


# BatchNorm counts in whole numbers.
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8"}


def _kind(content: bytes) -> str:
    for start, kind in _KINDS.items():
        if content.startswith(start):
            return kind
    try:
        content[:1000].decode()
    except UnicodeDecodeError:
        return "of an unknown format"
    return "a text file"


def _unzipped(content: bytes, name: str) -> Any:
    """The objects in a PyTorch file since version 1.6, a zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise WeightsError(f"{name} is a damaged or incomplete PyTorch file.") from None
    names = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise WeightsError(f"{name} is a TorchScript program, not weights; {HOW_TO_SAVE}.")
    if "data.pkl" not in names:
        raise WeightsError(f"{name} is a zip archive without weights in it.")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise WeightsError(f"{name} would unpack to more than {MAX_BYTES // 10**6} MB.")
    return _unpickled(content, name)


def _unpickled(content: bytes, name: str) -> Any:
    import torch

    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"a pickled {found[1]}" if found else "Python objects"
        raise WeightsError(
            f"{name} holds {what}, which only running code from the file could open; {HOW_TO_SAVE} instead."
        ) from None
    except Exception:  # a damaged or hostile pickle makes the reader fail in any way
        raise WeightsError(f"{name} is a damaged or incomplete PyTorch file.") from None


def _state_in(loaded: Any, name: str) -> State:
    """The state dict in the content of a PyTorch file, possibly inside a checkpoint."""
    from torch import Tensor

    for _ in range(3):
        inner = [loaded[key] for key in WRAPPERS if isinstance(loaded, dict) and key in loaded]
        if not inner or isinstance(inner[0], Tensor):
            break
        loaded = inner[0]
    if not isinstance(loaded, dict):
        raise WeightsError(f"{name} holds a {type(loaded).__name__}, not a state dict; {HOW_TO_SAVE}.")
    state = {key: _array(value) for key, value in loaded.items() if isinstance(value, Tensor)}
    if loaded and not (state and all(isinstance(key, str) for key in state)):
        keys = ", ".join(map(str, list(loaded)[:4]))
        raise WeightsError(f"{name} holds no weights but {keys}; {HOW_TO_SAVE}.")
    return state


def _array(tensor: Tensor) -> np.ndarray:
    """A view of the tensor's numbers; NumPy has no bfloat16."""
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).detach().numpy()


def _unwrapped(state: State) -> State:
    """The state dict without the prefixes of DataParallel, Lightning and torch.compile."""
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state
