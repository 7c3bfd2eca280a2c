from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from squeeze_core import images
from squeeze_core.images import ImageError, pool


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def endless() -> bytes:
    """A small progressive JPEG whose last scan comes 20,000 times."""
    data = encoded(Image.new("L", (2000, 2000), 100), "JPEG", quality=30, progressive=True)
    scan = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + scan * 20_000 + data[-2:]


@pytest.fixture
def one() -> Iterator[pool.Pool]:
    made = pool.Pool(1, cpu_seconds=1)
    yield made
    made.close()


def request(name: str) -> dict[str, object]:
    return {"name": name, "path": None, "least_side": None, "key": None, "frame": 0}


SMALL = encoded(Image.new("RGB", (3, 2), (1, 2, 3)))


def test_what_comes_back_is_the_whole_picture(samples) -> None:
    photo = samples["chelsea.png"].image
    data = encoded(photo)
    got = images.decode(data, "cat.png")
    assert np.array_equal(np.asarray(got.image), np.asarray(photo))
    assert (got.name, got.format, got.width, got.height) == ("cat.png", "PNG", *photo.size)
    assert got.key == hashlib.sha256(data).hexdigest() and got.milliseconds > 0


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_read(
    one: pool.Pool, endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = pytest.raises(ImageError, match=r"^bomb\.jpg takes too long to read\.$")
    for clock_seconds, signal_number in ((60, signal.SIGXCPU), (0.3, signal.SIGKILL)):
        monkeypatch.setattr(pool, "_CLOCK_SECONDS", clock_seconds)
        monkeypatch.setattr(pool, "CPU_SECONDS", 0.01)
        one.warm()
        (worker,) = one._idle
        with refused:
            one.run(request("bomb.jpg"), endless)
        assert worker._process.returncode == -signal_number, "by computing time, then by the clock"
    monkeypatch.undo()
    answer, image = one.run(request("a"), SMALL)
    assert (answer["size"], image.size, image.tobytes()) == ([3, 2], (3, 2), bytes((1, 2, 3)) * 6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "BMP", "AVIF"])
def test_a_picture_that_takes_too_much_memory_is_refused(kind: str) -> None:
    small = pool.Pool(1, memory_bytes=100_000_000)
    data = encoded(Image.new("RGB", (4500, 4500)), kind, **({"speed": 10} if kind == "AVIF" else {}))
    # The AV1 decoder does not always say that it lacks memory.
    says = {"AVIF": "(takes too much memory to read|is a damaged or incomplete AVIF picture)"}
    with pytest.raises(ImageError, match=rf"^a {says.get(kind, 'takes too much memory to read')}\.$"):
        small.run(request("a"), data)
    assert small.run(request("a"), SMALL)[0]["width"] == 3
    small.close()


def test_what_the_caller_raises_meanwhile_ends_the_work(one: pool.Pool, endless: bytes) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    one.warm()
    (worker,) = one._idle
    with pytest.raises(KeyboardInterrupt):
        one.run(request("a"), endless, leave)
    assert worker._process.returncode == -signal.SIGKILL, "its process has ended"
    assert one._idle == [] and one.queue.running == 0
    assert one.run(request("a"), SMALL)[0]["width"] == 3


