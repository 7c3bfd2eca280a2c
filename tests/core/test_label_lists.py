"""Lists of class names as people have them, and what looks like one and is none."""

from __future__ import annotations

import pytest

from squeeze_core import label_lists

OK = {
    "lines": b"cat\ndog\nbird\n",
    "a mark and Windows' ends": "\ufeffcat\r\ndog\r\n\r\nbird".encode(),
    "PowerShell": "cat\r\ndog\r\nbird\r\n".encode("utf-16"),
    "UTF-16, the other way round": b"\xfe\xff" + "cat\ndog\nbird".encode("utf-16-be"),
    "UTF-32": "cat\ndog\nbird".encode("utf-32"),
    "JSON list": b'["cat", "dog", "bird"]',
    "JSON by index": b'{"0": "cat", "2": "bird", "1": "dog"}',
    "JSON by name": b'{"bird": 2, "cat": 0, "dog": 1}',
    "with tabs": b'{\n\t"0": "cat",\n\t"1": "dog",\n\t"2": "bird"\n}',
    "nested JSON": b'{"epochs": 3, "classes": ["cat", "dog", "bird"]}',
    "Keras": b'{"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n3", "bird"]}',
    "Python dict": b"{0: 'cat',\n 1: 'dog',\n 2: \"bird\"}",
    "Python list": b"['cat', 'dog', 'bird']",
    "numbered": b"0 cat\n1 dog\n2 bird\n",
    "from one": b"1. cat\n2. dog\n3. bird\n",
    "numbered with colons": b"0: cat\n1: dog\n2: bird\n",
    "colons without spaces": b"0:cat\n1:dog\n2:bird\n",
    "dashes": b"- cat\n- dog\n- bird\n",
    "stars": b"* cat\n* dog\n* bird",
    "quotes and commas": b"'cat',\n'dog',\n'bird'",
    "one line": b"cat, dog, bird\n",
    "WordNet": b"n02121808 cat\nn02084071 dog\nn01503061 bird\n",
    "a comment": b"# my classes\ncat\ndog\nbird\n",
    "a heading": b"class\ncat\ndog\nbird\n",
    "data.yaml": b"# set\ntrain: images\nnc: 3\nnames: [cat, dog, bird]\n",
    "data.yaml by number": b"nc: 3\nnames:\n  0: cat\n  1: dog\n  2: bird\n",
    "CSV": b"0,cat\n1,dog\n2,bird\n",
    "CSV, names first": b"cat,0\ndog,1\nbird,2\n",
    "CSV out of order": b"1,dog\n2,bird\n0,cat\n",
    "CSV with a header": b"index,name\n0,cat\n1,dog\n2,bird\n",
    "semicolons": b"id;label\r\n1;cat\r\n2;dog\r\n3;bird\r\n",
    "tabs": b"0\tcat\n1\tdog\n2\tbird\n",
    "CSV of more": b"label,description\ncat,purrs\ndog,barks\nbird,sings\n",
}


@pytest.mark.parametrize("form", OK)
def test_names_in_every_form(form: str) -> None:
    assert list(label_lists.read(OK[form]).values()) == ["cat", "dog", "bird"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"no\nyes\non\n", ["no", "yes", "on"]),
        (b"names: [no, yes, on, 1.0, null]", ["no", "yes", "on", "1.0", "null"]),
        (b"tench, Tinca tinca\ncock, Gallus\n", ["tench, Tinca tinca", "cock, Gallus"]),
        (b"flower 0\nflower 1\n", ["flower 0", "flower 1"]),
        (b"3\n1\n2\n", ["3", "1", "2"]),
        (b"24 hours\n7 days\n", ["24 hours", "7 days"]),
        (b"0,1\n1,2\n2,3\n", ["1", "2", "3"]),
        ("Löwe\nBär\n".encode("latin-1"), ["Löwe", "Bär"]),
    ],
)  # fmt: skip
def test_words_stay_as_they_are(content: bytes, names: list[str]) -> None:
    assert list(label_lists.read(content).values()) == names


@pytest.mark.parametrize(
    "content",
    [
        b'["cat", 3]',
        b'{"0": "cat", "2": "dog"}',
        b'{"0": "cat", "00": "dog"}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"",
        b"\n\n",
        b"train: images\nval: images\n",
        b"{",
        b'["cat", "\\ud800"]',
        b'{"names": ' * 900 + b"1" + b"}" * 900,
        b"a," + b"x" * 200_000 + b"\nb,1\n",
    ],
)
def test_what_lists_no_names_is_said(content: bytes) -> None:
    with pytest.raises(ValueError):
        label_lists.read(content)


def test_a_class_is_found_by_name_or_index() -> None:
    labels = ("Egyptian cat", "7", "dog", "dog")
    asked = ("egyptian_cat", "7", 2, "3", "dog", "4", -1, "", None)
    found = [label_lists.index_of(one, labels) for one in asked]
    assert found == [0, 1, 2, 3, 2, None, None, None, None]


def test_the_encoding_is_said() -> None:
    data = (b"a", "ä".encode(), b"\xe4", "a".encode("utf-16"))
    assert [label_lists.encoding_of(one) for one in data] == ["utf-8", "utf-8", "latin-1", "utf-16"]
