"""The report's figures as rows, for CSV and for tables, and their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from squeeze_core.accuracy import Interval, share
from squeeze_core.classifier import Classification
from squeeze_core.cost import comparison, handmade
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.units import Cost
from squeeze_core.figures.comparison_charts import pareto
from squeeze_core.report import Report

COMPRESSED = "Our compressed file: the published accuracy and the points that it was measured to change."


def accuracy_source(rows: Sequence[NetworkRow]) -> str:
    """The sources of those rows' published accuracies, in one sentence."""
    others: dict[str, list[str]] = {}
    for row in rows:
        if row.top1 is not None and not row.source.startswith("torchvision"):
            others.setdefault(row.source, []).append(row.title)
    named = "".join(f"; of {' and '.join(titles)}: {source}" for source, titles in others.items())
    return f"ImageNet accuracy as published by torchvision for its default weights{named}."


def rows(report: Report) -> list[dict[str, Any]]:
    """One dict a network and a compressed file, the units in the keys; None where a figure is not known."""
    measured = {
        one.name: row for one, row in zip(report.measurements, speeds(report.measurements), strict=True)
    }
    return [_row(row, measured) for row in (*report.rows, *comparison.compressed_rows())]


def _row(row: NetworkRow, measured: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    activations, accuracy = row.activation_megabytes, row.measured
    line = {
        "Network": row.title,
        "Parameters": row.parameters,
        "MB to store (10⁶ bytes)": round(row.megabytes, 2),
        "GMACs": None if row.gmacs is None else round(row.gmacs, 3),
        "Activations (MB)": None if activations is None else round(activations, 2),
        "Top-1 published (%)": row.top1,
        "Top-5 published (%)": row.top5,
        "Top-1 measured (%)": accuracy and accuracy.top1,
        "Top-1 measured, 95 % interval": accuracy and "{:.1f} to {:.1f}".format(*accuracy.interval[1:]),
        "Top-5 measured (%)": accuracy and accuracy.top5,
        "Top-1 uncompressed, same pictures (%)": accuracy and accuracy.uncompressed,
        **change(row),
        "Measured on": accuracy and accuracy.on,
    }
    for some in list(measured.values())[:1]:
        line |= dict.fromkeys(some) | measured.get(row.name, {}) | {"Network": row.title}
    return line | {"Accuracy from": f"{row.source} ({row.note})" if row.note else row.source}


def change(row: NetworkRow) -> dict[str, float | str | None]:
    """The change of a compressed file's accuracy; None for other networks. In two cells, since a
    spreadsheet takes text that begins with a sign for a formula."""
    found = row.difference
    return {
        "Top-1 against uncompressed (points)": found and round(found.value, 1),
        "95 % interval (points)": found and "{:.1f} to {:.1f}".format(*found[1:]).replace("-", "−"),
    }


def accuracies(field: Sequence[NetworkRow], cost: Cost) -> list[dict[str, Any]]:
    """Accuracy and cost of every network, the smallest first."""
    front = {row.name for row in pareto(field, cost)}
    return [
        {
            "Network": row.title,
            "MB": round(row.megabytes, 2),
            "GMACs": row.gmacs,
            "Top-1 (%)": row.top1,
            "Top-5 (%)": row.top5,
            **change(row),
            "Best for its cost": "yes" if row.name in front else "",
            "Source": row.source,
        }
        for row in sorted(field, key=lambda row: row.megabytes)
    ]


def answers(given: Sequence[Classification]) -> list[dict[str, Any]]:
    """The five most probable classes of each answer."""
    return [
        {"Network": answer.network.title, "Class": p.label, "Probability": round(p.probability, 4)}
        for answer in given
        for p in answer.top(5)
    ]


def speeds(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Time, throughput and memory of each network measured."""
    return [
        {
            "Network": comparison.title(m.name),
            "ms (median)": round(m.milliseconds, 2),
            "Fastest": round(m.fastest, 2),
            "Slowest": round(m.slowest, 2),
            "Runs": m.runs,
            "Pictures a second": round(m.images_per_second, 2),
            "Batch": m.batch,
            "Peak memory (MB)": m.peak_memory_bytes and round(m.peak_memory_bytes / 1e6, 1),
            "Weights": "trained" if m.trained else "untrained",
        }
        for m in measurements
    ]


def features() -> dict[str, Interval]:
    """Objects named right by each kind of features in the hand-made study, with 95 % intervals."""
    record = handmade.study()
    return {
        "SqueezeNet 1.1’s features": share(record["squeezenet"]["top1"], record["val"]),
        "Hand-made features (HOG)": share(record["hog"]["top1"], record["val"]),
        "Always the commonest class": share(record["always_the_commonest_class"], record["val"]),
    }


def study_source() -> str:
    record = handmade.study()
    return (
        f"HOG against SqueezeNet 1.1’s features: measured for this project on {record['date']}; "
        f"{record['set']}, {record['train']:,} crops to learn from, {record['val']:,} to test on, the same"
        " kind of linear classifier, its C chosen for each; always naming the commonest class reaches "
        f"{record['always_the_commonest_class']} %."
    )
