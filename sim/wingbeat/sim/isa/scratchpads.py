"""On-chip memories: FP32 vectors and INT8 operands, seen through an instruction's views."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.arithmetic.quantise import Quantised
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.operands import GRANULE, OperandView, VectorView
from wingbeat.hw.sequencer import Registers


class VectorMemory:
    """FP32 words in granules of 16."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.words: Float = np.zeros(config.vector_words, np.float32)

    def view(
        self, view: VectorView, registers: Registers, outer: int, inner: int, elements: int
    ) -> Float:
        """View words as (outer, inner, elements), writable; a scalar is repeated."""
        start = (view.base + registers[view.register]) * GRANULE
        reach = ((outer - 1) * view.outer + (inner - 1) * view.inner) * GRANULE
        end = start + reach + (1 if view.scalar else elements)
        if end > self.words.size:
            raise DeviceError(f"vector memory word {end - 1} is behind its end {self.words.size}")
        item = self.words.itemsize
        granule = GRANULE * item
        strides = (view.outer * granule, view.inner * granule, 0 if view.scalar else item)
        return np.ndarray((outer, inner, elements), np.float32, self.words, start * item, strides)


class OperandMemory:
    """Groups of 32 activation codes with their scales and sums."""

    def __init__(self, config: AcceleratorConfig) -> None:
        groups = config.operand_groups
        self._contents = Quantised(
            codes=np.zeros((groups, 32), np.int8),
            scales=np.zeros(groups, np.float32),
            sums=np.zeros(groups, np.int16),
        )

    def view(
        self,
        view: OperandView | VectorView,
        registers: Registers,
        outer: int,
        inner: int,
        groups: int,
    ) -> Quantised:
        """View groups as (outer, inner, groups), writable."""
        start = view.base + registers[view.register]
        end = start + (outer - 1) * view.outer + (inner - 1) * view.inner + groups
        if end > len(self._contents.scales):
            raise DeviceError(f"operand memory group {end - 1} is behind its end")

        def strided(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
            step = array.strides[0]
            return np.ndarray(
                (outer, inner, groups, *array.shape[1:]),
                array.dtype,
                array,
                start * step,
                (view.outer * step, view.inner * step, step, *array.strides[1:]),
            )

        parts = (strided(getattr(self._contents, f.name)) for f in dataclasses.fields(Quantised))
        return Quantised(*parts)  # type: ignore[arg-type]
