"""An estimate of the bits that the range coder needs for a network's weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LARGEST = 48  # magnitudes above it cost no more
CONTEXTS = 8


class Rate:
    """Code lengths in bits by layer and context, counted from the weights' present levels.

    A weight's context is how large its row (output channel), its column (input channel) and its kernel are
    in the layer; the coder knows them from the neighbours that it has coded.
    """

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        layer, row, column, kernel = [], [], [], []
        rows = columns = kernels = 0
        for index, (o, i, *k) in enumerate(shapes):
            area = math.prod(k)
            at = torch.arange(o * i * area).view(o, i, area)
            layer.append(torch.full((at.numel(),), index))
            row.append((at // (i * area)).flatten() + rows)
            column.append((at // area % i).flatten() + columns)
            kernel.append((at // area).flatten() + kernels)
            rows, columns, kernels = rows + o, columns + i, kernels + o * i
        self.layer, self.row, self.column, self.kernel = (
            torch.cat(part) for part in (layer, row, column, kernel)
        )
        self.layers, self.rows, self.columns, self.kernels = len(shapes), rows, columns, kernels
        self.area = torch.tensor([math.prod(shape[2:]) for shape in shapes])
        self.table = torch.zeros(self.layers * CONTEXTS, 2 * LARGEST + 1)
        self.context = torch.zeros_like(self.layer)

    def refresh(self, levels: Tensor) -> None:
        """Take contexts and code lengths from `levels`, float [weights] of whole numbers."""
        size = levels.abs()
        mean = _group_mean(size, self.layer, self.layers) + 1e-3
        row = _group_mean(size, self.row, self.rows) / mean
        column = _group_mean(size, self.column, self.columns) / mean
        area = self.area[self.layer]
        kernel_sum = _group_sum(size, self.kernel, self.kernels) - size
        kernel = torch.where(area > 1, kernel_sum / (area - 1).clamp(min=1) / mean, 1.0)
        scale = row * column * (0.5 + 0.5 * kernel)
        self.context = (2 * torch.log2(scale + 1e-3) + CONTEXTS / 2).floor().clamp(0, CONTEXTS - 1).long()
        cell = self.layer * CONTEXTS + self.context
        counts = torch.zeros_like(self.table)
        symbols = levels.clamp(-LARGEST, LARGEST).long() + LARGEST
        flat = cell * (2 * LARGEST + 1) + symbols
        counts.view(-1).index_add_(0, flat, torch.ones_like(size))
        # A level that does not occur costs as one that occurs half a time, and more the larger it is.
        distance = torch.arange(-LARGEST, LARGEST + 1).abs()
        smooth = counts + 0.5 ** distance.float() + 0.02
        self.table = -torch.log2(smooth / smooth.sum(1, keepdim=True))

    def lengths(self, levels: Tensor) -> Tensor:
        """Bits of each weight at these whole levels, in the contexts of the last refresh."""
        symbols = levels.clamp(-LARGEST, LARGEST).long() + LARGEST
        return self.table[self.layer * CONTEXTS + self.context, symbols]


def _group_sum(values: Tensor, group: Tensor, groups: int) -> Tensor:
    return torch.zeros(groups).index_add_(0, group, values)[group]


def _group_mean(values: Tensor, group: Tensor, groups: int) -> Tensor:
    return _group_sum(values, group, groups) / _group_sum(torch.ones_like(values), group, groups)
