"""What every page shares: the image tray, the resources, and the ways to take results away."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until `st.navigation` has run once in this process, Streamlit takes pages/ for scripts that stand
# alone, so a first visit to /about would get that page without app.py around it: start again.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
