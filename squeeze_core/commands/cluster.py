"""`--engine ray`: the same work on a Ray cluster, which is an optional extra."""

from __future__ import annotations

import logging
import os
from argparse import Namespace
from collections import deque
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from squeeze_core.commands import legible
from squeeze_core.commands.work import Found
from squeeze_core.errors import UserError

# Files a worker gets at once, and how many such lots wait for each: few, so that memory stays bounded.
LOT, WAITING = 8, 2
# A worker that is lost is begun again and does its lots again; a file that ends every worker is given up.
RETRIES = 3


class Worker:
    """One process of the cluster, with networks of its own."""

    def __init__(self, options: Namespace) -> None:
        self.work = import_module(f"squeeze_core.commands.{options.command}").work(options)

    def found(self, files: list[Path]) -> list[Found]:
        return list(self.work.found(files))


def found_on_ray(options: Namespace, files: Iterable[Path]) -> Iterator[Found]:
    """The results of `Work.found` for the files, in order, by one worker a CPU of the cluster.

    UserError when Ray is not installed or the cluster cannot be had.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    try:
        import ray
    except ImportError:
        raise UserError('--engine ray needs Ray: pip install "squeeze-lab[ray]".') from None
    try:
        alone: dict[str, Any] = {} if options.address else {"include_dashboard": False}
        ray.init(options.address, log_to_driver=False, logging_level=logging.ERROR, **alone)
    except Exception as error:  # whatever the cluster's own errors are
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise UserError(f"The Ray cluster cannot be had: {reason[0]}") from None
    try:
        yield from _found(ray, options, iter(files))
    finally:
        ray.shutdown()


def _found(ray: Any, options: Namespace, files: Iterator[Path]) -> Iterator[Found]:
    remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=RETRIES)(Worker)
    workers = [remote.remote(options) for _ in range(max(1, int(ray.cluster_resources().get("CPU", 1))))]
    lots = iter(lambda: list(islice(files, LOT)), [])
    asked: deque[tuple[Any, list[Path]]] = deque()
    for number, lot in enumerate(lots):
        asked.append((workers[number % len(workers)].found.remote(lot), lot))
        if len(asked) == WAITING * len(workers):
            yield from _answer(ray, *asked.popleft())
    while asked:
        yield from _answer(ray, *asked.popleft())


def _answer(ray: Any, reference: Any, lot: list[Path]) -> Iterator[Found]:
    try:
        yield from ray.get(reference)
    except ray.exceptions.RayActorError:
        for path in lot:
            file = legible(path)
            yield Found(
                {"file": file, "error": f"{file} was given up: its worker was lost again and again."}
            )
