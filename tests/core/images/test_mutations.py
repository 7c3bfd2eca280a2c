from __future__ import annotations

from tests.mutations import damaged, outcome, outcomes, whole_files


def test_damaged_pictures_end_in_a_picture_or_one_sentence_soon() -> None:
    found = list(outcomes(range(200), seed=1))
    assert [wrong for wrong in found if not wrong.sound] == []
    assert {"picture"} < {one.said for one in found}


def test_one_number_is_always_the_same_damage() -> None:
    assert damaged(7, 1) == damaged(7, 1) != damaged(8, 1)
    assert outcome(7, 1).said == outcome(7, 1).said


def test_what_is_damaged_was_whole() -> None:
    from squeeze_core.images import decode

    assert all(decode(data, name).width in (80, 60, 30) for name, data in whole_files())
