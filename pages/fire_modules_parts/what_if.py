"""The card "What if?": the answer with some channels switched off."""

from __future__ import annotations

import streamlit as st

from pages.server import inside_results
from pages.session import channels_off
from pages.widgets import downloads
from squeeze_core.cost.units import percent
from squeeze_core.figures import ablation as figures
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import channels_of
from squeeze_core.inside.trace import FireTrace, Unit


def draw(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The answer in figures, the switches, the answer as bars."""
    plan = trace.network.plan
    assert plan is not None
    channels = sum(plan.channels.values())
    answer = inside_results.ablated(picture, trace.network, channels_off.disabled())
    before, after = float(answer.before[trace.best]), float(answer.after[trace.best])
    with st.container(horizontal=True, gap="medium"):
        st.header("What if?", anchor=False, width="content")
        st.metric("Channels off", f"{len(answer.disabled):,} of {channels:,}", width="content")
        change = f"{100 * (after - before):+.1f} points" if answer.disabled else None
        st.metric(trace.labels[trace.best], percent(after), change, width="content")
    with st.container(gap="small"):
        _switches(trace, unit)
    downloads.chart(figures.before_after(answer), table=figures.before_after_rows(answer), name="what-if")
    _least_useful(picture, trace, channels)


def _switches(trace: FireTrace, unit: Unit) -> None:
    offers = {
        f"channel {unit.channel} of {unit.module}/{unit.branch}": frozenset([unit]),
        f"all {unit.branch} of {unit.module}": channels_of(trace.network, unit.module, unit.branch),
        f"all of {unit.module}": channels_of(trace.network, unit.module),
    }
    disabled = channels_off.disabled()
    for place, (name, channels) in enumerate(offers.items()):
        is_off = channels <= disabled
        st.button(
            f"Switch {'on' if is_off else 'off'} {name}",
            key=f"fire-switch-{place}",
            icon=":material/toggle_on:" if is_off else ":material/toggle_off:",
            width="stretch",
            on_click=channels_off.switch_on if is_off else channels_off.switch_off,
            args=(channels,),
        )
    with st.container(horizontal=True):
        st.button(
            "Undo",
            key="fire-undo",
            icon=":material/undo:",
            type="primary",
            disabled=len(channels_off.history()) == 1,
            on_click=channels_off.undo,
        )
        st.button(
            "Switch everything on",
            key="fire-all-on",
            icon=":material/restart_alt:",
            disabled=not disabled,
            on_click=channels_off.switch_on,
            args=(disabled,),
        )


def _least_useful(picture: Picture, trace: FireTrace, channels: int) -> None:
    if st.session_state.get("fire-least", 0) > channels:  # of a larger network
        del st.session_state["fire-least"]
    count = st.slider("Least useful channels", 0, channels, min(500, channels), 20, key="fire-least")
    ranked = inside_results.contributions(picture, trace.network, trace.best).ranked()
    st.button(
        f"Switch off the least useful {count:,} channels",
        key="fire-least-off",
        icon=":material/content_cut:",
        width="stretch",
        disabled=not count,
        on_click=channels_off.switch_off,
        args=(frozenset(ranked[:count]),),
        help="Ranked for this picture and class by the size of activation × gradient "
        "(Molchanov et al., arXiv:1611.06440).",
    )
