"""The classes of one session, with their pictures, and what was taught from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import streamlit as st

from pages.server import results
from pages.server.streamlit_internals import forget_uploads, uploads
from squeeze_core.errors import UserError
from squeeze_core.images import ImageError
from squeeze_core.images.sources import Source, uploaded
from squeeze_core.networks.catalogue import Network
from squeeze_core.progress import Progress, ignore
from squeeze_core.teaching import taught
from squeeze_core.teaching.examples import MOST, Example, class_name, gather
from squeeze_core.teaching.taught import MOST_CLASSES, Taught

NAME = "My classes"
_STATE = "teach"
FIRST = ("Class 1", "Class 2")


@dataclass(eq=False)
class Pile:
    """One class: its name, and its pictures by key. `number`: for keys of widgets, never used again."""

    number: int
    name: str
    examples: dict[str, Example] = field(default_factory=dict)


@dataclass(eq=False)
class Lesson:
    """`made`, `words`: what was taught of the classes as they are, or the reason why nothing was.
    `record`: the network made of it. `sqz`: its compressed file. `refused`: sentences on files that are no
    pictures. `drops`: uploaders that were emptied. `tried`: the outcome of training deeper, in words."""

    piles: list[Pile] = field(default_factory=list)
    numbers: int = 0
    drops: int = 0
    made: Taught | None = None
    words: str = ""
    record: Network | None = None
    sqz: bytes | None = None
    curve: dict[int, float] | None = None
    refused: list[str] = field(default_factory=list)
    tried: str = ""

    def start_over(self) -> None:
        """Two empty classes, with numbers of their own: a widget's key would bring an old name back."""
        self.piles, self.refused = [], []
        for name in FIRST:
            self.add(name)

    def add(self, name: str = "") -> Pile:
        """A new class without pictures."""
        if len(self.piles) >= MOST_CLASSES:
            raise UserError(f"There are {MOST_CLASSES} classes; no more can be taught.")
        self.numbers += 1
        self.piles.append(Pile(self.numbers, class_name(name) or f"Class {self.numbers}"))
        self.changed()
        return self.piles[-1]

    def called(self, name: str) -> Pile:
        """The class of that name, a new one where there is none; classes without pictures give way."""
        name = class_name(name) or "no folder"
        for pile in self.piles:
            if pile.name == name:
                return pile
        self.piles = [pile for pile in self.piles if pile.examples or pile.name not in FIRST]
        return self.add(name)

    def changed(self) -> None:
        """Forget what was taught of the classes as they were."""
        self.made, self.words, self.curve, self.tried = None, "", None, ""
        self.record = self.sqz = None

    @property
    def pictures(self) -> int:
        return sum(len(pile.examples) for pile in self.piles)

    def classes(self) -> dict[str, list[Example]]:
        """Name → pictures; UserError where two classes have one name."""
        found = {pile.name: list(pile.examples.values()) for pile in self.piles}
        if len(found) < len(self.piles):
            names = [pile.name for pile in self.piles]
            twice = next(name for name in names if names.count(name) > 1)
            raise UserError(f"Two classes are called {twice}.")
        return found

    def network(self, progress: Progress = ignore) -> Network:
        """The network of what was taught, made once."""
        assert self.made
        self.record = self.record or taught.network(self.made, results.engine(), NAME, progress)
        return self.record

    def put(self, pile: Pile | str, found: Example | ImageError) -> None:
        """Take a picture for that class, or the one of that name, or say why it is none."""
        if isinstance(found, ImageError):
            self.refused.append(str(found))
        elif self.pictures >= MOST:
            self.refused.append(f"{found.name} was left out: {MOST:,} pictures at most can be taught.")
        else:
            to = self.called(pile) if isinstance(pile, str) else pile
            to.examples[found.key] = found
            self.changed()

    def move(self, key: str, to: Pile | None) -> None:
        """Move a picture to that class; None takes it out."""
        for pile in self.piles:
            if (example := pile.examples.pop(key, None)) and to:
                to.examples[key] = example
        self.changed()


def current() -> Lesson:
    """This session's, with two empty classes at first."""
    if _STATE not in st.session_state:
        st.session_state[_STATE] = Lesson()
        st.session_state[_STATE].start_over()
    return st.session_state[_STATE]


def read(sources: list[Source], pile: Pile | None = None, refused: Iterable[str] = ()) -> None:
    """Take the pictures for that class, or each for the class that its folder names, with a progress bar;
    any click stops it, and what was read stays. `refused`: sentences on what is not among them."""
    lesson, engine = current(), results.engine()
    lesson.refused = list(refused)
    bar = st.progress(0.0, text=f"Reading {len(sources)} pictures")
    st.button("Stop", key="teach-read-stop", icon=":material/stop:")
    with_folders = [one for one in sources if pile or one.path.parent.name]
    for number, (path, found) in enumerate(gather(with_folders, engine), 1):
        try:
            lesson.put(pile or path.parent.name, found)
        except UserError as error:
            lesson.refused = [str(error)]
            break
        bar.progress(number / len(sources))
    if len(with_folders) < len(sources):
        lesson.refused.append("Pictures without a folder were left out: one folder a class.")


def take_drop(key: str, pile: Pile | None = None) -> None:
    """Read what was dropped under that key, if anything, as `read` does, and empty the uploader."""
    if not (files := uploads(key)):
        return
    current().drops += 1
    sources: list[Source] = []
    refused = []
    for file in files:
        try:
            sources += uploaded([(file.name, file.getvalue())])
        except UserError as error:
            refused.append(str(error))
    if not sources and not refused:
        refused = ["There are no pictures in it."]
    try:
        read(sources, pile, refused)
    finally:
        forget_uploads(files)
    st.rerun()
