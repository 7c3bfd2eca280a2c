"""User networks: a file of a SqueezeNet's weights → its record. The version, the metaparameters and the
number of classes are read from the shapes.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast, get_args

import numpy as np
from safetensors.numpy import save

from squeeze_core import label_lists
from squeeze_core.colours import ACCENT
from squeeze_core.errors import WeightsError
from squeeze_core.networks import known
from squeeze_core.networks.catalogue import CATALOGUE, IMAGENET_LABELS, Network, Published
from squeeze_core.networks.plan import Bypass, FireShape, Plan, state_shapes
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.networks.weights import OwnFile
from squeeze_core.networks.weights.reading import State, Stored, read_file, read_weights

# torchvision's evaluation transform, which most fine-tuning scripts use.
TORCHVISION = Preprocess(224, resize=256)
SIDES = (32, 1024)
MOST_PARAMETERS = 100_000_000
MOST_CLASSES = 100_000
UNPUBLISHED = Published(None, None, "your own weights; no accuracy is published")


def open_own(
    content: bytes,
    name: str,
    class_names: tuple[str, bytes] | None = None,
    preprocess: Preprocess | None = None,
    key: str | None = None,
) -> Network:
    """The record of the SqueezeNet whose weights these bytes are.

    `name`: the file's. `class_names`: the name and bytes of another file that lists them, in any form of
    `label_lists.read`; None for those in the file itself, else ImageNet's names for 1,000 classes, else
    numbers. `preprocess`: None for that in the file itself, else torchvision's. `key`: where the network
    is in a file with several. WeightsError, in one sentence, for anything that is no SqueezeNet's weights,
    and for weights whose answers overflow.
    """
    stored = read_weights(content, name, _FIRE, key)
    state, left_out = _as_torchvision(stored, name)
    plan, classes = read_plan(state, name, stored.metadata.get("bypass", "none"))
    if class_names:
        labels = _class_names(class_names[1], class_names[0])
    elif "labels" in stored.metadata:
        labels = _class_names(stored.metadata["labels"].encode(), "labels")
    else:
        labels = _labels_inside(stored, classes) or _default_labels(classes)
    if len(labels) != classes:
        source = class_names[0] if class_names else name
        raise WeightsError(f"{source} names {len(labels):,} classes; {name} has {classes:,}.")
    digest = hashlib.sha256(content).hexdigest()
    # A copy of a shipped file has the shipped network's.
    shipped = (one.preprocess for one in CATALOGUE.values() if getattr(one.weights, "sha256", "") == digest)
    see = preprocess or _stored_preprocess(stored.metadata, name) or next(shipped, TORCHVISION)
    _check_preprocess(see, plan)
    made = hashlib.sha256(f"{digest}{key}{see}{see.mean}{see.std}{labels}".encode()).hexdigest()
    words = f"your file {name}{left_out}"
    if "stages" in stored.metadata:
        words += f", compressed from {stored.metadata.get('title', 'a SqueezeNet')[:60]}"
    if class_names and label_lists.encoding_of(class_names[1]) == "latin-1":
        words += f" with the names in {class_names[0]} read as Latin-1"
    weights, taught = OwnFile(words, len(content), state), stored.metadata.get("known")
    shape = (classes, plan.fires[-1].output)
    knows = known.read(taught, shape, name) if taught else None
    own = Network(name, name, ACCENT, weights, see, labels, UNPUBLISHED, plan=plan, key=f"own:{made}")
    network = replace(own, known=knows)
    _check_answers(network, max(SIDES[0], plan.smallest_input))
    return network


def _check_answers(network: Network, side: int) -> None:
    """WeightsError when the answer to a picture of noise, side × side, overflows float32."""
    noise = np.random.default_rng(0).standard_normal((1, 3, side, side), np.float32)
    if not np.isfinite(network.load_on("cpu")(noise)).all():
        raise WeightsError(f"{network.title} has weights so large that its answers are not finite numbers.")


def open_own_file(
    path: Path,
    class_names: Path | None = None,
    preprocess: Preprocess | None = None,
    key: str | None = None,
) -> Network:
    """The same from files; WeightsError also when one of them cannot be read."""
    names = (class_names.name, read_file(class_names, "list of class names")) if class_names else None
    return open_own(read_file(path), path.name, names, preprocess, key)


def reweighted(network: Network, path: Path, key: str | None = None) -> Network:
    """A network of the catalogue with weights from a user's file, which must be that network's.

    WeightsError when they cannot be read or do not fit.
    """
    content = read_file(path)
    from squeeze_core.networks.torch_network import without_weights

    module = without_weights(network.build)
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    stored = read_weights(content, path.name, re.escape(next(iter(expected))), key)
    if {key: value.shape for key, value in stored.state.items()} != expected:
        raise WeightsError(f"{path.name} does not hold the weights of {network.title}.")
    weights = OwnFile(f"your file {path.name}{_left_out(stored.beside)}", len(content), stored.state)
    made = f"{network.name}:{hashlib.sha256(content).hexdigest()}:{key}"
    own = replace(network, weights=weights, published=UNPUBLISHED, measured=None, key=made)
    _check_answers(own, network.preprocess.size)
    return own


def to_safetensors(network: Network) -> bytes:
    """A SqueezeNet's weights as a file that `open_own` opens as the same network."""
    return save(network.weights.state(), metadata_of(network))


