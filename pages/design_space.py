"""The page Design space: the paper's metaparameters, and the network they make."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

import streamlit as st

from pages.session import address
from pages.widgets import downloads, in_python
from pages.widgets.choices import one_of
from squeeze_core.cost import design_space
from squeeze_core.cost.design_space import DESIGNS, Choice, Design, DesignError, PublishedDesign, Stem
from squeeze_core.cost.units import amount
from squeeze_core.figures import design_space as figures
from squeeze_core.networks.plan import Bypass, Metaparameters

_PRESETS = {
    "SqueezeNet 1.0": Choice(),
    "SqueezeNet 1.1": Choice(stem="1.1"),
    "Simple bypass": Choice(bypass="simple"),
    "Complex bypass": Choice(bypass="complex"),
    "SR 0.75": Choice(Metaparameters(sr=0.75)),
}


# Label, lowest, highest and step.
_SLIDERS: dict[str, tuple[str, Any, Any, Any]] = {
    "base_e": ("base_e: expand filters of fire2", 8, 512, 8),
    "incr_e": ("incr_e: added every freq modules", 0, 512, 8),
    "freq": ("freq: modules between two steps", 1, 8, 1),
    "sr": ("SR: squeeze filters per expand filter", 0.0, 1.0, 0.005),
    "pct3x3": ("pct3x3: share of 3×3 filters", 0.0, 1.0, 0.01),
    "size": ("Input size (pixels)", 8, 512, 1),
    "classes": ("Classes", 2, 2000, 1),
}


def values(choice: Choice) -> dict[str, Any]:
    """The widgets' values at that point, by name."""
    return choice.metaparameters._asdict() | {
        name: getattr(choice, name) for name in ("stem", "bypass", "size", "classes")
    }


def preset(choice: Choice) -> None:
    """Move every widget to that point."""
    st.session_state.update({f"design-{name}": value for name, value in values(choice).items()})


def ask() -> Choice:
    """The point that the widgets say: SqueezeNet 1.0 when neither the address nor a person moved them."""
    with st.container(horizontal=True, gap="small"):
        for name, choice in _PRESETS.items():
            st.button(name, key=f"preset-{name}", on_click=preset, args=(choice,))
    usual = values(Choice())
    at = {}
    for name, (label, low, high, step) in _SLIDERS.items():
        digits = "%.3f" if name == "sr" else None  # SqueezeNet's is 0.125
        key = f"design-{name}"
        at[name] = st.slider(label, low, high, usual[name], step, digits, key=key, **address.BOUND)
    bypasses: dict[Bypass, str] = {name: name for name in get_args(Bypass)}
    stems: dict[Stem, str] = {name: name for name in get_args(Stem)}
    bypass = one_of("Bypass", bypasses, "design-bypass", show=True)
    stem = one_of("conv1 and pools of version", stems, "design-stem", show=True)
    metaparameters = Metaparameters(**{name: at[name] for name in Metaparameters._fields})
    return Choice(metaparameters, stem, bypass, at["size"], at["classes"])


def metrics(design: Design) -> None:
    default = design_space.design(Choice())
    times = design.cost.parameters / default.cost.parameters
    note = "SqueezeNet 1.0 itself" if design.choice == Choice() else f"{times:.2f} times SqueezeNet 1.0"
    with st.grid(4, min_column_width=140, gap="small"):
        st.metric(
            "Parameters", f"{design.cost.parameters:,}", delta=note, delta_color="off", delta_arrow="off"
        )
        st.metric("Size (fp32)", f"{design.cost.megabytes:.2f} MB")
        st.metric("Multiply-accumulates", amount(design.cost.macs))
        st.metric("Activations, batch 1", f"{design.cost.activation_bytes / 1e6:.2f} MB")


def module_table(design: Design) -> list[dict[str, object]]:
    return [
        {
            "Module": module.name,
            "s1×1": module.shape.squeeze if module.shape else None,
            "e1×1": module.shape.expand1x1 if module.shape else None,
            "e3×3": module.shape.expand3x3 if module.shape else None,
            "Bypass": "yes" if module.bypassed else "",
            "Output": " × ".join(map(str, module.output)),
            "Parameters": sum(module.parameters.values()),
            "MACs": module.macs,
        }
        for module in design.modules
    ]


def published(design: Design) -> None:
    """The paper's points as printed, and the one that does not add up."""
    st.header("Compared with the paper's designs", anchor=False)
    table = [
        {
            "Network": point.title,
            "Published (MB, as printed)": point.megabytes,
            "Built here (MB, 10⁶ bytes)": round(built(point), 2),
            "Top-5 (%), published": point.top5,
            "Source": point.source,
        }
        for point in DESIGNS
    ]
    figure = figures.published_designs(design)
    alt = f"The paper's points by size and accuracy; this network has {design.cost.megabytes:.2f} MB"
    downloads.chart(figure, table=table, name="published-designs", alt=alt)
    st.caption(
        "The paper's sizes are as printed; it does not state its unit, and they fit 2²⁰ bytes. Ours are in "
        "MB of 10⁶ bytes. The accuracy of an untrained network is unknown, so yours is a line, not a point."
        f" {design_space.complex_bypass_note()}"
    )


def built(point: PublishedDesign) -> float:
    """Our size, MB of 10⁶ bytes, of one of the paper's designs."""
    return design_space.design(Choice(point.metaparameters, bypass=point.bypass)).cost.megabytes


def files(design: Design) -> None:
    st.header("Download this network", anchor=False)
    choice, name = design.choice, f"squeezenet-{design.cost.parameters}"
    with st.container(horizontal=True, gap="small"):
        python = partial(design_space.snippet, choice)
        downloads.file("Python", python, f"{name}.py", "design-python", "code", type="primary")
        onnx = partial(design_space.export, choice)
        downloads.file("ONNX, random weights", onnx, f"{name}-random-weights.onnx", "design-onnx", "schema")
    st.caption(f"The ONNX file holds {design_space.UNTRAINED}.")


@st.fragment
def explore() -> None:
    summary = st.container(border=True, key="design-summary")
    controls, result = st.columns([2, 5], gap="medium")
    with controls, st.container(border=True):
        choice = ask()
    try:
        design = design_space.design(choice)
    except DesignError as error:
        summary.error(str(error), icon=":material/tune:")
        return
    with result:
        cards = [st.container(border=True) for _ in range(3)]
        # Drawn first, so that a reader of the new figures does not find the old network's files.
        with cards[2]:
            files(design)
        with summary:
            metrics(design)
        with cards[0]:
            st.header("Where its parameters sit", anchor=False)
            table = module_table(design)
            alt = "Parameters of each module, by kind of layer"
            downloads.chart(figures.strip(design), table=table, name="modules", alt=alt)
            if choice.bypass == "simple" and not any(module.bypassed for module in design.modules):
                st.info("No module keeps its number of channels, so the simple bypass has nowhere to go.")
        with cards[1]:
            published(design)
        in_python.draw("design_space", choice=choice)


st.title("What if SqueezeNet were built differently?", anchor=False)
explore()
