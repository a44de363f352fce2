"""Decode: packed codes of 2 to 8 bits to INT8."""

from __future__ import annotations

from itertools import product

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_PRODUCTS, AcceleratorConfig
from wingbeat.hw.formats import GROUP, TWIN_KEPT, WINDOW, ScaleKind
from wingbeat.hw.rtl.lane.sections import Shape, shapes

CODES = data.ArrayLayout(data.ArrayLayout(8, 2), WINDOW)
"""INT8 codes of a slot: [slice][row of the pair]."""


def is_whole(shape: Shape) -> bool:
    """Return whether both windows of a row pair fit one slot."""
    return shape.kept <= WINDOW // 2


def may_twin(shape: Shape) -> bool:
    """Return whether two row pairs fit one slot."""
    return shape.kept <= TWIN_KEPT


def slot_codes(shape: Shape) -> int:
    """Return the codes of a slot."""
    return 2 * 2 * shape.kept if is_whole(shape) else GROUP


def slot_bytes(shape: Shape) -> int:
    """Return the bytes of a slot."""
    return slot_codes(shape) * shape.format.bits // 8


class Decode(wiring.Component):
    """Combinational: 32 packed codes to 32 signed ones.

    If a slot holds both windows, the codes of the second are moved to slices 8 to 15; if it holds
    them of two row pairs, those of the second pair to slices 4 to 7 and 12 to 15. Slices for which
    there is no code get any.

    Attributes
    ----------
    raw : In, packed codes, lowest bit first
    kind : In, number of the shape
    twins : In(1), there are two row pairs
    codes : Out of `CODES`, -127 to 127
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._shapes = shapes(config)
        self._twins = config.twins
        super().__init__(
            {
                "raw": In(8 * max(map(slot_bytes, self._shapes))),
                "kind": In(range(len(self._shapes))),
                "twins": In(1),
                "codes": Out(CODES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Choose between the ways of the configured formats."""
        m = Module()
        with m.Switch(self.kind):
            for kind, shape in enumerate(self._shapes):
                with m.Case(kind):
                    m.d.comb += self.codes.as_value().eq(self._decoded(shape))
                    if self._twins and may_twin(shape):
                        with m.If(self.twins):
                            m.d.comb += self.codes.as_value().eq(self._two_pairs(shape))
        return m

    def _two_pairs(self, shape: Shape) -> Value:
        quarter = WINDOW // 4  # slices of one pair's window
        places = []
        for slice_, row in product(range(WINDOW), range(2)):
            window, rest = divmod(slice_, 2 * quarter)
            pair, rank = divmod(rest, quarter)
            there = rank < shape.kept
            places.append(((2 * pair + window) * shape.kept + rank) * 2 + row if there else None)
        return Cat(Const(0, 8) if at is None else self._code(shape, at) for at in places)

    def _decoded(self, shape: Shape) -> Value:
        count = slot_codes(shape)
        half = CHAIN_PRODUCTS // 2
        second = count // 2  # where the second window, or the second half of the first, begins
        places = [j if j < half else second + j - half for j in range(CHAIN_PRODUCTS)]
        return Cat(self._code(shape, place) if place < count else Const(0, 8) for place in places)

    def _code(self, shape: Shape, place: int) -> Value:
        bits = shape.format.bits
        code = self.raw[place * bits : (place + 1) * bits]
        if shape.format.scale is ScaleKind.SCALE_MIN:
            return Cat(code, Const(0, 8 - bits))
        if bits == 8:
            return Cat(code[0] | (code == 0x80), code[1:])  # -128 becomes -127
        return Cat(code, code[-1].replicate(8 - bits))
