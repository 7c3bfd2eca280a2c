"""Pickles → plain data. A pickle is a program: here its instructions build dicts, lists and texts, and
nothing that it names is imported or called, so none can do harm, whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pickletools import genops
from typing import Any, BinaryIO

# Those of a checkpoint are some thousands; a million take two seconds.
MOST_INSTRUCTIONS = 1_000_000
_MADE: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_SET": list, "EMPTY_TUPLE": tuple}
_MADE |= {"EMPTY_DICT": dict, "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False}
_MARKED = ("TUPLE", "LIST", "FROZENSET", "DICT", "APPENDS", "ADDITEMS", "SETITEMS", "POP_MARK")
_IGNORED = ("PROTO", "FRAME", "POP_MARK")
_REFUSED = ("EXT1", "EXT2", "EXT4", "PERSID", "INST", "OBJ", "NEXT_BUFFER", "READONLY_BUFFER")


class Global(str):
    """The full name of a class or function, such as "torch.FloatStorage"; it is not looked up."""


class Foreign(dict[Any, Any]):
    """An object of any class, with the items stored in it.

    `kind`: its class, or the function that would make it, "" where the pickle names none. `arguments`: what
    it would be made of. `state`: what was stored in it beside items, such as the dict of its attributes.
    """

    def __init__(self, kind: object, arguments: object) -> None:
        super().__init__()
        self.kind = kind if isinstance(kind, Global) else Global()
        self.arguments = arguments if isinstance(arguments, tuple) else ()
        self.state: Any = None


def load(file: BinaryIO, persistent: list[Any] | None = None) -> Any:
    """The object that the pickle at the file's position holds; the position is then behind it.

    Sets become lists, every instance a `Foreign`, and so does a persistent id, of which it holds the parts;
    they are put into `persistent` too. Any exception when it is no whole pickle, or one of more than
    MOST_INSTRUCTIONS.
    """
    stack: list[Any] = []
    below: list[list[Any]] = []
    memo: dict[int, Any] = {}
    argument: Any
    for opcode, argument, _ in islice(genops(file), MOST_INSTRUCTIONS):
        name, items = opcode.name, []
        if name in _MARKED:
            stack, items = below.pop(), stack
        match name:
            case "STOP":
                return stack.pop()
            case "MARK":
                below.append(stack)
                stack = []
            case "POP":
                stack.pop()
            case "DUP":
                stack.append(stack[-1])
            case "PUT" | "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
                memo[len(memo) if argument is None else argument] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "TUPLE" | "LIST" | "FROZENSET":
                stack.append(tuple(items) if name == "TUPLE" else items)
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "APPEND" | "APPENDS" | "ADDITEMS":
                items = [stack.pop()] if name == "APPEND" else items
                if isinstance(stack[-1], list):
                    stack[-1].extend(items)
            case "DICT" | "SETITEM" | "SETITEMS":
                items = [stack.pop(-2), stack.pop()] if name == "SETITEM" else items
                if name == "DICT":
                    stack.append({})
                if isinstance(stack[-1], dict):  # plain keys only: a nested tuple's hash can take for ever
                    pairs = zip(items[::2], items[1::2], strict=True)
                    stack[-1].update((key, value) for key, value in pairs if isinstance(key, str | int))
            case "GLOBAL":
                stack.append(Global(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                last, module = stack.pop(), stack.pop()
                stack.append(Global(f"{module}.{last}" if type(module) is type(last) is str else ""))
            case "REDUCE" | "NEWOBJ" | "NEWOBJ_EX":
                if name == "NEWOBJ_EX":
                    stack.pop()
                arguments = stack.pop()
                stack.append(Foreign(stack.pop(), arguments))
            case "BINPERSID":
                stack.append(Foreign(None, stack.pop()))
                if persistent is not None:
                    persistent.append(stack[-1].arguments)
            case "BUILD":
                state = stack.pop()
                if isinstance(stack[-1], Foreign):
                    stack[-1].state = state
            case _ if name in _REFUSED:
                raise ValueError(f"the instruction {name} is not followed")
            case _ if name not in _IGNORED:
                stack.append(_MADE[name]() if name in _MADE else argument)
    raise EOFError
