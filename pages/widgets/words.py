"""Text for the screen."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import streamlit as st


def plain(text: str) -> str:
    """The text with Markdown's marks escaped."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+-.!|~:$<>" else mark for mark in text)


def refusals(sentences: Sequence[str], name: str, dismiss: Callable[[], None]) -> None:
    """The sentences on files that were not taken, and a button that dismisses them; `name`: for keys."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-refusals"):
        st.error("  \n".join(map(plain, sentences)), icon=":material/broken_image:")
        st.button(
            "Dismiss", key=f"{name}-dismiss", type="tertiary", icon=":material/close:", on_click=dismiss
        )


def announce(answer: str) -> None:
    """The page's answer for screen readers, which say it aloud when it changes (page.js)."""
    with st.container(key="answer"):
        st.html(f"<p>{html.escape(answer)}</p>")
