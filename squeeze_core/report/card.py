"""A network's model card: what it is, what it costs, how right it is and how to run it.

Markdown with the front matter of Hugging Face's model cards (huggingface.co/docs/hub/model-cards), or HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import yaml

from squeeze_core.accuracy import share
from squeeze_core.classifier import softmax
from squeeze_core.compression.pictures import Pictures
from squeeze_core.cost import comparison
from squeeze_core.cost.measure import Measurement
from squeeze_core.cost.units import amount, percent
from squeeze_core.networks.catalogue import CATALOGUE, Network
from squeeze_core.networks.plan import PLANS

LEAST_A_CLASS = 10  # fewer pictures do not tell how good a class is
_WEAKEST, _BINS = 5, 10
_IMAGENET = "ImageNet (ILSVRC 2012): photographs from the web, for non-commercial research"
Parts = dict[str, dict[str, str] | str]


def run_it(network: Network) -> str:
    """Lines of Python that classify a picture with that network."""
    opened = f"sq.open_network({network.title!r})" if network.own else repr(network.name)
    return (
        f"import squeeze_core as sq\n\nanswer = sq.classify('cat.jpg', {opened})\n"
        "for one in answer.top(5):\n    print(one.label, one.probability)"
    )


def parts(
    network: Network,
    judged: tuple[Pictures, np.ndarray] | None = None,
    measured: Measurement | None = None,
) -> Parts:
    """The card's sections by heading: facts by name, or a sentence.

    `judged`: labelled pictures that took no part in training, and the network's logits [N, classes] for
    them. `measured`: its time on this machine.
    """
    row, see = comparison.row(network), network.preprocess
    file = "" if row.file_bytes is None else f"{row.file_bytes:,} bytes"
    full = CATALOGUE.get(network.compressed)
    facts = {
        "Network": next((f"SqueezeNet {name}" for name, plan in PLANS.items() if plan == network.plan), "")
        or ("a SqueezeNet" if network.plan else network.title),
        "Weights": network.weights.words + (f"; compressed from {full.title}" if full else ""),
        "Classes": network.classes_in_words(),
        "Input": f"RGB, {see}; values 0–1, mean {_triple(see.mean)}, standard deviation {_triple(see.std)}",
        "Parameters": f"{row.parameters:,}",
        "File": file or "not on this machine",
        "Computation": f"{amount(1e9 * (row.gmacs or 0))} multiply-accumulates a picture",
        "Memory": f"{amount(1e6 * row.float32_megabytes, 'B')} of parameters in fp32 and "
        f"{amount(1e6 * (row.activation_megabytes or 0), 'B')} of activations",
    }
    if measured:
        facts["Time here"] = f"{amount(measured.milliseconds / 1e3, 's')} a picture: {measured.conditions}"
    return {
        "What it is": facts,
        "How right it is": _accuracy(network) | (_judged(*judged, network.labels) if judged else {})
        or "Not measured: give labelled pictures that took no part in training.",
        "Training data and licences": {
            "Trained on": "not stated by its file" if network.own else _IMAGENET,
            "Licence of the weights": licence(network) or "not stated by its file",
        },
        "What it is not for": "It names the classes above and nothing else, for whole pictures, one answer "
        "each. Its training data has the bias of photographs from the web. Decide nothing about people by "
        "it, and nothing where a wrong answer does harm.",
    }


def _triple(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def _accuracy(network: Network) -> dict[str, str]:
    """Published and measured accuracy, each with its set."""
    said, published, measured = {}, network.published, network.measured
    if published.top1 is not None:
        where = f"on ImageNet’s validation set ({published.source})"
        said["Top-1, published"] = f"{published.top1:.1f} % {where}"
    if measured:
        five = share(measured.top5, measured.pictures)
        said["Top-1, measured"] = f"{measured.interval} on {measured.on}"
        said["Top-5, measured"] = f"{five} on the same pictures"
        if measured.difference and measured.same_first_answer is not None:
            same = share(measured.same_first_answer, measured.pictures)
            said["Against itself uncompressed"] = f"{measured.difference.points()} of top-1 on them"
            said["Same first answer"] = f"{same} of them"
        said["Weakest classes"] = _too_few("a picture or less a class")
    return said


def _too_few(how_many: str) -> str:
    return f"not stated: {how_many} does not tell; {LEAST_A_CLASS} or more would"


def _judged(pictures: Pictures, logits: np.ndarray, labels: tuple[str, ...]) -> dict[str, str]:
    """Accuracy, weakest classes and calibration on labelled pictures; {} without labels."""
    truth, count = pictures.truth, len(pictures)
    if truth is None or not count:
        return {}
    probabilities = softmax(logits)
    right, sure = probabilities.argmax(1) == truth, probabilities.max(1)
    classes = [(index, right[truth == index]) for index in np.unique(truth)]
    known = [
        (f"{share(100 * one.mean(), len(one))} {labels[index]}", one.mean())
        for index, one in classes
        if len(one) >= LEAST_A_CLASS
    ]
    weakest = "; ".join(words for words, _ in sorted(known, key=lambda one: one[1])[:_WEAKEST])
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    off = sum(abs(float((sure - right)[bins == one].sum())) for one in range(_BINS)) / count
    return {
        "Top-1, these pictures": f"{share(100 * right.mean(), count)} on {count:,} labelled pictures given",
        "Weakest classes": weakest or _too_few(f"fewer than {LEAST_A_CLASS} pictures a class"),
        "Calibration": f"the first answer’s mean probability is {percent(sure.mean())}, and "
        f"{percent(right.mean())} are right; expected calibration error {percent(off)} in {_BINS} bins",
    }


def licence(network: Network) -> str:
    """Of the weights, as their source states it; "" where it does not."""
    if network.own:
        return ""
    return getattr(network.weights, "licence", "") or (
        "Apache-2.0" if "Apache" in network.weights.words else "BSD-3-Clause (torchvision)"
    )


def front_matter(network: Network) -> dict[str, Any]:
    """Hugging Face's metadata."""
    said, spdx = licence(network), {"MIT": "mit", "BSD-2": "bsd-2-clause", "BSD-3": "bsd-3-clause"}
    # Of two the weights' own, which is named last.
    found = [value for name, value in {**spdx, "Apache": "apache-2.0"}.items() if name in said]
    document: dict[str, Any] = {
        "license": found[-1] if found else "unknown",
        "pipeline_tag": "image-classification",
        "library_name": "squeeze-lab",
        "tags": ["image-classification", *(["squeezenet"] if network.plan else [])],
        "metrics": ["accuracy"],
    }
    return document if network.own else document | {"datasets": ["imagenet-1k"]}


