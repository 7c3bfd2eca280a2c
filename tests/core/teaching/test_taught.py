"""Classes taught from real pictures: figures, warnings, and the same answers in every runtime."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load

from squeeze_core.classifier import classify, softmax
from squeeze_core.compression import snippets
from squeeze_core.compression.pictures import Pictures
from squeeze_core.errors import UserError, WeightsError
from squeeze_core.images import Picture
from squeeze_core.images.sources import in_zip
from squeeze_core.networks import known
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.engine import Engine
from squeeze_core.networks.onnx_network import write_onnx
from squeeze_core.networks.onnx_runtime import open_session
from squeeze_core.networks.own import open_own, to_safetensors
from squeeze_core.teaching import examples, files, taught
from squeeze_core.teaching.examples import Example
from squeeze_core.teaching.taught import Taught

Classes = dict[str, list[Example]]


@pytest.fixture(scope="module")
def made(classes: Classes) -> Taught:
    return taught.teach(classes)


@pytest.fixture(scope="module")
def network(made: Taught, engine: Engine) -> Network:
    return taught.network(made, engine, "mine.safetensors")


def test_real_pictures_are_told_apart(
    made: Taught, network: Network, engine: Engine, samples: dict
) -> None:
    assert made.accuracy and made.accuracy.value > 90 and made.folds == 16
    assert made.confusion is not None and made.confusion.sum(1).tolist() == [6, 6, 4]
    groups, table = made.groups(), made.confusion
    assert {cell: len(places) for cell, (_, places) in groups.items() if cell} == {
        tuple(cell): table[tuple(cell)] for cell in np.argwhere(table).tolist()
    }
    assert groups[0, 0][0] == f"cat 🐈, right: {table[0, 0]}" and made.truth[made.nearest(0)] == 0
    answer = next(classify([samples["chelsea.png"]], engine, network))
    assert answer.top(1)[0].label == "cat 🐈" and not answer.none_of_these
    street = next(classify([samples["motorcycle_left.jpg"]], engine, network))
    assert street.none_of_these and street.row()["none_of_these"]


def test_torchvision_and_onnx_give_the_same_logits(made: Taught, network: Network, engine: Engine) -> None:
    """In plain torchvision, from the file alone; what it adds to every logit is one number."""
    import torch
    from torchvision.models import squeezenet1_1

    batch = network.preprocess([one.image() for one in made.examples])
    module = squeezenet1_1(num_classes=3)
    module.load_state_dict(load(to_safetensors(network)))
    with torch.inference_mode():
        theirs = module.eval()(torch.from_numpy(batch)).numpy()
    assert network.plan is not None
    graph = write_onnx(network.plan.layers(3), network.weights.state())
    (onnxs,) = open_session(graph.SerializeToString()).run(None, {"pictures": batch})
    np.testing.assert_allclose(theirs, engine.run(network, batch), atol=1e-4)
    np.testing.assert_allclose(onnxs, theirs, atol=1e-4)
    np.testing.assert_allclose(softmax(theirs), softmax(made.head(made.features)), atol=1e-4)
    added = theirs - made.head(made.features)
    assert np.ptp(added) < 1e-3 and theirs.min() > 0


def test_the_snippets_answer_from_the_files_alone(
    network: Network, samples: dict[str, Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples["coffee.jpg"].image.save("cat.jpg", quality=95)
    Path("mine.safetensors").write_bytes(to_safetensors(network))
    Path("mine.onnx").write_bytes(files.onnx(network))
    for code in (snippets.torchvision("mine.safetensors"), snippets.onnx(network, "mine.onnx")):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            exec(compile(code, "snippet", "exec"), {})
        assert told.getvalue().strip() == "cup" and len(code.splitlines()) <= 18


def test_a_compressed_file_has_a_tenth_of_the_bytes(
    made: Taught, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size asked for is 0.4 bytes a parameter; how it is met is the compression's own test."""
    asked = []

    def fit(network: Network, pictures: Pictures, kilobytes: float, progress: Any) -> Any:
        asked.append((len(pictures), round(kilobytes)))
        return SimpleNamespace(made=SimpleNamespace(data=b"file"))

    monkeypatch.setattr("squeeze_core.compression.fit.fit", fit)
    assert files.sqz(network, made) == b"file" and asked == [(16, 290)]


