"""A host on two wires."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.register_map import ADDRESS_BITS as REGISTER_BITS
from wingbeat.hw.rtl.bus.axi import Axi4, AxiLite
from wingbeat.hw.rtl.serial.bridge import Bridge
from wingbeat.hw.rtl.serial.uart import Receiver, Transmitter
from wingbeat.hw.rtl.serial.word_access import WORD_BITS


class SerialHost(wiring.Component):
    """Lets whoever is at the other end of a serial line use an accelerator and its memory.

    Parameters
    ----------
    divisor : clock cycles of a bit, at least 4
    gap, memory_units : see `Bridge`

    Attributes
    ----------
    rx, tx : the wires
    reset : one cycle: the accelerator is to be reset
    control : manager of the accelerator's registers
    ram : manager of device memory, one word of 32 bits at a time
    """

    def __init__(self, divisor: int, gap: int, memory_units: int) -> None:
        self._divisor = divisor
        self._gap = gap
        self._memory_units = memory_units
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "reset": Out(1),
                "control": Out(AxiLite(REGISTER_BITS)),
                "ram": Out(Axi4(WORD_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.receiver = receiver = Receiver(self._divisor)
        m.submodules.transmitter = transmitter = Transmitter(self._divisor)
        m.submodules.bridge = bridge = Bridge(self._gap, self._memory_units)
        m.d.comb += [
            receiver.wire.eq(self.rx),
            self.tx.eq(transmitter.wire),
            bridge.byte.eq(receiver.byte),
            bridge.strobe.eq(receiver.strobe),
            self.reset.eq(bridge.reset),
        ]
        connect(m, bridge.bytes, transmitter.bytes)
        connect(m, bridge.control, flipped(self.control))
        connect(m, bridge.ram, flipped(self.ram))
        return m
