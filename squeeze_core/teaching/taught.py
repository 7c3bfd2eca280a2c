"""Classes taught: the head, what it is worth, and the SqueezeNet that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from squeeze_core.accuracy import Interval, share
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.known import Known, cosines
from squeeze_core.networks.own import open_own, to_safetensors
from squeeze_core.networks.weights import OwnFile
from squeeze_core.progress import Progress, ignore
from squeeze_core.teaching import head
from squeeze_core.teaching.examples import MOST, Example, maps
from squeeze_core.teaching.head import Head

MOST_CLASSES = 20
_FEW, _UNEVEN = 3, 10
_SAME_PICTURE = 0.94  # cosine of features; different pictures of VOC reach 0.90
_SAME_COLOURS = 25.0  # of 255: mean difference of a few cells; 10 % cut off each side: 21
_OTHER_BORDER = 20.0  # of 255: difference of mean colour at the border
_SAME_BORDER = 15.0  # of 255: deviation of the border among a class’s pictures; on VOC 26 or more


@dataclass(frozen=True, eq=False)
class Taught:
    """Classes that were taught. `truth`: the class index of each example. `trunk`: the network whose
    features are used. `unseen`, `strength`, `folds`: as in `head.Fitted`. `known`: None without two
    pictures of a class."""

    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    truth: np.ndarray
    trunk: Network
    features: np.ndarray
    known: Known | None
    head: Head
    strength: float
    unseen: np.ndarray | None
    folds: int

    @property
    def deeper(self) -> bool:
        """True if the last Fire modules were trained too."""
        return self.trunk is not DEFAULT

    @property
    def answers(self) -> np.ndarray | None:
        """The class index that each picture gets from a head made without it."""
        return None if self.unseen is None else self.unseen.argmax(1)

    @property
    def accuracy(self) -> Interval | None:
        """The share of those that are right, in percent, with its 95 % interval."""
        if self.answers is None:
            return None
        return share(100 * float((self.answers == self.truth).mean()), len(self.truth))

    @property
    def how(self) -> str:
        """The kind of cross-validation, in words."""
        one = self.folds == len(self.truth)
        kind = "leave-one-out: each picture" if one else f"{self.folds}-fold cross-validation: each part"
        words = f"{kind} judged by a head made without it"
        if np.bincount(self.truth).min() > head.FEWEST:
            words += "; the regularisation was chosen on the same pictures, which flatters a little"
        return words

    @property
    def confusion(self) -> np.ndarray | None:
        """int [true class, answer]: pictures; None as `unseen`."""
        if self.answers is None:
            return None
        table = np.zeros((len(self.classes),) * 2, int)
        np.add.at(table, (self.truth, self.answers), 1)
        return table

    def groups(self) -> dict[tuple[int, ...], tuple[str, list[int]]]:
        """Groups of pictures to look at: key → title and places.

        (): all, the one whose true class has the smallest probability first; (true class, answer): a cell
        of the confusion matrix. Where that is None: the classes, as if every answer were right.
        """
        found: dict[tuple[int, ...], tuple[str, list[int]]] = {}
        answers, right = self.truth, ""
        if self.unseen is not None:
            least = np.argsort(self.unseen[np.arange(len(self.truth)), self.truth])
            found[()] = "Least sure", least.tolist()
            answers, right = self.unseen.argmax(1), ", right"
        for true, answer in np.unique(np.stack([self.truth, answers], 1), axis=0).tolist():
            places = np.flatnonzero((self.truth == true) & (answers == answer)).tolist()
            name = self.classes[true]
            title = f"{name}{right}" if true == answer else f"{name} answered as {self.classes[answer]}"
            found[true, answer] = f"{title}: {len(places)}", places
        return found

    @cached_property
    def _likeness(self) -> np.ndarray:
        return cosines(self.features, self.features)

    def nearest(self, place: int) -> int:
        """The place of the other picture that is most like this one."""
        likeness = self._likeness[place].copy()
        likeness[place] = -1
        return int(likeness.argmax())

    def warnings(self) -> list[str]:
        """Sentences on what makes the network worse than its figures, or worse than it need be."""
        return [*self._counted(), *self._duplicates(), *self._backgrounds()]

    def _counted(self) -> list[str]:
        counts, found = np.bincount(self.truth), []
        for name, count in zip(self.classes, counts.tolist(), strict=True):
            if count <= _FEW:
                plural = "" if count == 1 else "s"
                found.append(f"{name} has {count} picture{plural}; ten or more make it much better.")
        if counts.max() >= _UNEVEN * counts.min():
            most, least = self.classes[counts.argmax()], self.classes[counts.argmin()]
            found.append(
                f"{most} has {counts.max()} pictures, {least} {counts.min()}: the network will answer "
                f"{most} too often."
            )
        return found

    def _duplicates(self) -> list[str]:
        alike = (self._likeness > _SAME_PICTURE) & (self.truth[:, None] != self.truth)
        found: dict[tuple[str, str], str] = {}
        for first, second in np.argwhere(np.triu(alike)).tolist():
            cells = (self.examples[place].colours.astype(float) for place in (first, second))
            if np.abs(np.subtract(*cells)).mean() > _SAME_COLOURS:
                continue
            one, other = (self.classes[self.truth[place]] for place in (first, second))
            found.setdefault(
                (one, other),
                f"Nearly the same picture is in {one} ({self.examples[first].name}) and in {other} "
                f"({self.examples[second].name}).",
            )
        return list(found.values())

    def _backgrounds(self) -> list[str]:
        colours = np.stack([one.colours for one in self.examples]).astype(float)
        border = np.concatenate(
            [colours[:, 0], colours[:, -1], colours[:, 1:-1, 0], colours[:, 1:-1, -1]], 1
        )
        found = []
        for index, name in enumerate(self.classes):
            mine, others = border[self.truth == index], border[self.truth != index]
            apart = np.abs(mine.mean((0, 1)) - others.mean((0, 1))).max() > _OTHER_BORDER
            if len(mine) > _FEW and mine.std(0).mean() < _SAME_BORDER and apart:
                found.append(
                    f"The pictures of {name} have one background, which the other classes lack: the "
                    "network may learn that instead. Add some in front of other backgrounds."
                )
        return found


def teach(classes: Mapping[str, Sequence[Example]], progress: Progress = ignore) -> Taught:
    """The head for those classes. `progress` receives the share that is done; an exception that it raises
    stops the work. UserError for fewer than two classes, too many, or one without pictures."""
    empty = [name for name, examples in classes.items() if not examples]
    if len(classes) < 2:
        raise UserError("Two classes are needed: a network tells one from another.")
    if len(classes) > MOST_CLASSES:
        raise UserError(f"There are {len(classes)} classes; at most {MOST_CLASSES} can be taught.")
    if empty:
        raise UserError(f"{empty[0]} has no pictures.")
    examples = tuple(one for several in classes.values() for one in several)
    if len(examples) > MOST:
        raise UserError(f"There are {len(examples):,} pictures; at most {MOST:,} can be taught.")
    truth = np.repeat(np.arange(len(classes)), [len(several) for several in classes.values()])
    features = np.stack([one.feature for one in examples])
    known, fitted = head.known_of(features, truth), head.choose(features, truth, progress)
    return Taught(tuple(classes), examples, truth, DEFAULT, features, known, *fitted)


def network(taught: Taught, engine: Engine, name: str, progress: Progress = ignore) -> Network:
    """The SqueezeNet of the taught classes, as it is opened from its file.

    Its conv10 ends in a ReLU, which would clip evidence against a class: all biases are raised by one
    constant, which softmax does not see, so that no place in a picture taught falls below 0.
    """
    weight, bias = (part.astype(np.float32) for part in taught.head)
    lowest, count = np.inf, len(taught.examples)
    images = (one.image() for one in taught.examples)
    for done, places in enumerate(maps(engine, images, taught.trunk), 1):
        cells = np.einsum("kc,chw->khw", weight, places) + bias[:, None, None]
        lowest = min(lowest, float(cells.min()))
        progress(done / count)
    # Half as much again for pictures that were not taught.
    raised = bias + np.float32(1.5 * max(0.0, -lowest))
    state = taught.trunk.weights.state() | {
        "classifier.1.weight": weight[:, :, None, None],
        "classifier.1.bias": raised,
    }
    record = replace(
        taught.trunk,
        labels=taught.classes,
        weights=OwnFile("", 0, state),
        known=taught.known,
    )
    made = open_own(to_safetensors(record), name)
    assert isinstance(made.weights, OwnFile)
    return replace(made, weights=replace(made.weights, words="taught here"))
