"""Text for the screen."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with Markdown's marks escaped."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+-.!|~:$<>" else mark for mark in text)