def test_closing_ends_the_processes(one: pool.Pool) -> None:
    one.run(request("a"), SMALL)
    (worker,) = one._idle
    assert worker._process.poll() is None
    one.close()
    assert worker._process.returncode == -signal.SIGKILL and one._idle == []


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process of each request that a worker has taken."""
    processes = []
    work = pool._Worker.work

    def noted(worker: pool._Worker, *arguments: object) -> object:
        processes.append(worker._process.pid)
        return work(worker, *arguments)

    monkeypatch.setattr(pool._Worker, "work", noted)
    return processes


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGSEGV, "is damaged: reading it broke the decoder"),
        (signal.SIGKILL, "cannot be read: the process that decodes it was ended, as when memory is short"),
    ],
)
def test_a_picture_whose_process_always_ends_is_refused(
    number: int, says: str, one: pool.Pool, endless: bytes, working: list[int]
) -> None:
    def crash() -> None:
        for process in working[-1:]:
            with suppress(ProcessLookupError):  # ended already; the next one is starting
                os.kill(process, number)

    with pytest.raises(ImageError, match=rf"^a {says}\.$"):
        one.run(request("a"), endless, crash)
    assert len(set(working)) == 3
    assert one.run(request("a"), SMALL)[0]["width"] == 3


def test_a_picture_whose_process_is_held_up_or_ended_once_is_read_by_another(
    one: pool.Pool, working: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_CLOCK_SECONDS", 1)
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
        working.clear()
        one.run(request("a"), SMALL)
        os.kill(working[0], number)
        assert one.run(request("b"), SMALL)[1].tobytes() == bytes((1, 2, 3)) * 6


def test_the_start_of_a_process_is_not_the_pictures_time(
    one: pool.Pool, working: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_CLOCK_SECONDS", 1)
    one.warm()
    starting = one._idle[0]._process.pid
    os.kill(starting, signal.SIGSTOP)
    resume = threading.Timer(2, os.kill, (starting, signal.SIGCONT))
    resume.start()
    assert one.run(request("a"), SMALL)[0]["width"] == 3
    resume.join()
    assert working[0] == starting


def test_every_picture_is_read_while_processes_are_killed(
    samples, working: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = pool.Pool(2)
    data = encoded(samples["coffee.jpg"].image, "JPEG")
    _, expected = two.run(request("first"), data)
    work = pool._Worker.work

    def killing(worker: pool._Worker, *arguments: object) -> object:
        if len(working) % 15 == 0:
            for other in (worker, *two._idle):
                other._process.kill()
        return work(worker, *arguments)

    monkeypatch.setattr(pool._Worker, "work", killing)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: two.run(request(str(number)), data)[1], range(200)))
    two.close()
    assert len(working) > 210 and len(set(working)) > 10, "tried again, by new processes"
    assert all(image.tobytes() == expected.tobytes() for image in found)


@pytest.mark.parametrize(("limit", "value"), [("t", 3600), ("d", 400_000)])
def test_pictures_are_read_within_an_administrators_limits(limit: str, value: int) -> None:
    code = "from squeeze_core import gallery; print(gallery.samples()[0].picture().width)"
    # A capability lets root raise hard limits.
    drop = ["setpriv", "--bounding-set=-sys_resource"] if os.geteuid() == 0 else []
    command = [*drop, "bash", "-c", f'ulimit -{limit} {value}; exec "$0" -c "$1"', sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "451", done.stderr


def test_a_process_that_keeps_much_memory_is_replaced(
    one: pool.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_worker.py").write_text(
        "import sys\n"
        "from multiprocessing.connection import Connection\n"
        "from squeeze_core.images import worker\n"
        "kept = []\n"
        "answered = worker._answered\n"
        "def keeping(request, *rest):\n"
        "    kept.append(b'x' * request['keeps'])\n"
        "    return answered(request, *rest)\n"
        "worker._answered = keeping\n"
        "number, *limits = map(int, sys.argv[1:])\n"
        "worker.main(Connection(number), *limits)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(pool, "_WORKER", "heavy_worker")
    for keeps, stays in ((0, True), (50_000_000, True), (100_000_000, False), (0, True)):
        _, image = one.run({**request("a"), "keeps": keeps}, SMALL)
        assert image.size == (3, 2) and bool(one._idle) is stays
        if keeps and stays:
            (worker,) = one._idle
    assert worker._process.returncode is not None, "another has taken its place"


def test_where_no_process_starts_the_picture_is_not_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_WORKER", "no_such_module")
    with pytest.raises(
        ImageError, match=r"^a cannot be read: the process that decodes pictures does not start"
    ):
        pool.Pool(1).run(request("a"), SMALL)


def test_those_who_wait_have_their_turn_in_order_and_may_leave(one: pool.Pool, endless: bytes) -> None:
    done = []

    def work(name: str, data: bytes, poll=lambda: None) -> None:
        with suppress(ImageError, InterruptedError):
            one.run(request(name), data, poll)
        done.append(name)

    def leave() -> None:
        raise InterruptedError

    threads = []
    for name, data, poll in (
        ("first", endless, lambda: None),
        ("leaves", SMALL, leave),
        ("b", SMALL, lambda: None),
        ("c", SMALL, lambda: None),
    ):
        threads.append(threading.Thread(target=work, args=(name, data, poll)))
        threads[-1].start()
        deadline = time.monotonic() + 30
        while (
            len(one.queue) + one.queue.running < len(threads)
            and "leaves" not in done
            and threads[-1].is_alive()
        ):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert done == ["leaves", "first", "b", "c"]
    assert one.queue.running == 0 and len(one.queue) == 0


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_worker_is_light() -> None:
    loaded = python("import sys, squeeze_core.images.worker; print(*sys.modules)").split()
    assert not {"torch", "streamlit", "tifffile", "imagecodecs", "pillow_heif"} & set(loaded)


def test_nothing_changes_for_the_host() -> None:
    python(
        "import numpy, warnings; before = list(warnings.filters)\n"
        "from PIL import Image; limit = Image.MAX_IMAGE_PIXELS\n"
        "from squeeze_core import gallery; gallery.samples()[0].picture()\n"
        "assert warnings.filters == before and Image.MAX_IMAGE_PIXELS == limit\n"
        "assert not {'HEIF', 'HEIC'} & {kind for kind in Image.OPEN}"
    )


def test_a_forked_process_has_workers_of_its_own() -> None:
    said = python(
        "import os\n"
        "from squeeze_core import gallery\n"
        "path = gallery.samples()[0].path\n"
        "from squeeze_core.images import read\n"
        "read(path)\n"
        "child = os.fork()\n"
        "for _ in range(5): read(path)\n"
        "print('read', flush=True)\n"
        "if child: os.waitpid(child, 0)\n"
    )
    assert said.split() == ["read", "read"]


def test_files_are_read_a_few_ahead_in_order_bad_ones_in_their_place(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("RGB", (number + 1, 1)).save(tmp_path / f"{number:02}.png")
    (tmp_path / "05.png").write_bytes(b"x")
    taken = []

    def read(path: Path) -> images.Picture | ImageError:
        try:
            return images.read(path)
        except ImageError as error:
            return error

    def paths() -> Iterator[Path]:
        for path in sorted(tmp_path.iterdir()):
            taken.append(path)
            yield path

    results = images.prefetch(read, paths())
    first = next(results)
    assert isinstance(first, images.Picture) and first.width == 1
    assert len(taken) < 12 or os.cpu_count() > 2
    rest = list(results)
    assert [getattr(got, "width", None) for got in rest] == [2, 3, 4, 5, None, *range(7, 13)]
    assert str(rest[4]).startswith("05.png is ")
