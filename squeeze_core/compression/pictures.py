"""A person's own pictures: some calibrate a compression, the others judge it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

import numpy as np

from squeeze_core.accuracy import Interval, paired_difference, share
from squeeze_core.compression.sensitivity import divergence, log_probabilities
from squeeze_core.images import ImageError, key_of
from squeeze_core.images.sources import Source, decoded
from squeeze_core.label_lists import index_of
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.preprocess import Preprocess
from squeeze_core.progress import Progress, ignore

LEAST = 8  # fewer are not divided: all of them judge
MOST = 1000  # more are drawn from
_HALVED_BELOW = 200
_BATCH = 25


def evenly(many: int, few: int) -> list[int]:
    """`few` places, evenly spread over 0 … many − 1; all when there are no more."""
    few = min(many, few)
    return [int((place + 0.5) * many / few) for place in range(few)]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures as the network sees them, uint8 [S, S, 3] each, with the names of their files.

    `truth`: the class index of each; None where the labels are not known. They are in the order of
    `gather`, the same wherever they come from.
    """

    names: tuple[str, ...]
    views: tuple[np.ndarray, ...]
    truth: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.views)

    def part(self, places: Sequence[int]) -> Pictures:
        """Those at the places given."""
        truth = None if self.truth is None else self.truth[list(places)]
        return Pictures(tuple(self.names[k] for k in places), tuple(self.views[k] for k in places), truth)

    def divided(self) -> tuple[Pictures, Pictures]:
        """Those that calibrate, and those that judge: half and half below 200, from there on 30 % judge;
        fewer than LEAST all judge."""
        count = len(self)
        judging = count // 2 if count < _HALVED_BELOW else max(_HALVED_BELOW // 2, 3 * count // 10)
        judges = set(evenly(count, count if count < LEAST else judging))
        apart = [[k for k in range(count) if (k in judges) == judge] for judge in (False, True)]
        return self.part(apart[0]), self.part(apart[1])

    def batches(self, see: Preprocess) -> Iterable[np.ndarray]:
        """Preprocessed, float32 [≤ 25, 3, S, S] at a time."""
        return (see.array(self.views[k : k + _BATCH]) for k in range(0, len(self), _BATCH))


def gather(
    network: Network,
    sources: Sequence[Source],
    classes: Sequence[int] | None = None,
    progress: Progress = ignore,
) -> tuple[Pictures, list[str]]:
    """At most 1,000 of the pictures, drawn evenly, as the network sees them, and why others cannot be read.

    `classes`: the class index of each source; None for that of its folder, where the folders are classes.
    Each picture counts once, whatever its name. They are ordered by class, then by their pixels' digest.
    """
    chosen = [sources[place] for place in evenly(len(sources), MOST)]
    given = dict(zip((one.path for one in sources), classes or (), strict=False))
    truth = given or _class_of_path([one.path for one in sources], network.labels)
    rows: dict[str, tuple[int, str, str, np.ndarray]] = {}
    errors = []
    for done, (source, found) in enumerate(decoded(chosen), 1):
        progress(done / len(chosen))
        if isinstance(found, ImageError):
            errors.append(str(found))
            continue
        view = np.asarray(network.preprocess.view(found.image))
        key = key_of(view.tobytes())
        rows.setdefault(key, (truth.get(source.path, -1), key, found.name, view))
    ordered = sorted(rows.values(), key=lambda row: row[:2])
    index = np.array([row[0] for row in ordered]) if truth else None
    return Pictures(tuple(row[2] for row in ordered), tuple(row[3] for row in ordered), index), errors


def _class_of_path(paths: Sequence[PurePath], labels: tuple[str, ...]) -> dict[PurePath, int]:
    """The class of each path by its folder: the class's name, its number or, where there are as many
    folders as classes, its place in alphabetical order; none where the folders are no classes."""
    folders = sorted({path.parent.name for path in paths})
    found = {folder: index_of(folder, labels) for folder in folders}
    if len(folders) == len(labels) and not any(index is not None for index in found.values()):
        found = {folder: number for number, folder in enumerate(folders)}
    if len(folders) < 2 or None in found.values():
        return {}
    return {path: index for path in paths if (index := found[path.parent.name]) is not None}


def logits(network: Network, pictures: Pictures) -> np.ndarray:
    """The network's answers, float32 [N, classes], computed by ONNX Runtime."""
    run = network.load_on("cpu")
    return np.concatenate([run(batch) for batch in pictures.batches(network.preprocess)])


@dataclass(frozen=True, eq=False)
class Judged:
    """Two networks' answers, logits [N, classes], on pictures that took no part in the second's making."""

    pictures: Pictures
    before: np.ndarray
    after: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        """The places of the pictures whose first answer is another one."""
        return np.flatnonzero(self.before.argmax(1) != self.after.argmax(1))

    @cached_property
    def agreement(self) -> Interval:
        """Same first answers in percent, with the 95 % interval."""
        count = len(self.pictures)
        return share(100 * (count - len(self.changed)) / count, count)

    @cached_property
    def confidence(self) -> tuple[float, float]:
        """The mean probability of the first answer, before and after."""
        before, after = (
            float(np.exp(log_probabilities(one).max(1)).mean()) for one in (self.before, self.after)
        )
        return before, after

    @property
    def divergence(self) -> float:
        """From the answers before, in nats."""
        return divergence(self.before, self.after)

    @property
    def right(self) -> tuple[np.ndarray, np.ndarray] | None:
        """True where a first answer is the true class, before and after; None without labels."""
        truth = self.pictures.truth
        if truth is None:
            return None
        return self.before.argmax(1) == truth, self.after.argmax(1) == truth

    @property
    def accuracy(self) -> tuple[Interval, Interval, Interval] | None:
        """Top-1 before and after in percent and the paired difference in points; None without labels."""
        if self.right is None:
            return None
        (before, after), count = self.right, len(self.pictures)
        lost, won = int((before & ~after).sum()), int((after & ~before).sum())
        first, second = (share(100 * float(right.mean()), count) for right in (before, after))
        return first, second, paired_difference(lost, won, count)

    def lost_by_class(self) -> dict[int, tuple[int, int, int]]:
        """Class index → its pictures, and those answered rightly before and after, of the classes that
        lose; the largest loss first."""
        if self.right is None or self.pictures.truth is None:
            return {}
        rows = {}
        for index in np.unique(self.pictures.truth).tolist():
            here = self.pictures.truth == index
            rows[index] = (int(here.sum()), *(int(right[here].sum()) for right in self.right))
        lost = {index: row for index, row in rows.items() if row[2] < row[1]}
        return dict(sorted(lost.items(), key=lambda item: item[1][2] - item[1][1]))  # type: ignore[arg-type]

    def row(self, labels: Sequence[str]) -> dict[str, object]:
        """The figures as JSON holds them; accuracy where the labels are known."""
        before, after = self.confidence
        document: dict[str, object] = {
            "pictures": len(self.pictures),
            "same_first_answer": round(self.agreement.value, 2),
            "interval": [round(self.agreement.low, 2), round(self.agreement.high, 2)],
            "confidence_before": round(before, 4),
            "confidence_after": round(after, 4),
            "divergence": round(self.divergence, 4),
        }
        if self.accuracy:
            first, second, difference = self.accuracy
            document |= {"top1_before": round(first.value, 2), "top1_after": round(second.value, 2)}
            document["top1_difference"] = [round(value, 2) for value in difference]
            document["classes_that_lose"] = {
                labels[index]: {"pictures": count, "right_before": was, "right_after": now}
                for index, (count, was, now) in self.lost_by_class().items()
            }
        return document
