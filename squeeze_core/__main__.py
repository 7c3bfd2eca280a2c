"""`python -m squeeze_core COMMAND …`: see `--help`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
from typing import NoReturn

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from squeeze_core import __version__
from squeeze_core.commands import activations, bench, classify, compare, complain, detect, evaluate, export
from squeeze_core.commands.inputs import legible
from squeeze_core.errors import UserError

COMMANDS = (classify, detect, activations, evaluate, compare, export, bench)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:]}; see {self.prog} --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input or usage, 130 stopped."""
    parser = Parser(prog="python -m squeeze_core", description="SqueezeNet at work.")
    parser.add_argument("--version", action="version", version=f"Squeeze Lab {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in COMMANDS:
        command.add_to(subparsers)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = parser.parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        complain(legible(error))
        return 2
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130
    except BrokenPipeError:  # whoever read the output has enough, as `| head -1` has
        _leave_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        _leave_output()
        complain(f"{error.filename or 'The output'} cannot be read or written: {error.strerror}.")
        return 2


def _leave_output() -> None:
    """Write no more to standard output, what is still in its buffer included."""
    with contextlib.suppress(OSError, ValueError):  # a test's output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
