"""The card "What if?": the answer with some channels switched off."""

from __future__ import annotations

import streamlit as st

from pages.fire_modules_parts import choice
from pages.server import inside_results
from pages.widgets import downloads
from squeeze_core.figures import ablation as figures
from squeeze_core.figures.classification import percent
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import channels_of
from squeeze_core.inside.trace import FireTrace, Unit


def draw(picture: Picture, trace: FireTrace, unit: Unit) -> None:
    """The switches on the left, the answer on the right."""
    st.header("What if?", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    plan = trace.network.plan
    assert plan is not None
    channels = sum(plan.channels.values())
    with left:
        _switches(trace, unit)
        _least_useful(picture, trace, channels)
    with right:
        _answer(picture, trace, channels)


def _switches(trace: FireTrace, unit: Unit) -> None:
    offers = {
        f"channel {unit.channel} of {unit.module}/{unit.branch}": frozenset([unit]),
        f"all {unit.branch} of {unit.module}": channels_of(trace.network, unit.module, unit.branch),
        f"all of {unit.module}": channels_of(trace.network, unit.module),
    }
    disabled = choice.disabled()
    for place, (name, channels) in enumerate(offers.items()):
        is_off = channels <= disabled
        st.button(
            f"Switch {'on' if is_off else 'off'} {name}",
            key=f"fire-switch-{place}",
            icon=":material/toggle_on:" if is_off else ":material/toggle_off:",
            width="stretch",
            on_click=choice.switch_on if is_off else choice.switch_off,
            args=(channels,),
        )
    with st.container(horizontal=True):
        st.button(
            "Undo",
            key="fire-undo",
            icon=":material/undo:",
            type="primary",
            disabled=len(choice.history()) == 1,
            on_click=choice.undo,
        )
        st.button(
            "Switch everything on",
            key="fire-all-on",
            icon=":material/restart_alt:",
            disabled=not disabled,
            on_click=choice.switch_on,
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
        on_click=choice.switch_off,
        args=(frozenset(ranked[:count]),),
        help="Ranked for this picture and class by the size of activation × gradient "
        "(Molchanov et al., arXiv:1611.06440).",
    )


def _answer(picture: Picture, trace: FireTrace, channels: int) -> None:
    answer = inside_results.ablated(picture, trace.network, choice.disabled())
    before, after = float(answer.before[trace.best]), float(answer.after[trace.best])
    cells = st.columns(2)
    cells[0].metric("Channels off", f"{len(answer.disabled):,} of {channels:,}")
    change = f"{100 * (after - before):+.1f} points" if answer.disabled else None
    cells[1].metric(trace.labels[trace.best], percent(after), change)
    downloads.chart(figures.before_after(answer), table=figures.before_after_rows(answer), name="what-if")
