from __future__ import annotations

from tests.mutations import READERS, damaged, outcome, outcomes, read_picture, whole_files


def test_damaged_files_are_read_or_refused_in_a_sentence_soon() -> None:
    found = list(outcomes(range(300), seed=1))
    assert [wrong for wrong in found if not wrong.sound] == []
    assert {"read"} < {one.said for one in found}


def test_one_number_is_always_the_same_damage() -> None:
    assert damaged(7, 1) == damaged(7, 1) != damaged(8, 1)
    assert outcome(7, 1).said == outcome(7, 1).said


def test_what_is_damaged_was_whole() -> None:
    for name, data in whole_files():
        READERS.get(name, read_picture)(f"0-{name}", data)
    assert set(READERS) < {name for name, _ in whole_files()}