def markdown(network: Network, sections: Parts) -> str:
    """The card as Markdown; HTML and Markdown in names stay text."""
    lines = ["---", yaml.safe_dump(front_matter(network), sort_keys=False).strip(), "---", ""]
    lines.append(f"# {_plain(network.title)}: model card")
    for heading, body in sections.items():
        lines += ["", f"## {heading}", ""]
        if isinstance(body, str):
            lines.append(body)
        else:
            lines += [
                "| | |",
                "|---|---|",
                *(f"| {name} | {_plain(said)} |" for name, said in body.items()),
            ]
    return "\n".join([*lines, "", "## How to run it", "", "```python", run_it(network), "```", ""])


def _plain(text: str) -> str:
    """Text in a Markdown table."""
    safe = escape("".join(sign if sign.isprintable() else " " for sign in text), quote=False)
    return "".join(f"\\{sign}" if sign in "|`*_[]" else sign for sign in safe)


def html(network: Network, sections: Parts) -> str:
    """The card as one page that asks for nothing."""
    bodies = "".join(f"<h2>{escape(heading)}</h2>{_html(body)}" for heading, body in sections.items())
    title = escape(f"{network.title}: model card")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><style>'
        ":root{color-scheme:light dark}body{font:16px/1.45 Helvetica,Arial,sans-serif;max-width:46rem;"
        "margin:1.5rem auto;padding:0 1rem}h2{font-size:1.1rem;margin:1.2rem 0 .3rem}th{text-align:left;"
        "vertical-align:top;width:11rem;font-weight:600}td,th{padding:.15rem .6rem .15rem 0;"
        "overflow-wrap:anywhere}pre{overflow-x:auto}@media print{body{font-size:11px;margin:0}}</style>"
        f"</head><body><h1>{title}</h1>{bodies}<h2>How to run it</h2>"
        f"<pre>{escape(run_it(network))}</pre></body></html>\n"
    )


def _html(body: Mapping[str, str] | str) -> str:
    if isinstance(body, str):
        return f"<p>{escape(body)}</p>"
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in body.items())
    return f"<table>{''.join(lines)}</table>"
