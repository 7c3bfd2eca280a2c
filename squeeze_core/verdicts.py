"""Verdicts of a person on answers: right or wrong, by a tick or by the right class of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from squeeze_core.accuracy import share
from squeeze_core.classifier import Classification


@dataclass
class Verdicts:
    """`classes`: picture's key → its right class. `ticks`: (picture's key, network's key) → True where the
    answer is right; a tick counts before the class."""

    classes: dict[str, str] = field(default_factory=dict)
    ticks: dict[tuple[str, str], bool] = field(default_factory=dict)

    def of(self, picture: str, answer: Classification) -> bool | None:
        """True for a right answer, None where nobody said."""
        right, network = self.classes.get(picture), answer.network
        ticked = self.ticks.get((picture, network.key))
        if ticked is not None or right not in network.labels:
            return ticked
        return answer.top(1)[0].label == right


def in_words(verdicts: Iterable[bool | None]) -> str:
    """ "5 of 8 right, between 31 and 86 %": with the 95 % interval (Wilson); "" where nobody said."""
    said = [verdict for verdict in verdicts if verdict is not None]
    if not said:
        return ""
    interval = share(100 * sum(said) / len(said), len(said))
    return f"{sum(said)} of {len(said)} right, between {interval.low:.0f} and {interval.high:.0f} %"
