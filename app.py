"""Squeeze Lab's front door: the navigation, and the image tray that every page shares."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.common import journal, tray_bar

IMAGES = Path(__file__).parent / "pages" / "common"

st.set_page_config(page_title="Squeeze Lab", page_icon=IMAGES / "icon.svg", layout="wide")

st.logo(str(IMAGES / "logo.svg"), size="large")
page = st.navigation(
    [
        st.Page("pages/classify.py", title="Classify", icon=":material/label:", default=True),
        st.Page("pages/detect.py", title="Detect", icon=":material/center_focus_strong:"),
        st.Page("pages/fire_modules.py", title="Fire modules", icon=":material/local_fire_department:"),
        st.Page("pages/why.py", title="Why?", icon=":material/psychology_alt:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("pages/design_space.py", title="Design space", icon=":material/tune:"),
        st.Page("pages/about.py", title="About", icon=":material/info:"),
    ],
    position="top",
)
with journal.request(page.title):
    tray_bar.draw()
    page.run()
