"""Performance counters: what was done since the last start."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import Unit

COUNTER_BITS = 32
"""Width of every counter; they wrap around."""

BEATS_BITS = 4
"""Width of the number of beats that a port moves in a cycle: two directions of up to 4."""


class Counters(wiring.Component):
    """Adds up events of each cycle while a program runs, and what the ports move at any time.

    Parameters
    ----------
    ports : memory ports

    Attributes
    ----------
    clear, running : a start; a program runs
    retires, busy, stalled : bit i for unit i, in this cycle
    beats : moved on each port in this cycle
    cycles, retired, busy_cycles, stalled_cycles, moved : the sums
    """

    def __init__(self, ports: int) -> None:
        units = len(Unit)
        super().__init__(
            {
                "clear": In(1),
                "running": In(1),
                "retires": In(units),
                "busy": In(units),
                "stalled": In(units),
                "beats": In(data.ArrayLayout(BEATS_BITS, ports)),
                "cycles": Out(COUNTER_BITS),
                "retired": Out(COUNTER_BITS),
                "busy_cycles": Out(data.ArrayLayout(COUNTER_BITS, units)),
                "stalled_cycles": Out(data.ArrayLayout(COUNTER_BITS, units)),
                "moved": Out(data.ArrayLayout(COUNTER_BITS, ports)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        retires = Signal(range(len(Unit) + 1))
        m.d.comb += retires.eq(sum(self.retires))
        events = [(self.cycles, 1), (self.retired, retires)]
        for unit in Unit:
            events.append((self.busy_cycles[unit.value], self.busy[unit.value]))
            events.append((self.stalled_cycles[unit.value], self.stalled[unit.value]))
        sums = [(total, step, self.running) for total, step in events]
        # ports also move what is under way when a program ends, and the report
        sums += [(total, step, 1) for total, step in zip(self.moved, self.beats, strict=True)]
        for total, step, counts in sums:
            with m.If(self.clear):
                m.d.sync += total.eq(0)
            with m.Elif(counts):
                m.d.sync += total.eq(total + step)
        return m
