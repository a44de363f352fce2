"""The two products of a slice where a multiplier cannot pack: one multiplier for each."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, ClockSignal, Instance, Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

_PORT_BITS = 18
"""Operands of a MULT18X18D; its product has twice as many."""

_PRODUCT_BITS = 16
"""Of its product, those that two codes can fill."""

PAIR = wiring.Signature(
    {
        "packed": In(data.ArrayLayout(signed(8), 2)),
        "factor": In(signed(8)),
        "products": Out(data.ArrayLayout(signed(_PRODUCT_BITS), 2)),
    }
)
"""What both kinds look like from outside: `products[f]` is `packed[f]` * `factor`."""


class MultiplierPair(wiring.Component):
    """Two products in plain logic, with one register.

    Attributes
    ----------
    packed : In of 2 x signed 8
    factor : In(signed(8)), what both are multiplied by
    products : Out of 2 x signed 16, `LATENCY` cycles later
    """

    LATENCY = 1

    def __init__(self) -> None:
        super().__init__(PAIR)

    def elaborate(self, platform: object) -> Module:
        """Multiply and register."""
        m = Module()
        for field in range(2):
            m.d.sync += self.products[field].eq(self.packed[field] * self.factor)
        return m


class Mult18Pair(wiring.Component):
    """`MultiplierPair` as two MULT18X18D of an ECP5, all their registers in use."""

    LATENCY = 3

    def __init__(self) -> None:
        super().__init__(PAIR)

    def elaborate(self, platform: object) -> Module:
        """Registers at the operands, in the multiplier and at the product."""
        m = Module()
        for field in range(2):
            product = self.products.as_value()[_PRODUCT_BITS * field :][:_PRODUCT_BITS]
            m.submodules[f"multiplier_{field}"] = Instance(
                "MULT18X18D",
                *(("p", f"REG_{name}_CLK", "CLK0") for name in _REGISTERS),
                *_bits("A", _extended(self.packed[field])),
                *_bits("B", _extended(self.factor)),
                *_bits("C", C(0, _PORT_BITS)),
                *(("o", f"P{index}", bit) for index, bit in enumerate(product)),
                i_SIGNEDA=C(1, 1),
                i_SIGNEDB=C(1, 1),
                i_SOURCEA=C(0, 1),
                i_SOURCEB=C(0, 1),
                i_CLK0=ClockSignal(),
                i_CE0=C(1, 1),
                i_RST0=C(0, 1),
            )
        return m


_REGISTERS = ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")


def _extended(value: Any) -> Any:
    return Cat(value, value[-1].replicate(_PORT_BITS - len(value)))


def _bits(port: str, value: Any) -> list[tuple[str, str, Any]]:
    """Return the inputs of a port whose bits are named one by one."""
    return [("i", f"{port}{index}", bit) for index, bit in enumerate(value)]
