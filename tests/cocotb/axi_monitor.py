"""A passive monitor on an AXI4 port of the component under test."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge
from tests.cocotb.axi_rules import AxiRules, Offer

from wingbeat.sim.rtl.memory import CHANNELS


class AxiMonitor:
    """Applies `AxiRules` in every cycle; a broken rule fails the test that runs.

    Parameters
    ----------
    dut : the component
    prefix : of the port's wires, `memory_0`; it may be the read or the write half alone

    Attributes
    ----------
    rules : what was seen
    """

    def __init__(self, dut: Any, prefix: str) -> None:
        self._dut = dut
        self._channels: dict[str, tuple[Any, Any, dict[str, Any]]] = {}
        for channel, names in CHANNELS.items():
            wires = {name: getattr(dut, f"{prefix}_{channel}{name}", None) for name in names}
            if wires["valid"] is not None:
                fields = {name: wires[name] for name in names[2:]}
                self._channels[channel] = wires["valid"], wires["ready"], fields
        data = "r" if "r" in self._channels else "w"
        self.rules = AxiRules(len(self._channels[data][2]["data"]) // 8)
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        edge = RisingEdge(self._dut.clk)
        was_in_reset = False
        while True:
            await edge
            # what is read now is still from before the edge
            offers = {
                channel: Offer(
                    bool(ready.value),
                    {field: int(wire.value) for field, wire in fields.items()},
                )
                for channel, (valid, ready, fields) in self._channels.items()
                if valid.value
            }
            in_reset = bool(self._dut.rst.value)
            if in_reset:
                # the reset is synchronous: it shows a cycle later
                self.rules.in_reset(offers if was_in_reset else {})
            else:
                self.rules.cycle(offers)
            was_in_reset = in_reset
