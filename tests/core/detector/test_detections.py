from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageColor
from skimage.color import deltaE_ciede2000, rgb2lab

from squeeze_core.detector.detections import Candidates, Detection, coco_document
from squeeze_core.figures.detections import PALETTE, annotated, caption, colours, in_doubt, overlay
from squeeze_core.images import Picture

# Two overlapping dogs (IoU 0.68), a cat on the first dog, a weak bird.
BOXES = [[0, 0, 100, 100], [10, 10, 110, 110], [0, 0, 100, 100], [150, 50, 200, 90]]
SCORES = [0.9, 0.8, 0.6, 0.2]
INDICES = [1, 1, 0, 2]


def candidates(boxes: list = BOXES, scores: list = SCORES, indices: list = INDICES) -> Candidates:
    arrays = (
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(indices, np.int64),
    )
    return Candidates("a.png", 200, 120, ("cat", "dog", "bird"), *arrays, 12.0)


def labels(*arguments: object) -> list[str]:
    return [detection.label for detection in candidates().detections(*arguments)]  # type: ignore[arg-type]


def test_threshold_and_suppression() -> None:
    assert labels(0.5, 0.5) == ["dog"]  # the second dog overlaps the first, the cat is on the dog
    assert labels(0.5, 0.7) == ["dog", "dog"]
    assert labels(0.1, 0.5) == ["dog", "bird"]
    assert labels(0.95, 0.5) == []


def test_the_evaluation_gets_every_class() -> None:
    assert [one.label for one in candidates().proposals()] == ["dog", "cat", "bird"]


def test_of_two_classes_in_one_place_the_weaker_is_only_named() -> None:
    for threshold in (0.5, 0.85):  # at 0.85 the cat would not be shown, and is named all the same
        (dog,) = candidates().detections(threshold)
        assert (dog.label, in_doubt(dog)) == ("dog", "dog, or cat 60 %")
    row = candidates().row(0.5)["detections"][0]
    assert row["runner_up"] == {"label": "cat", "score": 0.6, "box": [0, 0, 100, 100]}
    (dog,) = candidates(scores=[0.9, 0.8, 0.4, 0.2]).detections(0.3)
    assert dog.runner_up is None  # 0.4 is less than half of 0.9: no doubt
    assert "runner_up" not in candidates(scores=[0.9, 0.8, 0.4, 0.2]).row(0.3)["detections"][0]


def test_different_classes_that_overlap_less_are_two_objects() -> None:
    beside = [[0, 0, 100, 100], [0, 0, 100, 69]]  # IoU 0.69: a person on a horse
    assert len(candidates(beside, [0.9, 0.8], [1, 0]).detections(0.5)) == 2
    assert len(candidates([[0, 0, 100, 100], [0, 0, 100, 71]], [0.9, 0.8], [1, 0]).detections(0.5)) == 1


def test_people_read_words() -> None:
    found = [Detection(label, 0, 0.5, (0, 0, 1, 1)) for label in ("diningtable", "tvmonitor", "cat")]
    assert [caption(one) for one in found] == ["dining table 50 %", "TV monitor 50 %", "cat 50 %"]


def test_a_dropped_box_helps_to_place_the_one_kept() -> None:
    shift = 10 * 0.8 / (0.9 + 0.8)  # the second dog scores 0.8 and lies 10 pixels further
    for threshold in (0.5, 0.85):  # at 0.85 the second dog is not shown, but still helps
        assert candidates().detections(threshold, 0.5)[0].box == pytest.approx(
            (shift, shift, 100 + shift, 100 + shift)
        )
    assert candidates().detections(0.5, 0.7)[0].box == (0, 0, 100, 100)  # there two dogs are two


def test_a_box_without_area_stays_where_it_is() -> None:
    box = candidates([[5, 5, 5, 5]], [0.9], [0]).detections()[0].box
    assert box == (5, 5, 5, 5)


def test_class_filter() -> None:
    assert labels(0.1, 0.5, ["bird"]) == ["bird"]
    assert labels(0.1, 0.5, ["cat"]) == []  # hiding the dog does not make its runner-up an object
    assert labels(0.1, 0.5, []) == []


def test_best_ignores_the_threshold() -> None:
    best = candidates().best()
    assert best is not None and best == candidates().detections(0.1)[0] and best.label == "dog"
    weak = candidates([[0, 0, 9, 9]], [0.02], [2]).best()
    assert weak is not None and (weak.label, weak.box) == ("bird", (0, 0, 9, 9))
    assert candidates([], [], []).best() is None
    assert candidates([], [], []).detections() == ()


def test_arrays_are_checked_and_frozen() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        candidates(scores=[0.5])
    with pytest.raises(ValueError, match="read-only"):
        candidates().boxes[0, 0] = 5


def test_coco_document_is_what_an_annotation_reader_takes() -> None:
    one = candidates()
    document = coco_document([(one, one.detections(0.5, 0.7))])
    assert document["images"] == [{"id": 1, "file_name": "a.png", "width": 200, "height": 120}]
    boxes = [row["bbox"] for row in document["annotations"]]
    assert boxes == [[0, 0, 100, 100], [10, 10, 100, 100]]
    names = {row["id"]: row["name"] for row in document["categories"]}
    assert [names[row["category_id"]] for row in document["annotations"]] == ["dog", "dog"]


def test_two_boxes_from_one_corner_are_both_named() -> None:
    whole = Detection("person", 14, 0.8, (0, 0, 300, 400))
    part = Detection("person", 14, 0.6, (0, 2, 60, 120))
    gray = Image.new("RGB", (400, 400), "gray")
    page = overlay(Picture("a.png", gray, 400, 400, "PNG", "", 0.0), [whole, part], "")
    assert [page.count(place) for place in ("top:0;", "top:100%;")] == [1, 1]


def test_classes_of_one_picture_never_share_a_colour() -> None:
    found = [Detection(str(index), index, 0.8, (0, 0, 9, 9)) for index in (3, 14, 23, 34, 14)]
    drawn = colours(found)  # 3 and 23, 14 and 34 would have one colour each
    assert set(drawn) == {3, 14, 23, 34} and len(set(drawn.values())) == 4
    lab = rgb2lab([[ImageColor.getrgb(one) for one in PALETTE]] / np.float32(255))[0]
    distances = [deltaE_ciede2000(one, other) for one, other in itertools.combinations(lab, 2)]
    assert min(distances) > 10


def test_a_box_that_is_not_sure_is_dashed() -> None:
    gray = Picture("a.png", Image.new("RGB", (400, 400), "gray"), 400, 400, "PNG", "", 0.0)
    box = (50.0, 50.0, 350.0, 350.0)
    pictures, pages = [], []
    for score in (0.6, 0.4):
        found = [Detection("cat", 7, score, box)]
        pages.append(overlay(gray, found, ""))
        pictures.append(np.asarray(annotated(gray, found)))
    assert ["dashed" in page for page in pages] == [False, True]
    foot = [len(np.unique(picture[349, 60:340], axis=0)) for picture in pictures]
    assert foot == [1, 2]  # one colour all along, or two that take turns


def test_an_annotated_box_is_where_the_reduced_picture_has_it() -> None:
    gray = Picture("a.png", Image.new("RGB", (200, 100), "gray"), 400, 400, "PNG", "", 0.0)
    drawn = np.asarray(annotated(gray, [Detection("cat", 7, 0.9, (100, 100, 300, 300))]))
    assert (drawn[60, 50] != 128).any() and (drawn[75, 100] != 128).any() and (drawn[60, 100] == 128).all()
