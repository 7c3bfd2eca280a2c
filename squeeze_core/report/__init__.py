"""One `Report`, written as slides, a web page or CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from PIL import Image

from squeeze_core.classifier import Classification
from squeeze_core.cost.budget import USUAL, Budget
from squeeze_core.cost.comparison import REFERENCE, NetworkRow, row
from squeeze_core.cost.meaning import Assumptions
from squeeze_core.cost.measure import Measurement
from squeeze_core.detector.detections import Detection
from squeeze_core.figures.style import ACCENT
from squeeze_core.images import Picture

TITLE = "What do we give up for a smaller network?"
DECISION = "Approve a trial of SqueezeNet in our product"
NEXT_STEP = "measure it on 300 labelled pictures of our own, then on our device."


@dataclass(frozen=True)
class Branding:
    """Choices of the person who gives the report.

    `color`: "#rrggbb". `logo`: RGB or RGBA. `decision`: asked for on the first slide, `next_step`: on the
    fourth. `template`: a .potx or .pptx file's bytes, whose layouts, fonts and colours the slides take.
    """

    title: str = TITLE
    name: str = ""
    color: str = ACCENT
    logo: Image.Image | None = None
    decision: str = DECISION
    next_step: str = NEXT_STEP
    template: bytes | None = None


@dataclass(frozen=True)
class Report:
    """Everything that the files say, collected once.

    `rows`: the networks that the person chose, SqueezeNet among them. `everybody`: all networks, for
    the Pareto front. `measurements`: of this machine, possibly none. `picture`, `answers`, `found`: the
    person's picture, each network's answer for it, and what the detector found in it. `budget`: the
    limits given in "What fits?". `given`: prices and speeds.
    """

    rows: tuple[NetworkRow, ...]
    everybody: tuple[NetworkRow, ...]
    measurements: tuple[Measurement, ...] = ()
    picture: Picture | None = None
    answers: tuple[Classification, ...] = ()
    found: tuple[Detection, ...] | None = None
    budget: Budget = USUAL
    given: Assumptions = field(default_factory=Assumptions)
    branding: Branding = field(default_factory=Branding)
    day: str = field(default_factory=lambda: date.today().isoformat())

    def __post_init__(self) -> None:
        """SqueezeNet is added where the person left it out."""
        if all(chosen.name != REFERENCE for chosen in self.rows):
            object.__setattr__(self, "rows", (row(REFERENCE), *self.rows))

    @property
    def milliseconds(self) -> dict[str, float]:
        """Time for one picture by network name, of those that were measured."""
        return {one.name: one.milliseconds for one in self.measurements}
