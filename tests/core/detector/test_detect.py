from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file

from squeeze_core import images
from squeeze_core.classifier import classify
from squeeze_core.detector.detect import View, decode, detect, fused, views, whole
from squeeze_core.detector.detections import FLOOR, Candidates, Detection
from squeeze_core.detector.fine_grained import IMAGENET_CLASSES, applies, crop, fine_grained
from squeeze_core.detector.pretrained import NAME, load_detector, shipped_detector
from squeeze_core.errors import WeightsError
from squeeze_core.images import Picture
from squeeze_core.networks.catalogue import DEFAULT, IMAGENET_LABELS
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.weights import SHIPPED
from squeeze_core.networks.weights.reading import read_weights


def picture_of(image: Image.Image, name: str = "made.png") -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return images.decode(buffer.getvalue(), name)


def found_in(picture: Picture, engine: Engine) -> Candidates:
    return next(detect([picture], engine))


@pytest.mark.parametrize(
    ("file", "label"),
    [("astronaut.jpg", "person"), ("motorcycle_left.jpg", "motorbike"), ("chelsea.png", "cat")],
)
def test_finds_what_the_samples_show(
    samples: dict[str, Picture], engine: Engine, file: str, label: str
) -> None:
    picture = samples[file]
    best = found_in(picture, engine).detections()[0]
    x0, y0, x1, y1 = best.box
    assert best.label == label
    assert (x1 - x0) * (y1 - y0) > 0.15 * picture.width * picture.height


def test_the_cat_is_where_the_cat_is(chelsea: Picture, engine: Engine) -> None:
    x0, y0, x1, y1 = found_in(chelsea, engine).detections()[0].box
    assert x0 < 60 and y0 < 60 and x1 > 380 and y1 > 260  # her face fills the picture


def test_boxes_are_in_pixels_of_the_original(samples: dict[str, Picture], engine: Engine) -> None:
    """The same picture at twice the size gives the same boxes at twice the numbers."""
    small = samples["astronaut.jpg"]
    large = picture_of(small.image.resize((2 * small.width, 2 * small.height), Image.Resampling.BICUBIC))
    one, two = (found_in(p, engine).detections()[0] for p in (small, large))
    assert one.label == two.label
    assert np.allclose(2 * np.array(one.box), two.box, atol=0.06 * large.width)


def test_a_mirror_image_gets_mirrored_boxes(samples: dict[str, Picture], engine: Engine) -> None:
    picture = samples["motorcycle_left.jpg"]
    turned = picture_of(ImageOps.mirror(picture.image))
    one, other = (found_in(p, engine) for p in (picture, turned))
    assert np.allclose(one.scores[:50], other.scores[:50], atol=0.01)
    x0, y0, x1, y1 = one.detections()[0].box
    assert other.detections()[0].box == pytest.approx((one.width - x1, y0, one.width - x0, y1), abs=2)


def test_a_reduced_picture_gives_boxes_of_the_original(engine: Engine, chelsea: Picture) -> None:
    large = picture_of(chelsea.image.resize((3000, 2000)))
    assert max(large.image.size) < 3000 == large.width
    box = found_in(large, engine).detections()[0].box
    assert box[2] > 1500 and box[2] <= 3000 and box[3] <= 2000


@pytest.mark.parametrize("size", [(1, 1), (10_000, 40), (40, 4000), (3, 500)])
def test_odd_shapes_give_boxes_within_the_picture(
    engine: Engine, chelsea: Picture, size: tuple[int, int]
) -> None:
    picture = picture_of(chelsea.image.resize(size))
    boxes = found_in(picture, engine).boxes
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= np.array(size)).all() and (boxes[:, 2:] >= boxes[:, :2]).all()


def test_a_grey_picture_is_a_picture(engine: Engine, chelsea: Picture) -> None:
    grey = picture_of(chelsea.image.convert("L"))
    assert found_in(grey, engine).detections(0.2)[0].label == "cat"


