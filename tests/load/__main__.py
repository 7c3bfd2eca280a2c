"""Many sessions at once: is every answer its own session's, how long do they wait, what memory is taken?

    python -m tests.load [--sessions 30] [--seconds 600] [--every 10] [--waves 1] [--after 300]
    python -m tests.load --sessions 15 --seconds 300 --long 0.33   # a third of them compresses or asks Why?
    python -m tests.load --sessions 10 --seconds 60 --few-pages    # those that need no PyTorch
    python -m tests.load --sessions 6 --in-step 20                 # all open the same page at once
    python -m tests.load --sessions 10 --uploads 20 --kill 1       # decoding processes are killed meanwhile

Starts a server of its own. Each session brings a picture of 12 megapixels and then, every ten seconds,
goes to another page, moves a slider, asks Why? or brings its picture again.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from squeeze_core import classify, gallery, read
from tests.load.client import Client, RunFailed

ROOT = Path(__file__).parents[2]
SIDE = (4000, 3000)
LIGHT = ("page", "slider")
STEPS = ("", "detect", "fire_modules", "why", "compare", "compress", "design_space", "about")


class Load:
    """One run: what the sessions do, and what was seen."""

    def __init__(self, options: argparse.Namespace, address: str, process: int) -> None:
        self.options, self.address, self.process = options, address, process
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.faults: list[str] = []
        self.height = 0.0
        self.pictures = [_picture(sample.path) for sample in gallery.samples()[: options.sessions]]

    async def wave(self) -> None:
        """All sessions, each begun a little after the one before; they leave when the time is over."""
        end = time.monotonic() + self.options.seconds
        watching = [asyncio.create_task(self._watch())]
        if self.options.kill:
            watching.append(asyncio.create_task(self._kill()))
        self.step = asyncio.Barrier(self.options.sessions)
        pause = min(self.options.every, self.options.seconds) / self.options.sessions
        tasks = []
        for number in range(self.options.sessions):
            tasks.append(asyncio.create_task(self._session(number, end)))
            await asyncio.sleep(pause)
        await asyncio.gather(*tasks)
        for task in watching:
            task.cancel()

    async def _session(self, number: int, end: float) -> None:
        dice = random.Random(number)
        label, data = self.pictures[number % len(self.pictures)]
        client = Client(self.address)
        try:
            self._took("open", await client.open())
            self._took("upload", await client.upload("tray-drop", f"of-{number}.jpg", data))
            self._own(client, label, number)
            for _ in range(self.options.uploads):
                file = f"of-{number}.jpg"
                self._took("upload", await client.upload("tray-drop", file, data + os.urandom(8)))
                self._own(client, label, number)
            for page in STEPS * self.options.in_step:
                await self.step.wait()
                self._took(f"in step {page}", await client.visit(page))
            while not (self.options.in_step or self.options.uploads):  # once at least, however slow
                await asyncio.sleep(self.options.every * dice.uniform(0.8, 1.2))
                if number < self.options.long * self.options.sessions and dice.random() < 0.5:
                    await self._compress(client)
                else:
                    await self._act(client, dice, label, number, data)
                if time.monotonic() > end:
                    break
            await client.close()
        except (RunFailed, OSError, TimeoutError, StopIteration, RuntimeError) as error:
            await self.step.abort()
            self.faults.append(f"session {number}: {type(error).__name__}: {error}")

    async def _act(self, client: Client, dice: random.Random, label: str, number: int, data: bytes) -> None:
        long = number < self.options.long * self.options.sessions
        what = "why" if long else dice.choices(("page", "slider", "why", "upload"), (5, 5, 2, 1))[0]
        if what in ("slider", "why") and self.options.few_pages:
            what = "page"
        if what == "page":
            pages = ("", "detect", "compare") + (
                () if self.options.few_pages else ("fire_modules", "about")
            )
            page = dice.choice(pages)
            self._took("detect" if page == "detect" else what, await client.visit(page))
        elif what == "slider":
            if not any(key.startswith("why-opacity") for key in client.widgets):
                self._took("why", await client.visit("why"))
                self._own(client, label, number)
            value = [float(dice.randrange(0, 100, 5))]
            self._took(what, await client.set("why-opacity", double_array_value=value))
        elif what == "why":
            # A class that nobody has asked for yet, explained from the start.
            self._took("why", await client.visit("why"))
            choice = next(key for key in client.widgets if key.startswith("why-class-left"))
            self._took("why", await client.set(choice, string_value=dice.choice(client.options[choice])))
        else:
            self._took(what, await client.upload("tray-drop", f"of-{number}.jpg", data))

    async def _compress(self, client: Client) -> None:
        """Compress, and note how much longer the visitor waited than the work took."""
        await client.visit("compress")
        waited = await client.set("compress-start", trigger_value=True)
        self._took("compress", waited)
        if took := re.search(r", ([0-9.]+) s here", client.words):
            self._took("compress, without the work", waited - float(took[1]))

    async def _kill(self) -> None:
        """Kill a process below the server, as the system does when memory is short."""
        while True:
            await asyncio.sleep(self.options.kill)
            for number in _children(self.process)[:1]:
                os.kill(number, signal.SIGKILL)

    def _took(self, what: str, seconds: float) -> None:
        self.seconds[what].append(seconds)

    def _own(self, client: Client, label: str, number: int) -> None:
        if label not in client.words:
            self.faults.append(f"session {number} does not see its own {label}")

    async def _watch(self) -> None:
        while True:
            self.height = max(self.height, memory(self.process))
            await asyncio.sleep(1)

    def report(self) -> dict[str, object]:
        """What was seen, in seconds and MB."""
        rows = {
            what: {"times": len(taken), "median": _at(taken, 0.5), "p95": _at(taken, 0.95)}
            for what, taken in self.seconds.items()
        }
        light = [one for what in LIGHT for one in self.seconds[what]]
        rows["light"] = {"times": len(light), "median": _at(light, 0.5), "p95": _at(light, 0.95)}
        return {"seconds": rows, "faults": self.faults, "height_mb": round(self.height)}


def _at(taken: list[float], share: float) -> float | None:
    return (
        round(statistics.quantiles(taken, n=100, method="inclusive")[int(100 * share) - 1], 2)
        if len(taken) > 1
        else None
    )


def _picture(path: Path) -> tuple[str, bytes]:
    """A picture of 12 megapixels, and what the network says of it."""
    buffer = io.BytesIO()
    read(path).image.resize(SIDE).save(buffer, "JPEG", quality=90)
    from squeeze_core.images import decode

    return classify(decode(buffer.getvalue(), path.name)).top(1)[0].label, buffer.getvalue()


def memory(process: int) -> float:
    """Of a process and all below it, MB; what they share counts once."""
    total, waiting = 0, [process]
    while waiting:
        number = waiting.pop()
        try:
            for line in Path(f"/proc/{number}/smaps_rollup").read_text("utf-8").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
        waiting += _children(number)
    return total / 1000


def _children(process: int) -> list[int]:
    """The processes that its threads have started."""
    files = Path(f"/proc/{process}/task").glob("*/children")
    return [int(number) for file in files for number in file.read_text("utf-8").split()]


def start(port: int, settle: float) -> subprocess.Popen[bytes]:
    """The app, after the seconds in which it starts and warms up."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    environment = os.environ | {"SQUEEZE_LAB_LOG": "WARNING"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
    time.sleep(settle)
    return process


