"""The registers of `wingbeat.hw.register_map` in RTL."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import ISA_VERSION, Unit
from wingbeat.hw.register_map import (
    ADDRESS_BITS,
    ARGUMENTS,
    IDENTITY,
    Control,
    Interrupt,
    RegisterMap,
)
from wingbeat.hw.rtl.bus.axi import AxiLite
from wingbeat.hw.rtl.counters import BEATS_BITS, COUNTER_BITS, Counters
from wingbeat.hw.rtl.lite_port import LitePort
from wingbeat.hw.rtl.sequencer.program import PC_BITS

R = RegisterMap


class Registers(wiring.Component):
    """Where the host meets the machine: an AXI4-Lite subordinate laid out as an XRT kernel.

    Parameters
    ----------
    config : the machine

    Attributes
    ----------
    bus : seen from the host
    irq : interrupt; stays while an enabled bit of the interrupt status is set
    start : pulses when START is written while no program runs
    program ... memory_base : what the host wrote
    state ... ended : from `Sequencer`
    running : a program runs: what happens is counted
    retired : instructions since the start
    retires, busy, stalled, beats : for `Counters`
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        units = len(Unit)
        super().__init__(
            {
                "bus": In(AxiLite(ADDRESS_BITS)),
                "irq": Out(1),
                "start": Out(1),
                "program": Out(32),
                "instructions": Out(32),
                "control_block": Out(32),
                "watchdog": Out(32),
                "aborted": Out(1),
                "arguments": Out(data.ArrayLayout(32, ARGUMENTS)),
                "memory_base": Out(data.ArrayLayout(64, config.ports)),
                "state": In(State),
                "error": In(ErrorCode),
                "error_pc": In(PC_BITS),
                "error_unit": In(Unit),
                "ended": In(1),
                "running": In(1),
                "retired": Out(COUNTER_BITS),
                "retires": In(units),
                "busy": In(units),
                "stalled": In(units),
                "beats": In(data.ArrayLayout(BEATS_BITS, config.ports)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.port = port = LitePort()
        wiring.connect(m, wiring.flipped(self.bus), port.bus)
        written = self._written()
        with m.If(port.write), m.Switch(port.write_address):
            for offset, register in written.items():
                with m.Case(offset >> 2):
                    m.d.sync += register.eq(port.write_data)

        read = {offset: Value.cast(register) for offset, register in written.items()}
        read |= self._identity() | self._record() | self._counted(m)
        read |= self._handshake(m, port) | self._interrupts(m, port)
        with m.Switch(port.read_address):
            for offset, value in read.items():
                with m.Case(offset >> 2):
                    m.d.comb += port.read_data.eq(value)
        m.d.comb += self.aborted.eq(written[R.ABORT.word()] != 0)
        return m

    def _written(self) -> dict[int, Value]:
        """Registers that hold what was written, by offset."""
        bases = self.memory_base.as_value()
        words = {
            R.PROGRAM.word(): self.program,
            R.INSTRUCTIONS.word(): self.instructions,
            R.CONTROL_BLOCK.word(): self.control_block,
            R.WATCHDOG.word(): self.watchdog,
            R.ABORT.word(): Signal(32, name="abort_word"),
        }
        words |= {R.ARGUMENT.word(i): self.arguments[i] for i in range(ARGUMENTS)}
        words |= {
            R.MEMORY_BASE.word(i): bases.word_select(i, 32) for i in range(2 * self._config.ports)
        }
        return words

    def _identity(self) -> dict[int, int]:
        """What this accelerator is."""
        digest = int(self._config.digest, 16)
        return {
            R.IDENTITY.word(): IDENTITY,
            R.ISA_VERSION.word(): ISA_VERSION,
            R.DIGEST.word(0): digest & 0xFFFFFFFF,
            R.DIGEST.word(1): digest >> 32,
        }

    def _record(self) -> dict[int, Value]:
        """What became of the program."""
        return {
            R.STATE.word(): self.state.as_value(),
            R.ERROR.word(): self.error.as_value(),
            R.ERROR_PC.word(): self.error_pc,
            R.ERROR_UNIT.word(): self.error_unit.as_value(),
        }

    def _counted(self, m: Module) -> dict[int, Value]:
        """Performance counters."""
        m.submodules.counters = counters = Counters(self._config.ports)
        m.d.comb += [
            counters.clear.eq(self.start),
            counters.running.eq(self.running),
            counters.retires.eq(self.retires),
            counters.busy.eq(self.busy),
            counters.stalled.eq(self.stalled),
            counters.beats.eq(self.beats),
            self.retired.eq(counters.retired),
        ]
        words = {R.RETIRED.word(): counters.retired, R.CYCLES.word(): counters.cycles}
        words |= {R.BUSY.word(u.value): counters.busy_cycles[u.value] for u in Unit}
        words |= {R.STALLED.word(u.value): counters.stalled_cycles[u.value] for u in Unit}
        return words | {R.BEATS.word(i): counters.moved[i] for i in range(self._config.ports)}

    def _handshake(self, m: Module, port: LitePort) -> dict[int, Value]:
        """Start and end, as `ap_ctrl_hs`."""
        done, running = Signal(), Signal()
        place = R.CONTROL.word() >> 2
        m.d.comb += self.start.eq(
            port.write
            & (port.write_address == place)
            & ((port.write_data & Control.START) != 0)
            & ~running
        )
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.Elif(self.ended):
            m.d.sync += running.eq(0)
        with m.If(self.ended):
            m.d.sync += done.eq(1)
        with m.Elif(self.start | (port.read & (port.read_address == place))):
            m.d.sync += done.eq(0)
        # in the order of the bits of `Control`: start, done, idle, ready
        return {R.CONTROL.word(): Cat(running, done, ~running, done)}

    def _interrupts(self, m: Module, port: LitePort) -> dict[int, Value]:
        """Note ends for which an interrupt is enabled, until the host acknowledges them."""
        enabled = Signal()
        enable = Signal(len(Interrupt))
        status = Signal(len(Interrupt))
        toggled = Signal(len(Interrupt))
        with m.If(port.write), m.Switch(port.write_address):
            with m.Case(R.GLOBAL_INTERRUPT.word() >> 2):
                m.d.sync += enabled.eq(port.write_data)
            with m.Case(R.INTERRUPT_ENABLE.word() >> 2):
                m.d.sync += enable.eq(port.write_data)
            with m.Case(R.INTERRUPT_STATUS.word() >> 2):
                m.d.comb += toggled.eq(port.write_data)
        ends = self.ended.replicate(len(Interrupt))
        m.d.sync += status.eq((status ^ toggled) | (ends & enable))
        m.d.comb += self.irq.eq(enabled & status.any())
        return {
            R.GLOBAL_INTERRUPT.word(): enabled,
            R.INTERRUPT_ENABLE.word(): enable,
            R.INTERRUPT_STATUS.word(): status,
        }
