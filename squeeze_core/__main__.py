"""`python -m squeeze_core COMMAND …`: see `--help`."""

from __future__ import annotations

import argparse
import io
import sys
from typing import NoReturn

from squeeze_core.commands import activations, bench, classify, compare, complain, detect, evaluate
from squeeze_core.errors import UserError

COMMANDS = (classify, detect, activations, evaluate, compare, bench)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:]}; see {self.prog} --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input or usage."""
    parser = Parser(prog="python -m squeeze_core", description="SqueezeNet at work.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(subparsers)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        complain(error)
        return 2
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file name may hold what the terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
