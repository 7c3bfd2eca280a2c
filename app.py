"""Squeeze Lab's front door: the navigation, and the image tray that every page shares.

`streamlit run app.py` imports this file once, for the server, and then runs it for every visitor.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.starlette import App

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from pages.server import log, memory, results, startup
from pages.session import address, channels_off, selected_network, tray
from pages.widgets import network_picker, tray_bar
from squeeze_core.colours import ACCENT

IMAGES = Path(__file__).parent / "pages" / "widgets"
# Title and icon by file name, which is the page's address too; the first is the home page.
PAGES = {
    "classify": ("Classify", "label"),
    "detect": ("Detect", "center_focus_strong"),
    "fire_modules": ("Fire modules", "local_fire_department"),
    "why": ("Why?", "psychology_alt"),
    "teach": ("Teach", "school"),
    "compare": ("Compare", "compare_arrows"),
    "compress": ("Compress", "compress"),
    "design_space": ("Design space", "tune"),
    "about": ("About", "info"),
}
HOME = next(iter(PAGES))


def image(name: str) -> str:
    """One of our drawings, in the accent colour."""
    return (IMAGES / name).read_text("utf-8").replace("currentColor", ACCENT)


def front_door() -> None:
    """Draw the page that one visitor asked for."""
    st.logo(image("logo.svg"), size="large")
    # Before the navigation: without an icon the browser would fetch the page's from fonts.gstatic.com.
    st.set_page_config(page_icon=image("icon.svg"), layout="wide")
    page = st.navigation(
        [
            st.Page(f"pages/{name}.py", title=title, icon=f":material/{icon}:", default=name == HOME)
            for name, (title, icon) in PAGES.items()
        ],
        position="top",
    )
    st.set_page_config(page_title=f"{page.title} · {network_picker.title()} · Squeeze Lab")
    with log.request(page.title):
        tray_bar.draw(page.url_path)
        if page.url_path:  # the home page draws its picture first
            results.import_for(page.url_path)
        if page.url_path != "fire_modules":  # which draws its own, as it changes there
            channels_off.bar()
        with st.container(key=f"page-{page.url_path or HOME}"):
            page.run()
        tray.put_in_address()
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            st.page_link("pages/about.py", width="content")
            lesson = st.session_state.get("teach")
            pictures = bool(tray.state().entries or (lesson and lesson.pictures))
            address.copy_link(pictures, networks=selected_network.has_own())


if __name__ == "__main__":
    front_door()
else:
    memory.limit_allocator()  # before there are threads
    app = App(
        __file__,
        routes=[startup.home_route(HOME)],
        middleware=startup.middleware(),
        lifespan=startup.lifespan,
        on_script_error=lambda error: bool(log.show_error(error)),
    )
