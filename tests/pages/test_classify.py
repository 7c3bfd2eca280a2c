"""The tray and the page "Classify" as a session sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from pages.server import results
from pages.widgets import downloads
from squeeze_core import gallery
from tests.sessions import ROOT, opened


def upload(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    for name, data in files:
        at.file_uploader[0].upload(name, data)
    return at.run()


def sample(name: str) -> tuple[str, bytes]:
    return name, (gallery.FOLDER / name).read_bytes()


def best(at: AppTest) -> list[str]:
    """The best class by each network, SqueezeNet's first."""
    return [heading.value for heading in at.header if heading.value != "All pictures"]


def click(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def edit(at: AppTest, cells: dict[int, dict[str, object]]) -> None:
    """Edit cells of the table of all pictures."""
    key = at.data_editor[0].key
    at.session_state[key] = {"edited_rows": cells, "added_rows": [], "deleted_rows": []}
    at.run()
    assert not at.exception


def table(at: AppTest) -> list[dict[str, object]]:
    """The rows of the table of all pictures."""
    return at.data_editor[0].value.to_dict("records")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What torchvision downloaded on this machine before does not matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(tmp_path_factory.mktemp("torch")))
        yield


@pytest.fixture
def at(home: None) -> AppTest:
    """A session of the test's own."""
    return opened()


@pytest.fixture(scope="module")
def untouched(home: None) -> AppTest:
    """A session in which no test clicks."""
    return opened()


def test_a_first_visitor_sees_two_networks_name_the_sample(untouched: AppTest) -> None:
    assert best(untouched)[0] == "Egyptian cat" and best(untouched)[1].endswith(" cat")
    shown = {(metric.label, metric.value) for metric in untouched.metric}
    assert {("Parameters", "1.24 M"), ("Parameters", "4.65 M")} <= shown
    assert untouched.image[0].captions == [r"chelsea\.png · 451 × 300 pixels"]


def test_a_first_visitor_reads_what_the_network_is_and_why_small_matters(untouched: AppTest) -> None:
    words = untouched.markdown[0].value
    assert "**SqueezeNet**" in words and "arxiv.org/abs/1602.07360" in words
    assert all(figure in words for figure in ("49 times", "4.94 MB", "244 MB", "0.47 MB"))


def test_time_is_the_networks_own_with_its_spread(untouched: AppTest) -> None:
    times = [metric for metric in untouched.metric if metric.label == "Time"]
    assert len(times) == 2 and all(metric.value.endswith(" ms") for metric in times)
    for metric in times:
        low, high = map(float, metric.delta.removesuffix(" ms").split("–"))
        assert low <= float(metric.value.removesuffix(" ms")) <= high
    (meaning,) = [caption.value for caption in untouched.caption if caption.value.startswith("Time: ")]
    assert "median of" in meaning and "decoding and preparing the picture are not in it" in meaning
    rows = untouched.dataframe[0].value
    assert rows.groupby("network")["network ms"].nunique().tolist() == [1, 1]


def test_without_a_turn_for_measuring_the_answers_are_there_and_no_time(monkeypatch) -> None:
    monkeypatch.setattr(results, "timings", lambda *_: None)
    at = opened()
    assert not at.exception and best(at) == ["Egyptian cat", "tiger cat"]
    assert [metric.value for metric in at.metric if metric.label == "Time"] == ["–", "–"]
    assert any("server is busy" in caption.value for caption in at.caption)
    assert "network ms" not in at.dataframe[0].value


def test_another_sample_is_a_click_away(at: AppTest) -> None:
    click(at, "Show A cup of coffee")
    assert best(at) == ["espresso", "espresso"]


def test_samples_join_the_picture_that_is_shown(at: AppTest) -> None:
    upload(at, sample("coffee.jpg"))
    click(at, "Use all samples")
    assert best(at)[0] == "espresso" and len(at.session_state["tray"].entries) == len(gallery.samples())
    assert "Use all samples" not in [button.label for button in at.button]
    click(at, r"Show chelsea\.png")
    assert best(at)[0] == "Egyptian cat"


def test_k_sets_the_rows_of_the_table_behind_the_bars(at: AppTest) -> None:
    assert len(at.dataframe[0].value) == 2 * 5
    at.segmented_control(key="classify-top").set_value(10).run()
    rows = at.dataframe[0].value
    assert len(rows) == 2 * 10
    squeezenet = rows[rows["network"] == "SqueezeNet 1.1"]["probability"]
    assert squeezenet.is_monotonic_decreasing and 0.9 < squeezenet.sum() <= 1.0001


def test_one_drop_replaces_the_sample_and_follows_to_other_pages(at: AppTest) -> None:
    upload(at, sample("coffee.jpg"))
    assert best(at)[0] == "espresso"
    at.switch_page("pages/about.py").run()
    assert not at.exception
    at.switch_page("pages/classify.py").run()
    assert best(at)[0] == "espresso"


def test_a_broken_file_leaves_a_sentence_and_the_picture(at: AppTest) -> None:
    upload(at, sample("coffee.jpg"))
    upload(at, ("broken.jpg", sample("china.jpg")[1][:300]))
    assert [alert.value.count("broken") for alert in at.error] == [1]
    assert best(at)[0] == "espresso"
    click(at, "Dismiss")
    assert not at.error and best(at)[0] == "espresso"


