"""Words on their way to the screen."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with nothing left that Markdown would take as markup."""
    return "".join(f"\\{mark}" if mark in r"\`*_{}[]()#+-.!|~:$<>" else mark for mark in text)