def metadata_of(network: Network) -> dict[str, str]:
    """Metadata of a file with a SqueezeNet's weights: its preprocessing, its bypass, a taught network's
    `known`, and the class names where they are not the default of `open_own`."""
    assert network.plan is not None
    see = network.preprocess
    expects = {"size": see.size, "resize": see.resize, "mean": see.mean, "std": see.std}
    metadata = {"preprocess": json.dumps(expects), "bypass": network.plan.bypass}
    if network.labels != _default_labels(len(network.labels)):
        metadata["labels"] = json.dumps(network.labels)
    if network.known:
        metadata["known"] = network.known.text()
    return metadata


def read_plan(state: State, name: str, bypass: str = "none") -> tuple[Plan, int]:
    """The plan and the number of classes that the shapes of a state dict give.

    WeightsError when it is another network's, or some of a SqueezeNet's tensors are missing or do not fit.
    """
    places = sorted(int(found[1]) for key in state if (found := _SQUEEZE.fullmatch(key)))
    fires = tuple(
        FireShape(*(_outputs(state, f"features.{place}.{branch}.weight") for branch in FireShape._fields))
        for place in places
    )
    pools = {f"fire{n}" for n, (a, b) in enumerate(pairwise(places), 2) if b - a == 2}
    if places[0] == 3:
        pools.add("conv1")
    if any(f"features.{place}.bypass.weight" in state for place in places):
        bypass = "complex"
    if bypass not in get_args(Bypass):
        raise WeightsError(f"{name} names the bypass {bypass!r}, not none, simple or complex.")
    channels, kernel = _outputs(state, "features.0.weight"), state["features.0.weight"].shape[-1]
    plan = Plan(channels, kernel, frozenset(pools), fires, cast(Bypass, bypass))
    classes = _outputs(state, "classifier.1.weight")
    if classes > MOST_CLASSES or sum(array.size for array in state.values()) > MOST_PARAMETERS:
        raise WeightsError(f"{name} is too large for a SqueezeNet: more than {MOST_PARAMETERS:,} weights.")
    _check_shapes(state, plan, classes, name)
    return plan, classes


_SQUEEZE = re.compile(r"features\.(\d{1,3})\.squeeze\.weight")
# Of a SqueezeNet's tensors, as far as they tell it from others.
_FIRE = r"features\.\d{1,3}\.squeeze\..*"


def _check_family(state: State, name: str) -> None:
    keys = list(state)
    if "class_logits.weight" in state and "distances.weight" in state:
        raise WeightsError(
            f"{name} holds one of our detectors; open it on the page Detect or with `detect`."
        )
    if not any(_SQUEEZE.fullmatch(key) for key in keys):
        alike = next((key for key in keys if "squeeze" in key), None)
        what = f"names its layers otherwise, such as {alike}" if alike else "has no Fire modules"
        raise WeightsError(
            f"{name} holds {len(keys)} tensors from {keys[0]} to {keys[-1]}: a network that {what}, where "
            "torchvision's SqueezeNet has features.3.squeeze.weight."
        )


