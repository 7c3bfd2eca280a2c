"""The receptive field of a unit (Araujo et al., Distill 2019, doi:10.23915/distill.00021)."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from squeeze_core.networks.plan import Plan


@dataclass(frozen=True)
class ReceptiveField:
    """The window of input pixels behind one unit, the same in height and width, in pixels.

    `size`: its side. `stride`: the distance to the next unit's window. `start`: left edge of unit 0's
    window, negative where it covers padding.
    """

    size: int = 1
    stride: int = 1
    start: int = 0

    def after(self, kernel: int, stride: int = 1, padding: int = 0) -> ReceptiveField:
        """The field after a convolution or pool of that kernel."""
        size, start = self.size + (kernel - 1) * self.stride, self.start - padding * self.stride
        return ReceptiveField(size, self.stride * stride, start)

    def box(self, row: int, column: int, side: int) -> tuple[int, int, int, int]:
        """That unit's window as (x0, y0, x1, y1), cut to a side × side input; x1 and y1 exclusive."""
        x, y = (self.start + place * self.stride for place in (column, row))
        return max(x, 0), max(y, 0), min(x + self.size, side), min(y + self.size, side)


def receptive_field(plan: Plan, module: str, place: str) -> ReceptiveField:
    """The field of a unit of that Fire module's squeeze, expand1x1, expand3x3 or output, in a network of
    that plan. KeyError when it has no such module.
    """
    fields = {"pictures": ReceptiveField()}
    for layer in plan.feature_layers():
        field = max((fields[name] for name in layer.inputs), key=attrgetter("size"))
        if layer.kind == "conv":
            field = field.after(layer.weight[2], layer.stride, layer.padding)
        elif layer.kind == "max_pool":
            field = field.after(3, stride=2)
        fields[layer.name] = field
    return fields[module if place == "output" else f"{module}/{place}"]