def test_decoding_undoes_the_stretch_exactly(engine: Engine) -> None:
    loaded = load_detector()
    side, classes = loaded.preprocess.size, len(loaded.labels)
    output = np.full((600, 4 + classes), -20, np.float32)
    output[7] = np.array([side / 4, side / 2, side * 0.75, side, *[-20.0] * classes])
    output[7, 4 + 3] = 2.0
    boxes, scores, indices = decode(output, loaded, whole(picture_of(Image.new("RGB", (640, 100)))))
    assert boxes.tolist() == [[160, 50, 480, 100]] and indices.tolist() == [3]
    assert scores == pytest.approx([torch.tensor(2.0).sigmoid().item()])


def test_candidates_go_down_to_the_floor(engine: Engine, chelsea: Picture) -> None:
    scores = found_in(chelsea, engine).scores
    assert (np.diff(scores) <= 0).all() and scores[-1] >= FLOOR


def test_batches_give_what_single_pictures_give(samples: dict[str, Picture], monkeypatch) -> None:
    pictures = list(samples.values())[:3]
    engine = Engine("cpu")
    single = [found_in(picture, engine) for picture in pictures]
    monkeypatch.setattr(Engine, "batch_size", 3)
    for one, other in zip(single, detect(pictures, engine), strict=True):
        assert np.allclose(one.scores[:20], other.scores[:20], atol=1e-3)


def test_a_fine_grained_name_is_a_kind_of_its_box_with_its_own_probability(
    engine: Engine, chelsea: Picture
) -> None:
    (cat, *_) = found_in(chelsea, engine).detections()
    dog, person = replace(cat, label="dog", index=11), replace(cat, label="person", index=14)
    names = fine_grained(chelsea, (person, cat, dog), engine)
    assert names[0] is None and names[1] and names[2]
    answer = next(classify([crop(chelsea, cat)], engine))
    assert names[1].label in ("Egyptian cat", "tabby", "tiger cat")
    assert names[1].probability == pytest.approx(float(answer.probabilities[names[1].index]), abs=1e-4)
    # No dog is there, and the probability says so; renormalised over dogs it would not.
    assert 151 <= names[2].index <= 268 and names[2].probability < 0.05
    assert fine_grained(chelsea, (person,), engine) == (None,)
    assert fine_grained(chelsea, (), engine) == ()


def test_the_classes_of_imagenet_are_vocs() -> None:
    labels = IMAGENET_LABELS
    assert IMAGENET_CLASSES.keys() == set(shipped_detector().labels)
    every = [index for indices in IMAGENET_CLASSES.values() for index in indices]
    assert len(set(every)) == len(every)
    for label, finer, other in (
        ("dog", "golden retriever", "dingo"),
        ("dog", "Mexican hairless", "timber wolf"),
        ("dog", "Chihuahua", "tiger cat"),
        ("cat", "Egyptian cat", "lynx"),
        ("bird", "albatross", "grey whale"),
        ("bird", "cock", "electric ray"),
        ("bird", "black grouse", "harvestman"),
        ("bird", "black swan", "tusker"),
        ("car", "sports car", "car wheel"),
        ("aeroplane", "airliner", "airship"),
        ("train", "steam locomotive", "school bus"),
        ("motorbike", "moped", "mountain bike"),
        ("tvmonitor", "television", "sunscreen"),
    ):
        assert labels.index(finer) in IMAGENET_CLASSES[label]
        assert labels.index(other) not in IMAGENET_CLASSES[label]


def test_foreign_classes_have_no_fine_grained_names() -> None:
    assert applies(DEFAULT, shipped_detector().labels) and applies(DEFAULT, ["cat", "dog"])
    assert not applies(replace(DEFAULT, labels=("cat", "dog")), shipped_detector().labels)
    assert not applies(DEFAULT, ["cat", "drone"])


