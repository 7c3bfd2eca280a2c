"""COCO-format folders → training examples: checked first, then augmented."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import ExifTags, Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from squeeze_core.errors import UserError

# Annotation tools round; a box may stick out by this much, pixels, and is clipped.
TOLERANCE = 1.5


class AnnotationError(UserError):
    """The annotation file is broken; the message names the entry."""


@dataclass(frozen=True)
class Example:
    """One picture: `boxes` float32 [M, 4] x0, y0, x1, y1 in its pixels; `labels` int64 [M]."""

    image_id: int
    path: Path
    width: int
    height: int
    boxes: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Annotations:
    """A checked COCO file: class names in label order, their COCO ids, and the pictures."""

    file: Path
    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    examples: tuple[Example, ...]


def read_coco(folder: Path, file: Path, classes: tuple[str, ...] | None = None) -> Annotations:
    """Read and check a COCO annotation file whose pictures lie in `folder`.

    `classes` fixes the label order (names of another set's); None takes the file's. Raises
    AnnotationError naming the first entry that is broken: a picture that is missing or of another
    size (upright, as EXIF says), a box outside its picture or without area, an unknown class, a
    missing field; or when there is no box at all. Classes that no box has may be unknown.
    """
    try:
        document = json.loads(file.read_text())
        pictures, rows, categories = (list(document[k]) for k in ("images", "annotations", "categories"))
        names = {category["id"]: str(category["name"]) for category in categories}
    except OSError as error:
        raise AnnotationError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, *_WRONG_SHAPE):
        raise AnnotationError(f"{file} is not a COCO annotation file.") from None
    if classes is None:
        classes = tuple(names.values())
    boxes: dict[int, list[tuple[list[float], int]]] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for place, picture in enumerate(pictures):
        with _naming(f"{file}, image {_id_of(picture, place)}"):
            boxes[picture["id"]] = []
            sizes[picture["id"]] = (picture["width"], picture["height"])
    for place, row in enumerate(rows):
        entry = f"{file}, annotation {_id_of(row, place)}"
        with _naming(entry):
            if row["image_id"] not in boxes:
                raise AnnotationError(f"{entry}: there is no image {row['image_id']}.")
            if row["category_id"] not in names:
                raise AnnotationError(f"{entry}: there is no category {row['category_id']}.")
            name = names[row["category_id"]]
            if name not in classes:
                raise AnnotationError(f"{entry}: the class {name!r} is unknown here.")
            box = _check_box(row["bbox"], sizes[row["image_id"]], entry)
            boxes[row["image_id"]].append((box, classes.index(name)))
    examples = []
    for place, picture in enumerate(pictures):
        with _naming(f"{file}, image {_id_of(picture, place)}"):
            examples.append(_example(folder, picture, boxes[picture["id"]], file))
    if not any(boxes.values()):
        raise AnnotationError(f"{file} lists no box.")
    ids = {name: identifier for identifier, name in names.items()}
    return Annotations(file, classes, tuple(ids.get(name, -1) for name in classes), tuple(examples))


_WRONG_SHAPE = (KeyError, TypeError, AttributeError)


@contextmanager
def _naming(entry: str) -> Iterator[None]:
    """Say of which entry a field is missing or of the wrong kind."""
    try:
        yield
    except KeyError as error:
        raise AnnotationError(f"{entry} has no {error.args[0]!r}.") from None
    except _WRONG_SHAPE:
        raise AnnotationError(f"{entry} is not what COCO's format has there.") from None


def _id_of(entry: Any, place: int) -> Any:
    """The entry's own id, else its place in the list."""
    return entry.get("id", f"in place {place}") if isinstance(entry, dict) else f"in place {place}"


def _check_box(box: list[float], size: tuple[int, int], entry: str) -> list[float]:
    """COCO's x, y, width, height → x0, y0, x1, y1 within the picture."""
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
        raise AnnotationError(f"{entry}: the box {box} is not four numbers.")
    x, y, width, height = box
    if not (width > 0 and height > 0):
        raise AnnotationError(f"{entry}: the box {box} has no area.")
    limit_x, limit_y = size[0] + TOLERANCE, size[1] + TOLERANCE
    if not (min(x, y) >= -TOLERANCE and x + width <= limit_x and y + height <= limit_y):
        raise AnnotationError(f"{entry}: the box {box} lies outside its {size[0]}×{size[1]} image.")
    return [max(x, 0), max(y, 0), min(x + width, size[0]), min(y + height, size[1])]


def _example(
    folder: Path, picture: dict[str, Any], boxes: list[tuple[list[float], int]], file: Path
) -> Example:
    path = folder / picture["file_name"]
    entry = f"{file}, image {picture['id']}"
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            size = image.size[::-1] if turned else image.size
    except OSError:
        raise AnnotationError(f"{entry}: {path} is missing or is no picture.") from None
    if size != (picture["width"], picture["height"]):
        raise AnnotationError(f"{entry}: {path} is {size[0]}×{size[1]}, not as annotated.")
    corners = torch.tensor([box for box, _ in boxes], dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([label for _, label in boxes], dtype=torch.int64)
    return Example(picture["id"], path, *size, corners, labels)


def sampling_weights(annotations: Annotations, power: float = 0.5) -> list[float]:
    """How often to draw each picture, so that pictures of rare classes come more often.

    Repeat factors as in LVIS (Gupta et al. 2019, arXiv:1908.03195, appendix B.2): a picture weighs
    (median frequency / frequency)^power of its rarest class, at least 1, a picture without boxes 1.
    """
    counts = Counter(label for e in annotations.examples for label in set(e.labels.tolist()))
    median = sorted(counts.values())[len(counts) // 2]
    factor = {label: max(1.0, (median / count) ** power) for label, count in counts.items()}
    return [max((factor[i] for i in e.labels.tolist()), default=1.0) for e in annotations.examples]


class TrainingSet(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Augmented examples: uint8 [3, size, size], boxes float32 [M, 4] in its pixels, labels [M].

    SSD's augmentation (Liu et al. 2016, arXiv:1512.02325, section 3.6) by torchvision's transforms:
    colour, zoom-out, IoU crop, flip. `crop`: the share of the pictures that the IoU crop gets; it
    leaves about one in seven of those whole.
    """

    def __init__(self, annotations: Annotations, size: int, crop: float = 1.0) -> None:
        self.examples = annotations.examples
        self.crop = crop
        self.resize_to(size)

    def resize_to(self, size: int) -> None:
        """From the next epoch on, pictures of that side, pixels."""
        self.transform = v2.Compose(
            [
                v2.RandomZoomOut(fill=(124, 116, 104), side_range=(1.0, 2.5), p=0.25),
                v2.RandomApply([v2.RandomIoUCrop(min_scale=0.3, trials=20)], self.crop),
                v2.RandomHorizontalFlip(),
                v2.Resize((size, size)),
                v2.RandomApply([v2.ColorJitter(0.3, 0.3, 0.4)], p=0.7),
                v2.SanitizeBoundingBoxes(min_size=3),
            ]
        )

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        example = self.examples[index]
        with Image.open(example.path) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
        size = (example.height, example.width)
        boxes = tv_tensors.BoundingBoxes(example.boxes, format="XYXY", canvas_size=size)  # type: ignore[call-arg]
        image, target = self.transform(image, {"boxes": boxes, "labels": example.labels})
        return v2.functional.pil_to_tensor(image), target["boxes"].as_subclass(Tensor), target["labels"]


Batch = tuple[Tensor, list[Tensor], list[Tensor]]


def collate(items: list[tuple[Tensor, Tensor, Tensor]]) -> Batch:
    """Examples → uint8 [N, 3, size, size], and boxes and labels picture by picture."""
    images, boxes, labels = zip(*items, strict=True)
    return torch.stack(images), list(boxes), list(labels)


@dataclass(frozen=True)
class MosaicCollate:
    """`collate`, then a share of the batch become mosaics of four of its pictures at half scale.

    After Bochkovskiy et al. 2020 (arXiv:2004.10934), section 3.3: four contexts in one picture, and
    four times as many small objects.
    """

    share: float

    def __call__(self, items: list[tuple[Tensor, Tensor, Tensor]]) -> Batch:
        images, boxes, labels = collate(items)
        small = torch.nn.functional.avg_pool2d(images.float(), 2).round().to(torch.uint8)
        half = images.shape[-1] // 2
        mosaics = [i for i in range(len(items)) if len(items) >= 4 and random.random() < self.share]
        halves = [box / 2 for box in boxes]
        results = []
        for _ in mosaics:
            chosen = random.sample(range(len(items)), 4)
            corners = [(0, 0), (half, 0), (0, half), (half, half)]
            canvas = torch.empty_like(images[0])
            for source, (x, y) in zip(chosen, corners, strict=True):
                canvas[:, y : y + half, x : x + half] = small[source]
            offsets = [
                halves[s] + torch.tensor([x, y, x, y]) for s, (x, y) in zip(chosen, corners, strict=True)
            ]
            results.append((canvas, torch.cat(offsets), torch.cat([labels[s] for s in chosen])))
        for place, (canvas, box, label) in zip(mosaics, results, strict=True):
            images[place], boxes[place], labels[place] = canvas, box, label
        return images, boxes, labels