def test_evidence_against_a_class_is_not_clipped(made: Taught, engine: Engine) -> None:
    """A head whose logits are far below 0 everywhere, which the ReLU behind conv10 would make 0."""
    low = replace(made, head=made.head._replace(bias=made.head.bias - 40 * np.arange(1, 4)))
    network = taught.network(low, engine, "low")
    answers = engine.run(network, network.preprocess([made.examples[0].image()]))
    np.testing.assert_allclose(softmax(answers)[0], softmax(low.head(made.features[:1]))[0], atol=1e-4)


def test_a_file_says_what_it_knows(network: Network) -> None:
    again = open_own(to_safetensors(network), "mine.safetensors")
    assert again.labels == ("cat 🐈", "cup", "person") and again.preprocess == network.preprocess
    assert again.known and network.known and again.known.least == network.known.least
    with pytest.raises(WeightsError, match="knows in an unknown way"):
        known.read('{"means": "AAAA", "least": 1}', (3, 512), "x")


def test_pictures_come_back_from_their_zip_file(classes: Classes, engine: Engine) -> None:
    content = io.BytesIO(examples.to_zip(classes))
    found = list(examples.gather(list(in_zip(content, "x.zip")), engine))
    assert [path.parent.name for path, _ in found] == ["cat 🐈"] * 6 + ["cup"] * 6 + ["person"] * 4
    first = found[0][1]
    assert isinstance(first, Example)
    assert known.cosines(first.feature[None], classes["cat 🐈"][0].feature[None]) > 0.98


@pytest.mark.parametrize(
    "text, name",
    [("  a\tb\n", "a b"), ("x/y", "x-y"), ("..", ""), ("é" * 100, "é" * 80), ("👩‍🚀", "👩‍🚀")],
)
def test_class_names_are_those_of_folders(text: str, name: str) -> None:
    assert examples.class_name(text) == name


def test_too_little_is_said_in_a_sentence(classes: Classes) -> None:
    cat, cup, _ = classes.values()
    with pytest.raises(UserError, match="Two classes are needed"):
        taught.teach({"cat": cat})
    with pytest.raises(UserError, match=r"cup has no pictures\."):
        taught.teach({"cat": cat, "cup": []})
    with pytest.raises(UserError, match="at most 20"):
        taught.teach({str(number): cup for number in range(21)})
    single = taught.teach({"cat": cat[:1], "cup": cup[:1]})
    assert single.accuracy is None and single.confusion is None and single.known is None


def test_warnings_that_matter(classes: Classes) -> None:
    cat, cup, person = classes.values()
    said = " ".join(taught.teach({"cat": [*cat, cup[0]], "cup": cup, "person": person[:1]}).warnings())
    assert "Nearly the same picture is in cat (coffee.jpg) and in cup (coffee.jpg)" in said
    assert "person has 1 picture;" in said
    dark = replace(cup[0], colours=np.zeros_like(cup[0].colours))  # alike in features alone
    assert "Nearly the same" not in " ".join(taught.teach({"cat": [*cat, dark], "cup": cup}).warnings())
    desk = [replace(one, colours=cat[0].colours) for one in cat]
    (said,) = taught.teach({"desk": desk, "cup": cup}).warnings()
    assert said.startswith("The pictures of desk have one background")
    many = taught.teach({"cup": cup * 10, "cat": cat})
    assert any(one.startswith("cup has 60 pictures, cat 6") for one in many.warnings())


def test_command(tmp_path: Path, samples: dict[str, Picture], capsys: pytest.CaptureFixture[str]) -> None:
    """Folders in, a file out that names a picture; a bad picture is reported, the rest is taught."""
    import json

    from squeeze_core.__main__ import main
    from tests.core.teaching.conftest import crops

    for name, file in (("cat", "chelsea.png"), ("cup", "coffee.jpg")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number, one in enumerate(crops(samples[file], 3)):
            one.image.save(tmp_path / "set" / name / f"{number}.jpg")
    (tmp_path / "set" / "cup" / "broken.jpg").write_bytes(b"no picture")
    out = str(tmp_path / "mine.safetensors")
    assert main(["teach", str(tmp_path / "set"), "--out", out, "--json"]) == 2
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["classes"] == {"cat": 3, "cup": 3} and document["cross_validated"]["top1"] == 100.0
    assert "broken.jpg" in said.err
    assert main(["evaluate", "classify", str(tmp_path / "set"), "--weights", out, "--json"]) == 2
    assert main(["teach", str(tmp_path / "set" / "cat"), "--out", out]) == 2
    assert "two sub-folders" in capsys.readouterr().err
