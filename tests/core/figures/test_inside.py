"""The figures of the Fire modules and of explanations, on a real trace."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from squeeze_core.figures import ablation, channels, explanations, fire_modules, maps
from squeeze_core.images import Picture
from squeeze_core.inside.ablation import ablate, channels_of
from squeeze_core.inside.channels import Filter
from squeeze_core.inside.explain import explain
from squeeze_core.inside.trace import FireTrace, fire_trace
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine


@pytest.fixture(scope="module")
def trace(chelsea: Picture, engine: Engine) -> FireTrace:
    return fire_trace(chelsea, engine, DEFAULT)


def test_tiles_stand_in_order(trace: FireTrace) -> None:
    values = trace["fire9", "squeeze"].values
    grid = maps.sprite(values, columns=10, enlarge=2)
    assert grid.shape == (7 * 29, 10 * 29)
    for channel in (0, 9, 10, 63):
        row, column = divmod(channel, 10)
        tile = grid[row * 29 : row * 29 + 28, column * 29 : column * 29 + 28]
        assert np.array_equal(tile[::2, ::2], values[channel])
        assert np.array_equal(tile[1::2, 1::2], values[channel])
    assert np.isnan(grid[28]).all()
    assert np.isnan(grid[6 * 29 :, 4 * 29 :]).all()


def test_scales(trace: FireTrace) -> None:
    values = trace["fire5", "expand3x3"].values
    each, together = maps.unit_scale(values, "channel"), maps.unit_scale(values, "branch")
    alive = values.max((1, 2)) > 0
    assert np.allclose(each.max((1, 2))[alive], 1)
    assert (each.max((1, 2))[~alive] == 0).all()
    assert together.min() >= 0 and together.max() == 1
    order = trace["fire5", "expand3x3"].order()
    assert together[order[0]].mean() > together[order[-1]].mean()
    assert (maps.unit_scale(np.zeros((2, 3, 3), np.float32)) == 0).all()
    rare = np.zeros((1, 100, 100), np.float32)
    rare[0, 0, :4] = 0.5
    assert maps.unit_scale(rare).max() == 1, "however many zeros there are"


def test_the_strongest_channels_come_first(trace: FireTrace) -> None:
    found = trace["fire6", "expand1x1"]
    off = int(found.order()[3])
    drawn = fire_modules.channel_tiles(found, 25, "branch", {off})
    assert drawn["channels"] == found.order().tolist() and drawn["off"] == [off]
    assert (drawn["columns"], drawn["rows"]) == (16, 12)
    assert drawn["words"][0].startswith(f"channel {drawn['channels'][0]}: mean {found.mean.max():.3g}")
    assert float(drawn["end"]) == pytest.approx(
        np.quantile(found.values[found.values > 0], 0.995), rel=0.01
    )
    picture = fire_modules.tiles(found, "branch", 1)
    assert picture.size == (16 * 15, 12 * 15)
    tiles = np.asarray(picture.convert("L")).astype(int).reshape(12, 15, 16, 15)
    assert tiles[0, :14, 0, :14].sum() > tiles[-1, :14, -1, :14].sum()


def test_the_strip_is_clicked_by_layer(trace: FireTrace) -> None:
    (bars,) = fire_modules.network_strip(trace.layers, "fire4").data
    assert [row[0] for row in bars.customdata] == list(trace.layers)
    assert bars.customdata[2][1] == "fire2: 128 × 56 × 56"
    heights, most = ([shape[place] for shape in trace.layers.values()] for place in (1, 0))
    assert [y**2 for y in bars.y] == pytest.approx(heights)
    assert np.argmax(bars.width) == np.argmax(most)


def test_before_and_after(chelsea: Picture, engine: Engine) -> None:
    answer = ablate(chelsea, engine, DEFAULT, channels_of(DEFAULT, "fire8", "expand1x1"))
    rows = ablation.before_after_rows(answer)
    # All five original answers, best first, whatever became of them; then those that came in.
    originals, left = (
        [answer.network.labels[i] for i in np.argsort(-one, kind="stable")[:5]]
        for one in (answer.before, answer.after)
    )
    assert [row["class"] for row in rows[:5]] == originals
    assert {row["class"] for row in rows} == {*originals, *left}
    for row in rows:
        index = answer.network.labels.index(str(row["class"]))
        assert row["before"] == pytest.approx(float(answer.before[index]))
    bars = ablation.before_after(answer).bars
    assert [bar.value for bar in bars] == [row["after"] for row in rows]
    assert [bar.mark for bar in bars] == [row["before"] for row in rows]


def test_a_shared_picture_is_encoded_alike_by_many_threads(chelsea: Picture) -> None:
    """Pillow writes the encoder's settings on the picture: one thread would get another's."""
    kinds = ("PNG", "JPEG")
    shared = chelsea.image.resize((64, 48))
    alone = {kind: maps.encoded(shared.copy(), kind) for kind in kinds}
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda number: maps.encoded(shared, kinds[number % 2]), range(1000)))
    finally:
        sys.setswitchinterval(usual)
    assert all(data == alone[kinds[number % 2]] for number, data in enumerate(found))


def test_a_small_patch_is_shown_with_its_surroundings(chelsea: Picture) -> None:
    view = chelsea.image.resize((227, 227))
    near = maps.outlined(view, (100, 40, 115, 55))
    assert near.size == (maps.SURROUNDINGS, maps.SURROUNDINGS)
    # The middle of the patch stays the middle of what is shown.
    plain = np.asarray(view.resize(near.size, box=(75, 15, 139, 79))).astype(int)
    assert np.abs(np.asarray(near).astype(int) - plain)[105:120, 105:120].max() == 0
    corner = np.asarray(maps.outlined(view, (212, 212, 227, 227))).astype(int)
    plain = np.asarray(view.resize(near.size, box=(163, 163, 227, 227))).astype(int)
    assert np.abs(corner - plain)[:160, :160].max() == 0
    whole = maps.outlined(view, (0, 0, 227, 227))
    assert np.array_equal(np.asarray(whole)[20:200, 20:200], np.asarray(view)[20:200, 20:200])


def test_an_overlay_is_between_the_picture_and_the_map(chelsea: Picture, engine: Engine) -> None:
    found = explain(chelsea, engine, DEFAULT, "cam", 285)
    nothing = explanations.explained(found, chelsea.image, 0.0)
    assert np.array_equal(np.asarray(nothing), np.asarray(chelsea.image))
    alone = explanations.explained(found, chelsea.image, 1.0)
    blank = explanations.explained(found, Image.new("RGB", chelsea.image.size), 1.0)
    assert np.array_equal(np.asarray(alone), np.asarray(blank))
    row, column = np.unravel_index(found.map.argmax(), found.map.shape)
    brightness = np.asarray(alone.convert("L").resize((14, 14), Image.Resampling.BOX))
    assert brightness[row, column] > np.quantile(brightness, 0.9)
    assert json.dumps(explanations.in_words(found)).startswith('"strongest ')


@pytest.mark.parametrize(
    ("place", "words"),
    [((0, 0), "at the top left"), ((7, 7), "in the middle"), ((13, 13), "at the bottom right")],
)
def test_places_in_words(place: tuple[int, int], words: str) -> None:
    assert maps.place_in_words(place, (14, 14)) == words


def test_each_kernel_bears_the_name_of_its_input() -> None:
    weights = np.arange(10 * 9, dtype=np.float32).reshape(10, 3, 3)
    names = tuple(f"input {number}" for number in range(10))
    (tiles,) = channels.weights(Filter(weights, names)).data
    for value, name in zip(tiles.z.ravel(), tiles.customdata.ravel(), strict=True):
        assert name == ("" if np.isnan(value) else f"input {int(value) // 9}")
