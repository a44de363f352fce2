"""Identical modules are one; what they compute stays the same."""

from typing import Any

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.sim.rtl import verilog
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.sharing import share


class Step(wiring.Component):
    """Adds a constant, a register behind it."""

    value: In(16)
    result: Out(16)

    def __init__(self, constant: int) -> None:
        super().__init__()
        self._constant = constant

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.result.eq(self.value + self._constant)
        return m


class Steps(wiring.Component):
    """One behind the other. Inputs are named by what drives them: by nothing stable."""

    value: In(16)
    result: Out(16)

    def __init__(self, constants: list[int]) -> None:
        super().__init__()
        self._constants = constants

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last: Any = self.value
        for constant in self._constants:
            m.submodules += (step := Step(constant))
            mixed = Signal(16)
            m.d.comb += [mixed.eq(last ^ 0x55), step.value.eq(mixed)]
            last = step.result
        m.d.comb += self.result.eq(last)
        return m


def modules(component: verilog.Component) -> int:
    shared = share(verilog.elaborate(component).rtlil, verilog.TOP)
    return shared.count("\nmodule ") + shared.startswith("module ")


def test_identical_modules_are_one() -> None:
    assert modules(Steps([1, 1, 1, 1])) == 2
    assert modules(Steps([1, 2, 1, 2])) == 3


def test_they_compute_what_they_did() -> None:
    constants = [1, 70, 1, 1, 70]
    random = np.random.default_rng(1)
    values = random.integers(0, 1 << 16, 500)
    found = Simulation(Steps(constants)).run({"value": values}, ["result"], 500 + 5)["result"][5:]
    for constant in constants:
        values = ((values ^ 0x55) + constant) & 0xFFFF
    np.testing.assert_array_equal(found, values)
