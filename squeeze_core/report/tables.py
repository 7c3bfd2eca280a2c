"""The report's figures as rows (for CSV and for tables) and as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from squeeze_core.cost import handmade
from squeeze_core.cost.comparison import NetworkRow
from squeeze_core.cost.published import ALEXNET_PAPER, HAND_MADE, SQUEEZENET_PAPER, TABLE_2, TABLE_3
from squeeze_core.report import Report, findings

if TYPE_CHECKING:
    from squeeze_core.detector.peers import DetectorRow


def accuracy_source(rows: Sequence[NetworkRow]) -> str:
    """Where the published accuracies of those rows come from, in one sentence."""
    others = [row for row in rows if row.top1 is not None and not row.source.startswith("torchvision")]
    named = "".join(f"; of {row.title}: {row.source}" for row in others)
    return f"ImageNet accuracy as published by torchvision for its default weights{named}."


def rows(report: Report) -> list[dict[str, Any]]:
    """One dict a network and a compressed file, the units in the keys; None where a figure is not known."""
    measured = {m.name: m for m in report.measurements}
    table = []
    for row in (*report.rows, *report.compressed):
        line: dict[str, Any] = {
            "Network": row.title,
            "Parameters": row.parameters,
            "MB to store (10⁶ bytes)": round(row.megabytes, 2),
            "GMACs": None if row.gmacs is None else round(row.gmacs, 3),
            "Activations (MB)": None
            if row.activation_megabytes is None
            else round(row.activation_megabytes, 2),
            "Top-1 published (%)": row.top1,
            "Top-5 published (%)": row.top5,
        }
        line |= _measured_accuracy(row)
        if measured:
            m = measured.get(row.name)
            peak = m.peak_memory_bytes if m else None
            line |= {
                "ms (batch 1)": round(m.milliseconds, 2) if m else None,
                "Pictures a second": round(m.images_per_second, 1) if m else None,
                "Peak memory (MB)": None if peak is None else round(peak / 1e6, 1),
                "Weights": None if m is None else "trained" if m.trained else "untrained",
            }
        source = f"{row.source} ({row.note})" if row.note else row.source
        table.append(line | {"Accuracy from": source})
    return table


def _measured_accuracy(row: NetworkRow) -> dict[str, Any]:
    """Top-1 on pictures of ours, with its 95 % interval, and what compression changed."""
    found = row.measured
    difference = found.difference if found else None
    return {
        "Top-1 measured (%)": found and found.top1,
        "Top-5 measured (%)": found and found.top5,
        "Top-1 against uncompressed": difference and difference.points(),
        "Measured on": found and found.on,
    }


def document(report: Report) -> dict[str, Any]:
    """Everything in the report, ready for JSON."""
    return {
        "made": report.day,
        "software": report.versions,
        "networks": rows(report),
        "measured": [m.conditions for m in report.measurements[:1]],
        "picture": None if report.picture is None else report.picture.name,
        "answers": [
            {"network": report.title_of(answer.model), "predictions": [vars(p) for p in answer.top(5)]}
            for answer in report.answers
        ],
        "published": [vars(row) for row in (*TABLE_2, *TABLE_3, *HAND_MADE)],
        "hand_made_study": handmade.study(),
        "sources": sources(report),
    }


def sources(report: Report) -> list[str]:
    """Where every figure comes from, one sentence each."""
    lines = [
        f"Parameters, bytes and multiply-accumulates: counted by Squeeze Lab on {report.day}, "
        f"{report.versions}; MB are 10⁶ bytes.",
        accuracy_source(report.rows),
        findings.which_figure(report.reference),
        f"The paper’s sizes as printed, and their accuracies: {SQUEEZENET_PAPER}, Tables 2 and 3.",
        f"Hand-made features on ImageNet: {ALEXNET_PAPER}, Table 1, on the 2010 challenge’s test set.",
        study_source(),
    ]
    lines += [f"Time and memory: measured here, {m.conditions}." for m in report.measurements[:1]]
    if report.answers:
        lines.append(
            f"Predictions for {report.picture.name if report.picture else 'the picture'}: made here on "
            f"{report.answers[0].device}, {report.day}, {report.versions}."
        )
    return lines


def detectors(known: Sequence[DetectorRow]) -> list[dict[str, Any]]:
    """One row a detector; whether it was measured here or is cited, and from where."""
    return [
        {
            "Detector": row.title,
            "Parameters": row.parameters,
            "MB": row.bytes and round(row.bytes / 1e6, 2),
            "mAP@0.5 (%)": row.map50,
            "mAP@0.5:0.95 (%)": row.map,
            "Measured or cited": "measured here" if row.measured else "cited",
            "Source": row.source,
        }
        for row in known
    ]


def detector_source() -> str:
    """What the figures of measured detectors and those of cited ones are on."""
    from squeeze_core.detector import peers

    return (
        f"Measured by one evaluator on {peers.record()['on']}; the others were trained on COCO. Cited: "
        "VOC 2007’s test set, trained on twice the pictures that ours saw."
    )


def study_source() -> str:
    record = handmade.study()
    return (
        f"HOG against SqueezeNet 1.1’s features: measured for this project on {record['date']}; "
        f"{record['set']}, {record['train']:,} crops to learn from, {record['val']:,} to test on, the same"
        " kind of linear classifier, its C chosen for each; always naming the commonest class reaches "
        f"{record['always_the_commonest_class']}%."
    )


def paper_source() -> str:
    """What the bars of the paper's Table 2 leave out: their source, and how little accuracy moves."""
    top1, top5 = [row.top1 for row in TABLE_2], [row.top5 for row in TABLE_2]
    return (
        f"{TABLE_2[0].source}: size, and how many times smaller than AlexNet; ImageNet accuracy stays "
        f"between {min(top1)} and {max(top1)}% top-1, {min(top5)} and {max(top5)}% top-5."
    )
