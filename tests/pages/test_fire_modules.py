"""The page "Fire modules" as a session sees it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from squeeze_core.inside import trace as fire_trace
from tests import sessions


def opened(channel: str = "", tab: str = "All channels", sample: str = "chelsea") -> AppTest:
    said = {"sample": sample, "fire-tab": tab, **({"channel": channel} if channel else {})}
    return sessions.opened("pages/fire_modules.py", said)


def metric(at: AppTest, label: str) -> str:
    return next(one.value for one in at.metric if one.label == label)


def channel(at: AppTest) -> str:
    """The channel that is chosen."""
    (asked,) = [at.query_params["channel"]]
    return asked if isinstance(asked, str) else asked[0]


def test_a_first_visitor_sees_the_sample() -> None:
    at = opened()
    assert at.title[0].value == "What do the Fire modules see?"
    assert channel(at).startswith("fire4/expand3x3/")
    assert "says “Egyptian cat”, 51.6 %" in at.caption[-1].value
    assert metric(at, "Channels off") == "0 of 2,880"
    assert not at.warning


def test_an_answer_that_is_not_sure_says_so() -> None:
    assert "is not sure, perhaps “barbell”, 23.3 %" in opened(sample="astronaut").caption[-1].value


def test_the_address_names_a_channel() -> None:
    at = opened("fire9/squeeze/3")
    assert channel(at) == "fire9/squeeze/3" and not at.warning
    assert at.number_input(key="fire-channel").value == 3
    assert any("squeeze 1×1** · 64 × 14 × 14" in one.value for one in at.markdown)


def test_another_channel_needs_no_forward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("fire5/expand3x3/1")
    calls = []
    monkeypatch.setattr(fire_trace, "fire_trace", lambda *args: calls.append(args))
    at.number_input(key="fire-channel").set_value(2).run()
    assert not at.exception
    assert channel(at) == "fire5/expand3x3/2"
    assert calls == []


def test_switch_off_and_undo() -> None:
    at = opened("fire9/expand3x3/0")
    whole = metric(at, "Egyptian cat")
    at.button(key="fire-switch-2").click().run()
    assert not at.exception
    assert metric(at, "Channels off") == "512 of 2,880"
    # With nothing of fire9, only conv10's biases speak.
    assert metric(at, "Egyptian cat") == "0.1 %"
    assert at.button(key="fire-switch-0").label.startswith("Switch on channel 0")
    at.button(key="fire-undo").click().run()
    assert metric(at, "Channels off") == "0 of 2,880"
    assert metric(at, "Egyptian cat") == whole
    assert at.button(key="fire-undo").disabled


def test_steps_add_up_and_undo_one_at_a_time() -> None:
    at = opened("fire2/squeeze/3")
    at.button(key="fire-switch-0").click().run()
    at.button(key="fire-switch-1").click().run()
    assert metric(at, "Channels off") == "16 of 2,880"
    at.button(key="fire-undo").click().run()
    assert metric(at, "Channels off") == "1 of 2,880"
    at.button(key="fire-all-on").click().run()
    assert metric(at, "Channels off") == "0 of 2,880"


def test_the_least_useful_channels() -> None:
    at = opened()
    at.slider(key="fire-least").set_value(100).run()
    at.button(key="fire-least-off").click().run()
    assert not at.exception
    assert metric(at, "Channels off") == "100 of 2,880"
    assert float(metric(at, "Egyptian cat").rstrip("%")) > 40


@pytest.mark.parametrize(
    "address",
    [
        "fire9/squeeze/64",
        "fire10/squeeze/1",
        "fire9/output/1",
        "fire9/squeeze/²",
        f"fire5/squeeze/{'9' * 5000}",
        "<b>",
    ],
)
def test_an_address_of_no_channel_is_said_so_and_shows_the_first_one(address: str) -> None:
    at = opened(address)
    (warning,) = at.warning
    assert "The address is not of a channel: SqueezeNet 1" in warning.value
    assert channel(at).startswith("fire4/expand3x3/")
    if address == "<b>":
        at.number_input(key="fire-channel").set_value(2).run()
        assert not at.exception and not at.warning
