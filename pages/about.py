"""What is this, and where does it come from?"""

import streamlit as st

st.title("What is this?")
