from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms._presets import ImageClassification

from squeeze_core.networks.preprocess import Preprocess


@pytest.mark.parametrize("resize", [256, 224, None])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_numbers_are_torchvisions(samples, resize: int | None, interpolation: str) -> None:
    kind = Image.Resampling[interpolation.upper()]
    see = Preprocess(224, resize, interpolation=kind)
    chain = ImageClassification(
        crop_size=224, resize_size=resize or 224, interpolation=v2.InterpolationMode(interpolation)
    )

    def expected(image: Image.Image) -> np.ndarray:
        stretched = image if resize else v2.functional.resize(image, [224, 224], chain.interpolation)
        return chain(stretched).numpy()

    images = [picture.image for picture in samples.values()]
    # Odd sides, where rounding shows.
    images += [
        images[0].crop((0, 0, width, height)) for width, height in ((301, 257), (256, 331), (225, 224))
    ]
    found = see(images)
    assert found.shape == (len(images), 3, 224, 224) and found.dtype == np.float32
    assert found.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(found, np.stack([expected(image) for image in images]), atol=1e-6)


def test_without_resize_the_whole_picture_is_stretched() -> None:
    image = Image.new("RGB", (400, 100), "black")
    image.paste("white", (200, 0, 400, 100))
    view = Preprocess(227).view(image)
    assert view.size == (227, 227)
    assert view.getpixel((50, 226)) == (0, 0, 0) and view.getpixel((176, 0)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(1280, 1), (1, 1280), (1280, 5), (1, 1)])
def test_extreme_shapes_are_cropped_before_they_are_scaled_up(size: tuple[int, int], monkeypatch) -> None:
    made = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda image, to, *a, **k: made.append(to) or resize(image, to, *a, **k)
    )
    image = Image.new("RGB", size, "white")
    image.putpixel((0, 0), (0, 0, 0))
    for preprocess in (Preprocess(224, resize=256), Preprocess(227)):
        assert preprocess([image]).shape[2:] == (preprocess.size, preprocess.size)
    assert max(width * height for width, height in made) <= 4 * 256 * 256
    if size != (1, 1):
        assert Preprocess(224, resize=256).view(image).getextrema() == ((255, 255),) * 3


def test_mean_and_deviation_are_applied_per_channel() -> None:
    half = (127 / 255,) * 3
    tensor = Preprocess(8, mean=half, std=(128 / 255,) * 3)([Image.new("RGB", (9, 9), (127, 255, 0))])
    assert tensor[0, :, 0, 0].tolist() == pytest.approx([0, 1, -127 / 128], abs=1e-5)
