"""Text for the screen."""

from __future__ import annotations

import html

import streamlit as st


def plain(text: str) -> str:
    """The text with Markdown's marks escaped."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+-.!|~:$<>" else mark for mark in text)


def announce(answer: str) -> None:
    """The page's answer for screen readers, which say it aloud when it changes (page.js)."""
    with st.container(key="answer"):
        st.html(f"<p>{html.escape(answer)}</p>")
