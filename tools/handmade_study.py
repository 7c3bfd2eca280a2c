"""Compare HOG with SqueezeNet's features, everything else equal.

    python -m tools.handmade_study TRAIN_DIR TRAIN_JSON VAL_DIR VAL_JSON

Both folders are in COCO format. Each annotated object is cropped and described by HOG and by the last Fire
module of SqueezeNet 1.1 (averaged over the picture, trained on ImageNet, not tuned further). The same kind
of linear classifier learns on both, its C chosen for each; the accuracy on the second folder is recorded
in squeeze_core/cost/handmade/study.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch
from PIL import Image
from skimage.feature import hog
from sklearn.svm import LinearSVC
from tqdm import tqdm

from squeeze_core import images
from squeeze_core.cost import handmade
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT

SMALLEST = 24
MARGIN = 0.1
SIDE, CELL, BLOCK, ORIENTATIONS = 64, 8, 2, 9


def hog_features(image: Image.Image) -> np.ndarray:
    """The histogram-of-gradients description of an RGB picture, with the paper's own settings: float32
    [1764], 0–1."""
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    cells, blocks = (CELL, CELL), (BLOCK, BLOCK)
    return hog(pixels, ORIENTATIONS, cells, blocks, "L2-Hys", channel_axis=-1).astype(np.float32)


def crops(folder: Path, annotations: Path, most: int | None) -> Iterator[tuple[Image.Image, int]]:
    """Each object with a little of its surroundings, and its class; `most` of them, drawn by chance."""
    coco = json.loads(annotations.read_text("utf-8"))
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    boxes = [row for row in coco["annotations"] if min(row["bbox"][2:]) >= SMALLEST]
    random.Random(0).shuffle(boxes)
    for row in tqdm(boxes[:most], file=sys.stderr):
        x, y, width, height = row["bbox"]
        dx, dy = MARGIN * width, MARGIN * height
        image = images.read(folder / names[row["image_id"]]).image
        box = (max(0, x - dx), max(0, y - dy), x + width + dx, y + height + dy)
        box = (*box[:2], min(image.width, box[2]), min(image.height, box[3]))
        yield image.crop(tuple(map(round, box))), row["category_id"]


def describe(folder: Path, annotations: Path, most: int | None) -> dict[str, np.ndarray]:
    """{"hog", "squeezenet": float32 [crops, features], "labels": int [crops]}."""
    network = DEFAULT.load()
    assert isinstance(network, SqueezeNet)
    last = network.plan.fire_names[-1]
    hogs, learnt, labels = [], [], []
    for crop, label in crops(folder, annotations, most):
        hogs.append(hog_features(crop))
        with torch.inference_mode():
            maps = network.parts(torch.from_numpy(DEFAULT.preprocess([crop])))[last]
        learnt.append(maps.mean((0, 2, 3)).numpy())
        labels.append(label)
    return {"hog": np.stack(hogs), "squeezenet": np.stack(learnt), "labels": np.array(labels)}


def accuracy(kind: str, train: dict[str, np.ndarray], val: dict[str, np.ndarray]) -> dict[str, Any]:
    """The best of a few regularisation strengths, chosen on a tenth of the training crops."""
    mean, std = train[kind].mean(0), train[kind].std(0) + 1e-6
    x, y = (train[kind] - mean) / std, train["labels"]
    held = len(x) // 10

    def fit(strength: float, x: np.ndarray, y: np.ndarray) -> LinearSVC:
        return LinearSVC(C=strength, dual="auto", max_iter=3000, random_state=0).fit(x, y)

    tried = {c: fit(c, x[held:], y[held:]).score(x[:held], y[:held]) for c in (1e-4, 1e-3, 1e-2)}
    best = max(tried, key=lambda strength: tried[strength])
    classifier = fit(best, x, y)
    score = classifier.score((val[kind] - mean) / std, val["labels"])
    return {"top1": round(100 * score, 1), "features": x.shape[1], "strength": best}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("train_dir", "train_json", "val_dir", "val_json"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--most", type=int, default=3000, help="training crops, 3000 unless told")
    options = parser.parse_args()
    train = describe(options.train_dir, options.train_json, options.most)
    val = describe(options.val_dir, options.val_json, None)
    common = np.bincount(val["labels"]).max() / len(val["labels"])
    record = {
        "set": "PASCAL VOC 2007/2012 object crops, 20 classes",
        "train": len(train["labels"]),
        "val": len(val["labels"]),
        "always_the_commonest_class": round(100 * float(common), 1),
        "hog": accuracy("hog", train, val),
        "squeezenet": accuracy("squeezenet", train, val),
        "classifier": "LinearSVC on standardised features, C chosen on a tenth of the training crops",
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__}
        | {"torch": torch.__version__},
    }
    text = json.dumps(record, indent=1)
    Path(handmade.__file__).with_name("study.json").write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
