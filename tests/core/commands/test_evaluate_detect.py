"""`evaluate detect` on annotations as tools write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from squeeze_core.__main__ import main
from squeeze_core.gallery import FOLDER

CAT = {"id": "a", "file_name": "chelsea.png", "width": 451, "height": 300}
BOX = {"id": 1, "image_id": "a", "category_id": 17, "bbox": [9, 2, 398, 293]}


@pytest.fixture
def evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A function: COCO categories, further options → exit code, document or None, errors."""

    def evaluate(categories: list[dict], *more: str) -> tuple[int, dict | None, str]:
        file = tmp_path / "coco.json"
        file.write_text(json.dumps({"images": [CAT], "annotations": [BOX], "categories": categories}))
        code = main(["evaluate", "detect", str(FOLDER), "--annotations", str(file), "--json", *more])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    return evaluate


def test_text_ids_and_two_categories_of_one_name(evaluated) -> None:
    code, document, errors = evaluated([{"id": 17, "name": "cat"}, {"id": 18, "name": "cat"}])
    assert code == 0 and document is not None and document["per_class"] == {"cat": 100}
    assert "two categories are called 'cat'" in errors


def test_names_are_mapped(evaluated) -> None:
    kitten = [{"id": 17, "name": "kitten"}]
    code, document, errors = evaluated(kitten)
    assert code == 2 and document is None and "the class 'kitten' is unknown" in errors
    code, document, _ = evaluated(kitten, "--rename", "kitten=cat")
    assert code == 0 and document is not None and document["per_class"] == {"cat": 100}


def test_a_mapping_of_another_form_is_refused(evaluated, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluated([{"id": 17, "name": "cat"}], "--rename", "kitten")
    assert "'kitten' is not of the form OLD=NEW" in capsys.readouterr().err


def test_the_last_pictures_are_one_at_least(evaluated) -> None:
    cat = [{"id": 17, "name": "cat"}]
    assert evaluated(cat, "--last", "-1") == (2, None, "--last takes a number of pictures, 1 or more.\n")