def test_many_files_become_a_table_with_the_bad_one_in_its_row(at: AppTest) -> None:
    upload(at, sample("chelsea.png"), ("notes.pdf", b"%PDF-1.7 nothing"), sample("coffee.jpg"))
    rows = table(at)
    assert [row["file"] for row in rows] == ["chelsea.png", "coffee.jpg", "notes.pdf"]
    assert [row["squeezenet1_1"] for row in rows[:2]] == ["Egyptian cat · 51.6 %", "espresso · 99.8 %"]
    assert rows[1]["efficientnet_lite0"].startswith("espresso · ")
    assert "notes.pdf" in str(rows[2]["squeezenet1_1"])
    assert all(str(row["picture"]).startswith("data:image/jpeg;base64,") for row in rows[:2])


def test_verdicts_are_counted_kept_and_downloaded(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, list[dict[str, object]]] = {}
    buttons = downloads.buttons

    def kept(name: str, **files: Any) -> None:
        given[name] = files.get("table") or []
        buttons(name, **files)

    monkeypatch.setattr(downloads, "buttons", kept)
    upload(at, sample("chelsea.png"), sample("coffee.jpg"), sample("astronaut.jpg"))
    assert any("good enough for yours?" in one.value for one in at.markdown)
    # A class for the cat, which EfficientNet-Lite0 does not say; ticks for the cup of coffee, one of them
    # against its class, and for the astronaut, two of which are no verdict together.
    edit(
        at,
        {
            0: {"class": "Egyptian cat"},
            1: {"squeezenet1_1 right": True, "efficientnet_lite0 wrong": True, "class": "espresso"},
            2: {
                "squeezenet1_1 wrong": True,
                "efficientnet_lite0 right": True,
                "efficientnet_lite0 wrong": True,
            },
        },
    )
    words = next(one.value for one in at.markdown if " right, between " in one.value)
    assert "**SqueezeNet 1\\.1**: 2 of 3 right, between 21 and 94 %" in words
    assert "**EfficientNet\\-Lite0**: 0 of 2 right, between 0 and 66 %" in words
    # With another network and one picture less the table is a new one, and nothing is forgotten.
    at.multiselect(key="classify-networks").select("squeezenet1_1_sqz").run()
    click(at, r"Show coffee\.jpg")
    click(at, r"Remove coffee\.jpg")
    rows = table(at)
    assert [row["squeezenet1_1 right"] for row in rows] == [True, False]
    assert rows[0]["squeezenet1_1_sqz right"] is True and rows[0]["class"] == "Egyptian cat"
    assert [row["squeezenet1_1 wrong"] for row in rows] == [False, True]
    assert not rows[1]["squeezenet1_1_sqz right"] and not rows[1]["squeezenet1_1_sqz wrong"]
    pictures = given["classify-all"]
    assert [(one["file"], one["network"], one["verdict"], one["sure"]) for one in pictures[::3]] == [
        ("chelsea.png", "SqueezeNet 1.1", "right", True),
        ("astronaut.jpg", "SqueezeNet 1.1", "wrong", False),
    ]
    assert pictures[0]["right class"] == "Egyptian cat" and pictures[5]["verdict"] == ""


def test_an_answer_that_is_not_sure_says_so_on_card_and_table(at: AppTest) -> None:
    click(at, "Show Eileen Collins")
    assert best(at)[0] == "Not sure: perhaps barbell"
    assert any("SqueezeNet 1\\.1 knows 1,000 classes; what is in" in one.value for one in at.caption)
    click(at, "Use all samples")
    rows = {row["file"]: row["squeezenet1_1"] for row in table(at)}
    assert rows["astronaut.jpg"] == "Not sure: perhaps barbell · 23.3 %"


def test_removing_pictures_ends_at_the_sample(at: AppTest) -> None:
    upload(at, sample("coffee.jpg"), sample("motorcycle_left.jpg"))
    assert best(at)[0] == "espresso"
    click(at, r"Remove coffee\.jpg")
    assert best(at)[0] != "espresso"
    click(at, r"Remove motorcycle\_left\.jpg")
    assert best(at)[0] == "Egyptian cat"


def test_the_same_picture_twice_is_one_picture(at: AppTest) -> None:
    upload(at, sample("chelsea.png"))
    upload(at, ("again.png", sample("chelsea.png")[1]))
    assert [button.label for button in at.button if "(shown)" in button.label] == [r"again\.png (shown)"]


def test_sessions_do_not_see_each_other(at: AppTest) -> None:
    upload(at, sample("coffee.jpg"))
    other = opened()
    assert best(other)[0] == "Egyptian cat"
    assert best(at.run())[0] == "espresso"


def test_a_network_that_is_not_here_says_so_and_the_others_answer(
    at: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    at.multiselect(key="classify-networks").select("vgg16").run()
    assert not at.exception
    assert "VGG16" in at.info[0].value and "not on this machine" in at.info[0].value
    assert best(at)[0] == "Egyptian cat"


def test_without_any_other_network_squeezenet_answers_alone(at: AppTest) -> None:
    at.multiselect(key="classify-networks").set_value([]).run()
    assert best(at) == ["Egyptian cat"]


def test_the_app_starts_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        config, "_main_script_path", str(ROOT / "app.py")
    )  # as `streamlit run` does, for config.toml
    at = opened()
    assert not at.exception and best(at)
