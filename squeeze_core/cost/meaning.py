"""Seconds, money and memory that follow from a network's size and time, each with its formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from squeeze_core.cost.budget import MBIT_PER_SECOND_3G, Budget, judge
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.devices import DEVICES, Device
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.published import BOARD, BOARD_MILLISECONDS
from squeeze_core.cost.units import amount

SPEEDS_SOURCE = "3G and 4G as WebPageTest emulates them (connectivity.ini, read on 2026-11-28)"


@dataclass(frozen=True)
class Assumptions:
    """The figures that a reader puts in.

    `mbit_3g`, `mbit_4g`, `mbit_own`: 10^6 bits a second of a connection. `devices`: that an update is sent
    to. `price_mb`: of 10^6 bytes sent, `price_core_hour`: of a processor's core for an hour, in `currency`.
    Prices are examples, not anybody's offer.
    """

    mbit_3g: float = MBIT_PER_SECOND_3G
    mbit_4g: float = 9.0
    mbit_own: float = 50.0
    devices: int = 10_000
    price_mb: float = 0.05
    price_core_hour: float = 0.05
    currency: str = "$"


def download_seconds(row: NetworkRow, mbit: float) -> float:
    """Seconds to send the file at `mbit` 10^6 bits a second, without latency and retries."""
    return 8 * row.megabytes / mbit


def update_price(row: NetworkRow, given: Assumptions) -> float:
    """The price of sending the file once to every device."""
    return given.devices * row.megabytes * given.price_mb


def pictures_a_core_hour(measured: Measurement) -> float:
    """Pictures, one at a time, in an hour of one core, if all threads are busy all the time."""
    return 3.6e6 / (measured.milliseconds * measured.threads)


def price_of_1000(measured: Measurement, given: Assumptions) -> float:
    """The price of the cores for 1,000 pictures."""
    return 1000 * given.price_core_hour / pictures_a_core_hour(measured)


def missing(row: NetworkRow, device: Device) -> list[str]:
    """The kinds of memory ("flash", "RAM") that the device has too little of."""
    flash = None if device.flash is None else device.flash / 1e6
    (verdict,) = judge([row], Budget(flash, device.ram / 1e6), {})
    return [check.what if check.what == "RAM" else "flash" for check in verdict.checks if not check.met]


def table(
    rows: Sequence[NetworkRow], given: Assumptions, measured: Mapping[str, Measurement]
) -> list[dict[str, str]]:
    """One line a quantity: a cell for each network's title, "–" where nobody measured it, and the formula.

    `measured`: by network name; of a compressed file its network's, which computes the same.
    """
    times = {row.title: _time(row, measured) for row in rows}
    money = given.currency

    def line(what: str, cells: Sequence[str], formula: str) -> dict[str, str]:
        return {"What": what, **dict(zip(times, cells, strict=True)), "Formula": formula}

    lines = [
        line("Size", [amount(1e6 * row.megabytes, "B") for row in rows], "file, or 4 bytes a parameter")
    ]
    speeds = {"3G": given.mbit_3g, "4G": given.mbit_4g, f"{given.mbit_own:g} Mbit/s": given.mbit_own}
    for name, mbit in speeds.items():
        cells = [duration(download_seconds(row, mbit)) for row in rows]
        lines.append(line(f"Download, {name}", cells, f"8 × MB ÷ {mbit:g} Mbit/s"))
    lines.append(
        line(
            f"Update of {given.devices:,} devices",
            [price(update_price(row, given), money) for row in rows],
            f"{given.devices:,} × MB × {price(given.price_mb, money)} a MB",
        )
    )
    for device in DEVICES:
        cells = [f"no: {', '.join(short)}" if (short := missing(row, device)) else "yes" for row in rows]
        storage = "card" if device.flash is None else amount(device.flash, "B")
        has = f"flash {storage}, RAM {amount(device.ram, 'B')}"
        lines.append(line(f"Fits {device.name}", cells, has))
    board = [BOARD_MILLISECONDS.get(_computes(row)) for row in rows]
    lines.append(
        line(f"One picture, {BOARD}", [f"{ms:.0f} ms" if ms else "–" for ms in board], "published")
    )
    here = list(times.values())
    cells = [amount(one.milliseconds / 1e3, "s") if one else "–" for one in here]
    lines.append(line("One picture, this machine", cells, "measured, median"))
    cells = [f"{pictures_a_core_hour(one):,.0f}" if one else "–" for one in here]
    lines.append(line("Pictures per core-hour", cells, "3,600 s ÷ (seconds × threads)"))
    cells = [price(price_of_1000(one, given), money) if one else "–" for one in here]
    rate = price(given.price_core_hour, money)
    return [*lines, line("1,000 pictures", cells, f"1,000 ÷ pictures per core-hour × {rate}")]


def _computes(row: NetworkRow) -> str:
    """The name of the network that does the computation: a compressed file's uncompressed self."""
    return (row.network and row.network.compressed) or row.name


def _time(row: NetworkRow, measured: Mapping[str, Measurement]) -> Measurement | None:
    return measured.get(row.name) or measured.get(_computes(row))


def duration(seconds: float) -> str:
    """ "2.4 s", "20 min": two figures, or whole numbers."""
    unit, size = next(((u, s) for u, s in (("h", 3600), ("min", 60)) if seconds > 1.65 * s), ("s", 1))
    value = seconds / size
    return (
        f"{value:.{1 if value < 9.95 else 0}f} {unit}"
        if value >= 0.1
        else amount(float(f"{value:.2g}"), "s")
    )


def price(value: float, currency: str) -> str:
    """ "$24,400", "$4.71", "$0.0031": three figures, two below a tenth."""
    if value < 0.1:
        return f"{currency}{value:.2g}"
    return f"{currency}{float(f'{value:.3g}'):,.{2 if value < 100 else 0}f}"
