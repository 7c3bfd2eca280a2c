"""`python -m squeeze_core COMMAND …`: see `--help`."""

from __future__ import annotations

import argparse
import sys

from squeeze_core.commands import classify, compare, complain
from squeeze_core.errors import UserError

COMMANDS = (classify, compare)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input or usage."""
    parser = argparse.ArgumentParser(prog="python -m squeeze_core", description="SqueezeNet at work.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(subparsers)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        complain(error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
