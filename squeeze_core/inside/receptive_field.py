"""Which pixels one unit of a layer sees: its receptive field (Araujo et al., Distill 2019,
doi:10.23915/distill.00021)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from squeeze_core.networks.architecture import Fire, SqueezeNet


@dataclass(frozen=True)
class ReceptiveField:
    """The window of input pixels behind one unit, the same in height and width.

    `size`: its side, pixels. `stride`: how far the window of the next unit lies. `start`: left edge
    of unit 0's window, negative where padding is seen.
    """

    size: int = 1
    stride: int = 1
    start: int = 0

    def after(self, layer: nn.Module) -> ReceptiveField:
        """The field once that convolution or pool has been added; other layers change nothing."""
        if not isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            return self
        kernel, stride, padding = (_side(v) for v in (layer.kernel_size, layer.stride, layer.padding))
        return ReceptiveField(
            self.size + (kernel - 1) * self.stride,
            self.stride * stride,
            self.start - padding * self.stride,
        )

    def box(self, row: int, column: int, side: int) -> tuple[int, int, int, int]:
        """(x0, y0, x1, y1) seen by that unit, cut to a side × side input; x1 and y1 exclusive."""
        x, y = (self.start + place * self.stride for place in (column, row))
        return max(x, 0), max(y, 0), min(x + self.size, side), min(y + self.size, side)


def _side(value: int | str | tuple[int, ...]) -> int:
    side = value[0] if isinstance(value, tuple) else value
    assert isinstance(side, int)
    return side


def receptive_field(network: SqueezeNet, module: str, place: str) -> ReceptiveField:
    """The field of a unit of that Fire module's squeeze, expand1x1, expand3x3 or output.

    KeyError when the network has no such module.
    """
    fire = network.layer(module)
    field = ReceptiveField()
    for name, layer in zip(network.layer_names, network.features, strict=True):
        if name == module:
            break
        field = _in_fire(field, layer, "output") if isinstance(layer, Fire) else field.after(layer)
    assert isinstance(fire, Fire)
    return _in_fire(field, fire, place)


def _in_fire(field: ReceptiveField, fire: Fire, place: str) -> ReceptiveField:
    """The field at that place, given the field of the module's input."""
    if place == "output":
        # As far as the widest branch: the 3×3 one, where there is one.
        place = "expand1x1" if fire.expand3x3 is None else "expand3x3"
    field = field.after(fire.squeeze)
    return field if place == "squeeze" else field.after(getattr(fire, place))
