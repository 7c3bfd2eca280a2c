"""Choices that are in the address: one option of a row, one of several tabs, figures of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

from pages.session import address

Option = TypeVar("Option")
Asked = TypeVar("Asked")


def one_of(
    label: str, options: Mapping[Option, str], key: str, default: Option | None = None, show: bool = False
) -> Option:
    """The chosen option, which is in the address and kept over pages; at first `default`, else the first.

    `options`: each with its words on screen. `show`: the label is seen, not only read aloud.
    """
    return st.segmented_control(
        label,
        list(options),
        default=next(iter(options)) if default is None else default,
        required=True,
        format_func=options.__getitem__,
        key=key,
        label_visibility="visible" if show else "collapsed",
        **address.BOUND,
    )


def tabs(key: str, drawings: Mapping[str, Callable[[], object]]) -> None:
    """Tabs by title; only the open one is drawn."""
    shown = st.tabs(list(drawings), key=key, on_change="rerun", bind="query-params")
    for tab, draw in zip(shown, drawings.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def asked_for(prefix: str, usual: Asked) -> Asked:
    """That dataclass with what the widgets called `prefix-field` say, whether or not they are drawn now."""
    fields = vars(usual).items()
    return type(usual)(**{name: st.session_state.get(f"{prefix}-{name}", value) for name, value in fields})
