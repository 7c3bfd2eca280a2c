"""An address restores what it says; tests/browser/test_address.py has how it comes to say that."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).parents[2] / "pages"


@pytest.mark.parametrize(
    ("page", "said", "key", "restored"),
    [
        ("classify", {"classify-top": "Top 3"}, "classify-top", 3),
        ("detect", {"detect-mode": "Anything"}, "detect-mode", "anything"),
        ("compare", {"compare-networks": "VGG19"}, "compare-networks", ["vgg19"]),
        ("compare", {"compare-tab": "Accuracy", "compare-axis": "Computation"}, "compare-axis", "gmacs"),
        ("compare", {"compare-tab": "What fits?", "fits-bits": "8"}, "fits-bits", 8),
    ],
)
def test_a_choice(page: str, said: dict[str, str], key: str, restored: object) -> None:
    app = opened(page, said)
    assert app.session_state[key] == restored


def test_a_sample_and_a_class_to_explain() -> None:
    app = opened("why", {"sample": "coffee", "class-left": "285", "why-method-right": "CAM"})
    assert app.session_state["tray"].sample == "coffee.jpg"
    left, right = (one.value for one in app.selectbox)
    assert left == 285 and right == 967  # Egyptian cat, and espresso, the best answer


def opened(page: str, said: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=120)
    for name, value in said.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app
