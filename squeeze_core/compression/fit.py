"""The size of a compressed network: as many kilobytes as asked for, or as few as keep the answers.

λ is searched with a part of the pictures; the file is made with all that calibrate. Those that judge took
part in neither.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from squeeze_core.compression.pictures import Judged, Pictures, evenly, logits
from squeeze_core.compression.presets import (
    Compressed,
    CompressionError,
    Preset,
    compress,
    second_order,
    squeezenet_of,
    views,
)
from squeeze_core.compression.sensitivity import Curvature, Study
from squeeze_core.networks.catalogue import Network
from squeeze_core.progress import Progress, ignore

KEPT = 95.0  # percent of the first answers that the smallest file keeps
LEAST_AGREEMENT, MOST_FALL = 90.0, 0.03  # beyond them a result is said to be poor
_START, _SAFE = 1e-7, 1e-8  # λ: where the search begins; for a network whose pictures are missing
_FEW = 64  # pictures that the search calibrates with
_TRIES = 4
_EXPONENT = -0.22  # of a file's bytes in λ, as measured on SqueezeNet 1.1
_RANGE = (1e-10, 1e-4)


@dataclass(frozen=True)
class Size:
    """One size of the network: λ, the bytes of its file, and how it answers; None where nothing judges."""

    rd_weight: float
    bytes: int
    judged: Judged | None


@dataclass(frozen=True)
class Fitted:
    """A compressed network. `judged`: on pictures that took no part, None where there are none.

    `sizes`: those that were tried, the smallest first. `calibrated`: the number of the person's own
    pictures that calibrated, 0 where the sample pictures did.
    """

    made: Compressed
    judged: Judged | None
    sizes: tuple[Size, ...]
    calibrated: int

    def row(self) -> dict[str, object]:
        """The document that the command line prints as JSON."""
        labels = self.made.network.labels
        sizes = [{"bytes": one.bytes, **one.judged.row(labels)} for one in self.sizes if one.judged]
        judged = self.judged.row(labels) if self.judged else None
        more = {"calibrated": self.calibrated, "judged": judged, "sizes": sizes, "warning": self.warning}
        return self.made.row() | more

    @property
    def warning(self) -> str:
        """The caution about the file's use, in sentences; "" for none."""
        if self.judged is None or not self.calibrated:
            unknown = "" if self.judged else ", and how well it answers was not measured"
            if not self.made.original.own:
                return ""
            return (
                f"Pictures of its own are missing: the sample pictures calibrated it{unknown}. "
                "Give some tens of the pictures that it is meant for."
            )
        if not is_poor(self.judged):
            return ""
        before, after = self.judged.confidence
        good = [one.bytes for one in self.sizes if one.judged and not is_poor(one.judged)]
        larger = max([self.made.bytes, *(one.bytes for one in self.sizes)])
        keeps = f"about {min(good) / 1e3:.0f} kB" if good else f"more than {larger / 1e3:.0f} kB"
        return (
            f"{100 - self.judged.agreement.value:.0f} % of the first answers change, and the mean "
            f"confidence goes from {before:.2f} to {after:.2f}. A file of {keeps} would keep them."
        )


def is_poor(judged: Judged) -> bool:
    """True if under 90 % of the first answers are the same, or the mean confidence falls by over 0.03."""
    before, after = judged.confidence
    return judged.agreement.value < LEAST_AGREEMENT or before - after > MOST_FALL


def fit(
    network: Network,
    pictures: Pictures | None = None,
    kilobytes: float | None = None,
    preset: Preset | None = None,
    progress: Progress = ignore,
) -> Fitted:
    """Compress a SqueezeNet, calibrated and judged by the pictures of its domain.

    `kilobytes`: the size of the file at most, in 10³ bytes; None for the smallest that keeps 95 % of the
    first answers. `preset`: that way of compressing instead of a size. Without pictures the sample pictures
    calibrate, and the size is a safe one for a network of one's own. `progress` as in `compress`.
    CompressionError where no file is that small, else errors as `compress`.
    """
    found = _Fit(network, pictures or Pictures((), ()), progress)
    if preset:
        return found.result(found.made(preset, 0.0, 1.0))
    if kilobytes is not None:
        return found.result(found.sized(1e3 * kilobytes))
    if len(found.judging) > 1 and found.own:
        return found.result(found.kept())
    rd_weight = _SAFE if network.own else _START
    return found.result(found.made(second_order(rd_weight), 0.0, 1.0))


