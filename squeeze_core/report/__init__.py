"""What a person takes away: one `Report`, written as PowerPoint, HTML, CSV or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from squeeze_core.classifier import Classification
from squeeze_core.cost.measure import Measurement, versions
from squeeze_core.cost.rows import REFERENCE, Row, row
from squeeze_core.images import Picture


@dataclass(frozen=True)
class Report:
    """Everything that the take-away says, collected once.

    `rows`: the networks that the person chose, SqueezeNet among them. `field`: all networks, for
    the Pareto front. `measurements`: of this machine, possibly none. `picture` and `answers`: the
    person's picture and each network's answer for it. `day`, `versions`: when and with what.
    """

    rows: tuple[Row, ...]
    field: tuple[Row, ...]
    measurements: tuple[Measurement, ...]
    picture: Picture | None
    answers: tuple[Classification, ...]
    day: str
    versions: str

    @property
    def reference(self) -> Row:
        return row(REFERENCE)

    def title_of(self, name: str) -> str:
        return row(name).title


def collect(
    rows: tuple[Row, ...],
    field: tuple[Row, ...],
    measurements: tuple[Measurement, ...] = (),
    picture: Picture | None = None,
    answers: tuple[Classification, ...] = (),
) -> Report:
    """A report of today; SqueezeNet is added where the person left it out."""
    if all(chosen.name != REFERENCE for chosen in rows):
        rows = (row(REFERENCE), *rows)
    return Report(rows, field, measurements, picture, answers, date.today().isoformat(), versions())