def run(options: argparse.Namespace) -> dict[str, object]:
    """Every wave's report, and the memory before, between and after."""
    process = start(options.port, options.settle)
    address = f"http://127.0.0.1:{options.port}"
    try:
        finish(_look_once(address, () if options.few_pages else ("why", "fire_modules")))
        found: dict[str, object] = {"start_mb": round(memory(process.pid)), "waves": []}
        for _ in range(options.waves):
            load = Load(options, address, process.pid)
            finish(load.wave())
            time.sleep(options.after)
            report = load.report() | {"after_mb": round(memory(process.pid))}
            found["waves"].append(report)  # type: ignore[attr-defined]
            print(json.dumps(report), file=sys.stderr, flush=True)
        return found
    finally:
        process.terminate()
        process.wait(20)


def finish(work: Coroutine[None, None, None]) -> None:
    """In a thread of its own: a test's may have a loop already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _look_once(address: str, more: tuple[str, ...]) -> None:
    """One visitor, so that what every page needs is loaded before memory is measured."""
    client = Client(address)
    await client.open()
    for page in ("detect", "compare", *more):
        await client.visit(page)
    await client.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--every", type=float, default=10, help="seconds between what a session does")
    parser.add_argument("--waves", type=int, default=1)
    parser.add_argument("--after", type=float, default=300, help="seconds of rest after each wave")
    parser.add_argument(
        "--settle", type=float, default=20, help="seconds that the server may take to warm up"
    )
    parser.add_argument("--long", type=float, default=0, help="share of sessions with long work only, 0–1")
    parser.add_argument(
        "--few-pages", action="store_true", help="only Classify, Detect, Compare and uploads"
    )
    parser.add_argument("--in-step", type=int, default=0, help="times that all open each page at once")
    parser.add_argument("--uploads", type=int, default=0, help="new pictures of each session, nothing else")
    parser.add_argument("--kill", type=float, default=0, help="seconds between killed decoding processes")
    parser.add_argument("--port", type=int, default=8765)
    found = run(parser.parse_args(arguments))
    print(json.dumps(found, indent=1))
    return 1 if any(wave["faults"] for wave in found["waves"]) else 0  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
