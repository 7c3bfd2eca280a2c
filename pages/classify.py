"""What is it?"""

import streamlit as st

from pages.common import shared, tray

st.title("What is it?")
picture = tray.current()
answer = shared.classification(picture, "squeezenet1_1")
left, right = st.columns(2)
left.image(picture.image, width="stretch", alt=tray.describe(picture))
for prediction in answer.top(5):
    right.write(f"{prediction.label} {prediction.probability:.1%}")
