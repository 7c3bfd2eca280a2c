"""An address restores what it says; tests/browser/test_address.py has how it comes to say that."""

from __future__ import annotations

import pytest

from tests.sessions import opened


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
    app = opened(f"pages/{page}.py", said)
    assert app.session_state[key] == restored


def test_a_sample_and_a_class_to_explain() -> None:
    said = {"sample": "coffee", "class-left": "285", "why-method-right": "CAM"}
    app = opened("pages/why.py", said)
    assert app.session_state["tray"].sample == "coffee.jpg"
    left, right = (one.value for one in app.selectbox)
    assert left == 285 and right == 967  # Egyptian cat, and espresso, the best answer
