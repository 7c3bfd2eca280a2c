from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from squeeze_core.classifier import classify
from squeeze_core.errors import UserError
from squeeze_core.networks import engine as engine_module
from squeeze_core.networks.catalogue import DEFAULT, Network
from squeeze_core.networks.engine import Engine, Runner, choose_device
from squeeze_core.networks.torch_network import TorchNetwork, computes_bfloat16


@dataclass
class Record:
    """What the engine takes: a key, and how to load."""

    key: str
    load: Callable[[], nn.Module]

    def load_on(self, device: str) -> Runner:
        return TorchNetwork(self.load().to(device), device)


class OutOfMemory(nn.Module):
    """Doubles its input; on the pretended GPU there is no memory for that."""

    def __init__(self, error: str = "CUDA out of memory.") -> None:
        super().__init__()
        self.error = error

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.device.type == "meta":
            raise torch.OutOfMemoryError(self.error)
        return 2 * x


def test_many_threads_load_a_network_once_and_get_the_same_answer(samples, monkeypatch) -> None:
    engine = Engine("cpu")
    pictures = list(samples.values())
    alone = [answer.top(1)[0] for answer in classify(pictures, engine)]
    fresh, loads, load_once = Engine("cpu"), [], Network.load_on
    monkeypatch.setattr(
        Network, "load_on", lambda network, on: loads.append(network) or load_once(network, on)
    )
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda picture: next(classify([picture], fresh)).top(1)[0], pictures * 4)
        together = list(answers)
    assert [answer.index for answer in together] == [answer.index for answer in alone] * 4
    assert loads == [DEFAULT]


def test_the_longest_unused_network_leaves_when_all_take_too_much(monkeypatch) -> None:
    loads: list[str] = []

    def record(key: str) -> Record:
        return Record(key, lambda: loads.append(key) or nn.Linear(10, 10))

    monkeypatch.setattr(engine_module, "MOST_BYTES", 2 * 4 * 110)  # room for two
    engine = Engine("cpu")
    for key in ("one", "two", "one", "three", "one", "two"):
        engine.get(record(key))
    assert loads == ["one", "two", "three", "two"]


def test_a_slow_load_holds_up_no_other_network() -> None:
    engine = Engine("cpu")
    release = threading.Event()

    def slow():
        release.wait(30)
        return nn.Identity()

    waiting = threading.Thread(target=engine.get, args=(Record("slow", slow),))
    waiting.start()
    out = engine.run(Record("fast", nn.ReLU), np.array([-1, 2], np.float32))
    assert waiting.is_alive() and out.tolist() == [0, 2]
    release.set()
    waiting.join()


def test_a_failed_load_is_tried_again() -> None:
    engine = Engine("cpu")
    outcomes = [OSError("no disk"), nn.Identity()]

    def load():
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(OSError, match="no disk"):
        engine.get(Record("key", load))
    assert engine.run(Record("key", load), np.ones(1, np.float32)).item() == 1


@pytest.mark.parametrize("error", ["CUDA out of memory.", "MPS backend out of memory"])
def test_without_memory_on_the_gpu_the_cpu_takes_over_and_says_so(
    error: str, pretended_gpu: Engine
) -> None:
    engine = pretended_gpu
    assert engine.batch_size > 1
    out = engine.run(Record("key", lambda: OutOfMemory(error)), np.ones(3, np.float32))
    assert out.tolist() == [2, 2, 2] and out.dtype == np.float32
    assert engine.device == "cpu" and engine.batch_size == 1
    assert engine.notice is not None and "ran out of memory" in engine.notice
    assert (
        engine.run(Record("key", lambda: pytest.fail("loaded twice")), np.ones(1, np.float32)).item() == 2
    )


def test_without_memory_for_the_weights_the_cpu_takes_over_too(pretended_gpu: Engine) -> None:
    class Heavy(nn.Identity):
        def to(self, *arguments, **options):
            if "meta" in arguments:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().to(*arguments, **options)

    engine = pretended_gpu
    engine.get(Record("key", Heavy))
    assert engine.device == "cpu" and engine.notice


def test_work_under_way_keeps_its_device_while_another_session_leaves_the_gpu(
    pretended_gpu: Engine,
) -> None:
    engine = pretended_gpu

    def work(loaded: Runner) -> torch.Tensor:
        engine.run(Record("another", OutOfMemory), np.ones(1, np.float32))
        assert engine.device == "cpu"
        return loaded.module(torch.ones(1, 3, device=loaded.device))

    out = engine.work(Record("key", lambda: nn.Linear(3, 2)), work)
    assert out.device.type == "meta" and out.shape == (1, 2)


def test_other_errors_stay_errors(pretended_gpu: Engine) -> None:
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("shapes do not match")

    engine = pretended_gpu
    with pytest.raises(RuntimeError, match="shapes do not match"):
        engine.run(Record("key", Broken), np.ones(1, np.float32))
    assert engine.notice is None


def test_a_device_that_is_not_here_is_refused() -> None:
    assert choose_device("cpu") == "cpu"
    if not torch.cuda.is_available():
        assert choose_device() == "cpu"
        with pytest.raises(UserError, match="no cuda device"):
            Engine("cuda")


@pytest.mark.parametrize(
    ("instructions", "computes"),
    [({}, False), ({"amx_bf16": False}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True)],
)
def test_a_cpu_computes_bfloat16_where_it_has_the_instructions(
    instructions: dict[str, bool], computes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    assert computes_bfloat16("cpu") is computes
    assert computes_bfloat16("cuda")
