"""`evaluate TASK DIR`: the accuracy of a network on labelled pictures. One module a task."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from squeeze_core.commands import evaluate_classify, evaluate_detect, files
from squeeze_core.commands.work import Work

TASKS = {"classify": evaluate_classify, "detect": evaluate_detect}


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("evaluate", help="accuracy on labelled pictures of your own")
    tasks = parser.add_subparsers(required=True, metavar="TASK", dest="task")
    for task in TASKS.values():
        task_parser = task.add_to(tasks)
        task_parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the pictures")
        files.add_table_options(task_parser)


def work(options: Namespace) -> Work:
    """The task's work on every picture, for a worker of a cluster."""
    return TASKS[options.task].work(options)
