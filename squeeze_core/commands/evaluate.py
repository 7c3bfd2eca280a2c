"""`evaluate TASK DIR`: how good is a network on labelled pictures? One module a task."""

from __future__ import annotations

from typing import Any

from squeeze_core.commands import evaluate_classify, evaluate_detect

TASKS = (evaluate_classify, evaluate_detect)


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("evaluate", help="accuracy on labelled pictures of your own")
    tasks = parser.add_subparsers(required=True, metavar="TASK")
    for task in TASKS:
        task.add_to(tasks)