def _as_torchvision(stored: Stored, name: str) -> tuple[State, str]:
    """A SqueezeNet's tensors under torchvision's names, and some words on what was done to that end: left
    out is what is beside the network, and in it what no layer can be, such as the class weights of a loss.

    WeightsError where its last layer cannot be exactly a conv10.
    """
    state, beside, taken = dict(stored.state), stored.beside, ""
    _check_family(state, name)
    for key, layer in (("features.0.weight", "conv1"), ("classifier.1.weight", "conv10")):
        if key in state and state[key].ndim == 4 and len(state[key]):
            continue
        last = [one for one in state if one.endswith("weight") and not one.startswith("features.")]
        if layer == "conv1" or not (last or beside):
            raise WeightsError(f"{name} lacks {key}, {layer}'s; save the whole model.state_dict().")
        if len(last) != 1 or state[last[0]].shape[2:] != (1, 1):
            shape = f" ({' × '.join(map(str, state[last[0]].shape))})" if last else ""
            raise WeightsError(
                f"{name} ends in {(*last, *beside)[0]}{shape}, where a SqueezeNet has one 1×1 convolution, "
                f"{key}; it is not converted."
            )
        for part in ("weight", "bias"):
            if (there := f"{last[0].removesuffix('weight')}{part}") in state:
                state[f"classifier.1.{part}"] = state.pop(there)
        taken = f" with {last[0]} as conv10's"
    # A convolution without bias adds 0.
    state.setdefault("classifier.1.bias", np.zeros(len(state["classifier.1.weight"]), np.float32))
    no_layer = [
        key
        for key, array in state.items()
        if not key.startswith(("features.", "classifier.")) and (array.ndim < 2 or array.dtype.kind != "f")
    ]
    kept = {key: state[key] for key in state if key not in no_layer}
    return kept, _left_out((*beside, *no_layer)) + taken


def _left_out(beside: Sequence[str]) -> str:
    """Some words on tensors that are left out; "" for none."""
    if not beside:
        return ""
    return f" without {', '.join(beside[:3])}{f' and {len(beside) - 3} more' if len(beside) > 3 else ''}"


def _outputs(state: State, key: str) -> int:
    """The number of filters in that weight, 0 where it is missing."""
    return len(state[key]) if key in state and state[key].ndim == 4 else 0


def _check_shapes(state: State, plan: Plan, classes: int, name: str) -> None:
    expected = state_shapes(plan.layers(classes))
    missing = [key for key in expected if key not in state]
    extra = [key for key in state if key not in expected]
    if missing:
        instead = f"{extra[0]} is not one of them" if extra else "save the whole model.state_dict()"
        raise WeightsError(
            f"{name} lacks {len(missing)} of a SqueezeNet's {len(expected)} tensors, {missing[0]} first; "
            f"{instead}."
        )
    if extra:
        raise WeightsError(f"{name} holds {len(extra)} tensors that no SqueezeNet has, {extra[0]} first.")
    for key, shape in expected.items():
        if state[key].shape != shape:
            found, fits = (" × ".join(map(str, sides)) for sides in (state[key].shape, shape))
            raise WeightsError(f"{name}: {key} is {found}; {fits} would fit the layers around it.")


def _class_names(content: bytes, name: str) -> tuple[str, ...]:
    try:
        return tuple(label_lists.read(content).values())
    except ValueError:
        raise WeightsError(
            f"{name} does not list class names: one a line or a row, a JSON or YAML list, or index → name."
        ) from None


_PROMISES_NAMES = re.compile(r"(class|label|categor|names)[^.]*$")


def _labels_inside(stored: Stored, classes: int) -> tuple[str, ...] | None:
    """That many class names from what is called so beside the weights."""
    named = (value for key, value in stored.others if _PROMISES_NAMES.search(key))
    found = (tuple((label_lists.listed(value) or {}).values()) for value in named)
    return next((labels for labels in found if len(labels) == classes), None)


def _default_labels(classes: int) -> tuple[str, ...]:
    if classes == len(IMAGENET_LABELS):
        return IMAGENET_LABELS
    return tuple(f"class {index}" for index in range(classes))


def _stored_preprocess(metadata: Mapping[str, str], name: str) -> Preprocess | None:
    if "preprocess" not in metadata:
        return None
    try:
        row = json.loads(metadata["preprocess"])
        mean, std = (tuple(float(value) for value in row[key]) for key in ("mean", "std"))
        return Preprocess(int(row["size"]), row["resize"] and int(row["resize"]), mean, std)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WeightsError(f"{name} describes its preprocessing in an unknown way.") from None


def _check_preprocess(see: Preprocess, plan: Plan) -> None:
    """WeightsError when the preprocessing is impossible for a network of that plan."""
    low, high = max(SIDES[0], plan.smallest_input), SIDES[1]
    if not low <= see.size <= high:
        raise WeightsError(f"An input side of {see.size} pixels is not between {low} and {high}.")
    if see.resize is not None and not see.size <= see.resize <= 2 * high:
        raise WeightsError(
            f"A centre of {see.size} pixels cannot be cut from a side of {see.resize}: it must be "
            f"{see.size} to {2 * high}."
        )
    numbers = (*see.mean, *see.std)
    if len(numbers) != 6 or not all(map(math.isfinite, numbers)) or min(see.std) <= 0:
        raise WeightsError("Mean and standard deviation are three finite numbers each, the latter above 0.")
