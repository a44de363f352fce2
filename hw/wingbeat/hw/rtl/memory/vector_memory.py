"""The vector memory: FP32 words, read in aligned steps, written in spans that begin at any quad."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.memory.block_ram import BlockRam
from wingbeat.hw.rtl.memory.ports import (
    QUAD,
    READ_LATENCY,
    vector_fixed_read,
    vector_read,
    vector_write,
)

_QUAD_BITS = QUAD * WIDTH


class VectorMemory(wiring.Component):
    """Two reads and one write of a step in a cycle.

    Quad q lies in bank q mod (`vector_lanes` / 4), so that any `vector_lanes` / 4 quads in
    succession can be written at once. Each bank exists twice, because a block RAM has one port to
    read and one to write. Of what was written, a read sees what was accepted `WRITE_LATENCY` or
    more cycles before it.

    Attributes
    ----------
    a, b : In, read ports of the vector machine, always served
    store, peek : In, read ports of ST and of the sequencer, served when `b` is free; `peek` first
    misc, drain, load : In, write ports of the vector machine (never waits), of the matrix unit and
        of LD, in this order
    leave_out : Out(1), a writer waits: the vector machine is to leave out one step in two
    """

    WRITE_LATENCY = 3

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        fixed, shared, write = vector_fixed_read(config), vector_read(config), vector_write(config)
        super().__init__(
            {
                "a": In(fixed),
                "b": In(fixed),
                "store": In(shared),
                "peek": In(shared),
                "misc": In(write),
                "drain": In(write),
                "load": In(write),
                "leave_out": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Write in three cycles (arbitrate, rotate, store); read in two."""
        m = Module()
        m.d.comb += [
            self.peek.ready.eq(~self.b.enable),
            self.store.ready.eq(~self.b.enable & ~self.peek.valid),
        ]
        shared = Mux(self.peek.valid, self.peek.address, self.store.address)
        address_b = Mux(self.b.enable, self.b.address, shared)
        read_a, read_b = Signal.like(self.a.data), Signal.like(self.b.data)

        write = self._chosen(m)
        for bank, (row, quad, enable) in enumerate(self._rotated(m, write)):
            span = slice(bank * _QUAD_BITS, (bank + 1) * _QUAD_BITS)
            for copy, address, read_data in (
                ("a", self.a.address, read_a),
                ("b", address_b, read_b),
            ):
                ram = BlockRam(_QUAD_BITS, self._rows, parts=QUAD)
                m.submodules[f"bank_{bank}_{copy}"] = ram
                m.d.comb += [
                    ram.write_address.eq(row),
                    ram.write_data.eq(quad),
                    ram.write_enable.eq(enable),
                    ram.read_address.eq(address),
                    read_data.as_value()[span].eq(ram.read_data),
                ]

        m.d.comb += self.a.data.eq(delay(m, read_a, READ_LATENCY - 1, name="read_a"))
        read_b = delay(m, read_b, READ_LATENCY - 1, name="read_b")
        m.d.comb += [port.data.eq(read_b) for port in (self.b, self.peek, self.store)]
        return m

    @property
    def _rows(self) -> int:
        return self._config.vector_words // self._config.vector_lanes

    def _chosen(self, m: Module) -> Any:
        """Arbitrate; return a write port with what was accepted in the cycle before."""
        m.d.comb += [
            self.misc.ready.eq(1),
            self.drain.ready.eq(~self.misc.valid),
            self.load.ready.eq(~self.misc.valid & ~self.drain.valid),
        ]
        m.d.sync += self.leave_out.eq(self.misc.valid & (self.drain.valid | self.load.valid))
        chosen = vector_write(self._config).create(path=("chosen",))
        m.d.sync += chosen.valid.eq(self.misc.valid | self.drain.valid | self.load.valid)
        for name in ("quad", "words", "enable"):
            register = Signal.like(getattr(chosen, name), name=f"chosen_{name}", reset_less=True)
            misc, drain, load = (getattr(port, name) for port in (self.misc, self.drain, self.load))
            with m.If(self.misc.valid):
                m.d.sync += register.eq(misc)
            with m.Elif(self.drain.valid):
                m.d.sync += register.eq(drain)
            with m.Else():
                m.d.sync += register.eq(load)
            m.d.comb += getattr(chosen, name).eq(register)
        return chosen

    def _rotated(self, m: Module, write: Any) -> list[tuple[Any, Any, Any]]:
        """Return row, quad and word enables for each bank, registered."""
        banks = self._config.vector_lanes // QUAD
        bank_bits = ceil_log2(banks)
        first, row = write.quad[:bank_bits], write.quad[bank_bits:]
        result = []
        for bank in range(banks):
            bank_row = Signal(range(self._rows), name=f"row_{bank}", reset_less=True)
            quad = Signal(_QUAD_BITS, name=f"quad_{bank}", reset_less=True)
            enable = Signal(QUAD, name=f"enable_{bank}")
            # what does not fit behind the first bank wraps around, one row further on
            m.d.sync += bank_row.eq(row + (first > bank if bank < banks - 1 else 0))
            for start in range(banks):
                index = (bank - start) % banks
                part = slice(index * QUAD, (index + 1) * QUAD)
                span = slice(index * _QUAD_BITS, (index + 1) * _QUAD_BITS)
                with m.If(first == start):
                    m.d.sync += [
                        quad.eq(write.words.as_value()[span]),
                        enable.eq(write.enable[part] & write.valid.replicate(QUAD)),
                    ]
            result.append((bank_row, quad, enable))
        return result
