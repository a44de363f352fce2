"""What lowering needs to know: the machine, the memory plan, and how tokens come."""

from __future__ import annotations

import dataclasses

from wingbeat.compiler.graph import ir
from wingbeat.compiler.lower.code import Amount, Buffer, Code, Ref
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.plan import MemoryPlan, constant_words
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.footprint import Space
from wingbeat.hw.isa.operands import GRANULE

LOG2_E = 1.4426950408889634
"""Factor from natural to binary exponents: the vector machine's exponential has base 2."""


def granules(words: int) -> int:
    """Granules that hold `words` FP32 words."""
    return -(-words // GRANULE)


@dataclasses.dataclass
class Constants:
    """FP32 numbers that the program loads once: scalars, a granule each, and vectors."""

    words: list[float] = dataclasses.field(default_factory=list)
    places: dict[tuple[float, ...], int] = dataclasses.field(default_factory=dict)

    def place(self, values: tuple[float, ...]) -> int:
        """Return the granule of some numbers, adding them if they are new."""
        if values not in self.places:
            self.places[values] = len(self.words) // GRANULE
            padding = -len(values) % GRANULE
            self.words += [*values, *[0.0] * padding]
        return self.places[values]


@dataclasses.dataclass(frozen=True)
class PartLimits:
    """Tokens whose scores are on chip at once, as long as the context has at most `positions`."""

    tokens: int
    positions: int

    @classmethod
    def ladder(cls, tokens: int, positions: int, most: int) -> tuple[PartLimits, ...]:
        """Return limits of equal room: twice the tokens for half the positions, up to `most`."""
        steps = [cls(tokens, positions)]
        while steps[-1].tokens * 2 <= most and steps[-1].positions // 2 >= 64:
            steps.append(cls(steps[-1].tokens * 2, steps[-1].positions // 2))
        return tuple(reversed(steps))


@dataclasses.dataclass
class Target:
    """One lowering.

    Attributes
    ----------
    graph, config, plan : what is lowered, for which machine, into which memory
    tokens : tokens of a chunk
    parts : how many tokens of a chunk have their attention scores on chip at once, by length;
        ascending positions, the last ones the context
    code : instructions so far
    constants : numbers that the instructions use
    """

    graph: ir.Graph
    config: AcceleratorConfig
    plan: MemoryPlan
    tokens: int
    parts: tuple[PartLimits, ...]
    code: Code = dataclasses.field(default_factory=Code)
    constants: Constants = dataclasses.field(default_factory=Constants)
    _shared: dict[tuple[object, ...], Buffer] = dataclasses.field(default_factory=dict)

    def vector(self, name: str, rows: int, words: int) -> Buffer:
        """Return the vector buffer of this name and shape: `rows` rows of `words`."""
        return self._buffer(name, Space.VECTOR, rows, granules(words))

    def operand(self, name: str, rows: int, groups: int) -> Buffer:
        """Return the operand buffer of this name and shape: `rows` rows of `groups` groups."""
        return self._buffer(name, Space.OPERAND, rows, groups)

    def _buffer(self, name: str, space: Space, rows: int, pitch: int) -> Buffer:
        # the same name and shape is the same buffer: prefill and decode share theirs
        return self._shared.setdefault((name, space, rows, pitch), Buffer(name, space, rows, pitch))

    def constant(self, *values: float) -> Ref:
        """View numbers for all rows: a scalar if there is one, else a vector."""
        scalar = len(values) == 1
        place = self.constants.place(values)
        return Ref(self.constant_buffer, place, outer=0, scalar=scalar)

    @property
    def constant_buffer(self) -> Buffer:
        """The buffer that holds the constants."""
        return self.vector("constants", 1, constant_words(self.graph))


@dataclasses.dataclass(frozen=True)
class Phase:
    """How the tokens of a step come: a chunk of a prompt, or one token.

    Attributes
    ----------
    many : whether there may be more than one
    tokens : how many
    rows : how many at most
    first : which of the step's tokens is the first
    """

    many: bool
    tokens: Amount
    rows: int
    first: int = 0

    @classmethod
    def chunk(cls, target: Target) -> Phase:
        """Prefill: as many tokens as the register says."""
        return cls(True, R.TOKENS, target.tokens)

    @classmethod
    def single(cls) -> Phase:
        """Decode."""
        return cls(False, 1, 1)

    def halves(self, target: Target) -> tuple[Phase, ...]:
        """Return two halves of a chunk, or what there is if a half would not keep the chains busy.

        While one half is multiplied, vectors of the other are normed, gated and added.
        A weight is read once for each half; with four steps for it, that is no more than the ports
        give. Results that are written beside those of the vector machine take up to twice as long,
        and must still be ready before those of the next tile.
        """
        half = self.rows // 2
        if not self.many or half < 4 * target.config.columns:
            return (self,)
        if any(
            matrix.product_cycles(half, target.config)
            < 2 * matrix.result_cycles(half, target.config)
            for matrix in target.plan.matrices.values()
        ):
            return (self,)
        return Phase(True, R.FRONT, half), Phase(True, R.BACK, self.rows - half, half)

    def of(self, ref: Ref) -> Ref:
        """View the rows of these tokens alone."""
        return ref.of_rows(range(self.first, self.first + self.rows))
