"""The limits of a device → which networks meet them, and by how much the others miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from squeeze_core.cost.comparison import NetworkRow

# The downlink that WebPageTest and Lighthouse emulate as "3G".
MBIT_PER_SECOND_3G = 1.6


@dataclass(frozen=True)
class Budget:
    """The limits of a device; None is no limit. Megabytes are 10^6 bytes.

    `flash_mb`: storage for the weights. `ram_mb`: weights and the largest set of fp32 activations
    alive at once, one picture at a time. `milliseconds`: for one picture, as measured. `download_s`:
    to fetch the weights on 3G. `bits`: of a stored weight, 32, 16 or 8, of rows without `stored_bytes`.
    """

    flash_mb: float | None = None
    ram_mb: float | None = None
    milliseconds: float | None = None
    download_s: float | None = None
    bits: int = 32


# A microcontroller's usual flash, a small board's memory, a minute on 3G.
USUAL = Budget(flash_mb=16.0, ram_mb=64.0, download_s=60.0)


@dataclass(frozen=True)
class Check:
    """One limit against one network; `needs` is None, and the limit not met, where nobody measured it."""

    what: str
    unit: str
    needs: float | None
    limit: float

    @property
    def met(self) -> bool:
        return self.needs is not None and self.needs <= self.limit

    def __str__(self) -> str:
        if self.needs is None:
            return f"{self.what}: no figure yet"
        over = f" ({self.needs / self.limit:.1f}× the limit)" if not self.met else ""
        return f"{self.what} {self.needs:,.3g} {self.unit} of {self.limit:,.3g}{over}"


@dataclass(frozen=True)
class Verdict:
    """One network against every limit: `checks`, one each, in the budget's order."""

    row: NetworkRow
    checks: tuple[Check, ...]

    @property
    def fits(self) -> bool:
        return all(check.met for check in self.checks)

    @property
    def reason(self) -> str:
        """The limits that it misses; empty when it fits."""
        return "; ".join(str(check) for check in self.checks if not check.met)


def judge(
    rows: Sequence[NetworkRow], budget: Budget, milliseconds: Mapping[str, float]
) -> tuple[Verdict, ...]:
    """Each network against the budget; those that fit first, the most accurate first among them.

    `milliseconds`: time for one picture by network name, for those that were measured.
    """
    verdicts = [Verdict(row, _checks(row, budget, milliseconds.get(row.name))) for row in rows]
    return tuple(sorted(verdicts, key=lambda verdict: (not verdict.fits, -verdict.row.expected_top1)))


def answer(verdicts: Sequence[Verdict]) -> str:
    """One sentence: how many fit, and which of them is the most accurate."""
    fitting = [verdict for verdict in verdicts if verdict.fits]
    if not fitting:
        closest = min(verdicts, key=_excess)
        return f"None of the {len(verdicts)} networks fits; {closest.row.title} comes closest."
    count = f"{len(fitting)} of {len(verdicts)} networks {'fits' if len(fitting) == 1 else 'fit'}"
    best = fitting[0].row
    return f"{count}; the most accurate is {best.title}: {best.accuracy}."


def _checks(row: NetworkRow, budget: Budget, milliseconds: float | None) -> tuple[Check, ...]:
    stored = row.parameters * budget.bits / 8e6 if row.stored_bytes is None else row.stored_bytes / 1e6
    # A compressed file is unpacked before it computes.
    loaded = stored if row.stored_bytes is None else row.float32_megabytes
    ram = None if row.activation_megabytes is None else loaded + row.activation_megabytes
    download = 8 * stored / MBIT_PER_SECOND_3G
    rows = (
        ("Flash", "MB", stored, budget.flash_mb),
        ("RAM", "MB", ram, budget.ram_mb),
        ("Time", "ms", milliseconds, budget.milliseconds),
        ("Download", "s", download, budget.download_s),
    )
    return tuple(Check(what, unit, needs, limit) for what, unit, needs, limit in rows if limit is not None)


def _excess(verdict: Verdict) -> float:
    ratios = [check.needs / check.limit for check in verdict.checks if check.needs is not None]
    return max(ratios, default=float("inf"))
