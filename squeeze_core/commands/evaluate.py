"""`evaluate TASK DIR`: the accuracy of a network on labelled pictures. One module a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from squeeze_core.commands import add_device_option, add_json_option, evaluate_classify, evaluate_detect


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("evaluate", help="accuracy on labelled pictures of your own")
    tasks = parser.add_subparsers(required=True, metavar="TASK", dest="task")
    for task in (evaluate_classify, evaluate_detect):
        task_parser = task.add_to(tasks)
        task_parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the pictures")
        add_device_option(task_parser)
        add_json_option(task_parser)