class _Fit:
    """One network and its pictures while sizes are tried."""

    def __init__(self, network: Network, pictures: Pictures, progress: Progress) -> None:
        self.network, self.progress = network, progress
        calibrating, self.judging = pictures.divided()
        self.own = len(calibrating)
        see = network.preprocess
        self.inputs = see.array(calibrating.views) if self.own else views(network)
        if 0 < self.own < _FEW:  # too few to say much: their mirror images too
            self.inputs = np.concatenate([self.inputs, self.inputs[..., ::-1]])
        self.few = self.inputs[evenly(len(self.inputs), _FEW)]
        self.choosing = self.judging  # for the curve
        self.before: dict[Pictures, np.ndarray] = {}
        self.curvature: Curvature | None = None
        self.sizes: list[Size] = []
        self.share = 0.0

    def study(self) -> Curvature:
        """The curvature, measured once for all sizes."""
        if self.curvature is None:
            import torch

            inputs = torch.from_numpy(self.few)
            study = Study(squeezenet_of(self.network), inputs, lambda share: self.progress(0.1 * share))
            self.curvature = study.curvature
        return self.curvature

    def made(
        self, preset: Preset, start: float, end: float, inputs: np.ndarray | None = None
    ) -> Compressed:
        """Compressed with all that calibrate, or with `inputs`; `start`, `end`: of the progress, 0–1."""
        given = self.inputs if inputs is None else inputs

        def part(share: float) -> None:
            self.share = max(self.share, start + (end - start) * share)
            self.progress(self.share)

        return compress(self.network, preset, part, given, self.curvature)

    def judged(self, made: Compressed, by: Pictures) -> Judged | None:
        if not len(by):
            return None
        if by not in self.before:
            self.before[by] = logits(self.network, by)
        return Judged(by, self.before[by], logits(made.network, by))

    def tried(self, rd_weight: float) -> Size:
        """That size, of a file calibrated with few pictures."""
        self.study()
        at = 0.1 * (1 + len(self.sizes))
        made = self.made(second_order(rd_weight), at, at + 0.1, self.few)
        self.sizes.append(Size(rd_weight, made.bytes, self.judged(made, self.choosing)))
        return self.sizes[-1]

    def sized(self, most: float) -> Compressed:
        """The file of at most so many bytes."""
        # More pictures than those of the search make a somewhat larger file.
        wanted = most * (0.985 if self.own <= _FEW else 0.96)
        self.tried(_START)
        self.tried(_towards(self.sizes, wanted))
        best = _towards(self.sizes, wanted)
        for larger in (4.0, 16.0):  # what more bytes would keep
            self.tried(max(_RANGE[0], best / larger))
        for again in range(4):
            made = self.made(second_order(best), 0.1 * (1 + _TRIES), 1.0)
            if made.bytes <= most or best >= _RANGE[1]:
                break
            best = min(_RANGE[1], 4**again * best * (made.bytes / wanted) ** (-1 / _EXPONENT))
        if made.bytes > most:
            raise CompressionError(
                f"{self.network.title} takes at least about {made.bytes / 1e3:.0f} kB, more than "
                f"{most / 1e3:.0f} kB."
            )
        return made

    def kept(self) -> Compressed:
        """The smallest file that keeps the answers, chosen by half of the pictures that could judge it."""
        places = range(len(self.judging))
        self.choosing = self.judging.part(places[::2])
        self.judging = self.judging.part(places[1::2])
        rd_weight = _START
        for _ in range(_TRIES):
            self.tried(rd_weight)
            keeps, fails = ([s.rd_weight for s in self.sizes if _keeps(s) == yes] for yes in (True, False))
            if keeps and fails:
                rd_weight = math.sqrt(max(keeps) * min(fails))
            else:
                rd_weight = 4 * max(keeps) if keeps else min(fails) / 4
        return self.made(second_order(max(keeps) if keeps else min(fails)), 0.1 * (1 + _TRIES), 1.0)

    def result(self, made: Compressed) -> Fitted:
        judged = self.judged(made, self.judging)
        sizes = tuple(sorted(self.sizes, key=lambda size: size.bytes))
        return Fitted(made, judged, sizes, self.own)


def _keeps(size: Size) -> bool:
    return size.judged is not None and size.judged.agreement.value >= KEPT


def _towards(tried: Sequence[Size], wanted: float) -> float:
    """λ for a file of so many bytes, by the two sizes nearest to it."""
    nearest = sorted(tried, key=lambda size: abs(math.log(size.bytes / wanted)))[:2]
    exponent = _EXPONENT
    if len(nearest) == 2 and nearest[0].rd_weight != nearest[1].rd_weight:
        a, b = nearest
        exponent = math.log(a.bytes / b.bytes) / math.log(a.rd_weight / b.rd_weight)
        exponent = min(-0.05, max(-1.0, exponent))
    rd_weight = nearest[0].rd_weight * (wanted / nearest[0].bytes) ** (1 / exponent)
    return min(_RANGE[1], max(_RANGE[0], rd_weight))