def test_a_crop_never_leaves_the_picture(chelsea: Picture) -> None:
    for box in ((0, 0, 451, 300), (450.9, 299.9, 451, 300), (10, 10, 10, 10), (-0.0, 0, 1, 1)):
        part = crop(chelsea, Detection("cat", 7, 0.5, box))
        assert 1 <= part.width <= 451 and 1 <= part.height <= 300


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(value: float, tmp_path) -> None:
    shipped = read_weights(SHIPPED[NAME].path.read_bytes(), "shipped")
    shipped.state["level_scale"][2] = value
    save_file(shipped.state, tmp_path / "own.safetensors", dict(shipped.metadata))
    with pytest.raises(WeightsError, match=r"own\.safetensors: the tensor level_scale holds"):
        load_detector(tmp_path / "own.safetensors")


def test_other_files_are_refused_in_a_sentence(tmp_path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="does not hold a detector"):
        load_detector(tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="There is no weights file"):
        load_detector(tmp_path / "b.safetensors")


def test_tiles_cover_the_picture_and_overlap(chelsea: Picture) -> None:
    covered = np.zeros((chelsea.height, chelsea.width), int)
    for view in views(chelsea, True)[1:]:
        x0, y0, x1, y1 = (round(value) for value in view.box)
        covered[y0:y1, x0:x1] += 1
        assert view.image.size == pytest.approx((x1 - x0, y1 - y0), abs=1)
    assert covered.min() == 1 and covered.max() == 4


def test_a_part_adds_small_whole_objects_where_they_are() -> None:
    loaded = load_detector()
    side, classes = loaded.preprocess.size, len(loaded.labels)
    picture = picture_of(Image.new("RGB", (400, 200)))
    view = View(picture, (200, 0, 400, 120))
    output = np.full((5, 4 + classes), -20, np.float32)
    output[:, 5] = 2.0
    shares = [
        [0.2, 0.2, 0.4, 0.4],
        [0.0, 0.2, 0.3, 0.4],
        [0.8, 0.0, 1.0, 0.2],
        [0.1, 0.7, 0.3, 1.0],
        [0.1, 0.1, 0.8, 0.3],
    ]
    output[:, :4] = np.array(shares) * side
    boxes, _, _ = decode(output, loaded, view)
    # The second goes on to the left, the fourth below; the last is large. The third ends with the picture.
    assert np.allclose(sorted(boxes.tolist()), [[240, 24, 280, 48], [360, 0, 400, 24]], atol=0.01)


def test_views_are_fused_best_first() -> None:
    one = np.array([[0.0, 0, 1, 1]] * 2), np.array([0.9, 0.2]), np.array([0, 1])
    other = np.array([[5.0, 5, 6, 6]]), np.array([0.5]), np.array([2])
    boxes, scores, indices = fused([one, other])
    assert scores.tolist() == [0.9, 0.5, 0.2] and indices.tolist() == [0, 2, 1]
    assert boxes[1].tolist() == [5, 5, 6, 6]


def test_tiled_inference_finds_what_is_small(samples: dict[str, Picture], engine: Engine) -> None:
    """The cat's picture, small in the corner of a large grey one."""
    large = Image.new("RGB", (1200, 900), (120, 120, 120))
    large.paste(samples["chelsea.png"].image.resize((150, 100)), (40, 760))
    picture = picture_of(large)

    def score(tiled: bool) -> float:
        found = next(detect([picture], engine, tiled=tiled)).proposals()
        cats = [one for one in found if one.label == "cat" and one.box[0] < 200 and one.box[1] > 700]
        return max((one.score for one in cats), default=0.0)

    assert score(True) > 2 * score(False)


def test_tiled_inference_keeps_what_is_large(chelsea: Picture, engine: Engine) -> None:
    plain, close = (next(detect([chelsea], engine, tiled=c)).detections()[0] for c in (False, True))
    assert (plain.label, plain.score) == (close.label, pytest.approx(close.score, abs=1e-4))
    assert plain.box == pytest.approx(close.box, abs=1)


def test_a_crop_has_a_margin_of_a_tenth_of_each_side(chelsea: Picture) -> None:
    part = crop(chelsea, Detection("cat", 7, 0.5, (100, 100, 200, 120)))
    assert part.image.size == (120, 24)
