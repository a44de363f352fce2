"""MISC: FP32 vectors in, vectors, reductions or quantised operands out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wingbeat.hw.arithmetic import fp32, functions, reduction
from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.arithmetic.quantise import quantise
from wingbeat.hw.isa.instructions import Combine, Destination, Function, Reduce, Vector
from wingbeat.hw.isa.operands import GRANULE, VectorView
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory

COMBINE: dict[Combine, Callable[[Float, Float], Float]] = {
    Combine.MUL: fp32.multiply,
    Combine.ADD: fp32.add,
    Combine.SUB: fp32.subtract,
    Combine.MAX: fp32.maximum,
}

FUNCTION: dict[Function, Callable[[Float], Float]] = {
    Function.EXP2: functions.exp2,
    Function.RECIPROCAL: functions.reciprocal,
    Function.RSQRT: functions.rsqrt,
    Function.SIN: functions.sine,
    Function.COS: functions.cosine,
}


class VectorUnit:
    """Executes MISC."""

    def __init__(self, vectors: VectorMemory, operands: OperandMemory) -> None:
        self._vectors = vectors
        self._operands = operands

    def execute(self, instruction: Vector, registers: Registers) -> None:
        """Run one instruction to its end."""
        outer, inner = registers.resolve(instruction.outer), instruction.inner
        length = registers.resolve(instruction.length)
        longest = length + (outer - 1 if instruction.step else 0)
        if outer * inner == 0:
            return

        def source(view: VectorView) -> Float:
            return self._vectors.view(view, registers, outer, inner, longest)

        values = source(instruction.a)
        if instruction.first is not Combine.PASS:
            values = COMBINE[instruction.first](values, source(instruction.b))
        if instruction.function is not Function.IDENTITY:
            values = FUNCTION[instruction.function](np.ascontiguousarray(values))
        if instruction.second is not Combine.PASS:
            values = COMBINE[instruction.second](values, source(instruction.c))
        if instruction.step:
            ends = length + np.arange(outer)
            inside = np.arange(longest) < ends[:, None, None]
            values = np.where(inside, values, _left_out(instruction.reduce))
        if instruction.target is Destination.OPERAND:
            self._quantise(instruction, registers, values)
        elif instruction.reduce is Reduce.NONE:
            target = instruction.destination
            self._vectors.view(target, registers, outer, inner, longest)[...] = values
        else:
            self._reduce(instruction, registers, values)

    def _quantise(self, instruction: Vector, registers: Registers, values: Float) -> None:
        outer, inner, length = values.shape
        size = instruction.group.elements
        padded = np.zeros((outer, inner, -(-length // size) * size), np.float32)
        padded[..., :length] = values
        result = quantise(padded, size)
        groups = result.scales.shape[-1]
        target = self._operands.view(instruction.destination, registers, outer, inner, groups)
        target.codes[...] = result.codes
        target.scales[...] = result.scales
        target.sums[...] = result.sums

    def _reduce(self, instruction: Vector, registers: Registers, values: Float) -> None:
        outer, inner = values.shape[:2]
        target = instruction.destination
        if instruction.reduce is Reduce.ARGMAX:
            largest, index = reduction.index_of_largest(values)
            pairs = np.stack([largest, index.view(np.float32)], axis=-1)
            place = VectorView(target.base, target.register, target.outer, target.inner)
            self._vectors.view(place, registers, outer, inner, 2)[...] = pairs
            return
        reduce = reduction.total if instruction.reduce is Reduce.SUM else reduction.largest
        result = reduce(values)
        if target.scalar:
            self._vectors.view(target, registers, outer, inner, 1)[..., 0] = result
        else:
            self._vectors.view(target, registers, outer, 1, inner)[:, 0] = result


def _left_out(reduce: Reduce) -> Float:
    """What an element behind its row's end counts as."""
    return np.float32(-np.inf if reduce in (Reduce.MAX, Reduce.ARGMAX) else 0)  # type: ignore[return-value]


def read_word(vectors: VectorMemory, view: VectorView, registers: Registers, offset: int) -> int:
    """Return the bits of one word, for PEEK."""
    start = (view.base + registers[view.register]) * GRANULE + offset
    return int(vectors.words.view(np.uint32)[start])
