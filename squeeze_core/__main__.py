"""`python -m squeeze_core COMMAND …`: see `--help`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import signal
import sys
from importlib import import_module
from typing import NoReturn

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from squeeze_core import __version__
from squeeze_core.commands import complain
from squeeze_core.errors import UserError

COMMANDS = (
    "classify", "detect", "activations", "explain", "evaluate", "compare", "compress", "card", "export",
    "teach", "bench",
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:]}; see {self.prog} --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input or usage, 130 stopped."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        options = _parser(arguments).parse_args(arguments)
        code = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        complain(error)
        return 2
    except KeyboardInterrupt:
        complain("Stopped.")
        return 130
    except BrokenPipeError:  # the reader has ended, as `| head -1` does
        _leave_output()
        return 128 + signal.SIGPIPE
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        _leave_output()
        complain(sentence)
        return 2


def _sentence(error: Exception) -> str | None:
    """The sentence for what this machine does not allow; None for an error of another kind."""
    if "temporary directory" in str(error):
        return "No folder for temporary files can be written to; set TMPDIR to one that can."
    # A library that has no room, or a thread.
    if isinstance(error, MemoryError) or re.search("map segment|allocate|new thread|bad_alloc", str(error)):
        return "There is too little memory for this, or a limit on it is too low."
    if isinstance(error, OSError):
        return f"{error.filename or 'The output'} cannot be read or written: {error.strerror}."
    return None


def _parser(arguments: list[str]) -> Parser:
    """The parser for those arguments; imports only the command that is named, since that takes seconds."""
    parser = Parser(prog="python -m squeeze_core", description="SqueezeNet at work.")
    parser.add_argument("--version", action="version", version=f"Squeeze Lab {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    named = [name for name in COMMANDS if name in arguments[:1]]
    for name in named or (() if arguments[:1] == ["--version"] else COMMANDS):
        import_module(f"squeeze_core.commands.{name}").add_to(subparsers)
    return parser


def _leave_output() -> None:
    """Discard what is written to standard output from now on, and what is in its buffer."""
    with contextlib.suppress(OSError, ValueError):  # a test's output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
